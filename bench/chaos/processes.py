"""Hunters that die as processes die: at a write or a request, with nothing said afterwards."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hunter.leases import owner as owners

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunter.store import Store


class Death(BaseException):
    """The process is gone: it does nothing any more."""


class Life:
    """One process of a home."""

    def __init__(self, home: HomeLife, pid: int) -> None:
        self.home = home
        self.pid = pid
        self.alive = True
        self.owner = owners.Owner(
            host="here", boot="boot", space="space", pid=pid, started=f"{pid}"
        )

    def event(self) -> None:
        """A write or a request is about to be done, or was done just now."""
        self.check()
        self.home.events += 1
        if self.home.events == self.home.dies_at:
            self.home.deaths += 1
            self.alive = False
        self.check()

    def check(self) -> None:
        """Nobody acts after his death."""
        if not self.alive:
            raise Death

    def find(self, pid: int) -> owners.Process | None:
        """What runs under a number, for `hunter.leases.owner`."""
        life = self.home.lives.get(pid)
        return owners.Process(started=f"{pid}") if life is not None and life.alive else None


class HomeLife:
    """All processes that ever ran on one home, and its disk."""

    def __init__(self, folder: Path, name: str, dies_at: int | None) -> None:
        self.folder = folder
        self.name = name
        self.dies_at = dies_at
        self.events = 0
        self.deaths = 0
        self.lives: dict[int, Life] = {}
        self.trouble = ""
        """database-locked, disk-full or commit-fails, while the disk does."""

    @property
    def database(self) -> Path:
        """Its file."""
        return self.folder / "hunter.db"

    def begin(self) -> Life:
        """A new process."""
        life = Life(self, 1000 + len(self.lives))
        self.lives[life.pid] = life
        return life

    def mortal(self, store: Store, life: Life) -> None:
        """From now on whoever writes to this store may die of it, or find the disk in trouble."""
        as_usual = store.writing

        @contextmanager
        def writing() -> Iterator[sqlite3.Connection]:
            life.event()
            if self.trouble in ("database-locked", "disk-full"):
                said = (
                    "database is locked" if "locked" in self.trouble else "database or disk is full"
                )
                with store.errors():
                    raise sqlite3.OperationalError(said)
            if self.trouble == "commit-fails":
                store.db.set_authorizer(_no_commit)
            try:
                with as_usual() as db:
                    yield db
            finally:
                store.db.set_authorizer(None)
            life.event()

        store.writing = writing  # type: ignore[method-assign]


def _no_commit(action: int, first: str | None, *rest: object) -> int:
    commits = action == sqlite3.SQLITE_TRANSACTION and first == "COMMIT"
    return sqlite3.SQLITE_DENY if commits else sqlite3.SQLITE_OK
