"""Machines that are left alone for a while, because a start on them failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hunter.store.rows import fetch_as

if TYPE_CHECKING:
    from hunter.store.database import Store


class Shunned(msgspec.Struct, frozen=True, kw_only=True):
    """One machine. Unix seconds by its market's clock."""

    market: str
    machine_id: str
    kind: str
    """What went wrong: a class of `data/duds.toml`."""
    why: str
    at: float
    until: float


def add(store: Store, one: Shunned) -> None:
    """Leave a machine alone; of two reasons the one that lasts longer stays."""
    with store.writing() as db:
        db.execute(
            "insert into shunned (market, machine_id, kind, why, at, until) values (?, ?, ?, ?, ?, ?) "
            "on conflict (market, machine_id) do update set kind = excluded.kind, why = excluded.why, "
            "at = excluded.at, until = excluded.until where excluded.until > until",
            [one.market, one.machine_id, one.kind, one.why, one.at, one.until],
        )


def read(store: Store, now: float) -> list[Shunned]:
    """Machines that are left alone now."""
    sql = "select market, machine_id, kind, why, at, until from shunned where until > ? order by at"
    return fetch_as(store, Shunned, sql, [now])
