"""Recording polls: what appeared, what changed, what went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hunter.store import latest
from hunter.store.rows import fetch_as
from hunter.store.schema import KEY, PRICES, offer_columns
from hunter.values.columns import Listing, Offers, concat
from hunter.values.keys import hidden
from hunter.values.offers import NUMBERS, TEXTS
from hunter.values.text import LONGEST_SENTENCE, cleaned

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

    from hunter.markets.protocol import Scope
    from hunter.store.database import Store

VOLATILE = ("seen_at", "max_rental_h")
"""What moves with the clock: its change alone is no news."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What one poll changed in the database."""

    offers: int
    appeared: int
    changed: int
    gone: int
    rejected: int


class _Poll(msgspec.Struct):
    market: str
    poll_id: int
    started_at: float
    finished_at: float | None
    complete: int | None
    offers: int | None
    rejected: int | None
    error: str | None


def record(
    store: Store, listing: Listing, scope: Scope, started_at: float, finished_at: float
) -> Recorded:
    """Store a listing in one transaction, so that a crash keeps all of a poll or none of it.

    Offers that a complete listing lacks are marked gone, within what its scope covers; an incomplete
    one proves nothing. Recording the same listing twice changes nothing but the poll's own row.
    """
    new = listing.offers
    with store.writing() as db:
        old = _latest_of(db, listing.market)
        place = {key: row for row, key in enumerate(_keys(old))}
        was = np.array([place.get(key, -1) for key in _keys(new)], dtype=np.int64)
        known = was >= 0
        differs = _differs(new, old, was)
        absent = np.ones(len(old), dtype=np.bool_)
        absent[was[known]] = False
        gone = absent & covers(scope, old) if listing.complete else np.zeros(len(old), np.bool_)
        unread = {rejected.record for rejected in listing.rejected}  # there, whatever it is
        gone &= ~(old.offer_id.is_in(unread) | old.market_gpu.is_in(unread))
        counts = Recorded(
            offers=len(new),
            appeared=int((~known).sum()),
            changed=int((known & differs).sum()),
            gone=int(gone.sum()),
            rejected=len(listing.rejected),
        )
        poll_id = _insert_poll(db, listing, scope, started_at, finished_at, counts)
        _upsert_offers(db, new.take(~known | differs), finished_at)
        prices_differ = _differs(new, old, was, PRICES)
        _insert_quotes(db, new.take(~known), "appeared")
        _insert_quotes(db, new.take(known & prices_differ), "changed")
        _mark_gone(db, old.take(gone), finished_at)
        db.executemany(
            "insert into rejected (poll_id, market, record, reason) values (?, ?, ?, ?)",
            [(poll_id, listing.market, r.record, hidden(r.reason)) for r in listing.rejected],
        )
        latest.write(db, listing.market, concat([new, old.take(absent & ~gone)]), finished_at)
    return counts


def record_failure(store: Store, market: str, started_at: float, at: float, error: str) -> None:
    """Store that a poll failed. Nothing else changes: a failure says nothing about offers."""
    with store.writing() as db:
        db.execute(
            "insert into poll (market, started_at, finished_at, complete, error) "
            "values (?, ?, ?, 0, ?)",
            [market, started_at, at, cleaned(hidden(error), LONGEST_SENTENCE)],
        )


def covers(scope: Scope, offers: Offers) -> NDArray[np.bool_]:
    """Which offers a poll of this scope would have brought if they were still for sale."""
    inside = ~(offers.disk_gb < scope.disk_gb) & (offers.vram_gb >= scope.min_vram_gb)
    if scope.gpus:
        inside &= offers.gpu.is_in(scope.gpus)
    if scope.gpu_count is not None:
        inside &= offers.gpu_count == scope.gpu_count
    if scope.offer_ids:
        inside &= offers.offer_id.is_in(scope.offer_ids)
    return inside


def last_polls(store: Store) -> list[dict[str, Any]]:
    """The newest poll of each market, failed ones included."""
    sql = (
        "select market, max(poll_id) as poll_id, started_at, finished_at, complete, offers, "
        "rejected, error from poll group by market order by market"
    )
    return [msgspec.structs.asdict(poll) for poll in fetch_as(store, _Poll, sql)]


def _latest_of(db: sqlite3.Connection, market: str) -> Offers:
    row = db.execute("select columns from board where market = ?", [market]).fetchone()
    if row is None:
        return Offers.of([])
    try:
        return latest.decode(row["columns"])
    except (KeyError, ValueError):
        return Offers.of([])  # a board nobody can read: everything counts as new, nothing is lost


def _keys(offers: Offers) -> list[tuple[str | None, str | None]]:
    ids, sides = offers.offer_id, offers.tenancy
    id_values, side_values = ids.values, sides.values
    return [
        (id_values[i], side_values[s])
        for i, s in zip(ids.codes.tolist(), sides.codes.tolist(), strict=True)
    ]


def _differs(
    new: Offers, old: Offers, was: NDArray[np.int64], names: tuple[str, ...] = ()
) -> NDArray[np.bool_]:
    """Which new rows differ from their old row in any of these columns. Unknown equals unknown."""
    differs = np.zeros(len(new), dtype=np.bool_)
    both = np.flatnonzero(was >= 0)
    then = was[both]
    for name in names or tuple(n for n in TEXTS + NUMBERS if n not in VOLATILE):
        a, b = getattr(new, name), getattr(old, name)
        if name in TEXTS:
            code = {value: i for i, value in enumerate(b.values)}
            same_code = np.array([code.get(value, -1) for value in a.values] or [-1])
            differs[both] |= same_code[a.codes[both]] != b.codes[then]
        else:
            x, y = a[both], b[then]
            differs[both] |= (x != y) & ~(np.isnan(x) & np.isnan(y))
    return differs


def _plain(offers: Offers, names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """These columns as rows that SQLite takes: NaN becomes null."""
    columns = []
    for name in names:
        column = getattr(offers, name)
        if name in TEXTS:
            columns.append([column.values[code] for code in column.codes.tolist()])
        else:
            columns.append([None if v != v else v for v in column.tolist()])
    return list(zip(*columns, strict=True))


def _insert_poll(
    db: sqlite3.Connection,
    listing: Listing,
    scope: Scope,
    started_at: float,
    finished_at: float,
    counts: Recorded,
) -> int:
    cursor = db.execute(
        "insert into poll (market, started_at, finished_at, scope, complete, offers, appeared, "
        "changed, gone, rejected) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [listing.market, started_at, finished_at, msgspec.json.encode(scope).decode(),
         int(listing.complete), counts.offers, counts.appeared, counts.changed, counts.gone,
         counts.rejected],
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


def _upsert_offers(db: sqlite3.Connection, offers: Offers, at: float) -> None:
    names = tuple(offer_columns())
    marks = ", ".join("?" * len(names))
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name not in KEY)
    db.executemany(
        f"insert into offer ({', '.join(names)}, first_seen_at, changed_at) "  # noqa: S608
        f"values ({marks}, {at}, {at}) on conflict ({', '.join(KEY)}) do update set {updates}, "
        f"changed_at = excluded.changed_at, gone_at = null",
        _plain(offers, names),
    )


def _insert_quotes(db: sqlite3.Connection, offers: Offers, event: str) -> None:
    names = (*KEY, "machine_id", "gpu", "gpu_count", "seen_at", *PRICES)
    marks = ", ".join("?" * len(names))
    db.executemany(
        f"insert into quote ({', '.join(names)}, event) values ({marks}, '{event}')",  # noqa: S608
        _plain(offers, names),
    )


def _mark_gone(db: sqlite3.Connection, offers: Offers, at: float) -> None:
    keys = _plain(offers, KEY)
    db.executemany(
        f"update offer set gone_at = {at} where market = ? and offer_id = ? and tenancy = ?",  # noqa: S608
        keys,
    )
    names = (*KEY, "machine_id", "gpu", "gpu_count")
    marks = ", ".join("?" * len(names))
    db.executemany(
        f"insert into quote ({', '.join(names)}, seen_at, event) values ({marks}, {at}, 'gone')",  # noqa: S608
        _plain(offers, names),
    )
