"""Looking at a database without changing it: no migration, no folder, no file that was not there."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from hunter.store.schema import MIGRATION_SET, NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """A database as it lies there."""

    n_bytes: int
    mode: int
    """Permissions of the file; 0 for others where nobody else can get to its folder."""
    writable: bool
    applied: int
    """Migrations."""
    pending: int
    newer: tuple[str, ...]
    """Migrations of a newer Hunter."""
    damage: tuple[str, ...]
    """What SQLite finds wrong."""


@contextmanager
def looking(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write; sqlite3's own exceptions pass through.

    Reading a write-ahead log needs files beside it, which SQLite makes where there are none: where nobody has
    the database open, it is read as what does not change.
    """
    alone = "" if _in_use(path) else "&immutable=1"
    address = f"file:{quote(str(path.absolute()))}?mode=ro{alone}"
    with closing(sqlite3.connect(address, uri=True, timeout=5.0)) as db:
        yield db


def inspect(path: Path) -> Inspected | None:
    """What a database is like; None where there is none. OSError and sqlite3.Error pass through."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    damage, applied = _looked(path)
    if damage and _in_use(
        path
    ):  # somebody began to write while it was taken for what does not change
        damage, applied = _looked(path)
    hidden = not path.parent.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH)
    return Inspected(
        n_bytes=found.st_size,
        mode=0o700 & found.st_mode if hidden else stat.S_IMODE(found.st_mode),
        writable=os.access(path, os.W_OK) and os.access(path.parent, os.W_OK),
        applied=len(applied & set(NAMES)),
        pending=len(set(NAMES) - applied),
        newer=tuple(sorted(applied - set(NAMES))),
        damage=damage,
    )


def _in_use(path: Path) -> bool:
    return path.with_name(f"{path.name}-wal").exists()


def _looked(path: Path) -> tuple[tuple[str, ...], set[str]]:
    with looking(path) as db:
        damage = _damage(db)
        return damage, set() if damage else _applied(db)


def _damage(db: sqlite3.Connection) -> tuple[str, ...]:
    try:
        found = [str(row[0]) for row in db.execute("pragma quick_check(5)")]
    except sqlite3.OperationalError:  # somebody is at it, or it cannot be opened: no damage
        raise
    except sqlite3.DatabaseError as error:
        return (str(error),)
    return tuple(text for text in found if text != "ok")


def _applied(db: sqlite3.Connection) -> set[str]:
    sql = "select name from sqlite_master where name = '_sqlite_migrations'"
    if db.execute(sql).fetchone() is None:
        return set()
    sql = "select name from _sqlite_migrations where migration_set = ?"
    return {str(row[0]) for row in db.execute(sql, [MIGRATION_SET])}
