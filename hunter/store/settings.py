"""Small facts about a home that outlive a command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from hunter.values.clock import WALL, Pace
from hunter.values.errors import ConfigError

if TYPE_CHECKING:
    from hunter.store.database import Store

CLOCK = "simulation"
HOME = "home"
BUDGET = "budget"


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
    return Pace(**json.loads(row["value"]))


def write_clock(store: Store, pace: Pace) -> None:
    """Remember an embedded market's pace, and with it that this home is simulated."""
    with store.writing() as db:
        db.execute(
            "insert or replace into setting (name, value) values (?, ?)",
            [CLOCK, json.dumps(msgspec.structs.asdict(pace))],
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


def read_budget(store: Store) -> str:
    """The caps over all leases, as JSON; empty where none were ever set."""
    with store.errors():
        row = store.db.execute("select value from setting where name = ?", [BUDGET]).fetchone()
    return "" if row is None else str(row["value"])


def write_budget(store: Store, text: str) -> None:
    """Remember the caps over all leases."""
    with store.writing() as db:
        db.execute("insert or replace into setting (name, value) values (?, ?)", [BUDGET, text])
