"""The board: each market's offers as last seen, as columns in one blob.

A copy of what the tables say, kept so that ranking starts from numpy columns in milliseconds instead
of from forty thousand rows. Written in the transaction that records the poll.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hunter.errors import StoreError
from hunter.offers import NUMBERS, TEXTS, Offers, Text, concat

if TYPE_CHECKING:
    import sqlite3

    from hunter.store.database import Store

FORMAT = 1


class _Column(msgspec.Struct, array_like=True):
    codes: bytes
    values: list[str | None]


class _Board(msgspec.Struct):
    format: int
    texts: dict[str, _Column]
    numbers: dict[str, bytes]


def encode(offers: Offers) -> bytes:
    """Offers as bytes, little-endian."""
    texts: dict[str, _Column] = {}
    for name in TEXTS:
        column: Text = getattr(offers, name)
        texts[name] = _Column(column.codes.astype("<i4").tobytes(), list(column.values))
    numbers = {name: getattr(offers, name).astype("<f8").tobytes() for name in NUMBERS}
    return msgspec.msgpack.encode(_Board(FORMAT, texts, numbers))


def decode(blob: bytes) -> Offers:
    """The offers that `encode` wrote; msgspec.DecodeError where the bytes are not its."""
    board = msgspec.msgpack.decode(blob, type=_Board)
    if board.format != FORMAT:
        raise msgspec.DecodeError(f"board format {board.format}")
    columns: dict[str, Any] = {
        name: Text(np.frombuffer(column.codes, dtype="<i4"), tuple(column.values))
        for name, column in board.texts.items()
    }
    length = len(columns["market"])
    for name in NUMBERS:
        raw = board.numbers.get(name)
        columns[name] = np.full(length, np.nan) if raw is None else np.frombuffer(raw, "<f8")
    return Offers.from_columns(columns)


def write(db: sqlite3.Connection, market: str, offers: Offers, taken_at: float) -> None:
    """Replace a market's board, inside the caller's transaction."""
    db.execute("insert or replace into board (market, taken_at, columns) values (?, ?, ?)",
               [market, taken_at, encode(offers)])  # fmt: skip


def read(store: Store, market: str | None = None) -> Offers:
    """What is on offer as far as is recorded: one market's, or all of them."""
    where, args = (" where market = ?", [market]) if market else ("", [])
    with store.errors():
        rows = store.db.execute(f"select columns from board{where} order by market", args)  # noqa: S608
        blobs = [row["columns"] for row in rows]
    try:
        return concat([decode(blob) for blob in blobs]) if blobs else Offers.of([])
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        raise StoreError(
            f"The board in {store.path} cannot be read: {error}.",
            remedy="Run hunter scrape: it writes a new one; the history is untouched.",
        ) from error
