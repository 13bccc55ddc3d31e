"""Looking at a database leaves it as it was, whatever it is."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from hunter.store import Store, schema
from hunter.store.inspect import inspect, looking

if TYPE_CHECKING:
    from pathlib import Path


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert inspect(tmp_path / "new" / "hunter.db") is None
    assert list(tmp_path.iterdir()) == []


def test_one_of_ours_is_whole_and_of_our_time(store: Store) -> None:
    found = inspect(store.path)
    assert found is not None
    assert (found.damage, found.pending, found.newer) == ((), 0, ())
    assert (found.applied, found.writable) == (len(schema.NAMES), True)
    assert found.n_bytes == store.path.stat().st_size


def test_who_looks_cannot_write(store: Store) -> None:
    with looking(store.path) as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("delete from setting")


def test_migrations_that_are_pending_or_newer_are_told_and_not_applied(store: Store) -> None:
    with store.writing() as db:
        db.execute("update _sqlite_migrations set name = 'm999_later' where name like 'm005%'")
    found = inspect(store.path)
    assert found is not None
    assert (found.pending, found.newer) == (1, ("m999_later",))


def test_another_programs_database_is_none_of_ours(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as db:
        db.execute("create table song (title)")
    db.close()
    found = inspect(tmp_path / "other.db")
    assert found is not None
    assert found.applied == 0


def test_damage_is_found(store: Store) -> None:
    (root,) = store.db.execute(
        "select rootpage from sqlite_master where name = 'run_log'"
    ).fetchone()
    store.close()
    with store.path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    found = inspect(store.path)
    assert found is not None
    assert found.damage


@pytest.mark.parametrize(("folder", "file", "seen"), [
    (0o700, 0o644, 0o600), (0o755, 0o644, 0o644), (0o755, 0o600, 0o600)])  # fmt: skip
def test_what_others_may_read_depends_on_the_folder_too(
    tmp_path: Path, folder: int, file: int, seen: int
) -> None:
    path = tmp_path / "home" / "hunter.db"
    Store(path).close()
    path.chmod(file)
    path.parent.chmod(folder)
    found = inspect(path)
    assert found is not None
    assert found.mode == seen


def test_what_somebody_has_open_is_seen_as_he_wrote_it_last(store: Store) -> None:
    with store.writing() as db:
        db.execute("insert into setting (name, value) values ('a', 'b')")
    with looking(store.path) as mine:
        assert mine.execute("select value from setting where name = 'a'").fetchone() == ("b",)
    before = sorted(path.name for path in store.path.parent.iterdir())
    store.close()
    with looking(store.path) as mine:
        assert mine.execute("select value from setting where name = 'a'").fetchone() == ("b",)
    after = sorted(path.name for path in store.path.parent.iterdir())
    assert set(before) - set(after) == {"hunter.db-shm", "hunter.db-wal"}
