"""Each market's offers as last seen, as columns in one blob.

A copy of what the tables say, kept so that ranking starts from numpy columns in milliseconds instead
of from forty thousand rows. Written in the transaction that records the poll.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hunter.values.columns import Offers, Text, concat
from hunter.values.errors import StoreError
from hunter.values.offers import KIND_OF, NUMBERS, TEXTS

if TYPE_CHECKING:
    import sqlite3

    from hunter.store.database import Store

FORMAT = 2


class _Column(msgspec.Struct, array_like=True):
    codes: memoryview
    count: int
    values: tuple[str | None, ...]


class _Latest(msgspec.Struct):
    format: int
    texts: dict[str, _Column]
    numbers: dict[str, memoryview]


def encode(offers: Offers) -> bytes:
    """Offers as bytes, little-endian."""
    texts: dict[str, _Column] = {}
    for name in TEXTS:
        column = _in_use(getattr(offers, name))
        codes = memoryview(column.codes.astype("<i4").tobytes())
        texts[name] = _Column(codes, len(column.values), tuple(column.values))
    numbers = {name: memoryview(getattr(offers, name).astype("<f8").tobytes()) for name in NUMBERS}
    return msgspec.msgpack.encode(_Latest(FORMAT, texts, numbers))


def _in_use(column: Text) -> Text:
    """The same column without texts that no row has: what is gone would be kept for ever else."""
    used, codes = np.unique(column.codes, return_inverse=True)
    return Text(codes.astype(np.int32), tuple(column.values[code] for code in used.tolist()))


def decode(blob: object) -> Offers:
    """The offers that `encode` wrote; ValueError or KeyError where the bytes are not its."""
    found = msgspec.msgpack.decode(blob if isinstance(blob, bytes) else b"", type=_Latest)
    if found.format != FORMAT:
        raise msgspec.DecodeError(f"format {found.format}")
    columns: dict[str, Any] = {
        name: Text(np.frombuffer(column.codes, dtype="<i4"), column.values)
        for name, column in found.texts.items()
    }
    unknown = np.full(len(columns["market"]), np.nan)
    for name in NUMBERS:
        raw = found.numbers.get(name)
        columns[name] = unknown if raw is None else np.frombuffer(raw, "<f8")
    offers = Offers.from_columns(columns)
    _check(offers)
    return offers


def _check(offers: Offers) -> None:
    """Refuse columns that do not belong together: reading a row of them would fail somewhere else."""
    for name, kind in KIND_OF.items():
        column = getattr(offers, name)
        if len(column) != len(offers):
            raise ValueError(f"the column {name} is of another length")
        if isinstance(column, Text):
            inside = (column.codes >= 0) & (column.codes < len(column.values))
            if not inside.all() or (kind == "Word" and None in column.values):
                raise ValueError(f"the column {name} lacks texts")
        elif kind in ("Number", "Count") and not np.isfinite(column).all():
            raise ValueError(f"the column {name} lacks numbers")


def write(db: sqlite3.Connection, market: str, offers: Offers, taken_at: float) -> None:
    """Replace what was last seen of a market, inside the caller's transaction."""
    db.execute("insert or replace into board (market, taken_at, columns) values (?, ?, ?)",
               [market, taken_at, encode(offers)])  # fmt: skip


def read(store: Store, market: str | None = None) -> Offers:
    """What is on offer as far as is recorded: of every market, or of one."""
    where, args = (" where market = ?", [market]) if market else ("", [])
    with store.errors():
        rows = store.db.execute(f"select columns from board{where} order by market", args)  # noqa: S608
        blobs = [row["columns"] for row in rows]
    try:
        return concat([decode(blob) for blob in blobs])
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        raise StoreError(
            f"The board in {store.path} cannot be read: {error}.",
            remedy="Run hunter scrape: it writes a new one; the history is untouched.",
        ) from error
