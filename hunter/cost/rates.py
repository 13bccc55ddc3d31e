"""What an hour and a byte cost on each offer, and which of the meters run when. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hunter.values.billing import disk_usd_h
from hunter.values.units import BYTES_PER_GB, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.estimate.assumptions import Assumptions
    from hunter.estimate.coldstart import Phase
    from hunter.values.billing import Meter
    from hunter.values.columns import Offers
    from hunter.values.units import Floats
    from hunter.values.workload import Workload


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


def rates_of(offers: Offers, workload: Workload, assumptions: Assumptions) -> Rates:
    """Each offer's rates for a workload, by its market's rules."""
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


def total(columns: tuple[Floats, ...] | list[Floats]) -> Floats:
    """Columns added up, row by row."""
    total: Floats = np.sum(columns, axis=0)
    return total


def priced(quantity: Floats, rate: Floats) -> Floats:
    """Quantity × rate; nothing of something costs nothing, whatever its unknown price."""
    return np.where(quantity == 0, 0.0, quantity * rate)


def bytes_in_gb(phase: Phase, rates: Rates) -> Floats:
    """GB of a phase that are charged for."""
    return priced(rates.billed(phase.billed_as, "bandwidth"), phase.bytes_in / BYTES_PER_GB)


def usd_s(phase: Phase, rates: Rates) -> Floats:
    """What one second of a phase costs."""
    gpu = priced(rates.billed(phase.billed_as, "gpu"), rates.gpu)
    return (gpu + priced(rates.billed(phase.billed_as, "disk"), rates.disk)) / SECONDS_PER_HOUR


def phase_usd_of(phase: Phase, rates: Rates) -> Floats:
    """What a phase is expected to cost, bytes included."""
    traffic = priced(bytes_in_gb(phase, rates), rates.traffic_in)
    return priced(phase.expected_s, usd_s(phase, rates)) + traffic


def rounding_h_of(rates: Rates, run_h: Floats, seconds: Floats) -> Floats:
    """Hours that are charged beyond those used: half a step on average, or what is left of the minimum."""
    used_s = run_h * SECONDS_PER_HOUR + seconds
    half_step = np.where(rates.step_s > 1, rates.step_s / 2, 0.0)
    return np.maximum(np.maximum(rates.minimum_s - used_s, 0.0), half_step) / SECONDS_PER_HOUR
