"""Runs: one at a time, on record however they end, and never kept from their work."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hunter.schedule.runs import alone, recorded
from hunter.store import Store, runs
from hunter.values.errors import MarketError
from tests.homes import unwritable, writable

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.store.runs import Run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "hunter.db")


def last(store: Store) -> Run:
    found = runs.last(store.db, "reap")
    assert found is not None
    return found


def test_two_runs_of_one_job_exclude_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with (
        alone(folder, "reap") as one,
        alone(folder, "reap") as two,
        alone(folder, "scrape") as other,
    ):
        assert (one, two, other) == (True, False, True)
    with alone(folder, "reap") as again:
        assert again


def test_a_run_that_is_killed_keeps_nobody_out(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys\nfrom hunter.schedule.runs import alone\n"
        "with alone(pathlib.Path(sys.argv[1]), 'reap') as free: os._exit(7 if free else 1)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)])
    assert done.returncode == 7
    with alone(tmp_path, "reap") as free:
        assert free


def test_where_no_lock_can_be_had_the_work_is_done_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with alone(tmp_path / "file", "reap") as free:
        assert free


def test_how_a_run_went_is_on_record(store: Store) -> None:
    with recorded(store, "reap", timed=True) as run:
        assert last(store).ended_wall_s is None
        run.went(ok=True, counts={"checked": 2}, error="")
    found = last(store)
    assert (found.ok, found.timed, found.counts, found.error) == (True, True, {"checked": 2}, "")
    assert found.seconds is not None


def test_a_run_that_breaks_off_is_a_failure_with_its_reason(store: Store) -> None:
    for error, said in (
        (MarketError("all\n of  it failed"), "all of it failed"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ):
        with pytest.raises(type(error)), recorded(store, "reap", timed=False):
            raise error
        assert (last(store).ok, last(store).error) == (False, said)


def test_no_key_comes_into_the_record(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "0123456789abcdef")
    with recorded(store, "reap", timed=False) as run:
        run.went(ok=False, counts={}, error="url?key=0123456789abcdef " + "x" * 9999)
    assert "0123456789" not in last(store).error
    assert len(last(store).error) <= 500


def test_a_database_that_cannot_be_written_keeps_no_run_from_its_work(store: Store) -> None:
    unwritable(store)
    done = False
    with recorded(store, "reap", timed=True) as run:
        run.went(ok=True, counts={})
        done = True
    assert done
    writable(store)
    assert runs.last(store.db, "reap") is None
    with recorded(store, "reap", timed=True):
        unwritable(store)
    writable(store)
    assert last(store).ok is None
