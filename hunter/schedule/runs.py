"""A run of what a timer calls: one at a time, and on record. Neither may keep the work from being done."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hunter.store import runs
from hunter.values.errors import StoreError
from hunter.values.keys import hidden, secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hunter.store import Store

LONGEST_ERROR = 500
"""Characters of what went wrong that are kept."""


class Recorded:
    """The run that is under way; its caller says how it went."""

    def __init__(self) -> None:
        self.ok = False
        self.counts: Mapping[str, int] = {}
        self.error = ""

    def went(self, *, ok: bool, counts: Mapping[str, int], error: str = "") -> None:
        """How it went."""
        self.ok, self.counts, self.error = ok, counts, error


@contextmanager
def alone(folder: Path, job: str) -> Iterator[bool]:
    """Whether nobody else is at this job in this home; while the block runs, nobody else will be.

    The lock goes with its process, however that ends. Where none can be had (a disk that is read only),
    the job is done all the same: it may run twice at once, and may not be left undone.
    """
    import fcntl  # noqa: PLC0415  only for this

    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (folder / f"{job}.lock").open("w")
    except OSError:
        yield True
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:
            pass  # a file system without locks
        yield True


@contextmanager
def recorded(store: Store, job: str, *, timed: bool) -> Iterator[Recorded]:
    """Put a run on record: when, for how long, and how it went; also where it breaks off."""
    run, begun = Recorded(), time.time()
    try:
        run_id = runs.begin(store, job, begun, timed=timed)
    except StoreError:
        run_id = None
    try:
        yield run
    except BaseException as error:
        run.went(ok=False, counts=run.counts, error=str(error) or type(error).__name__)
        raise
    finally:
        if run_id is not None:
            _end(store, run_id, run)


def _end(store: Store, run_id: int, run: Recorded) -> None:
    text = " ".join(hidden(run.error, *secrets_in(os.environ)).split())[:LONGEST_ERROR]
    try:
        runs.end(store, run_id, time.time(), ok=run.ok, counts=run.counts, error=text)
    except StoreError:
        return  # a run without an end: who looks sees that
