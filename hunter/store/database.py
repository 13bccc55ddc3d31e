"""Opening the file: write-ahead logging, migrations, one connection a thread, one sentence on failure."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from hunter.store.lock import alone
from hunter.store.private import close_to_others, make_folder
from hunter.store.schema import MIGRATION_SET, NAMES, SCRUBBED, migrations
from hunter.values.errors import StoreError
from hunter.values.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

BUSY_S = 30.0
"""How long a writer waits for another one before it gives up."""


class Store:
    """The database of one home. Safe to share between threads: each has a connection of its own."""

    def __init__(self, path: Path, private: Iterable[Path] = ()) -> None:
        """Open or make the file.

        Args:
            path: of the database.
            private: further folders that are nobody else's to read.
        """
        self.path = path
        self.notes: list[str] = []
        """What was changed on the disk that its user should know."""
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        try:
            make_folder(path.parent)
            self.notes += close_to_others(dict.fromkeys((*private, path.parent)))
            with alone(path.with_suffix(".lock")):
                self._make_file()
                self._migrate()
        except (OSError, ValueError) as error:  # ValueError: a NUL in its name
            why = getattr(error, "strerror", None) or error
            raise StoreError(
                f"The database {cleaned(str(path))} cannot be opened: {why}.",
                remedy="Check the folder's permissions and free space, or choose another with --home.",
            ) from error

    @property
    def db(self) -> sqlite3.Connection:
        """This thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "db", None)
        if found is None:
            found = self._local.db = self._connect()
        return found

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        db.row_factory = sqlite3.Row
        with self.errors():
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = full")
        self._open.append(db)
        return db

    @contextmanager
    def errors(self) -> Iterator[None]:
        """SQLite's failures as one sentence."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            text = str(error)
            if "locked" in text:
                raise StoreError(
                    f"Another Hunter has been writing to {self.path} for {BUSY_S:.0f} s.",
                    remedy="Wait for it to end, or stop it, and try again.",
                ) from error
            if isinstance(error, sqlite3.OperationalError):
                remedy = "Check free space and permissions; what is recorded is untouched."
            else:
                remedy = "Move the file away to begin a new one; sqlite3's .recover may save it."
            raise StoreError(f"The database {self.path}: {text}.", remedy=remedy) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that is written whole or not at all; a second writer waits for it."""
        db = self.db
        with self.errors():
            db.execute("begin immediate")
            try:
                yield db
                db.execute("commit")
            except BaseException:
                if db.in_transaction:  # a commit that fails for want of room may have ended it
                    db.execute("rollback")
                raise

    def _make_file(self) -> None:
        """An empty file that nobody else can read: SQLite gives its own rights to the files beside it."""
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))

    def _migrate(self) -> None:
        with self.errors():
            tables = {row["name"] for row in self.db.execute("select name from sqlite_master")}
            applied: set[str] = set()
            if "_sqlite_migrations" in tables:
                sql = "select name from _sqlite_migrations where migration_set = ?"
                applied = {row["name"] for row in self.db.execute(sql, [MIGRATION_SET])}
            newer = applied - set(NAMES)
            if newer:
                raise StoreError(
                    f"The database {self.path} was written by a newer Hunter ({min(newer)}).",
                    remedy="Update Hunter, or choose another folder with --home.",
                )
            if tables and not applied:
                raise StoreError(
                    f"{self.path} is a SQLite file, but not one of Hunter's.",
                    remedy="Move it away, or choose another folder with --home.",
                )
            if len(applied) < len(NAMES):
                from sqlite_utils import Database  # noqa: PLC0415  0.2 s, 2 s with pandas

                db = self._connect()
                db.execute("pragma secure_delete = on")
                migrations().apply(Database(db))
                if tables and SCRUBBED not in applied:
                    _rewrite(db)

    def close(self) -> None:
        """Close every thread's connection."""
        for db in self._open:
            db.close()
        self._open.clear()
        self._local = threading.local()


def _rewrite(db: sqlite3.Connection) -> None:
    """Write the whole file anew: pages keep what was deleted until something else needs the room."""
    with suppress(sqlite3.OperationalError):  # no room for a second copy: the rows are clean
        db.execute("vacuum")
        db.execute("pragma wal_checkpoint(truncate)")
