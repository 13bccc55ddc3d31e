"""The embedded market beside real machines: `make calibration SNAPSHOT=path`.

The snapshot is a list of Vast machines with every component of their prices (machine_id, gpu, gpu_count,
price_usd_h of one GPU, rented, links, traffic, storage, disk), as the public repository Palimon/vastai-tools
made one on 2026-06-12. It is not part of this repository: what the market is drawn from are the quantiles
that `--facts` prints, in `data/sandbox.toml`.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hunter.sandbox.facts import sandbox_facts
from hunter.sandbox.machines import GIB_PER_TB
from hunter.sandbox.world import EPOCH_S, World

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUARTILES = (0.25, 0.5, 0.75)
AIMS = (0.25, 0.10, 0.25)
"""How far a quartile may be from the real one."""
SHOWN = (
    "usd_h",
    "storage_usd_gb_month",
    "down_usd_tb",
    "up_usd_tb",
    "down_mbps",
    "up_mbps",
    "disk_mb_s",
)
PER_GPU = ("disk_gb", "cores", "ram_gb")
SEEDS, OFFERS = 3, 60_000
ENOUGH = 20
"""Rows of a real model below which its quartiles are luck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An offer or a rental: one machine, so many of its GPUs."""

    machine: str
    gpu: str
    gpus: int
    rented: bool
    values: dict[str, float]
    """By names of `SHOWN` and `PER_GPU`; prices and sizes are of one GPU."""


def read(path: Path) -> list[Row]:
    """The rows of a snapshot. A link or a disk of nothing was not measured, and is left out."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_row(line) for line in csv.DictReader(file)]


def _row(line: dict[str, str]) -> Row:
    n = int(line["gpu_count"])
    values = {
        "usd_h": float(line["price_usd_h"]),
        "storage_usd_gb_month": float(line["storage_usd_gb_month"]),
        "down_usd_tb": float(line["inet_down_usd_tb"]),
        "up_usd_tb": float(line["inet_up_usd_tb"]),
        "down_mbps": float(line["inet_down_mbps"]),
        "up_mbps": float(line["inet_up_mbps"]),
        "disk_mb_s": float(line["disk_mb_s"]),
        "disk_gb": float(line["disk_tb"]) * 1000 / n,
        "cores": float(line["cpu_cores"]) / n,
        "ram_gb": float(line["ram_gb"]) / n,
    }
    measured = {
        name: value
        for name, value in values.items()
        if value or not name.endswith(("mbps", "mb_s"))
    }
    return Row(
        machine=line["machine_id"], gpu=line["gpu"], gpus=n, rented=line["rented"] == "True",
        values=measured,
    )  # fmt: skip


# ── the quantiles that the market is drawn from ──────────────────────────────────────────────────


def facts(rows: list[Row], ranks: list[float]) -> str:
    """Tables for `data/sandbox.toml`, one for each model with enough rows."""
    models = Counter(row.gpu for row in rows).most_common()
    return "\n".join(
        _table(gpu, [row for row in rows if row.gpu == gpu], ranks)
        for gpu, n in models
        if n >= ENOUGH
    )


def _table(gpu: str, rows: list[Row], ranks: list[float]) -> str:
    widest: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row.gpus):
        widest[row.machine] = row
    free = {row.machine for row in rows if not row.rented}
    sizes = sorted(Counter(row.gpus for row in widest.values()).items())
    dearer = sorted(widest, key=lambda machine: widest[machine].values["usd_h"])
    shares = [
        np.mean([machine in free for machine in part])
        for part in np.array_split(np.array(dearer), 4)
    ]
    lines = [
        f'[vast.kinds."{gpu}"]      # {len(rows)} rows, {len(widest)} machines',
        f"machines_of_size = {{ {', '.join(f'{size} = {n}' for size, n in sizes)} }}",
        f"free_by_price_quarter = [{', '.join(f'{share:.2f}' for share in shares)}]",
    ]
    for name in (*SHOWN, *PER_GPU):
        counted = widest.values() if name == "usd_h" else rows
        values = [row.values[name] for row in counted if name in row.values]
        found = np.quantile(values, ranks)
        if name == "usd_h":
            name, found = "price_of_median", found / np.median(values)
        lines.append(f"{name} = [{', '.join(f'{value:.4g}' for value in found)}]")
    return "\n".join(lines) + "\n"


# ── the market beside the machines ───────────────────────────────────────────────────────────────


def market_rows(world: World, at: float) -> list[Row]:
    """What the embedded market has at a time: its offers, and one rental for each machine that has any."""
    m, asks = world.machines, world.asks(at, {})
    free = world.free(at)
    figures = {
        "usd_h": world.price(at, np.arange(len(m))),
        "storage_usd_gb_month": m.storage_usd_gb_month,
        "down_usd_tb": m.down_usd_gib * GIB_PER_TB,
        "up_usd_tb": m.up_usd_gib * GIB_PER_TB,
        "down_mbps": m.down_mbps,
        "up_mbps": m.up_mbps,
        "disk_mb_s": m.disk_mb_s,
    }
    held = [(i, int(m.gpus[i] - free[i]), True) for i in np.flatnonzero(free < m.gpus)]
    offered = [(i, int(n), False) for i, n in zip(asks.machine, asks.size, strict=True)]
    return [
        Row(
            machine=str(m.machine_id[i]), gpu=world.gpu_names[m.gpu[i]], gpus=n, rented=rented,
            values={name: float(column[i]) for name, column in figures.items()},
        )
        for i, n, rented in held + offered
    ]  # fmt: skip


def quartiles(rows: list[Row], name: str) -> NDArray[np.float64]:
    """Of one figure; nothing known is not a number."""
    values = [row.values[name] for row in rows if name in row.values]
    return np.quantile(values, QUARTILES) if values else np.full(3, np.nan)


def compare(real: list[Row], market: list[Row]) -> list[str]:
    """Lines of a table: each model's figures, the real quartiles, the market's, and what is off."""
    lines, missed, checked = [], 0, 0
    for gpu, n in Counter(row.gpu for row in real).most_common():
        ours, theirs = ([r for r in rows if r.gpu == gpu] for rows in (market, real))
        lines.append(f"{gpu}: {n} real rows, {len(ours)} of the market")
        for name in SHOWN:
            for rented in (False, True) if name == "usd_h" else (None,):
                pair = [
                    quartiles([r for r in rows if rented in (None, r.rented)], name)
                    for rows in (theirs, ours)
                ]
                enough = sum(rented in (None, r.rented) for r in theirs) >= ENOUGH
                off = np.abs(pair[1] - pair[0]) > np.array(AIMS) * np.abs(pair[0])
                missed, checked = missed + int(off.sum()) * enough, checked + 3 * enough
                said = {None: "", False: " free", True: " rented"}[rented]
                shown = "  ".join("/".join(f"{v:.3g}" for v in found) for found in pair)
                note = "" if enough else "  (few)"
                lines.append(f"  {name + said:22}{shown}{'  off' if off.any() else ''}{note}")
    lines.append(f"{missed} of {checked} quartiles are further off than {AIMS}")
    return lines


def main() -> int:
    """Print the tables, or what the market is drawn from."""
    parser = argparse.ArgumentParser(prog="bench.calibration", description=__doc__)
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("--facts", action="store_true", help="the tables of data/sandbox.toml")
    words = parser.parse_args()
    if not words.snapshot.is_file():
        print(f"{words.snapshot} is not there: nothing to compare with, skipped.")
        return 0
    real, known = read(words.snapshot), sandbox_facts()
    if words.facts:
        print(facts(real, known["vast"]["kind_ranks"]))
        return 0
    worlds = [World(known, seed, OFFERS) for seed in range(1, SEEDS + 1)]
    market = [row for world in worlds for row in market_rows(world, EPOCH_S)]
    print("figure: quartiles of real machines, then of the embedded market")
    print("\n".join(compare(real, market)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
