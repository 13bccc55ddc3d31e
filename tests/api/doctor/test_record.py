"""The database and the timers, looked at and left as they are."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from hunter.api.doctor import record
from hunter.api.doctor.record import database, schedule
from hunter.schedule.cadence import Cadence
from hunter.schedule.health import Installed
from hunter.schedule.timers import Seen
from hunter.store import Store, runs, settings

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.schedule.texts import Timer
    from hunter.schedule.timers import Kind

NOW = time.time()


class Kept:
    """A place for timers that holds what it was told."""

    kind: Kind = "crontab"

    def __init__(self, *jobs: str, trouble: str = "") -> None:
        self.jobs, self.trouble = jobs, trouble

    def is_there(self) -> bool:
        return True

    def put(self, timer: Timer) -> None:
        raise AssertionError("a check-up installs nothing")

    def take_away(self, home: str, job: str) -> bool:
        raise AssertionError("a check-up removes nothing")

    def find(self, home: str, job: str) -> Seen | None:
        assert home == "a1b2c3"
        return Seen(text="x", trouble=self.trouble) if job in self.jobs else None

    def advice(self) -> str:
        return ""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "home" / "hunter.db")
    settings.home_id(found, "a1b2c3")
    return found


def statuses(path: Path) -> dict[str, str]:
    return {one.check: one.status for one in database(path)}


def test_a_home_without_a_database_is_well_and_stays_without(tmp_path: Path) -> None:
    assert statuses(tmp_path / "hunter.db") == {"database": "ok"}
    assert list(tmp_path.iterdir()) == []


def test_a_whole_database_is_well(store: Store) -> None:
    assert statuses(store.path) == {"database": "ok", "schema": "ok", "permissions": "ok"}


def test_what_is_no_database_fails_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "hunter.db"
    path.write_text("no database at all, but long enough to be taken for one" * 99)
    (found,) = database(path)
    assert (found.status, "Move the file away" in found.remedy) == ("fail", True)
    path.unlink()
    path.mkdir()
    assert statuses(path) == {"database": "fail"}


def test_one_that_somebody_is_at_is_not_called_damaged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(path: Path) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(record, "inspect", busy)
    (found,) = database(store.path)
    assert (found.status, "Move the file away" in found.remedy) == ("fail", False)


def test_an_older_one_is_well_and_a_newer_one_fails(store: Store) -> None:
    with store.writing() as db:
        db.execute("delete from _sqlite_migrations where name like 'm005%'")
    assert statuses(store.path)["schema"] == "ok"
    with store.writing() as db:
        db.execute("update _sqlite_migrations set name = 'm999_later' where name like 'm004%'")
    assert statuses(store.path)["schema"] == "fail"


def test_one_that_others_may_read_is_doubtful(store: Store) -> None:
    store.path.chmod(0o644)
    store.path.parent.chmod(0o755)
    assert statuses(store.path)["permissions"] == "warn"


# ── timers ───────────────────────────────────────────────────────────────────────────────────


def install(store: Store, job: str, ago_s: float = 100.0) -> None:
    one = Installed(kind="crontab", cadence=Cadence(every_s=300.0), since_wall_s=NOW - ago_s)
    settings.write_schedule(store, lambda _: msgspec.json.encode({job: one}).decode())


def ran(store: Store, job: str, ago_s: float, *, ok: bool = True) -> None:
    run_id = runs.begin(store, job, NOW - ago_s - 2, timed=True)
    runs.end(store, run_id, NOW - ago_s, ok=ok, counts={"checked": 1}, error="" if ok else "no way")


def told(store: Store, keep: Kept, *, keyed: bool = True) -> dict[str, tuple[str, str]]:
    found = schedule(store.path, (keep,), NOW, keyed=keyed)
    return {one.subject: (one.status, one.text) for one in found}


def test_who_can_rent_and_has_no_timer_is_warned(store: Store) -> None:
    assert told(store, Kept())["reap"][0] == "warn"
    assert told(store, Kept())["scrape"][0] == "ok"
    assert told(store, Kept(), keyed=False)["reap"][0] == "ok"


def test_a_timer_that_does_its_work_is_well(store: Store) -> None:
    install(store, "reap", 9999)
    ran(store, "reap", 60)
    assert told(store, Kept("reap"))["reap"] == (
        "ok", "crontab, every 5m; it succeeded 1m ago in 2s",
    )  # fmt: skip


def test_a_new_timer_has_not_run_yet(store: Store) -> None:
    install(store, "reap")
    assert "not run yet" in told(store, Kept("reap"))["reap"][1]


def test_one_that_is_late_fails_and_one_that_failed_once_is_doubtful(store: Store) -> None:
    install(store, "reap", 9999)
    ran(store, "reap", 100)
    ran(store, "reap", 50, ok=False)
    status, text = told(store, Kept("reap"))["reap"]
    assert (status, "no way" in text) == ("warn", True)
    install(store, "scrape", 9999)
    assert told(store, Kept("scrape"))["scrape"][0] == "fail"


def test_one_that_is_gone_or_does_not_run_is_told(store: Store) -> None:
    install(store, "reap")
    assert "took it away" in told(store, Kept())["reap"][1]
    assert told(store, Kept("reap", trouble="no daemon"))["reap"] == ("warn", "no daemon")


def test_a_database_that_cannot_be_read_has_no_timers(tmp_path: Path) -> None:
    found = schedule(tmp_path / "none.db", (Kept(),), NOW, keyed=False)
    assert [one.status for one in found] == ["ok", "ok"]
