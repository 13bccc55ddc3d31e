"""What a machine can do, fitted through the model itself to pulls of images that are not predicted."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.pulls.images import Image, image_of, plain
from hunter.estimate.pull import Hosts, Layers, totals
from hunter.values.coldstart_facts import Puller

if TYPE_CHECKING:
    from collections.abc import Sequence

STORED_BELOW = 1.02
ENGINES = {name: Puller(slots=3) for name in ("docker", "containerd")}


@dataclass(frozen=True, slots=True)
class Row:
    """One image pulled by one engine at one rate, some times."""

    image: Image
    engine: str
    mbit: float
    seconds: tuple[float, ...]
    layers: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    """For each pull, when its layers were there and when unpacked, where the engine says so."""

    @property
    def measured(self) -> float:
        """The median."""
        return float(np.median(self.seconds))

    @property
    def spread(self) -> float:
        """Largest less smallest, as a share of the median."""
        return (max(self.seconds) - min(self.seconds)) / self.measured

    @property
    def naive(self) -> float:
        """Bytes by bandwidth."""
        return self.image.mb * 8 / self.mbit


@dataclass(frozen=True, slots=True)
class Machine:
    """What one engine does on this machine."""

    share: float = 0.955
    """Of the shaped rate, what arrives as layers."""
    cap_mb_s: float = 500.0
    """What registry and engine pass on at most."""
    unpack_mb_s: float = 220.0
    zstd_ease: float = 2.0
    write_mb_s: float = 300.0
    layer_s: float = 0.1
    file_s: float = 2e-4


BOUNDS = {
    "share": (0.8, 1.0),
    "cap_mb_s": (100.0, 2000.0),
    "unpack_mb_s": (20.0, 2000.0),
    "zstd_ease": (0.5, 10.0),
    "write_mb_s": (20.0, 4000.0),
    "layer_s": (0.003, 1.0),
    "file_s": (1e-6, 2e-3),
}


def layers_of(image: Image, zstd_ease: float) -> Layers:
    """An image as the model sees it."""
    compressed = np.array([blob.compressed for blob in image.blobs], dtype=float)
    unpacked = np.array([blob.unpacked for blob in image.blobs], dtype=float)
    ease = 1.0 if image.codec == "gzip" else zstd_ease
    return Layers(
        compressed_bytes=compressed,
        unpacked_bytes=unpacked,
        ease=np.where(unpacked < compressed * STORED_BELOW, math.inf, ease),
        files=np.array([blob.files for blob in image.blobs], dtype=float),
    )


def predict(row: Row, machine: Machine) -> float:
    """Seconds, by `hunter.estimate.pull`."""
    down = min(row.mbit / 8 * machine.share, machine.cap_mb_s)
    hosts = Hosts(
        down_mb_s=np.array([down]),
        connection_mb_s=np.array([math.inf]),
        unpack_mb_s=np.array([machine.unpack_mb_s]),
        write_mb_s=np.array([machine.write_mb_s]),
        layer_s=machine.layer_s,
        file_s=machine.file_s,
    )
    _, seconds = totals(layers_of(row.image, machine.zstd_ease), hosts, ENGINES[row.engine])
    return float(seconds[0])


def loss(rows: Sequence[Row], machine: Machine) -> float:
    """Mean square of the logarithm of predicted by measured."""
    return sum(math.log(predict(row, machine) / row.measured) ** 2 for row in rows) / len(rows)


def fit(rows: Sequence[Row]) -> Machine:
    """The machine that explains these pulls best, from several beginnings: unpacking or writing may be the slower."""
    starts = [
        Machine(unpack_mb_s=unpack, write_mb_s=write)
        for unpack in (120.0, 300.0)
        for write in (170.0, 400.0)
    ]
    found = [_descend(rows, start) for start in starts]
    return min(found, key=lambda machine: loss(rows, machine))


def _descend(rows: Sequence[Row], best: Machine) -> Machine:
    """Each figure in turn up and down, by smaller and smaller steps."""
    least, step = loss(rows, best), 0.5
    while step > 0.004:
        moved = False
        for name, (low, high) in BOUNDS.items():
            for way in (1 + step, 1 / (1 + step)):
                value = min(max(getattr(best, name) * way, low), high)
                there = replace(best, **{name: value})
                now = loss(rows, there)
                if now < least - 1e-9:
                    best, least, moved = there, now, True
        if not moved:
            step /= 2
    return best


def calibrate(rows: Sequence[Row]) -> dict[str, Machine]:
    """A machine for each engine that was measured."""
    engines = sorted({row.engine for row in rows})
    return {name: fit([row for row in rows if row.engine == name]) for name in engines}


def to_json(row: Row) -> dict[str, Any]:
    """For a file of raw rows."""
    whole = asdict(row)
    whole["image"] = plain(row.image)
    return whole


def from_json(whole: dict[str, Any]) -> Row:
    """Back from a file of raw rows."""
    return Row(
        image_of(whole["image"]),
        whole["engine"],
        whole["mbit"],
        tuple(whole["seconds"]),
        tuple(whole.get("layers", ())),
    )
