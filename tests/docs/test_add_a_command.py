"""The command that docs/add-a-command.md adds: built from the page's own blocks, and held to the page's own test."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from hunter.cli import main
from tests.cli.conftest import hunter
from tests.docs.pages import ROOT, blocks

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["hunter"]
PAGE = ROOT / "docs" / "add-a-command.md"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The page's command in its place, and what its test defines."""
    command, registration, test = blocks(PAGE.read_text(encoding="utf-8"), "python")
    module = ModuleType("hunter.cli.gpus")
    exec(compile(command, str(PAGE), "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    registered = dict(main.COMMANDS)
    exec(registration, {"COMMANDS": registered})
    (name,) = set(registered) - set(main.COMMANDS)
    monkeypatch.setitem(main.COMMANDS, name, registered[name])
    defined: dict[str, Any] = {}
    exec(compile(test, str(PAGE), "exec"), defined)
    return defined


def test_the_command_on_the_page_works_as_its_test_there_says(
    built: dict[str, Any], home: Path, hunter: Any
) -> None:
    tests = [value for name, value in built.items() if name.startswith("test_")]
    assert tests
    for test in tests:
        test(home, hunter)


def test_it_is_listed_and_helped_like_the_others(built: dict[str, Any], hunter: Any) -> None:
    assert "List the GPUs that Hunter knows." in hunter("--help").out
    helped = hunter("gpus", "--help").out
    assert all(word in helped for word in ("--at-least", "--sandbox", "--json", "--reading"))
