"""What a fresh ranking costs beside a process that only imports what it needs: part of `make bench`.

Both are whole processes, called in turns, so that whatever else the machine does meets both alike.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hunter.markets.protocol import Scope
from hunter.store import Store, latest, polls
from hunter.values.columns import Listing

if TYPE_CHECKING:
    from hunter.facts.config import Home

ROWS = 10_000
TURNS = 21
FLOOR = "import numpy, click, msgspec, sqlite3"
TARGET = 1.7


def recorded(home: Home, folder: Path) -> None:
    """A home of as many offers of this one's markets."""
    full, few = Store(home.database), Store(folder / "sandbox" / "hunter.db")
    left = ROWS
    for market in ("runpod", "vast"):
        offers = latest.read(full, market)
        offers = offers.take(
            np.linspace(0, len(offers) - 1, min(left, len(offers))).astype(np.intp)
        )
        left -= len(offers)
        polls.record(few, Listing(market=market, offers=offers, complete=True), Scope(), 1.0, 2.0)
    full.close()
    few.close()


def call(words: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Wall seconds and processor seconds of one process."""
    begun = time.perf_counter()
    process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return time.perf_counter() - begun, used.ru_utime + used.ru_stime


def lines(home: Home, folder: Path, env: dict[str, str]) -> list[tuple[str, str, str]]:
    """The figures, for `make bench`."""
    recorded(home, folder)
    hunter = str(Path(sys.executable).with_name("hunter"))
    asked = [hunter, "deals", "--json", "--limit", "20", "--quiet"]
    taken: dict[str, list[tuple[float, float]]] = {"floor": [], "hunter": []}
    for turn in range(TURNS + 1):
        floor = call([sys.executable, "-c", FLOOR], env)
        fresh = call(asked, env | {"HUNTER_HOME": str(folder)})
        if turn:  # the first of each only warms the disk
            taken["floor"].append(floor)
            taken["hunter"].append(fresh)
    wall, used = (
        {name: statistics.median(one[place] for one in calls) for name, calls in taken.items()}
        for place in (0, 1)
    )
    ratios = (
        f"{wall['hunter'] / wall['floor']:.2f}x the floor, {used['hunter'] / used['floor']:.2f}x its "
        f"processor time (target ≤ {TARGET})"
    )
    return [
        (f"{FLOOR}: the floor", f"{wall['floor']:.3f} s", "1"),
        (f"hunter deals --json, fresh, of {ROWS:,} offers", f"{wall['hunter']:.3f} s", ratios),
    ]
