"""Who is at work on a create: a process that can be told from every other, also after it has gone.

A create is answered by whoever sent it. When that process is gone nobody waits for the answer any more, and
the lease has to be settled by somebody else; while it lives nobody else may touch the create.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import msgspec

SIGN_WITHIN_S = 120.0
"""A process that cannot be looked at is taken for gone after so long without a sign of it: no create takes
a quarter of that."""
UNDER_WAY: set[str] = set()
"""Leases whose create this very process is at work on."""
_PROC = Path("/proc")
_STARTED = 19
"""Where a process's start stands in /proc/PID/stat, counted from its state."""


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A process, by all that tells it from others. None is unknown."""

    host: str
    boot: str | None
    """The kernel's own name for its present run: one machine between two boots."""
    space: str | None
    """The process numbers that it lives among: containers have their own."""
    pid: int
    started: str | None

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process that runs here now; None is an unknown start."""

    started: str | None


def is_gone(owner: Owner | None, here: Owner, found: Process | None, quiet_s: float) -> bool:
    """Whether nobody is at work any more.

    Args:
        owner: who began it; None where that was not written down.
        here: the process that asks.
        found: what runs here now under the owner's number; None where nothing does.
        quiet_s: how long nothing was heard of the owner, in seconds of ours.
    """
    unseen = quiet_s > SIGN_WITHIN_S
    if owner is None:
        return unseen
    boots_known = None not in (owner.boot, here.boot)
    if boots_known and owner.boot != here.boot:
        return owner.host == here.host or unseen
    if owner.space != here.space or (owner.host != here.host and not boots_known):
        return unseen
    if found is None:
        return True
    if owner.started is None or found.started is None:
        return unseen
    return owner.started != found.started


@cache
def _here() -> tuple[str, str | None, str | None]:
    return os.uname().nodename, _text(_PROC / "sys/kernel/random/boot_id"), _space()


def boot() -> str | None:
    """The kernel's own name for this machine's present run; None where it has none."""
    return _here()[1]


def this_process() -> Owner:
    """The process that asks."""
    host, boot, space = _here()
    pid = os.getpid()
    found = find_process(pid)
    return Owner(
        host=host, boot=boot, space=space, pid=pid, started=found.started if found else None
    )


def find_process(pid: int) -> Process | None:
    """What runs here under a number; one that has died and waits to be reaped does not run."""
    text = _text(_PROC / str(pid) / "stat")
    if text is not None:
        fields = text.rpartition(")")[2].split()
        if fields[0] in "ZX":
            return None
        return Process(started=fields[_STARTED])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass  # somebody else's: it lives
    return Process(started=None)


def write(owner: Owner) -> str:
    """An owner as the database keeps it."""
    return msgspec.json.encode(owner).decode()


def read(text: str | None) -> Owner | None:
    """An owner as the database kept it; None where nobody can tell."""
    try:
        return None if text is None else msgspec.json.decode(text, type=Owner)
    except (ValueError, RecursionError):
        return None


def _space() -> str | None:
    try:
        return os.readlink(_PROC / "self/ns/pid")
    except OSError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None
