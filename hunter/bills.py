"""What one run costs on each offer: a bill of lines that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hunter.coldstart import Phase, cold_start, spread
from hunter.gpu_speed import relative_speeds, run_hours
from hunter.units import BYTES_PER_GB, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hunter.grounds import Grounds
    from hunter.offers import Offers
    from hunter.rules import Meter
    from hunter.units import Floats
    from hunter.workload import Workload


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Line:
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


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Bills:
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
    cold_start_s: Floats
    cold_start_low_s: Floats
    cold_start_high_s: Floats
    cold_start_usd: Floats
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
            for name in self.__slots__
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


def bills(offers: Offers, workload: Workload, grounds: Grounds) -> Bills:
    """The bill of one run of the workload on each offer.

    GPU and disk in each phase of the cold start that the market bills, GPU and disk for the useful
    hours, and every byte in and out at the offer's price.
    """
    rules = grounds.rules
    phases = cold_start(offers, workload, grounds)
    month_h = offers.market.lookup({name: rule.month_h for name, rule in rules.items()})
    storage_usd_h = offers.storage_usd_gb_month * workload.disk_gb / month_h
    keep_usd_h = offers.storage_stopped_usd_gb_month * workload.disk_gb / month_h

    def billed(phase: Phase, meter: Meter) -> Floats:
        return offers.market.lookup(
            {name: float(rule.billed(phase.billed_as, meter)) for name, rule in rules.items()},
            otherwise=1.0,
        )

    speed = relative_speeds(offers.gpu, workload.run, grounds.gpus)
    run_h = run_hours(workload.run.hours, speed)
    lines = _lines(offers, workload, run_h, phases, storage_usd_h, billed)
    phase_usd = tuple(
        _phase_usd(phase, phase.expected_s, offers, storage_usd_h, billed) for phase in phases
    )
    cold_usd = _total(phase_usd)
    run_usd = _total([line.usd for line in lines])
    seconds = _total([phase.expected_s for phase in phases])
    faster, slower = spread(phases, [1.0] * len(phases))
    cheaper, dearer = spread(phases, [_usd_s(p, offers, storage_usd_h, billed) for p in phases])
    return Bills(
        lines=lines,
        phases=phases,
        phase_usd=phase_usd,
        speed=speed,
        run_h=run_h,
        run_usd=run_usd,
        run_low_usd=run_usd - cheaper,
        run_high_usd=run_usd + dearer,
        cold_start_s=seconds,
        cold_start_low_s=seconds - faster,
        cold_start_high_s=seconds + slower,
        cold_start_usd=cold_usd,
        storage_usd_h=storage_usd_h,
        keep_usd_h=keep_usd_h,
        all_in_usd_h=offers.price_usd_h + storage_usd_h,
        useful_hour_usd=run_usd / workload.run.hours,
        break_even_idle_h=break_even_idle_h(cold_usd, keep_usd_h),
    )


def _total(columns: tuple[Floats, ...] | list[Floats]) -> Floats:
    total: Floats = np.sum(columns, axis=0)
    return total


def _priced(quantity: Floats, rate: Floats) -> Floats:
    """Quantity × rate; nothing of something costs nothing, whatever its unknown price."""
    return np.where(quantity == 0, 0.0, quantity * rate)


def _bytes_in_gb(phase: Phase, billed: Callable[[Phase, Meter], Floats]) -> Floats:
    return _priced(billed(phase, "bandwidth"), phase.bytes_in / BYTES_PER_GB)


def _usd_s(
    phase: Phase,
    offers: Offers,
    storage_usd_h: Floats,
    billed: Callable[[Phase, Meter], Floats],
) -> Floats:
    """What one second of a phase costs."""
    gpu = _priced(billed(phase, "gpu"), offers.price_usd_h)
    return (gpu + _priced(billed(phase, "disk"), storage_usd_h)) / SECONDS_PER_HOUR


def _phase_usd(
    phase: Phase,
    seconds: Floats,
    offers: Offers,
    storage_usd_h: Floats,
    billed: Callable[[Phase, Meter], Floats],
) -> Floats:
    """What a phase costs when it lasts so long, bytes included."""
    per_second = _usd_s(phase, offers, storage_usd_h, billed)
    return _priced(seconds, per_second) + _priced(
        _bytes_in_gb(phase, billed), offers.inet_down_usd_gb
    )


def _lines(
    offers: Offers,
    workload: Workload,
    hours: Floats,
    phases: tuple[Phase, ...],
    storage_usd_h: Floats,
    billed: Callable[[Phase, Meter], Floats],
) -> tuple[Line, ...]:
    n = len(offers)

    def cold_hours(meter: Meter) -> Floats:
        return _total([p.expected_s * billed(p, meter) for p in phases]) / SECONDS_PER_HOUR

    sent = np.full(n, workload.run.egress_gb)
    gpu, disk = offers.price_usd_h, storage_usd_h
    phases_of = "offer; markets.toml phases"
    travels = {"download": "image in", "weights": "weights in"}
    travel = [
        _line(item, "bandwidth", _bytes_in_gb(phase, billed), "GB", offers.inet_down_usd_gb,
              "offer; workload sizes")
        for phase in phases
        if (item := travels.get(phase.name)) and phase.bytes_in.any()
    ]  # fmt: skip
    return (
        _line("GPU, useful hours", "gpu", hours, "h", gpu, "offer"),
        _line("GPU, cold start", "gpu", cold_hours("gpu"), "h", gpu, phases_of),
        _line("disk, useful hours", "disk", hours, "h", disk, "offer, at the workload's disk"),
        _line("disk, cold start", "disk", cold_hours("disk"), "h", disk, phases_of),
        *travel,
        _line("results out", "bandwidth", sent, "GB", offers.inet_up_usd_gb, "offer; egress_gb"),
    )


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
