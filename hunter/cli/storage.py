"""The command that asks: keep or fetch again?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from hunter.cli.options import DURATION, KeyValues
from hunter.cli.output import table
from hunter.cli.shell import Shell, common
from hunter.values.amounts import MOST_USD
from hunter.values.amounts import number as plain_number
from hunter.values.errors import UsageError
from hunter.values.words import duration, percent, usd

if TYPE_CHECKING:
    from hunter.cost.keeping import Flip
    from hunter.cost.storage import Kept, Storage
    from hunter.values.workload import Workload

DEFAULT_IDLE_H = 24.0
"""Where neither the workload nor the user says how long the gaps are."""
BY_HAND = {
    "gpu_usd_h": "dollars an hour",
    "disk_usd_h": "dollars an hour",
    "start_s": "seconds of a cold start",
}


@click.command()
@click.option("-w", "--workload", metavar="WORKLOAD", help="A TOML file, or a sample by its name.")
@click.option("-o", "--offer", "offers", metavar="OFFER", multiple=True, help="Only this offer.")
@click.option("-n", "--limit", metavar="N", type=click.IntRange(1, 50), default=2,
              show_default=True, help="Best deals of each market.")  # fmt: skip
@click.option(
    "--idle",
    "idle_s",
    type=DURATION,
    metavar="T",
    help="Idle time between two runs; else by the workload's cadence.",
)
@click.option("--by-hand", type=KeyValues(BY_HAND), metavar="K=V,…",
              help="An instance in three numbers: gpu_usd_h=0.01,disk_usd_h=0.01,start_s=30.")  # fmt: skip
@common
@click.pass_obj
def storage(
    shell: Shell, workload: str | None, offers: tuple[str, ...], limit: int, idle_s: float | None,
    by_hand: dict[str, str] | None,
) -> int:  # fmt: skip
    """Keep or fetch again: what an idle gap costs in each way of keeping, and when the answer flips.

    A stopped instance keeps its disk, and may not find its GPU again; a volume ties to one place; an object
    store costs the same everywhere; to destroy and fetch again costs a cold start. Break-even is the idle
    time up to which a way beats fetching again.

    \b
    Examples:
      hunter storage -w comfyui-flux
      hunter storage -w job.toml --idle 2h -o vast:12345678
      hunter storage --by-hand gpu_usd_h=0.01,disk_usd_h=0.01,start_s=30
    """
    idle_h = None if idle_s is None else idle_s / 3600
    if by_hand is not None:
        found = [_by_hand(by_hand, DEFAULT_IDLE_H if idle_h is None else idle_h)]
    else:
        found = _of_deals(shell, shell.workload(workload), offers, limit, idle_h)
    if shell.json:
        shell.document({"storage": [_json(one) for one in found]})
    else:
        for one in found:
            _print(shell, one)
    return 0


def _of_deals(
    shell: Shell, job: Workload, offers: tuple[str, ...], limit: int, idle_h: float | None
) -> list[Storage]:
    with shell.hunter() as hunter:
        return hunter.advice.storage(job, offers, limit, idle_h)


def _by_hand(said: dict[str, str], idle_h: float) -> Storage:
    from hunter.cost.storage import by_hand, compared  # noqa: PLC0415  numpy, 0.1 s

    try:
        values = {
            name: plain_number(said.get(name, ""), most=MOST_USD, zero=True) for name in BY_HAND
        }
    except ValueError as error:
        remedy = f"Give {', '.join(f'{name}=…' for name in BY_HAND)}."
        raise UsageError(f"--by-hand: {error}.", remedy=remedy) from error
    return compared(
        by_hand(**values), idle_h, idle_h + values["start_s"] / 3600,
        offer="by hand", gpu="any", location=None,
    )  # fmt: skip


def _json(one: Storage) -> dict[str, Any]:
    return {
        "offer": one.offer,
        "gpu": one.gpu,
        "location": one.location,
        "idle_h": one.idle_h,
        "every_h": one.every_h,
        "ways": [_way_json(kept) for kept in one.ways],
        "flips": [{"from_idle_h": flip.from_h, "way": flip.way} for flip in one.flips],
    }


def _way_json(kept: Kept) -> dict[str, Any]:
    way, always = kept.way, kept.break_even_h == math.inf
    return {
        "way": way.name,
        "says": way.says,
        "keep_usd_h": way.keep_usd_h,
        "start_usd": way.warm_usd,
        "start_s": way.warm_s,
        "gap_usd": kept.gap_usd,
        "month_usd": kept.month_usd,
        "break_even_idle_h": None if always else kept.break_even_h,
        "always_pays": always,
        "restart_fails": kept.restart_fails,
        "ties_to": way.ties_to or None,
        "source": way.source,
    }


def _print(shell: Shell, one: Storage) -> None:
    shell.show(f"{one.offer}  {one.gpu}  {one.location or ''}".rstrip())
    headers = ["way", "keep $/h", "start $", "start", f"{duration(one.idle_h * 3600)} gap $",
               "$/month", "pays up to", "restart fails", "ties to"]  # fmt: skip
    rows = [
        [
            kept.way.says,
            usd(kept.way.keep_usd_h),
            usd(kept.way.warm_usd),
            duration(kept.way.warm_s),
            usd(kept.gap_usd),
            usd(kept.month_usd, 2),
            _pays(kept),
            "" if kept.restart_fails == 0 else percent(kept.restart_fails),
            kept.way.ties_to,
        ]
        for kept in one.ways
    ]
    shell.show(table(headers, rows, left=(0, 8)))
    shell.show("Cheapest by the length of the gap: " + _flips(one.flips) + "\n")


def _pays(kept: Kept) -> str:
    """Up to which idle time a way beats to destroy and fetch again."""
    if kept.way.name == "destroy":
        return "-"
    if kept.break_even_h is None:
        return "?"
    if kept.break_even_h == math.inf:
        return "always"
    return "never" if kept.break_even_h == 0 else duration(kept.break_even_h * 3600)


def _flips(flips: tuple[Flip, ...]) -> str:
    if not flips:
        return "not known, a price is missing."
    first, *rest = flips
    parts = [first.way, *(f"from {duration(flip.from_h * 3600)} {flip.way}" for flip in rest)]
    return ", ".join(parts) + "."
