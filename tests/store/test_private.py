"""The home: its owner's alone, whatever stood there before, and nobody else's things are touched."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from hunter.api.hunter import Hunter
from hunter.facts.config import Config, Home
from hunter.store import Store
from hunter.store.private import close_to_others

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask_of_most() -> Iterator[None]:
    """What most systems give."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask_of_most")
def test_a_new_home_and_all_in_it_are_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "deep"
    store = Store(home / "hunter.db")
    with store.writing() as db:
        db.execute("insert into setting values ('a', 'b')")
    assert {file.name: mode(file) for file in home.iterdir()} == dict.fromkeys(
        ("hunter.db", "hunter.db-wal", "hunter.db-shm", "hunter.lock"), 384
    )
    assert (mode(home), mode(home.parent)) == (0o700, 0o700)
    assert store.notes == []


def test_an_open_home_is_closed_and_that_is_said_once(tmp_path: Path) -> None:
    home = tmp_path / "h"
    Store(home / "hunter.db").close()
    home.chmod(0o755)
    for file in home.iterdir():
        file.chmod(0o664)
    (home / "report.csv").touch(0o644)
    (home / "report.csv").chmod(0o644)
    first, second = Store(home / "hunter.db").notes, Store(home / "hunter.db").notes
    assert [str(home) in note for note in first] == [True, True, True]
    assert second == []
    assert (mode(home), mode(home / "hunter.db"), mode(home / "hunter.lock")) == (
        0o700,
        0o600,
        0o600,
    )
    assert mode(home / "report.csv") == 0o644


def test_the_folder_around_a_simulated_home_is_closed_too(tmp_path: Path) -> None:
    folder = tmp_path / "around"
    folder.mkdir()
    folder.chmod(0o755)
    home = Home(
        config_folder=folder, data_folder=folder / "sandbox", simulated=True, config=Config()
    )
    with Hunter(home, markets={}) as hunter:
        assert len(hunter.store.notes) == 1
    assert (mode(folder), mode(folder / "sandbox")) == (0o700, 0o700)


def test_shared_folders_links_and_what_is_not_there_stay(tmp_path: Path) -> None:
    shared, victim = tmp_path / "shared", tmp_path / "victim"
    shared.mkdir()
    shared.chmod(0o1777)
    victim.touch()
    victim.chmod(0o644)
    (shared / "hunter.db").symlink_to(victim)
    assert close_to_others([shared, tmp_path / "none"]) == []
    assert (mode(shared), mode(victim)) == (0o1777, 0o644)
