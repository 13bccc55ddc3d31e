"""Whether the timers of a home do what they are for: told from the record alone, without asking anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hunter.schedule.cadence import Cadence
from hunter.store import runs, settings
from hunter.values.words import age

if TYPE_CHECKING:
    import sqlite3

    from hunter.store import Store
    from hunter.store.runs import Run

LATE_AFTER = 3
"""Periods without a success."""


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """A timer as it was installed, on record."""

    kind: str
    cadence: Cadence
    since_wall_s: float
    """When it was installed, by this machine's clock."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a job with a timer has gone."""

    job: str
    installed: Installed | None
    last: Run | None
    succeeded: Run | None
    """The last one that succeeded."""

    def late_s(self, now: float) -> float | None:
        """Seconds without a success, where they are more than three periods; None where all is well."""
        if self.installed is None:
            return None
        since = self.installed.since_wall_s
        if self.succeeded is not None:
            since = max(since, self.succeeded.ended_wall_s or self.succeeded.begun_wall_s)
        waited = now - since
        return waited if waited > LATE_AFTER * self.installed.cadence.period_s else None

    def alarm(self, now: float) -> str:
        """One sentence where it is late; empty where it is not."""
        late_s = self.late_s(now)
        if late_s is None or self.installed is None:
            return ""
        how = f"hunter {self.job}, which a timer calls {self.installed.cadence},"
        why = f" The last run failed: {self.last.error}" if self.last and self.last.error else ""
        return f"{how} has not succeeded for {age(late_s)}.{why}"


def installed(db: sqlite3.Connection) -> dict[str, Installed]:
    """The timers of a home, by job; none where what is on record cannot be read."""
    return decoded(settings.schedule_in(db))


def decoded(text: str) -> dict[str, Installed]:
    """Timers as they are kept."""
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Installed])
    except msgspec.MsgspecError:
        return {}


def health(db: sqlite3.Connection, job: str) -> Health:
    """How a job has gone."""
    return Health(
        job=job,
        installed=installed(db).get(job),
        last=runs.last(db, job),
        succeeded=runs.last(db, job, succeeded=True),
    )


def alarms(store: Store, now: float) -> tuple[str, ...]:
    """Timers that have not done their work for three periods, a sentence each."""
    with store.errors():
        found = [health(store.db, job).alarm(now) for job in installed(store.db)]
    return tuple(alarm for alarm in found if alarm)
