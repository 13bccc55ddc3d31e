"""`make chaos`: thousands of stories, and a table of what became of them."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from bench.chaos.runs import exhaust, many, one
from bench.chaos.sabotage import SABOTAGES, caught
from bench.chaos.table import show, story_of

SEEDS = 5000


def main() -> int:
    """0 where nothing was wrong, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="make chaos CHAOS=...", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="so many launches")
    parser.add_argument("--first", type=int, default=0, help="the first of these seeds")
    parser.add_argument(
        "--replay", type=int, metavar="SEED", help="one seed, and what happened in it"
    )
    parser.add_argument("--walk", metavar="NAME:N", help="one walk again, dying at the n-th event")
    parser.add_argument("--no-walks", action="store_true", help="leave out dying at every event")
    parser.add_argument(
        "--sabotage", action="store_true", help="show that each planted mistake is found"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=_fast_disk()) as name:
        folder = Path(name)
        if asked.replay is not None or asked.walk:
            outcome, folder = one(asked.replay, asked.walk, folder)
            sys.stdout.write(story_of(outcome, folder))
            return bool(outcome.wrong)
        if asked.sabotage:
            missed = [s.name for s in SABOTAGES if not caught(s, folder, _say)]
            _say(f"{len(SABOTAGES) - len(missed)} of {len(SABOTAGES)} sabotages turned it red")
            return bool(missed)
        begun = time.perf_counter()
        walks = [] if asked.no_walks else exhaust(folder, _say)
        outcomes = many(range(asked.first, asked.first + asked.seeds), folder, _say)
        table, sound = show(outcomes, walks)
        sys.stdout.write(table)
        _say(f"{time.perf_counter() - begun:.0f} s")
        return not sound


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _fast_disk() -> str | None:
    """Where a commit need not wait for a disk: thousands of homes are made and thrown away."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
