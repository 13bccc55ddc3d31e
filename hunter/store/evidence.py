"""What our own launches measured: one row a launch and quantity."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from hunter.estimate.beliefs import Observation
from hunter.store.rows import fetch_as

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hunter.store.database import Store

_COLUMNS = ("lease_id", "quantity", "value", "at", "market", "host_id", "machine_id", "image")


def add(store: Store, seen: Iterable[Observation]) -> None:
    """Keep measurements; what a lease said of a quantity before is replaced."""
    rows = [[getattr(one, name) for name in _COLUMNS] for one in seen]
    with store.writing() as db:
        db.executemany(
            f"insert or replace into observation ({', '.join(_COLUMNS)}) "  # noqa: S608
            f"values ({', '.join('?' * len(_COLUMNS))})",
            rows,
        )


def read(store: Store, since: float = 0.0) -> list[Observation]:
    """Measurements since a time, oldest first."""
    sql = f"select {', '.join(_COLUMNS)} from observation where at >= ? order by at"  # noqa: S608
    seen = fetch_as(store, Observation, sql, [since])
    return [one for one in seen if isfinite(one.value) and isfinite(one.at)]
