"""The registry of keys: complete, and nothing in it twice."""

from __future__ import annotations

import doctest
from pathlib import Path

from textual.binding import Binding

import tui.format
from tui import keys
from tui.screens.confirm import ConfirmScreen
from tui.screens.deals import DealsScreen
from tui.screens.help import PAGES
from tui.screens.launch import LaunchScreen
from tui.screens.lease import LeaseScreen
from tui.screens.running import RunningScreen
from tui.screens.workload import WorkloadScreen


def test_every_key_has_an_id_a_label_and_a_sentence_and_none_is_given_twice_in_a_room() -> None:
    identities = []
    for room, bindings in keys.REGISTRY.items():
        pressed: list[str] = []
        for binding in bindings:
            assert isinstance(binding, Binding)
            assert binding.id, binding
            assert binding.tooltip, binding
            assert binding.description, binding
            identities.append(binding.id)
            pressed += binding.key.split(",")
        assert len(pressed) == len(set(pressed)), room
    assert len(identities) == len(set(identities))


def test_no_room_shows_more_keys_than_a_footer_of_eighty_columns_holds() -> None:
    for room in ("deals", "lease", "running"):
        bindings = [b for b in (*keys.REGISTRY[room], *keys.APP) if isinstance(b, Binding)]
        shown = [b for b in bindings if b.show]
        width = sum(len(b.key_display or b.key) + len(b.description) + 3 for b in shown)
        assert width <= 80, room


def test_every_screen_names_a_page_of_help_that_there_is() -> None:
    screens = (
        ConfirmScreen, DealsScreen, LaunchScreen, LeaseScreen, RunningScreen, WorkloadScreen
    )  # fmt: skip
    pages = {screen.HELP for screen in screens}
    assert pages == {path.stem for path in PAGES.glob("*.md")}


def test_bindings_are_written_in_one_file_only() -> None:
    folder = Path(tui.format.__file__).parent
    for path in folder.rglob("*.py"):
        if path.name != "keys.py":
            assert "Binding(" not in path.read_text(encoding="utf-8"), path


def test_numbers_for_people_are_as_their_examples_say() -> None:
    assert doctest.testmod(tui.format).failed == 0
