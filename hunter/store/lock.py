"""One Hunter at a time makes a new database: a lock that nobody waits for without end."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hunter.values.errors import StoreError
from hunter.values.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_S = 10.0
"""What is done behind the lock takes a second or two, each of those that wait for it."""
LOOK_EVERY_S = 0.05
_LOCKS, _PROC = Path("/proc/locks"), Path("/proc")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock of this file. It is opened and nothing more: never followed, written to or emptied.

    StoreError where it cannot be a lock, or where somebody else holds it too long.
    """
    descriptor = _open(path)
    try:
        _wait(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    remedy = "Remove it if you do not know it, and try again."
    if path.is_symlink():
        raise StoreError(f"{path} is a link, and Hunter follows none there.", remedy=remedy)
    descriptor = os.open(path, flags, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StoreError(f"{path} is no plain file and cannot be a lock.", remedy=remedy)
    return descriptor


def _wait(descriptor: int, path: Path) -> None:
    until = time.monotonic() + WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < until:
                time.sleep(LOOK_EVERY_S)
                continue
            raise StoreError(
                f"{_holder(descriptor)} has held {path} for {WAIT_S:g} s.",
                remedy="End it, or choose another folder with --home.",
            ) from None
        return


def _holder(descriptor: int) -> str:
    """Who holds it, as far as the kernel tells."""
    inode = os.fstat(descriptor).st_ino
    try:
        lines = _LOCKS.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        words = line.split()
        if len(words) >= 6 and words[1] == "FLOCK" and words[5].rpartition(":")[2] == str(inode):
            return f"Process {words[4]}{_name_of(words[4])}"
    return "Another process"


def _name_of(pid: str) -> str:
    try:
        text = (_PROC / pid / "comm").read_text(errors="replace")
    except OSError:
        return ""
    return f" ({cleaned(text, 40)})"
