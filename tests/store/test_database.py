"""The file: one sentence where it cannot be used, and several Hunters at once."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from hunter.store import Store, database, schema
from hunter.values.errors import StoreError
from tests.builders import NOW
from tests.store.recorded import A, B, count, poll

if TYPE_CHECKING:
    from pathlib import Path


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hunter.db"
    Store(path).close()
    db = sqlite3.connect(path)
    sql = "insert into _sqlite_migrations (migration_set, name) values ('hunter', 'm999_future')"
    with db:
        db.execute(sql)
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer Hunter"):
        Store(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hunter.db"
    path.write_bytes(b"PK\x03\x04 not a database at all" * 200)
    with pytest.raises(StoreError, match="file is not a database"):
        Store(path)


def test_somebody_elses_database_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "hunter.db"
    db = sqlite3.connect(path)
    with db:
        db.execute("create table recipes (id integer)")
    db.close()
    with pytest.raises(StoreError, match="not one of Hunter's"):
        Store(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "file" / "hunter.db")


def test_a_second_writer_that_waits_too_long_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    first, second = Store(tmp_path / "hunter.db"), Store(tmp_path / "hunter.db")
    with (
        first.writing(),
        pytest.raises(StoreError, match="Another Hunter has been writing"),
        second.writing(),
    ):
        pass


def test_two_scrapers_at_once_both_get_recorded(tmp_path: Path) -> None:
    stores = [Store(tmp_path / "hunter.db") for _ in range(2)]
    threads = [
        threading.Thread(target=poll, args=(one, [A, B]), kwargs={"at": NOW + i})
        for i, one in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (count(stores[0], "poll"), count(stores[0], "quote")) == (2, 2)


def test_two_hunters_on_a_new_home_make_one_database(tmp_path: Path) -> None:
    threads = [threading.Thread(target=Store, args=(tmp_path / "hunter.db",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(Store(tmp_path / "hunter.db"), "_sqlite_migrations") == len(schema.NAMES)


def test_a_commit_that_fails_leaves_nothing_open_for_the_next_writer(tmp_path: Path) -> None:
    store, other = Store(tmp_path / "hunter.db"), Store(tmp_path / "hunter.db")

    def no_commit(action: int, what: str | None, *rest: object) -> int:
        commits = action == sqlite3.SQLITE_TRANSACTION and what == "COMMIT"
        return sqlite3.SQLITE_DENY if commits else sqlite3.SQLITE_OK

    store.db.set_authorizer(no_commit)
    with pytest.raises(StoreError), store.writing() as db:
        db.execute("insert into setting (name, value) values ('a', '1')")
    store.db.set_authorizer(None)
    with other.writing() as db:
        db.execute("insert into setting (name, value) values ('b', '2')")
    with store.writing() as db:
        db.execute("insert into setting (name, value) values ('c', '3')")
    assert {row["name"] for row in store.db.execute("select name from setting")} == {"b", "c"}
