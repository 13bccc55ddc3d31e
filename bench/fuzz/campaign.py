"""One parser under many inputs: what became of each, how long the slowest took, and what stayed in memory."""

from __future__ import annotations

import gc
import os
import random
import socket
import sys
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from bench.fuzz.parser import DOCUMENTS, SECRET
from bench.fuzz.words import Refused
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.fuzz.parser import Parser, Read

SLOWEST_S = 1.0
"""No input may take longer, of the processor: what waits for its turn is not slow."""
LONGEST_S = 10.0
"""By the clock, where it counts whatever the processor did."""
TRIES = 3
"""Of an input that took longer: a busy machine is no fault of ours."""
WARM = 0.25
"""The share of inputs after which memory is looked at first: caches have filled by then."""
GROWTH_MB = 24.0
"""A process may grow by so much, which is the allocator's; what leaks grows with the inputs."""
BLOCKS = 2.0
"""Python objects and buffers that may stay, an input."""
MOST_FAULTS = 5
"""Of one parser that are kept word by word."""
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(kw_only=True)
class Outcome:
    """What became of a parser's inputs."""

    name: str
    form: str
    is_document: bool
    inputs: int = 0
    accepted: int = 0
    rejected: int = 0
    undecodable: int = 0
    slowest_s: float = 0.0
    slowest: str = ""
    """How to get that input again."""
    growth_mb: float = 0.0
    blocks: float = 0.0
    """That stayed, an input."""
    n_faults: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def leaks(self) -> bool:
        """Whether memory grows with the inputs."""
        return self.growth_mb > GROWTH_MB and self.blocks > BLOCKS

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        return not (self.n_faults or self.leaks or self.slowest_s > SLOWEST_S)

    def add(self, other: Outcome) -> None:
        """Count another part of the same parser's inputs too."""
        for name in ("inputs", "accepted", "rejected", "undecodable", "n_faults"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.slowest_s > self.slowest_s:
            self.slowest_s, self.slowest = other.slowest_s, other.slowest
        self.growth_mb = max(self.growth_mb, other.growth_mb)
        self.blocks = max(self.blocks, other.blocks)
        self.faults = [*self.faults, *other.faults][:MOST_FAULTS]


def outcome(parser: Parser, seed: int, first: int, inputs: int) -> Outcome:
    """Inputs `first` to `first + inputs` of a seed through a parser."""
    found = Outcome(name=parser.name, form=parser.form.name, is_document=parser.form in DOCUMENTS)
    with _alone(), parser.opened() as read:
        base: tuple[float, int] | None = None
        for number in range(first, first + inputs):
            if base is None and number - first >= inputs * WARM:
                base = _memory()
            _one(parser, read, seed, number, found)
        after = _memory()
        if base is not None:
            found.growth_mb = max(0.0, after[0] - base[0])
            found.blocks = max(0.0, (after[1] - base[1]) / (inputs * (1 - WARM)))
    return found


def made(parser: Parser, seed: int, number: int) -> Any:
    """One input, which a seed and a number name for good."""
    return parser.input(random.Random(f"{seed}:{parser.name}:{number}"))


def _one(parser: Parser, read: Read, seed: int, number: int, found: Outcome) -> None:
    given = made(parser, seed, number)
    known = _decodes(parser, given)
    least = SLOWEST_S * 1000
    verdict, why = "", ""
    for _ in range(TRIES):
        verdict, why, took_s = _read(read, given)
        least = min(least, took_s)
        if least <= SLOWEST_S:
            break
    found.inputs += 1
    where = f"--seed {seed} --only {parser.name!r} --input {number}"
    if least > found.slowest_s:
        found.slowest_s, found.slowest = least, where
    if verdict == "fault":
        found.n_faults += 1
        if len(found.faults) < MOST_FAULTS:
            found.faults.append(f"{where}: {why}")
    elif verdict == "accepted":
        found.accepted += 1
    elif known:
        found.rejected += 1
    else:
        found.undecodable += 1


def _decodes(parser: Parser, given: Any) -> bool:
    try:
        return parser.form.decodes(given)
    except RecursionError:
        return True


def _read(read: Read, given: Any) -> tuple[str, str, float]:
    """The verdict on one input: accepted, rejected, or a fault with its words; and the seconds it took."""
    begun, clock = time.process_time(), time.perf_counter()
    try:
        read(given)
        verdict, why = "accepted", ""
    except HunterError as error:
        why = _ill_said(error)
        verdict = "fault" if why else "rejected"
    except Refused:
        verdict, why = "rejected", ""
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  whatever it is, it is not ours
        verdict, why = "fault", f"{type(error).__name__}: {str(error)[:300]!r} at {_place(error)}"
    took_s, whole_s = time.process_time() - begun, time.perf_counter() - clock
    return verdict, why, took_s if whole_s < LONGEST_S else whole_s


def _ill_said(error: HunterError) -> str:
    """What is wrong with one of our own sentences; nothing where it is a line that can be printed."""
    said = f"{error} {error.remedy}"
    if SECRET[:18] in said:
        return f"a key is repeated: {said[:300]!r}"
    return "" if str(error).strip() else "it says nothing"


def _place(error: BaseException) -> str:
    """The last line of ours that it went through."""
    place, trace = "?", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "/hunter/" in file and "site-packages" not in file:
            place = f"hunter/{file.rpartition('/hunter/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _memory() -> tuple[float, int]:
    """MB that this process holds, and the blocks that Python has given out."""
    gc.collect()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return pages * PAGE_MB, sys.getallocatedblocks()


def _no_names(*args: Any, **more: Any) -> Any:
    raise socket.gaierror(-2, "Name or service not known")


@contextmanager
def _alone() -> Iterator[None]:
    """Without a network, and with every warning taken for a fault."""
    with warnings.catch_warnings(), patch.object(socket, "getaddrinfo", _no_names):
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)
        yield
