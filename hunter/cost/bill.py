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

from hunter.estimate.coldstart import Phase, cold_start, spread
from hunter.estimate.gpu_speed import relative_speeds, run_hours
from hunter.estimate.risk import (
    boot_chance,
    expected_duds,
    interruptions_per_h,
    most_cuts,
    most_of,
    worked_h,
)
from hunter.estimate.speeds import by_market, run_share
from hunter.values.billing import disk_usd_h
from hunter.values.figures import Z90
from hunter.values.units import BYTES_PER_GB, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hunter.estimate.assumptions import Assumptions
    from hunter.values.billing import Meter
    from hunter.values.columns import Offers
    from hunter.values.units import Floats
    from hunter.values.workload import Workload


class Line(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One line of many bills: quantity × rate = dollars, for each offer."""

    item: str
    meter: Meter
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
            meter=self.meter,
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
    rates = _rates(offers, workload, assumptions)
    phases = cold_start(offers, workload, assumptions)
    phase_usd = tuple(_phase_usd(phase, rates) for phase in phases)
    cold_usd = _total(phase_usd)
    speed = relative_speeds(offers.gpu, workload.run, assumptions.gpus)
    share = run_share(offers, workload, assumptions)
    stated_h = run_hours(workload.run.hours, speed)
    run_h = stated_h * share.median
    trouble = _trouble(offers, workload, assumptions, run_h, phases, cold_usd, rates)
    seconds = _total([phase.expected_s for phase in phases])
    lines = _lines(
        offers, workload, run_h, phases, rates, trouble, _rounding(rates, run_h, seconds)
    )
    run_usd = _total([line.usd for line in lines])
    faster, slower = spread(phases, [1.0] * len(phases))
    sooner, later = (stated_h * share.at(z) - run_h for z in (-Z90, Z90))
    cheaper, dearer = spread(phases, [_usd_s(phase, rates) for phase in phases])
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
    return run_h * _rates(offers, workload, assumptions).all_in


def _quoted(assumptions: Assumptions) -> tuple[float, float]:
    """The contract's price by its quote, at the low and at the high end."""
    share = assumptions.risks.quote_share
    return share.low, share.high


def _right_angles(*sides: Floats) -> Floats:
    """Deviations that are independent of each other, together."""
    total: Floats = np.sqrt(sum(side**2 for side in sides))
    return total


# ── what runs, and at what rate ──────────────────────────────────────────────────────────────────
class Rates(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What an hour costs on each offer, $, and which meters run when."""

    gpu: Floats
    disk: Floats
    """The workload's disk while it runs."""
    kept: Floats
    """And while nothing runs."""
    traffic_in: Floats
    """$ per GB."""
    step_s: Floats
    minimum_s: Floats
    billed: Callable[[str, Meter], Floats]
    """1 where a meter runs in a phase, else 0."""

    @property
    def all_in(self) -> Floats:
        """GPU and disk."""
        return self.gpu + self.disk


def _rates(offers: Offers, workload: Workload, assumptions: Assumptions) -> Rates:
    rules = assumptions.rules

    def of_market(name: str, otherwise: float = np.nan) -> Floats:
        table = {market: float(getattr(rule, name)) for market, rule in rules.items()}
        return offers.market.lookup(table, otherwise)

    def billed(phase: str, meter: Meter) -> Floats:
        table = {market: float(rule.billed(phase, meter)) for market, rule in rules.items()}
        return offers.market.lookup(table, 1.0)

    disk_gb, market = workload.disk_gb, offers.market
    return Rates(
        gpu=offers.price_usd_h,
        disk=disk_usd_h(offers.storage_usd_gb_month, disk_gb, market, rules),
        kept=disk_usd_h(offers.storage_stopped_usd_gb_month, disk_gb, market, rules),
        traffic_in=offers.inet_down_usd_gb,
        step_s=of_market("step_s", 1.0),
        minimum_s=of_market("minimum_s", 0.0),
        billed=billed,
    )


def _total(columns: tuple[Floats, ...] | list[Floats]) -> Floats:
    total: Floats = np.sum(columns, axis=0)
    return total


def _priced(quantity: Floats, rate: Floats) -> Floats:
    """Quantity × rate; nothing of something costs nothing, whatever its unknown price."""
    return np.where(quantity == 0, 0.0, quantity * rate)


def _bytes_in_gb(phase: Phase, rates: Rates) -> Floats:
    return _priced(rates.billed(phase.billed_as, "bandwidth"), phase.bytes_in / BYTES_PER_GB)


def _usd_s(phase: Phase, rates: Rates) -> Floats:
    """What one second of a phase costs."""
    gpu = _priced(rates.billed(phase.billed_as, "gpu"), rates.gpu)
    return (gpu + _priced(rates.billed(phase.billed_as, "disk"), rates.disk)) / SECONDS_PER_HOUR


def _phase_usd(phase: Phase, rates: Rates) -> Floats:
    """What a phase is expected to cost, bytes included."""
    traffic = _priced(_bytes_in_gb(phase, rates), rates.traffic_in)
    return _priced(phase.expected_s, _usd_s(phase, rates)) + traffic


def _rounding(rates: Rates, run_h: Floats, seconds: Floats) -> Floats:
    """Hours that are charged beyond those used: half a step on average, or what is left of the minimum."""
    used_s = run_h * SECONDS_PER_HOUR + seconds
    half_step = np.where(rates.step_s > 1, rates.step_s / 2, 0.0)
    return np.maximum(np.maximum(rates.minimum_s - used_s, 0.0), half_step) / SECONDS_PER_HOUR


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────
class _Trouble(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Duds and interruptions of one run on each offer."""

    boot_chance: Floats
    duds: Floats
    dud_usd: Floats
    """Each."""
    cuts: Floats
    lost_h: Floats
    """Work done twice."""
    start_usd: Floats
    """Of the start after an interruption, its duds included."""
    duds_usd: Floats
    """Expected, all duds together."""
    usd: Floats
    """Expected, everything together."""
    duds_high_usd: Floats
    """Not exceeded in nine runs of ten, about; and so the next."""
    cuts_high_usd: Floats


def _trouble(
    offers: Offers,
    workload: Workload,
    assumptions: Assumptions,
    run_h: Floats,
    phases: tuple[Phase, ...],
    cold_usd: Floats,
    rates: Rates,
) -> _Trouble:
    risks, known = assumptions.risks, assumptions.record
    chance = boot_chance(offers, assumptions.rules, risks, known)
    duds = expected_duds(chance)
    dud_usd = _dud_usd(offers, phases, rates, assumptions)
    rate = interruptions_per_h(offers, assumptions.rules, risks, known)
    worked = worked_h(run_h, rate, workload.run.checkpoint_every_h)
    lost_h, cuts = worked - run_h, rate * worked
    start_usd = cold_usd + _priced(duds, dud_usd)
    lost_usd = _priced(lost_h, rates.all_in)
    each = start_usd + lost_usd / np.where(cuts > 0, cuts, 1.0)
    return _Trouble(
        boot_chance=chance,
        duds=duds,
        dud_usd=dud_usd,
        cuts=cuts,
        lost_h=lost_h,
        start_usd=start_usd,
        duds_usd=_priced(duds, dud_usd),
        usd=_priced(duds, dud_usd) + lost_usd + _priced(cuts, start_usd),
        duds_high_usd=_priced(most_of(chance, 0.9), dud_usd),
        cuts_high_usd=_priced(most_cuts(cuts), np.where(cuts > 0, each, 0.0)),
    )


def _dud_usd(
    offers: Offers, phases: tuple[Phase, ...], rates: Rates, assumptions: Assumptions
) -> Floats:
    """What a host costs that never boots: its disk and part of the GPU's time until it is given up, and
    part of the image's bytes."""
    risks = assumptions.risks
    hours = by_market("dud_s", offers, assumptions, prior=risks.dud_s).mean / SECONDS_PER_HOUR
    pulling = rates.billed("download", "gpu")
    gpu_share = np.maximum(pulling, risks.dud_gpu_share.expected)
    travelled = sum(_bytes_in_gb(p, rates) for p in phases if p.name == "download")
    traffic = _priced(risks.dud_bytes_share.expected * np.asarray(travelled), rates.traffic_in)
    return hours * (gpu_share * rates.gpu + rates.disk) + traffic


# ── the bill ─────────────────────────────────────────────────────────────────────────────────────
def _lines(
    offers: Offers,
    workload: Workload,
    hours: Floats,
    phases: tuple[Phase, ...],
    rates: Rates,
    trouble: _Trouble,
    rounding_h: Floats,
) -> tuple[Line, ...]:
    def cold_h(meter: Meter) -> Floats:
        billed = [phase.expected_s * rates.billed(phase.billed_as, meter) for phase in phases]
        return _total(billed) / SECONDS_PER_HOUR

    sent = np.full(len(offers), workload.run.egress_gb)
    gpu, disk, all_in = rates.gpu, rates.disk, rates.all_in
    phases_of, learned = "offer; the market's phases", "risk.toml, the market's rates; own launches"
    travels = {"download": "image in", "weights": "weights in"}
    travel = [
        _line(item, "bandwidth", _bytes_in_gb(phase, rates), "GB", rates.traffic_in,
              "offer; workload sizes")
        for phase in phases
        if (item := travels.get(phase.name)) and phase.bytes_in.any()
    ]  # fmt: skip
    lines = (
        _line("GPU, useful hours", "gpu", hours, "h", gpu, "offer"),
        _line("GPU, cold start", "gpu", cold_h("gpu"), "h", gpu, phases_of),
        _line("disk, useful hours", "disk", hours, "h", disk, "offer, at the workload's disk"),
        _line("disk, cold start", "disk", cold_h("disk"), "h", disk, phases_of),
        *travel,
        _line("results out", "bandwidth", sent, "GB", offers.inet_up_usd_gb, "offer; egress_gb"),
        _line("hosts not booting", "gpu", trouble.duds, "dud", trouble.dud_usd, learned),
        _line("work lost to cuts", "gpu", trouble.lost_h, "h", all_in, learned),
        _line("starts after cuts", "gpu", trouble.cuts, "start", trouble.start_usd, learned),
        _line("rounding", "gpu", rounding_h, "h", all_in, "the market's step and minimum"),
    )
    possible = (
        "hosts not booting",
        "work lost to cuts",
        "starts after cuts",
        "rounding",
    )
    return tuple(line for line in lines if line.item not in possible or line.quantity.any())


def _line(item: str, meter: Meter, quantity: Floats, unit: str, rate: Floats, source: str) -> Line:
    return Line(
        item=item,
        meter=meter,
        quantity=quantity,
        unit=unit,
        rate=rate,
        usd=_priced(quantity, rate),
        source=source,
    )
