"""How each run of what a timer calls went. Times are this machine's: what is late is late by its clock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from hunter.store.database import Store

KEPT = 1000
"""Runs of each job that are kept: three days of one every five minutes."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a job. Unix seconds by this machine's clock."""

    job: str
    timed: bool
    """A timer called it, and nobody by hand."""
    begun_wall_s: float
    ended_wall_s: float | None
    """None while it runs, and for ever where it was killed."""
    ok: bool | None
    counts: dict[str, int]
    error: str
    """What went wrong, in words; empty where nothing did."""

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        if self.ended_wall_s is None:
            return None
        return max(0.0, self.ended_wall_s - self.begun_wall_s)


def begin(store: Store, job: str, now: float, *, timed: bool) -> int:
    """A run begins; its number. What is older than the newest KEPT of the job is forgotten."""
    with store.writing() as db:
        done = db.execute(
            "insert into run_log (job, timed, begun_wall_s) values (?, ?, ?)",
            [job, int(timed), now],
        )
        db.execute(
            "delete from run_log where job = ? and run_id <= (select run_id from run_log "
            "where job = ? order by run_id desc limit 1 offset ?)",
            [job, job, KEPT],
        )
    return int(done.lastrowid or 0)


def end(
    store: Store, run_id: int, now: float, *, ok: bool, counts: Mapping[str, int], error: str
) -> None:
    """A run is over."""
    with store.writing() as db:
        db.execute(
            "update run_log set ended_wall_s = ?, ok = ?, counts = ?, error = ? where run_id = ?",
            [now, int(ok), json.dumps(dict(counts)), error, run_id],
        )


def last(db: sqlite3.Connection, job: str, *, succeeded: bool = False) -> Run | None:
    """The newest run of a job, or the newest that succeeded; None where there was none.

    Reads from any connection: who only looks has one that cannot write.
    """
    row = db.execute(
        "select job, timed, begun_wall_s, ended_wall_s, ok, counts, error from run_log "
        "where job = ? and (ok = 1 or not ?) order by run_id desc limit 1",
        [job, int(succeeded)],
    ).fetchone()
    return None if row is None else _run(tuple(row))


def _run(row: tuple[object, ...]) -> Run:
    """A row as a run; what is in it by another's hand is as good as nothing."""
    job, timed, begun, ended, ok, counts, error = row
    try:
        read = msgspec.json.decode(str(counts or "{}"), type=dict[str, int])
    except msgspec.MsgspecError:
        read = {}
    return Run(
        job=str(job),
        timed=bool(timed),
        begun_wall_s=float(begun) if isinstance(begun, int | float) else 0.0,
        ended_wall_s=float(ended) if isinstance(ended, int | float) else None,
        ok=None if ok is None else bool(ok),
        counts=read,
        error=str(error or ""),
    )
