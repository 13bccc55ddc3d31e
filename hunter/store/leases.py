"""Leases in the database: written before the market is asked, and at every change."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hunter.store.database import Store


def insert(store: Store, row: Mapping[str, Any]) -> None:
    """A new lease. It is on disk when this returns: commits wait for the disk."""
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    with store.writing() as db:
        db.execute(f"insert into lease ({names}) values ({marks})", list(row.values()))  # noqa: S608


def update(store: Store, lease_id: str, changes: Mapping[str, Any]) -> None:
    """Change some columns of a lease."""
    sets = ", ".join(f"{name} = ?" for name in changes)
    with store.writing() as db:
        db.execute(
            f"update lease set {sets} where lease_id = ?",  # noqa: S608
            [*changes.values(), lease_id],
        )


def add_event(
    store: Store, lease_id: str, at: float, event: str, *, state: str, phase: str, detail: str
) -> None:
    """Something happened to a lease."""
    with store.writing() as db:
        db.execute(
            "insert into lease_event (lease_id, at, event, state, phase, detail) "
            "values (?, ?, ?, ?, ?, ?)",
            [lease_id, at, event, state, phase, detail],
        )


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a lease's history."""

    at: float
    event: str
    state: str
    phase: str
    detail: str


def events(store: Store, lease_id: str) -> list[Event]:
    """A lease's history, oldest first."""
    sql = "select at, event, state, phase, detail from lease_event where lease_id = ? order by event_id"
    return [Event(**row) for row in _fetch(store, sql, [lease_id])]


def rows(store: Store, states: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Leases in these states, or all, newest first. None of it is checked."""
    wanted = list(states)
    where = f" where state in ({', '.join('?' * len(wanted))})" if wanted else ""
    return _fetch(store, f"select * from lease{where} order by intended_at desc", wanted)  # noqa: S608


def _fetch(store: Store, sql: str, values: list[str]) -> list[dict[str, Any]]:
    """Rows, also where some of their text is none: one bad row must not hide the others."""
    db = store.db
    as_usual = db.text_factory
    db.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        with store.errors():
            return [dict(row) for row in db.execute(sql, values)]
    finally:
        db.text_factory = as_usual


def put_charges(
    store: Store, lease_id: str, charges: Iterable[tuple[str, float, str]], read_at: float
) -> None:
    """What the market's bill says, item by item, replacing what it said before."""
    with store.writing() as db:
        db.executemany(
            "insert or replace into charge (lease_id, item, usd, detail, read_at) "
            "values (?, ?, ?, ?, ?)",
            [(lease_id, item, usd, detail, read_at) for item, usd, detail in charges],
        )


def charges(store: Store, lease_id: str) -> dict[str, float]:
    """The market's bill for a lease by item, $."""
    with store.errors():
        found = store.db.execute("select item, usd from charge where lease_id = ?", [lease_id])
        return {row["item"]: row["usd"] for row in found}


def launched_since(store: Store, since: float) -> list[tuple[str, str, str]]:
    """Market, machine and image of every launch that came up since a time."""
    sql = (
        "select distinct market, machine_id, image from lease where ready_at >= ? "
        "and machine_id is not null and image is not null"
    )
    with store.errors():
        return [tuple(row) for row in store.db.execute(sql, [since])]
