"""Leases in the database: written before the market is asked, and at every change."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from hunter.store.rows import fetch, fetch_as
from hunter.values.keys import hidden
from hunter.values.text import LONGEST_SENTENCE, cleaned, cleaned_lines

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from hunter.store.database import Store


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a lease's history."""

    at: float
    event: str
    state: str
    phase: str
    detail: str


class Predicted(msgspec.Struct, frozen=True, kw_only=True):
    """What was expected of a lease when it was meant. None is unknown."""

    quantity: str
    """A phase of the cold start, or a figure of the deal."""
    low: float | None
    expected: float | None
    high: float | None
    unit: str
    """s or $."""


class _Charge(msgspec.Struct):
    item: str
    usd: float


class _Launched(msgspec.Struct):
    market: str
    machine_id: str
    image: str


def _as_kept(value: object) -> object:
    """A value as it may be kept: a market's words may quote a key, or be orders to a terminal."""
    return cleaned(hidden(value), LONGEST_SENTENCE) if isinstance(value, str) else value


def insert(
    store: Store,
    row: Mapping[str, Any],
    events: Iterable[Event] = (),
    predicted: Iterable[Predicted] = (),
    admit: Callable[[], None] | None = None,
) -> None:
    """A new lease, all at once; it is on disk when this returns: commits wait for the disk.

    `admit` is asked inside the transaction, and what it raises keeps the lease out: what it read cannot
    change before the lease is there.
    """
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    with store.writing() as db:
        if admit is not None:
            admit()
        db.execute(f"insert into lease ({names}) values ({marks})", list(row.values()))  # noqa: S608
        db.executemany(
            "insert into prediction (lease_id, quantity, low, expected, high, unit) "
            "values (?, ?, ?, ?, ?, ?)",
            [(row["lease_id"], p.quantity, p.low, p.expected, p.high, p.unit) for p in predicted],
        )
        for event in events:
            _add(db, row["lease_id"], event)


def move(
    store: Store, lease_id: str, version: int, changes: Mapping[str, Any], event: Event | None
) -> bool:
    """Change a lease that is as it was seen, with what is told of it; whether it still was.

    Compared and set in one transaction: of two who saw the same version only one can change it.
    """
    sets = ", ".join(f"{name} = ?" for name in (*changes, "version"))
    with store.writing() as db:
        done = db.execute(
            f"update lease set {sets} where lease_id = ? and version = ?",  # noqa: S608
            [*map(_as_kept, changes.values()), version + 1, lease_id, version],
        )
        if done.rowcount and event is not None:
            _add(db, lease_id, event)
    return bool(done.rowcount)


GROWING = ("last_seen_at", "metered_usd")


def grow(store: Store, lease_id: str, figures: Mapping[str, float]) -> None:
    """Figures of a lease that only ever grow: of several who write one, the largest stays."""
    sets = ", ".join(f"{name} = max(coalesce({name}, ?), ?)" for name in figures)
    values = [value for figure in figures.values() for value in (figure, figure)]
    with store.writing() as db:
        db.execute(f"update lease set {sets} where lease_id = ?", [*values, lease_id])  # noqa: S608


def watch(store: Store, lease_id: str, watcher: str) -> None:
    """Somebody keeps a lease from now on."""
    with store.writing() as db:
        db.execute("update lease set watcher = ? where lease_id = ?", [watcher, lease_id])


def unwatch(store: Store, lease_id: str, watcher: str) -> None:
    """He keeps it no more; where another one has begun meanwhile, that one goes on."""
    sql = "update lease set watcher = null where lease_id = ? and watcher = ?"
    with store.writing() as db:
        db.execute(sql, [lease_id, watcher])


def add_event(store: Store, lease_id: str, event: Event) -> None:
    """Something happened to a lease."""
    with store.writing() as db:
        _add(db, lease_id, event)


def _add(db: sqlite3.Connection, lease_id: str, event: Event) -> None:
    db.execute(
        "insert into lease_event (lease_id, at, event, state, phase, detail) "
        "values (?, ?, ?, ?, ?, ?)",
        [
            lease_id,
            event.at,
            event.event,
            event.state,
            event.phase,
            cleaned_lines(hidden(event.detail)),
        ],
    )


def events(store: Store, lease_id: str) -> list[Event]:
    """A lease's history, oldest first."""
    sql = "select at, event, state, phase, detail from lease_event where lease_id = ? order by event_id"
    return [Event(**row) for row in fetch(store, sql, [lease_id])]


def predicted(store: Store, lease_id: str) -> list[Predicted]:
    """What was expected of a lease, phases in their order; none of an older Hunter's."""
    sql = "select quantity, low, expected, high, unit from prediction where lease_id = ? order by rowid"
    return fetch_as(store, Predicted, sql, [lease_id])


def rows(store: Store, states: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Leases in these states, or all, newest first. None of it is checked."""
    wanted = list(states)
    where = f" where state in ({', '.join('?' * len(wanted))})" if wanted else ""
    return fetch(store, f"select * from lease{where} order by intended_at desc", wanted)  # noqa: S608


def put_charges(
    store: Store, lease_id: str, charges: Iterable[tuple[str, float, str]], read_at: float
) -> float:
    """What the market's bill says, item by item, replacing what it said before; all together, $."""
    with store.writing() as db:
        db.executemany(
            "insert or replace into charge (lease_id, item, usd, detail, read_at) "
            "values (?, ?, ?, ?, ?)",
            [(lease_id, item, usd, hidden(detail), read_at) for item, usd, detail in charges],
        )
        total = db.execute("select sum(usd) from charge where lease_id = ?", [lease_id]).fetchone()[
            0
        ]
        db.execute("update lease set billed_usd = ? where lease_id = ?", [total, lease_id])
    return float(total)


def charges(store: Store, lease_id: str) -> dict[str, float]:
    """The market's bill for a lease by item, $."""
    found = fetch_as(store, _Charge, "select item, usd from charge where lease_id = ?", [lease_id])
    return {one.item: one.usd for one in found if isfinite(one.usd)}


def launched_since(store: Store, since: float) -> list[tuple[str, str, str]]:
    """Market, machine and image of every launch that came up since a time."""
    sql = (
        "select distinct market, machine_id, image from lease where ready_at >= ? "
        "and machine_id is not null and image is not null"
    )
    found = fetch_as(store, _Launched, sql, [since])
    return [(one.market, one.machine_id, one.image) for one in found]
