"""Rows as typed values: what is on disk may have been written by an older Hunter or by hand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hunter.store.database import Store

T = TypeVar("T")


def fetch(
    store: Store, sql: str, values: Sequence[object] | Mapping[str, object] = ()
) -> list[dict[str, Any]]:
    """Rows, also where some of their text is none: one bad row must not hide the others."""
    db = store.db
    as_usual = db.text_factory
    db.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        with store.errors():
            return [dict(row) for row in db.execute(sql, values)]
    finally:
        db.text_factory = as_usual


def fetch_as(
    store: Store,
    type_: type[T],
    sql: str,
    values: Sequence[object] | Mapping[str, object] = (),
) -> list[T]:
    """Rows as values of a type, SQLite's 0 and 1 as flags. A row of another shape is passed over."""
    found = []
    for row in fetch(store, sql, values):
        try:
            found.append(msgspec.convert(row, type_, strict=False))
        except msgspec.ValidationError:
            continue
    return found
