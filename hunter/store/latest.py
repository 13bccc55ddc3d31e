"""The board: each market's offers as last seen, as columns in one blob.

A copy of what the tables say, kept so that ranking starts from numpy columns in milliseconds instead
of from forty thousand rows. Written in the transaction that records the poll.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import msgspec
import numpy as np

from hunter.values.columns import Offers, Text, concat
from hunter.values.errors import StoreError
from hunter.values.offers import NUMBERS, TEXTS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from hunter.store.database import Store

FORMAT = 2


class _Column(msgspec.Struct, array_like=True):
    codes: memoryview
    count: int
    values: msgspec.Raw


class LazyTexts(Sequence[str | None]):
    """Texts that are decoded when the first of them is looked at: most columns never are."""

    def __init__(self, raw: msgspec.Raw, count: int) -> None:
        self._raw = raw
        self._count = count

    @cached_property
    def _texts(self) -> list[str | None]:
        return msgspec.msgpack.decode(self._raw, type=list[str | None])

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str | None]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str | None] | None:
        return self._texts[index]

    def __iter__(self) -> Iterator[str | None]:
        return iter(self._texts)


class _Latest(msgspec.Struct):
    format: int
    texts: dict[str, _Column]
    numbers: dict[str, memoryview]


def encode(offers: Offers) -> bytes:
    """Offers as bytes, little-endian."""
    texts: dict[str, _Column] = {}
    for name in TEXTS:
        column: Text = getattr(offers, name)
        values = msgspec.Raw(msgspec.msgpack.encode(list(column.values)))
        codes = memoryview(column.codes.astype("<i4").tobytes())
        texts[name] = _Column(codes, len(column.values), values)
    numbers = {name: memoryview(getattr(offers, name).astype("<f8").tobytes()) for name in NUMBERS}
    return msgspec.msgpack.encode(_Latest(FORMAT, texts, numbers))


def decode(blob: bytes) -> Offers:
    """The offers that `encode` wrote; msgspec.DecodeError where the bytes are not its."""
    board = msgspec.msgpack.decode(blob, type=_Latest)
    if board.format != FORMAT:
        raise msgspec.DecodeError(f"board format {board.format}")
    columns: dict[str, Any] = {
        name: Text(np.frombuffer(column.codes, dtype="<i4"), LazyTexts(column.values, column.count))
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


def blocks(store: Store, market: str | None = None) -> list[Offers]:
    """What is on offer as far as is recorded: one block of columns for each market, or for one."""
    where, args = (" where market = ?", [market]) if market else ("", [])
    with store.errors():
        rows = store.db.execute(f"select columns from board{where} order by market", args)  # noqa: S608
        blobs = [row["columns"] for row in rows]
    try:
        return [decode(blob) for blob in blobs]
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        raise StoreError(
            f"The board in {store.path} cannot be read: {error}.",
            remedy="Run hunter scrape: it writes a new one; the history is untouched.",
        ) from error


def read(store: Store, market: str | None = None) -> Offers:
    """The same as a single block."""
    found = blocks(store, market)
    return concat(found) if found else Offers.of([])
