"""Small facts about a home that outlive a command."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING

import msgspec

from hunter.values.clock import WALL, Pace, Told
from hunter.values.errors import ConfigError, StoreError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from hunter.store.database import Store

CLOCK = "simulation"
FASTEST = 1e6
"""Seconds of a market for one of ours: faster than any is run."""
HOME = "home"
TOLD = "told:"
BUDGET = "budget"
SCHEDULE = "schedule"
REAPED = "reaped at"


def read_clock(store: Store, *, simulated: bool) -> Pace:
    """The pace that a home's markets run at: the wall's, or that of the embedded market seen last.

    A home with simulated data is refused to a real hunt: the two never mix.
    """
    with store.errors():
        sql = "select value from setting where name = ?"
        row = store.db.execute(sql, [CLOCK]).fetchone()
    if row is None:
        return WALL
    if not simulated:
        raise ConfigError(
            f"{store.path} holds an embedded market's data.",
            remedy="Give --sandbox, or another --home: simulated and real never mix.",
        )
    return _pace(store, row["value"])


def _pace(store: Store, value: object) -> Pace:
    """The pace in a row; StoreError where it is none: without it nobody knows what time it is there."""
    try:
        pace = msgspec.json.decode(value if isinstance(value, (str, bytes)) else "", type=Pace)
        if not (0 < pace.speed <= FASTEST and isfinite(pace.at(0.0))):
            raise ValueError(f"a speed of {pace.speed:g}")
    except (ValueError, RecursionError) as error:
        raise StoreError(
            f"The clock of the embedded market in {store.path} cannot be read: {error}.",
            remedy=f"Move {store.path.parent} away to begin a new market.",
        ) from error
    return pace


def write_clock(store: Store, pace: Pace) -> None:
    """Remember an embedded market's pace, and with it that this home is simulated."""
    with store.writing() as db:
        db.execute(
            "insert or replace into setting (name, value) values (?, ?)",
            [CLOCK, json.dumps(msgspec.structs.asdict(pace))],
        )


class ClockMemory:
    """What markets told of their time, for the next process of this home."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def read(self, market: str) -> Told | None:
        """What was kept last; None where nothing was, or nothing that can be read."""
        with self.store.errors():
            sql = "select value from setting where name = ?"
            row = self.store.db.execute(sql, [f"{TOLD}{market}"]).fetchone()
        try:
            return None if row is None else msgspec.json.decode(row["value"], type=Told)
        except msgspec.DecodeError:
            return None

    def write(self, market: str, told: Told) -> None:
        """Keep this."""
        with self.store.writing() as db:
            db.execute(
                "insert or replace into setting (name, value) values (?, ?)",
                [f"{TOLD}{market}", msgspec.json.encode(told).decode()],
            )


def home_id(store: Store, new: str) -> str:
    """The name of this home, made once for each database; `new` where it has none yet."""
    sql = "select value from setting where name = ?"
    with store.errors():
        row = store.db.execute(sql, [HOME]).fetchone()
    if row is None:
        with store.writing() as db:  # of two who come first, one writes it
            db.execute("insert or ignore into setting (name, value) values (?, ?)", [HOME, new])
            row = db.execute(sql, [HOME]).fetchone()
    return str(row["value"])


def home_in(db: sqlite3.Connection) -> str | None:
    """The name of a home that has one. Any connection will do."""
    row = db.execute("select value from setting where name = ?", [HOME]).fetchone()
    return None if row is None else str(next(iter(row)))


def read_budget(store: Store) -> str:
    """The caps over all leases, as JSON; empty where none were ever set."""
    with store.errors():
        row = store.db.execute("select value from setting where name = ?", [BUDGET]).fetchone()
    return "" if row is None else str(row["value"])


def write_budget(store: Store, text: str) -> None:
    """Remember the caps over all leases."""
    with store.writing() as db:
        db.execute("insert or replace into setting (name, value) values (?, ?)", [BUDGET, text])


def schedule_in(db: sqlite3.Connection) -> str:
    """The timers of this home, as JSON; empty where none was ever installed. Any connection will do."""
    row = db.execute("select value from setting where name = ?", [SCHEDULE]).fetchone()
    return "" if row is None else str(next(iter(row)))


def write_schedule(store: Store, change: Callable[[str], str]) -> None:
    """Change the timers of this home, as JSON: `change` gets what is on record, and nobody writes between."""
    with store.writing() as db:
        text = change(schedule_in(db))
        db.execute("insert or replace into setting (name, value) values (?, ?)", [SCHEDULE, text])


def read_reaped(store: Store) -> float | None:
    """When a pass of reap succeeded last, unix seconds; None where none ever did."""
    with store.errors():
        row = store.db.execute("select value from setting where name = ?", [REAPED]).fetchone()
    try:
        at = float(row["value"]) if row else None
    except (TypeError, ValueError):
        return None
    return at if at is not None and isfinite(at) else None


def write_reaped(store: Store, at: float) -> None:
    """A pass of reap has succeeded."""
    with store.writing() as db:
        db.execute("insert or replace into setting (name, value) values (?, ?)", [REAPED, str(at)])
