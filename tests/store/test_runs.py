"""The record of what timers called: short, and legible whatever stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.store import runs

if TYPE_CHECKING:
    import pytest

    from hunter.store import Store


def test_the_newest_runs_of_each_job_are_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "KEPT", 3)
    for at in range(6):
        for job in ("reap", "scrape"):
            runs.end(
                store, runs.begin(store, job, at, timed=True), at + 0.5,
                ok=at == 3, counts={"at": at}, error="",
            )  # fmt: skip
    kept = store.db.execute("select job, count(*) from run_log group by job order by job")
    assert [tuple(row) for row in kept] == [("reap", 3), ("scrape", 3)]
    newest, good = runs.last(store.db, "reap"), runs.last(store.db, "reap", succeeded=True)
    assert newest is not None
    assert good is not None
    assert (newest.counts, newest.seconds, good.counts) == ({"at": 5}, 0.5, {"at": 3})


def test_a_job_that_never_ran_has_no_run(store: Store) -> None:
    assert runs.last(store.db, "reap") is None


def test_what_another_hand_wrote_is_read_as_far_as_it_can_be(store: Store) -> None:
    with store.writing() as db:
        db.execute(
            "insert into run_log (job, begun_wall_s, ended_wall_s, ok, counts) "
            "values ('reap', 'soon', 'later', 1, '[oops')"
        )
    found = runs.last(store.db, "reap")
    assert found is not None
    assert (found.begun_wall_s, found.seconds, found.counts, found.ok) == (0.0, None, {}, True)
