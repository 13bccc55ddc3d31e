"""Deals: offers that fit a workload, with their bills, cheapest first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hunter.cost.bill import Bills, bills
from hunter.cost.fallback import Fallback, after_failures, fallback
from hunter.cost.filters import fitting, flags
from hunter.estimate.speeds import BeliefLine, beliefs_of
from hunter.values.billing import METERS, Meter
from hunter.values.columns import Text, concat
from hunter.values.offers import Tenancy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from hunter.cost.filters import Missed, Query
    from hunter.estimate.assumptions import Assumptions
    from hunter.values.columns import Offers
    from hunter.values.offers import Offer
    from hunter.values.units import Floats
    from hunter.values.workload import Workload

MONTH_H = 720.0
"""Hours in a month of ours, for what a cadence costs."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Deals:
    """Offers with their bills, best first. Two of these are equal only if they are the same object."""

    workload: Workload
    as_of: float
    """Unix seconds, by the market's clock."""
    assumptions: Assumptions
    """What the estimates rest on."""
    offers: Offers
    bills: Bills
    fallback: Fallback | None
    """The offers that come next where one fails."""
    considered: int
    """Offers looked at."""
    fitting: int
    """Offers that passed every rule; more than the rows where only the best were asked for."""
    removed: tuple[tuple[str, int], ...]
    """For each rule in order, how many of the offers that passed all rules before it failed it."""

    def __len__(self) -> int:
        return len(self.offers)

    def __iter__(self) -> Iterator[Deal]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, row: int) -> Deal:
        bill, offers, risks = self.bills, self.offers, self.assumptions.risks
        offer = offers[row]
        return Deal(
            rank=row + 1,
            offer=offer,
            age_s=max(0.0, self.as_of - offer.seen_at),
            all_in_usd_h=known(bill.all_in_usd_h[row]),
            cold_start_s=known(bill.cold_start_s[row]),
            cold_start_low_s=known(bill.cold_start_low_s[row]),
            cold_start_high_s=known(bill.cold_start_high_s[row]),
            cold_start_usd=known(bill.cold_start_usd[row]),
            speed=known(bill.speed[row]),
            run_h=float(bill.run_h[row]),
            run_usd=known(bill.run_usd[row]),
            run_low_usd=known(bill.run_low_usd[row]),
            run_high_usd=known(bill.run_high_usd[row]),
            useful_hour_usd=known(bill.useful_hour_usd[row]),
            storage_usd_h=known(bill.storage_usd_h[row]),
            keep_usd_h=known(bill.keep_usd_h[row]),
            break_even_idle_h=known(bill.break_even_idle_h[row]),
            boot_chance=float(bill.boot_chance[row]),
            interruptions=known(bill.interruptions[row]),
            acquire_usd=known(bill.acquire_usd[row]),
            quote_share=(risks.quote_share.low, risks.quote_share.high),
            every_h=self.workload.run.every_h,
            hours=self.workload.run.hours,
            flags=self.flags(row),
        )

    def flags(self, row: int) -> tuple[str, ...]:
        """What should make a buyer look twice at this offer."""
        one = flags(self.offers.take(np.array([row])), self.workload, self.assumptions)
        return tuple(name for name, raised in one.items() if raised[0])

    def bill(self, row: int) -> tuple[BillLine, ...]:
        """The bill of one deal, line by line; the lines add up to its `run_usd`."""
        return tuple(
            BillLine(
                item=line.item,
                quantity=known(line.quantity[row]),
                unit=line.unit,
                rate=known(line.rate[row]),
                usd=known(line.usd[row]),
                source=line.source,
            )
            for line in self.bills.lines
        )

    def phases(self, row: int) -> tuple[PhaseLine, ...]:
        """The cold start of one deal, phase by phase."""
        rule = self.assumptions.rules[self.offers.market[row] or ""]
        return tuple(
            PhaseLine(
                phase=phase.name,
                billed=tuple(m for m in METERS if rule.billed(phase.billed_as, m)),
                seconds=known(phase.expected_s[row]),
                low_s=known(phase.low_s[row]),
                high_s=known(phase.high_s[row]),
                bytes_in=known(phase.bytes_in[row]),
                usd=known(usd[row]),
            )
            for phase, usd in zip(self.bills.phases, self.bills.phase_usd, strict=True)
        )

    def beliefs(self, row: int) -> tuple[BeliefLine, ...]:
        """What the cold start of one deal rests on: prior, evidence, and what follows."""
        return beliefs_of(self.offers.take(np.array([row])), self.workload, self.assumptions)

    def take(self, rows: NDArray[Any]) -> Deals:
        """These deals only, in this order."""
        return Deals(
            workload=self.workload,
            as_of=self.as_of,
            assumptions=self.assumptions,
            offers=self.offers.take(rows),
            bills=self.bills.take(rows),
            fallback=self.fallback,
            considered=self.considered,
            fitting=self.fitting,
            removed=self.removed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One offer with what one run of the workload would cost on it. None is unknown."""

    rank: int
    offer: Offer
    age_s: float
    all_in_usd_h: float | None
    cold_start_s: float | None
    cold_start_low_s: float | None
    cold_start_high_s: float | None
    cold_start_usd: float | None
    speed: float | None
    """Of its GPU, the workload's reference being 1."""
    run_h: float
    """Useful hours on its GPU; as the workload states them where the speed is unknown."""
    run_usd: float | None
    run_low_usd: float | None
    run_high_usd: float | None
    useful_hour_usd: float | None
    storage_usd_h: float | None
    keep_usd_h: float | None
    break_even_idle_h: float | None
    boot_chance: float
    """That an instance of it ever comes up."""
    interruptions: float | None
    """Expected in one run."""
    acquire_usd: float | None
    """One start, with the duds that are expected before it."""
    quote_share: tuple[float, float]
    """A contract's price by its quote, low and high."""
    every_h: float | None
    """Of the workload: one run each so many hours."""
    hours: float
    """Of the workload: useful hours of a run, on its reference GPU."""
    flags: tuple[str, ...] = ()

    @property
    def all_in_range_usd_h(self) -> tuple[float | None, float | None]:
        """What the contract may say instead of the quote, with disk, $/h."""
        low, high = (
            None if self.all_in_usd_h is None else self.all_in_usd_h * share
            for share in self.quote_share
        )
        return low, high

    @property
    def useful_hour_range_usd(self) -> tuple[float | None, float | None]:
        """Dollars a useful hour in a good run and in a bad one."""
        low, high = self.run_low_usd, self.run_high_usd
        return (
            None if low is None else low / self.hours,
            None if high is None else high / self.hours,
        )

    def a_month(self, usd: float | None) -> float | None:
        """Dollars a run as dollars a month of 720 h; None where the workload names no cadence."""
        if usd is None or self.every_h is None:
            return None
        return usd * MONTH_H / self.every_h


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line of one bill. None is unknown."""

    item: str
    quantity: float | None
    unit: str
    rate: float | None
    usd: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseLine:
    """One phase of one cold start. None is unknown."""

    phase: str
    billed: tuple[Meter, ...]
    """Meters that run in it."""
    seconds: float | None
    low_s: float | None
    high_s: float | None
    bytes_in: float | None
    usd: float | None


def known(value: Any) -> float | None:
    """A column's cell as a number, None where it is unknown or without bound."""
    return float(value) if np.isfinite(value) else None


def best(parts: Sequence[Deals], assumptions: Assumptions, query: Query, top: int) -> Deals:
    """The best few of several rankings as one; what was removed is summed."""
    few = concat([part.offers for part in parts])
    merged = rank(few, parts[0].workload, query, assumptions, parts[0].as_of, top=top)
    removed = {name: 0 for part in parts for name, _ in part.removed}
    for part in parts:
        for name, count in part.removed:
            removed[name] += count
    return replace(
        merged,
        considered=sum(part.considered for part in parts),
        fitting=sum(part.fitting for part in parts),
        removed=tuple(removed.items()),
    )


def rank(
    offers: Offers,
    workload: Workload,
    query: Query,
    assumptions: Assumptions,
    now: float,
    *,
    top: int | None = None,
    ranges: bool = True,
) -> Deals:
    """The offers that fit, by what the query sorts by; unknown last, ties to the more reliable.

    Prices only what may still win: rules that need no bill are applied first. With `top` only so many
    of the best are kept; without `ranges` theirs are left as each offer has them alone.
    """
    passing = np.ones(len(offers), dtype=np.bool_)
    removed: list[tuple[str, int]] = []
    for rule in fitting(offers, workload, query, assumptions, now):
        still = passing & rule.passes
        removed.append((rule.name, int(passing.sum() - still.sum())))
        passing = still
    chosen = offers if passing.all() else offers.take(np.flatnonzero(passing))
    plain, fit = bills(chosen, workload, assumptions), len(chosen)
    chain = fallback(chosen, plain)
    few = top is not None and query.sort != "run_high_usd"  # ranges only of those that are kept
    priced = after_failures(chosen, plain, chain, expected_only=few)
    key = getattr(priced, query.sort, None)
    if key is None:
        key = getattr(chosen, query.sort)
    order = _best(key, chosen.reliability, top)
    chosen, plain = chosen.take(order), plain.take(order)
    return Deals(
        workload=workload,
        as_of=now,
        assumptions=assumptions,
        offers=chosen,
        bills=after_failures(chosen, plain, chain, expected_only=not ranges)
        if few
        else priced.take(order),
        fallback=chain,
        considered=len(offers),
        fitting=fit,
        removed=tuple(removed),
    )


def price_one(
    offers: Offers,
    workload: Workload,
    assumptions: Assumptions,
    now: float,
    chain: Fallback | None = None,
) -> Deals:
    """The bill of each of these offers, in their order, whether they fit or not.

    Args:
        offers: what is priced.
        workload: what runs.
        assumptions: what estimates rest on.
        now: unix seconds.
        chain: what comes after a failure; None takes more of the same.
    """
    return Deals(
        workload=workload,
        as_of=now,
        assumptions=assumptions,
        offers=offers,
        bills=after_failures(offers, bills(offers, workload, assumptions), chain),
        fallback=chain,
        considered=len(offers),
        fitting=len(offers),
        removed=(),
    )


def nearest(
    offers: Offers, workload: Workload, query: Query, assumptions: Assumptions, now: float
) -> tuple[Deal, tuple[Missed, ...]] | None:
    """The cheapest run among the offers that break fewest rules, and those rules; None without offers."""
    rules = fitting(offers, workload, query, assumptions, now)
    if not len(offers) or not rules:
        return None
    broken = np.sum([~rule.passes for rule in rules], axis=0)
    few = np.flatnonzero(broken == broken.min())
    priced = price_one(offers.take(few), workload, assumptions, now)
    best_of = int(np.lexsort((priced.offers.price_usd_h, priced.bills.run_usd))[0])
    missed = tuple(
        rule.missed(int(few[best_of])) for rule in rules if not rule.passes[few[best_of]]
    )
    return priced[best_of], missed


def _best(key: Floats, reliability: Floats, top: int | None) -> NDArray[np.intp]:
    """Rows by a key, smallest first, unknown last, ties to the more reliable; only the first few of them."""
    rows = np.arange(len(key))
    if top is not None and top < len(key):
        last = np.partition(key, top)[top]  # nothing beyond it can be among them
        rows = rows if np.isnan(last) else np.flatnonzero(key <= last)
    order = np.lexsort((-np.nan_to_num(reliability[rows], nan=-1.0), key[rows]))
    return rows[order][:top]


def matching(deals: Deals, text: str) -> NDArray[np.int64]:
    """Rows in which every word of a text occurs: in GPU, market, place, tenancy or the offer's id.

    Works on the columns' distinct values, so that it is instant for any number of deals.
    """
    offers = deals.offers
    spoken = {Tenancy.ON_DEMAND: "on-demand fixed", Tenancy.INTERRUPTIBLE: "interruptible bid spot"}
    held = tuple(spoken.get(Tenancy(value or ""), value) for value in offers.tenancy.values)
    tenancy = Text(offers.tenancy.codes, held)
    columns = (
        offers.gpu,
        offers.market,
        offers.location,
        offers.region,
        tenancy,
        offers.offer_id,
    )
    keep = np.ones(len(deals), dtype=np.bool_)
    for word in text.casefold().split():
        found = np.zeros(len(deals), dtype=np.bool_)
        for column in columns:
            inside = [value is not None and word in value.casefold() for value in column.values]
            found |= np.array(inside or [False])[column.codes]
        keep &= found
    return np.flatnonzero(keep)
