"""`make coldstart-check`: pulls images of known sizes over a shaped link and compares with the model.

Needs root and a few Debian packages; where something is missing it says what, and ends well.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.pulls import plan
from bench.pulls.fit import Row, calibrate, from_json, to_json
from bench.pulls.images import Image, Pool, Shelf
from bench.pulls.pullers import Containerd, Docker, Puller, Timed
from bench.pulls.rig import Rig, missing, settle
from bench.pulls.table import figures, reached, scores, table

if TYPE_CHECKING:
    from collections.abc import Sequence

TURNS = 3
SHORT_S, MIDDLE_S = 5.0, 15.0
ODD = 0.25
"""A pull so far off the median of its fellows calls for another."""


def main() -> int:
    """Measure, or read what was measured; then fit, predict and compare."""
    words = argparse.ArgumentParser(prog="python -m bench.pulls", description=__doc__)
    words.add_argument("--quick", action="store_true", help="six combinations only")
    words.add_argument("--json", type=Path, metavar="FILE", help="save the raw rows")
    words.add_argument(
        "--saved", type=Path, metavar="FILE", help="no pulls: rows of an earlier run"
    )
    asked = words.parse_args()
    if asked.saved:
        saved = json.loads(asked.saved.read_text())
        return report(
            [from_json(row) for row in saved["calibration"]],
            [from_json(row) for row in saved["test"]],
        )
    lacking = missing()
    if lacking:
        print(f"skipped: {lacking}")
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    begun = time.monotonic()
    try:
        trained, tested = measure(plan.quick() if asked.quick else plan.full(), asked.json)
    except KeyboardInterrupt:
        print("interrupted; everything is taken down")
        return 130
    print(f"\n{(time.monotonic() - begun) / 60:.0f} minutes\n")
    return report(trained, tested)


def measure(cells: Sequence[plan.Cell], save: Path | None) -> tuple[list[Row], list[Row]]:
    """The pulls for the calibration, then the pulls that are to be predicted."""
    with Rig() as rig:
        shelf = Shelf(rig.registry_root, Pool())
        engines: dict[str, Puller] = {
            "docker": Docker(rig.docker_socket),
            "containerd": Containerd(rig.containerd_socket),
        }
        bench = Bench(rig, shelf, engines)
        trained, tested = bench.make(plan.calibration()), bench.make(cells)
        try:
            for turn in range(TURNS):
                bench.turn(turn, trained, "calibration")
                bench.turn(turn, tested, "test")
        finally:
            rows = {
                name: [one.row() for one in some if one.timed]
                for name, some in (("calibration", trained), ("test", tested))
            }
            if save:
                save.write_text(
                    json.dumps(
                        {name: [to_json(row) for row in some] for name, some in rows.items()},
                        indent=1,
                    )
                )
    return rows["calibration"], rows["test"]


@dataclass(slots=True)
class Measured:
    """One image, engine and rate, with the pulls so far."""

    image: Image
    engine: str
    mbit: float
    timed: list[Timed] = field(default_factory=list)

    def wanted(self, turn: int) -> int:
        """How many pulls in this turn: short ones in every turn, up to 15 s in two, longer ones once.

        The last turn has one more for those that disagree.
        """
        seconds = [one.seconds for one in self.timed]
        if not seconds:
            return 1
        middle = statistics.median(seconds)
        odd = turn == TURNS - 1 and max(abs(one / middle - 1) for one in seconds) > ODD
        return int(middle < SHORT_S or (middle < MIDDLE_S and turn == 1)) + odd

    def row(self) -> Row:
        """What came out."""
        layers: tuple[dict[str, Any], ...] = tuple(
            {"there": one.there, "done": one.done} for one in self.timed
        )
        return Row(
            self.image, self.engine, self.mbit, tuple(one.seconds for one in self.timed), layers
        )


class Bench:
    """Pulls one after another. Turns, so that a busy minute of the machine does not hit all pulls of an image."""

    def __init__(self, rig: Rig, shelf: Shelf, engines: dict[str, Puller]) -> None:
        self.rig, self.shelf, self.engines = rig, shelf, engines
        self.images: dict[str, Image] = {}

    def make(self, cells: Sequence[plan.Cell]) -> list[Measured]:
        """Build the images, each once."""
        for cell in cells:
            if cell.recipe.name not in self.images:
                self.images[cell.recipe.name] = self.shelf.add(cell.recipe)
        return [
            Measured(self.images[cell.recipe.name], cell.engine, rate)
            for cell in cells
            for rate in cell.rates
        ]

    def turn(self, number: int, measured: Sequence[Measured], what: str) -> None:
        """Each of them as often as this turn wants it."""
        for one in measured:
            for _ in range(one.wanted(number)):
                self.rig.shape(one.mbit)
                one.timed.append(self.pull(one.image, one.engine))
                shown = (
                    f"{one.image.name}, {one.engine}, {one.image.mb:.0f} MB at {one.mbit:g} Mbit/s"
                )
                print(f"{what} {number + 1}: {shown}: {one.timed[-1].seconds:.1f} s", flush=True)

    def pull(self, image: Image, engine: str) -> Timed:
        """One pull from nothing, with the registry's blobs in memory."""
        settle()
        self.shelf.warm(image)
        timed = self.engines[engine].pull(image.name)
        self.engines[engine].remove(image.name)
        return timed


def report(trained: Sequence[Row], tested: Sequence[Row]) -> int:
    """Tables on the screen; 1 where the target is missed."""
    machines = calibrate(trained)
    explained, _ = scores(trained, machines)
    model, naive = scores(tested, machines)
    print(
        figures(machines),
        f"\nfitted to {len(trained)} pulls of other images: {explained}\n",
        sep="\n",
    )
    print(table(tested, machines))
    print(f"\nmodel: {model}\nbytes by bandwidth: {naive}")
    if reached(model, naive):
        return 0
    print("target missed")
    return 1


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
