"""What one run costs on each offer: a bill of lines that add up.

run = (cold start + duds) × (1 + interruptions) + hours worked × $/h + what it sends + rounding

duds           (1 − p) / p hosts that never boot before one does, each paid for until it is given up
hours worked   the useful ones, and those that interruptions lost (`hunter.estimate.risk.worked_h`)
interruptions  λ × hours worked; each costs another start, duds and all
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hunter.cost.rates import (
    bytes_in_gb,
    phase_usd_of,
    priced,
    rates_of,
    rounding_h_of,
    total,
    usd_s,
)
from hunter.cost.trouble import trouble_of
from hunter.estimate.coldstart import Phase, cold_start, spread
from hunter.estimate.gpu_speed import relative_speeds, run_hours
from hunter.estimate.speeds import run_share
from hunter.values.figures import Z90
from hunter.values.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hunter.cost.rates import Rates
    from hunter.cost.trouble import Trouble
    from hunter.estimate.assumptions import Assumptions
    from hunter.values.billing import Meter
    from hunter.values.columns import Offers
    from hunter.values.units import Floats
    from hunter.values.workload import Workload


class Line(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One line of many bills: quantity × rate = dollars, for each offer."""

    item: str
    quantity: Floats
    unit: str
    rate: Floats
    """$ per unit."""
    usd: Floats
    source: str

    def take(self, rows: NDArray[Any]) -> Line:
        """The same line of these bills only."""
        return Line(
            item=self.item,
            quantity=self.quantity[rows],
            unit=self.unit,
            rate=self.rate[rows],
            usd=self.usd[rows],
            source=self.source,
        )


class Bills(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The expected bill of one run on each of n offers. Unknown is NaN, and so is every sum with it."""

    lines: tuple[Line, ...]
    phases: tuple[Phase, ...]
    phase_usd: tuple[Floats, ...]
    """What each phase of the cold start costs, bytes included."""
    speed: Floats
    """Of the offer's GPU, the workload's reference being 1; NaN where it is not known."""
    run_h: Floats
    """Useful hours on the offer's GPU."""
    run_usd: Floats
    run_low_usd: Floats
    run_high_usd: Floats
    success_usd: Floats
    """Of a run whose first host boots."""
    success_high_usd: Floats
    cold_start_s: Floats
    cold_start_low_s: Floats
    cold_start_high_s: Floats
    cold_start_usd: Floats
    """Of one start that succeeds."""
    boot_chance: Floats
    """That an instance of the offer ever comes up."""
    duds: Floats
    """Hosts that never boot, expected before one does."""
    dud_usd: Floats
    """What each of them costs."""
    interruptions: Floats
    """Expected in one run."""
    acquire_usd: Floats
    """A running instance: one cold start, and the duds before it."""
    storage_usd_h: Floats
    """The workload's disk, while it runs."""
    keep_usd_h: Floats
    """The workload's disk, kept while nothing runs."""
    all_in_usd_h: Floats
    """GPU and disk, each hour that the instance runs."""
    useful_hour_usd: Floats
    """The run's dollars by its useful hours on the reference GPU, so that fast and slow ones compare."""
    break_even_idle_h: Floats
    """Idle hours beyond which fetching again is cheaper than keeping the disk."""

    def take(self, rows: NDArray[Any]) -> Bills:
        """These bills only."""
        plain = {
            name: getattr(self, name)[rows]
            for name in self.__struct_fields__
            if name not in ("lines", "phases", "phase_usd")
        }
        return Bills(
            lines=tuple(line.take(rows) for line in self.lines),
            phases=tuple(phase.take(rows) for phase in self.phases),
            phase_usd=tuple(usd[rows] for usd in self.phase_usd),
            **plain,
        )


def break_even_idle_h(refetch_usd: Floats, keep_usd_h: Floats) -> Floats:
    """Idle hours beyond which fetching again is cheaper than keeping; infinite where keeping is free.

    Args:
        refetch_usd: what one cold start costs, all meters that run in it, $.
        keep_usd_h: what the kept disk costs while idle, $/h.

    The talk's 4090 at $0.02/h boots in 30 s; its 50 GB cost $0.01/h to keep:

    >>> import numpy as np
    >>> round(float(break_even_idle_h(np.array([0.02 * 30 / 3600]), np.array([0.01]))[0] * 3600))
    60
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        idle_h: Floats = np.divide(refetch_usd, keep_usd_h)
    return idle_h


def bills(offers: Offers, workload: Workload, assumptions: Assumptions) -> Bills:
    """The bill of one run of the workload on each offer.

    Args:
        offers: n offers.
        workload: what runs, how long, with which sizes.
        assumptions: rules, priors and what our launches taught.
    """
    rates = rates_of(offers, workload, assumptions)
    phases = cold_start(offers, workload, assumptions)
    phase_usd = tuple(phase_usd_of(phase, rates) for phase in phases)
    cold_usd = total(phase_usd)
    speed = relative_speeds(offers.gpu, workload.run, assumptions.gpus)
    share = run_share(offers, workload, assumptions)
    stated_h = run_hours(workload.run.hours, speed)
    run_h = stated_h * share.median
    trouble = trouble_of(offers, workload, assumptions, run_h, phases, cold_usd, rates)
    seconds = total([phase.expected_s for phase in phases])
    lines = _lines(
        offers, workload, run_h, phases, rates, trouble, rounding_h_of(rates, run_h, seconds)
    )
    run_usd = total([line.usd for line in lines])
    faster, slower = spread(phases, [1.0] * len(phases))
    sooner, later = (stated_h * share.at(z) - run_h for z in (-Z90, Z90))
    cheaper, dearer = spread(phases, [usd_s(phase, rates) for phase in phases])
    smooth = run_usd - trouble.usd
    moved = [smooth * (share - 1) for share in _quoted(assumptions)]
    worse = (dearer, later * rates.all_in, moved[1])
    return Bills(
        lines=lines,
        phases=phases,
        phase_usd=phase_usd,
        speed=speed,
        run_h=run_h,
        run_usd=run_usd,
        run_low_usd=smooth - _right_angles(cheaper, sooner * rates.all_in, moved[0]),
        run_high_usd=np.maximum(
            run_usd, smooth + _right_angles(*worse, trouble.duds_high_usd, trouble.cuts_high_usd)
        ),
        success_usd=run_usd - trouble.duds_usd,
        success_high_usd=np.maximum(
            run_usd - trouble.duds_usd, smooth + _right_angles(*worse, trouble.cuts_high_usd)
        ),
        cold_start_s=seconds,
        cold_start_low_s=seconds - faster,
        cold_start_high_s=seconds + slower,
        cold_start_usd=cold_usd,
        boot_chance=trouble.boot_chance,
        duds=trouble.duds,
        dud_usd=trouble.dud_usd,
        interruptions=trouble.cuts,
        acquire_usd=cold_usd + trouble.duds * trouble.dud_usd,
        storage_usd_h=rates.disk,
        keep_usd_h=rates.kept,
        all_in_usd_h=rates.all_in,
        useful_hour_usd=run_usd / workload.run.hours,
        break_even_idle_h=break_even_idle_h(cold_usd, rates.kept),
    )


def least_usd(offers: Offers, workload: Workload, assumptions: Assumptions) -> Floats:
    """What a run costs at the least, $: its useful hours; no line of a bill is below zero. Fast."""
    speed = relative_speeds(offers.gpu, workload.run, assumptions.gpus)
    share = run_share(offers, workload, assumptions)
    run_h = run_hours(workload.run.hours, speed) * share.median
    return run_h * rates_of(offers, workload, assumptions).all_in


def _quoted(assumptions: Assumptions) -> tuple[float, float]:
    """The contract's price by its quote, at the low and at the high end."""
    share = assumptions.risks.quote_share
    return share.low, share.high


def _right_angles(*sides: Floats) -> Floats:
    """Deviations that are independent of each other, together."""
    total: Floats = np.sqrt(sum(side**2 for side in sides))
    return total


# ── the bill ─────────────────────────────────────────────────────────────────────────────────────
def _lines(
    offers: Offers,
    workload: Workload,
    hours: Floats,
    phases: tuple[Phase, ...],
    rates: Rates,
    trouble: Trouble,
    rounding_h: Floats,
) -> tuple[Line, ...]:
    def cold_h(meter: Meter) -> Floats:
        billed = [phase.expected_s * rates.billed(phase.billed_as, meter) for phase in phases]
        return total(billed) / SECONDS_PER_HOUR

    sent = np.full(len(offers), workload.run.egress_gb)
    gpu, disk, all_in = rates.gpu, rates.disk, rates.all_in
    phases_of, learned = "offer; the market's phases", "risk.toml, the market's rates; own launches"
    travels = {"download": "image in", "weights": "weights in"}
    travel = [
        _line(item, bytes_in_gb(phase, rates), "GB", rates.traffic_in,
              "offer; workload sizes")
        for phase in phases
        if (item := travels.get(phase.name)) and phase.bytes_in.any()
    ]  # fmt: skip
    lines = (
        _line("GPU, useful hours", hours, "h", gpu, "offer"),
        _line("GPU, cold start", cold_h("gpu"), "h", gpu, phases_of),
        _line("disk, useful hours", hours, "h", disk, "offer, at the workload's disk"),
        _line("disk, cold start", cold_h("disk"), "h", disk, phases_of),
        *travel,
        _line("results out", sent, "GB", offers.inet_up_usd_gb, "offer; egress_gb"),
        _line("hosts not booting", trouble.duds, "dud", trouble.dud_usd, learned),
        _line("work lost to cuts", trouble.lost_h, "h", all_in, learned),
        _line("starts after cuts", trouble.cuts, "start", trouble.start_usd, learned),
        _line("rounding", rounding_h, "h", all_in, "the market's step and minimum"),
    )
    possible = (
        "hosts not booting",
        "work lost to cuts",
        "starts after cuts",
        "rounding",
    )
    return tuple(line for line in lines if line.item not in possible or line.quantity.any())


def _line(item: str, quantity: Floats, unit: str, rate: Floats, source: str) -> Line:
    return Line(
        item=item,
        quantity=quantity,
        unit=unit,
        rate=rate,
        usd=priced(quantity, rate),
        source=source,
    )
