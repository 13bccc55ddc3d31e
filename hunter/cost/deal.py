"""One deal: an offer and what one run of the workload costs on it, as scalars. None is unknown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hunter.estimate.speeds import BeliefLine, beliefs_of
from hunter.values.columns import Offers

if TYPE_CHECKING:
    from hunter.estimate.assumptions import Assumptions
    from hunter.values.billing import Meter
    from hunter.values.offers import Offer
    from hunter.values.workload import Workload

MONTH_H = 720.0
"""Hours in a month of ours, for what a cadence costs."""


class BillLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of one bill."""

    item: str
    quantity: float | None
    unit: str
    rate: float | None
    usd: float | None
    source: str


class PhaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One phase of one cold start."""

    phase: str
    seconds: float | None
    low_s: float | None
    high_s: float | None
    billed: tuple[Meter, ...]
    """Meters that run in it."""
    usd: float | None
    bytes_in: float | None


class Deal(msgspec.Struct, frozen=True, kw_only=True):
    """One offer with what one run of the workload would cost on it.

    Figures are those of the same name in `hunter.cost.bill.Bills`.
    """

    rank: int
    offer: Offer
    workload: Workload
    assumptions: Assumptions
    """What the estimates rest on."""
    age_s: float
    """Of its price."""
    lines: tuple[BillLine, ...]
    """They add up to `run_usd`."""
    phases: tuple[PhaseLine, ...]
    flags: tuple[str, ...]
    """What should make a buyer look twice."""
    all_in_usd_h: float | None
    cold_start_s: float | None
    cold_start_low_s: float | None
    cold_start_high_s: float | None
    cold_start_usd: float | None
    run_usd: float | None
    run_low_usd: float | None
    run_high_usd: float | None
    useful_hour_usd: float | None
    storage_usd_h: float | None
    keep_usd_h: float | None
    break_even_idle_h: float | None
    boot_chance: float
    interruptions: float | None
    acquire_usd: float | None
    speed: float | None
    run_h: float

    @property
    def all_in_low_usd_h(self) -> float | None:
        """What the contract may say instead of the quote, with disk."""
        share = self.assumptions.risks.quote_share.low
        return None if self.all_in_usd_h is None else self.all_in_usd_h * share

    @property
    def all_in_high_usd_h(self) -> float | None:
        """The same at its worst."""
        share = self.assumptions.risks.quote_share.high
        return None if self.all_in_usd_h is None else self.all_in_usd_h * share

    @property
    def useful_hour_low_usd(self) -> float | None:
        """Dollars a useful hour in a good run."""
        return None if self.run_low_usd is None else self.run_low_usd / self.workload.run.hours

    @property
    def useful_hour_high_usd(self) -> float | None:
        """And in a bad one."""
        return None if self.run_high_usd is None else self.run_high_usd / self.workload.run.hours

    @property
    def month_usd(self) -> float | None:
        """A month at the workload's cadence; None where it names none."""
        return self._a_month(self.run_usd)

    @property
    def month_low_usd(self) -> float | None:
        """The same, were each run a good one."""
        return self._a_month(self.run_low_usd)

    @property
    def month_high_usd(self) -> float | None:
        """And were each a bad one."""
        return self._a_month(self.run_high_usd)

    def _a_month(self, usd: float | None) -> float | None:
        every_h = self.workload.run.every_h
        return None if usd is None or every_h is None else usd * MONTH_H / every_h

    def beliefs(self) -> tuple[BeliefLine, ...]:
        """What the cold start rests on: prior, evidence, and what follows."""
        return beliefs_of(Offers.of([self.offer]), self.workload, self.assumptions)

    def named(self, name: str) -> Any:
        """A figure of the deal, or a fact of its offer, by its name; AttributeError where there is none."""
        return getattr(self, name) if hasattr(self, name) else getattr(self.offer, name)
