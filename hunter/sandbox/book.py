"""What changes in the embedded market: accounts, rentals, and the clock's anchor.

In memory, or in a file that several short-lived servers share: each request takes the file's lock,
reads what others wrote, and writes what it changed.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from hunter.sandbox.rental import Rental, Volume
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FORMAT = 1


class Account(msgspec.Struct, kw_only=True):
    """One renter. Any key opens one."""

    number: int
    credit_usd: float
    """What was paid in; the balance is this less all bills."""
    opened_at: float
    ssh_keys: dict[str, str] = {}
    pub_key: str = ""
    volumes: list[Volume] = []
    extras: dict[str, Any] = {}
    """What a vendor's interface keeps beside rentals: templates, registries."""


class Page(msgspec.Struct, kw_only=True):
    """The whole book."""

    format: int = FORMAT
    seed: int
    offers: int
    speed: float
    market_s: float
    """The market's time when `wall_s` was the wall's."""
    wall_s: float
    next_number: int = 20_000_001
    accounts: dict[str, Account] = {}
    rentals: list[Rental] = []


class Book:
    """The book, opened at a path or kept in memory."""

    def __init__(
        self, path: Path | None, fresh: Page, clock: Callable[[], float] = time.time
    ) -> None:
        """Open it; `clock` tells our own seconds, by which the market's pass."""
        self.path = path
        self._clock = clock
        self.page = fresh
        self._stamp: tuple[int, int] | None = None
        self._mutex = threading.RLock()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self.open():
                pass

    def now(self) -> float:
        """The market's time, unix seconds."""
        return self.page.market_s + (self._clock() - self.page.wall_s) * self.page.speed

    @contextmanager
    def open(self) -> Iterator[Page]:
        """The book for one request: alone, up to date, and saved at the end."""
        with self._mutex:
            if self.path is None:
                yield self.page
                return
            with self.path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._read()
                before = msgspec.json.encode(self.page)
                yield self.page
                after = msgspec.json.encode(self.page)
                if after != before or self._stamp is None:
                    self._write(after)

    def _read(self) -> None:
        assert self.path is not None
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp == self._stamp:
            return
        try:
            page = msgspec.json.decode(self.path.read_bytes(), type=Page)
        except (msgspec.DecodeError, OSError) as error:
            raise HunterError(
                f"The embedded market's book {self.path} cannot be read: {error}.",
                remedy="Remove it to begin a new market.",
            ) from error
        if page.format != FORMAT:
            raise HunterError(
                f"The embedded market's book {self.path} is of another version.",
                remedy="Remove it to begin a new market.",
            )
        self.page, self._stamp = page, stamp

    def _write(self, body: bytes) -> None:
        assert self.path is not None
        temporary = self.path.with_suffix(".new")
        temporary.write_bytes(body)
        os.replace(temporary, self.path)
        status = self.path.stat()
        self._stamp = (status.st_mtime_ns, status.st_size)
