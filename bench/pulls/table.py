"""What was measured beside what was predicted, and how far off on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.pulls.fit import Machine, Row, predict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HEAD = "image | engine | layers | MB | unpacked | Mbit/s | measured s | spread | model s | error | naive s | error"
MAPE_AT_MOST = 0.12
WORST_AT_MOST = 0.30


@dataclass(frozen=True, slots=True)
class Score:
    """How far off: on average and at worst, as shares of what was measured."""

    mape: float
    worst: float

    @classmethod
    def of(cls, predicted: Sequence[float], measured: Sequence[float]) -> Score:
        """From two columns."""
        off = np.abs(np.array(predicted) / np.array(measured) - 1)
        return cls(float(off.mean()), float(off.max()))

    def __str__(self) -> str:
        return f"MAPE {self.mape:.1%}, worst {self.worst:.1%}"


def scores(rows: Sequence[Row], machines: Mapping[str, Machine]) -> tuple[Score, Score]:
    """Of the model and of bytes by bandwidth."""
    measured = [row.measured for row in rows]
    model = Score.of([predict(row, machines[row.engine]) for row in rows], measured)
    return model, Score.of([row.naive for row in rows], measured)


def reached(model: Score, naive: Score) -> bool:
    """The model is near enough, and worth having."""
    return (
        model.mape <= MAPE_AT_MOST
        and model.worst <= WORST_AT_MOST
        and naive.mape >= 1.5 * model.mape
    )


def table(rows: Sequence[Row], machines: Mapping[str, Machine]) -> str:
    """Every combination, as Markdown."""
    lines = [f"| {HEAD} |", "|" + " --- |" * len(HEAD.split("|"))]
    for row in rows:
        model = predict(row, machines[row.engine])
        cells = [
            row.image.name,
            row.engine,
            str(len(row.image.blobs)),
            f"{row.image.mb:.0f}",
            f"{row.image.unpacked_mb:.0f}",
            f"{row.mbit:.0f}",
            f"{row.measured:.1f}" if len(row.seconds) > 1 else f"{row.measured:.1f} (once)",
            f"{row.spread:.0%}" if len(row.seconds) > 1 else "",
            f"{model:.1f}",
            f"{model / row.measured - 1:+.0%}",
            f"{row.naive:.1f}",
            f"{row.naive / row.measured - 1:+.0%}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def figures(machines: Mapping[str, Machine]) -> str:
    """What the calibration found, as Markdown."""
    lines = [
        "| engine | share of the rate | at most MB/s | gzip MB/s out | zstd MB/s out | write MB/s "
        "| ms a layer | ms a file |",
        "|" + " --- |" * 8,
    ]
    for name, it in machines.items():
        zstd = f"{it.unpack_mb_s * it.zstd_ease:.0f}" if name != "docker" else "cannot"
        lines.append(
            f"| {name} | {it.share:.3f} | {it.cap_mb_s:.0f} | {it.unpack_mb_s:.0f} | {zstd} "
            f"| {it.write_mb_s:.0f} | {it.layer_s * 1e3:.0f} | {it.file_s * 1e3:.2f} |"
        )
    return "\n".join(lines)
