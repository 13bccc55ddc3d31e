"""Deals: offers that fit a workload, with their bills, cheapest first."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hunter.cost.bill import Bills, bills, least_usd
from hunter.cost.deal import BillLine, Deal, PhaseLine
from hunter.cost.fallback import NEAR, Fallback, after_failures, fallback
from hunter.cost.filters import fitting, flags
from hunter.values.billing import METERS
from hunter.values.columns import Offers, Text
from hunter.values.offers import Tenancy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from hunter.cost.filters import Missed, Query
    from hunter.estimate.assumptions import Assumptions
    from hunter.values.offers import Offer
    from hunter.values.units import Floats
    from hunter.values.workload import Workload

FIGURES = tuple(
    name for name in Deal.__struct_fields__ if name in Bills.__struct_fields__
    and name not in ("lines", "phases")
)  # fmt: skip
"""What a deal takes from its row of the bills as it stands there."""


BY_RUN = ("run_usd", "useful_hour_usd")
"""What orders offers as the dollars of a run do."""
FIRST = 1_000
"""Offers that are priced before it is looked whether that was enough; fewer take hardly less time."""


class Deals(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Offers with their bills, best first: columns. A row becomes a `Deal` when it is looked at.

    Two of these are equal only if they are the same object.
    """

    workload: Workload
    as_of: float
    """Unix seconds, by the market's clock."""
    assumptions: Assumptions
    """What the estimates rest on."""
    offers: Offers
    bills: Bills
    flags: Mapping[str, NDArray[np.bool_]]
    """Which offers carry each flag."""
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
        offer = self.offers[row]
        figures: dict[str, Any] = {name: known(getattr(self.bills, name)[row]) for name in FIGURES}
        return Deal(
            rank=row + 1,
            offer=offer,
            workload=self.workload,
            assumptions=self.assumptions,
            age_s=max(0.0, self.as_of - offer.seen_at),
            lines=self._lines(row),
            phases=self._phases(row, offer.market),
            flags=tuple(name for name, raised in self.flags.items() if raised[row]),
            **figures,
        )

    def _lines(self, row: int) -> tuple[BillLine, ...]:
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

    def _phases(self, row: int, market: str) -> tuple[PhaseLine, ...]:
        rule = self.assumptions.rules[market]
        return tuple(
            PhaseLine(
                phase=phase.name,
                seconds=known(phase.expected_s[row]),
                low_s=known(phase.low_s[row]),
                high_s=known(phase.high_s[row]),
                billed=tuple(m for m in METERS if rule.billed(phase.billed_as, m)),
                usd=known(usd[row]),
                bytes_in=known(phase.bytes_in[row]),
            )
            for phase, usd in zip(self.bills.phases, self.bills.phase_usd, strict=True)
        )

    def take(self, rows: NDArray[Any]) -> Deals:
        """These deals only, in this order."""
        return Deals(
            workload=self.workload,
            as_of=self.as_of,
            assumptions=self.assumptions,
            offers=self.offers.take(rows),
            bills=self.bills.take(rows),
            flags={name: raised[rows] for name, raised in self.flags.items()},
            fallback=self.fallback,
            considered=self.considered,
            fitting=self.fitting,
            removed=self.removed,
        )


def known(value: float) -> float | None:
    """A column's cell as a number, None where it is unknown or without bound."""
    return float(value) if isfinite(value) else None


def rank(
    offers: Offers,
    workload: Workload,
    query: Query,
    assumptions: Assumptions,
    now: float,
    *,
    top: int | None = None,
) -> Deals:
    """The offers that fit, by what the query sorts by; unknown last, ties to the more reliable.

    Rules come first, so that only what fits is priced. With `top` only so many of the best are kept.
    """
    passing = np.ones(len(offers), dtype=np.bool_)
    removed: list[tuple[str, int]] = []
    for rule in fitting(offers, workload, query, assumptions, now):
        still = passing & rule.passes
        removed.append((rule.name, int(passing.sum() - still.sum())))
        passing = still
    fit = offers.take(np.flatnonzero(passing))
    few = top is not None and query.sort in BY_RUN
    part, priced, chain = (_cheapest if few else _all)(fit, workload, assumptions, top or 0)
    key = getattr(priced if query.sort in FIGURES else part, query.sort)
    best = np.lexsort((-np.nan_to_num(part.reliability, nan=-1.0), key))[:top]
    kept = part.take(best)
    return Deals(
        workload=workload,
        as_of=now,
        assumptions=assumptions,
        offers=kept,
        bills=priced.take(best),
        flags=flags(kept, workload, assumptions),
        fallback=chain,
        considered=len(offers),
        fitting=len(fit),
        removed=tuple(removed),
    )


def _all(
    fit: Offers, workload: Workload, assumptions: Assumptions, top: int = 0
) -> tuple[Offers, Bills, Fallback | None]:
    """Every offer, its bill, and what comes after a failure."""
    alone = bills(fit, workload, assumptions)
    chain = fallback(fit, alone)
    return fit, after_failures(fit, alone, chain), chain


def _cheapest(
    fit: Offers, workload: Workload, assumptions: Assumptions, top: int
) -> tuple[Offers, Bills, Fallback | None]:
    """The same of those offers alone among which the `top` cheapest runs and the best to fall back on are.

    What a run costs at the least is known at once. An offer whose least is above the last of the wanted
    ones can be none of them, and most are.
    """
    least = np.nan_to_num(least_usd(fit, workload, assumptions), nan=np.inf)
    few = FIRST
    while few < len(fit):
        limit = np.partition(least, few)[few]
        rows = np.flatnonzero(least <= limit)
        part, priced, chain = _all(fit.take(rows), workload, assumptions)
        last = max(_nth(priced.run_usd, top), _nth(priced.run_usd, NEAR))
        if last < limit * (1 - 1e-9):  # sums round
            return part, priced, chain
        few *= 4
    return _all(fit, workload, assumptions)


def _nth(values: Floats, n: int) -> float:
    """The n-th smallest, infinite where there are not so many."""
    known = values[np.isfinite(values)]
    return float(np.partition(known, n - 1)[n - 1]) if 0 < n <= len(known) else np.inf


def price_each(
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
        flags=flags(offers, workload, assumptions),
        fallback=chain,
        considered=len(offers),
        fitting=len(offers),
        removed=(),
    )


def price_one(
    offer: Offer,
    workload: Workload,
    assumptions: Assumptions,
    now: float,
    chain: Fallback | None = None,
) -> Deal:
    """The bill of one offer, whether it fits or not; arguments as for `price_each`."""
    return price_each(Offers.of([offer]), workload, assumptions, now, chain)[0]


def nearest(
    offers: Offers, workload: Workload, query: Query, assumptions: Assumptions, now: float
) -> tuple[Deal, tuple[Missed, ...]] | None:
    """The cheapest run among the offers that break fewest rules, and those rules; None without offers."""
    rules = fitting(offers, workload, query, assumptions, now)
    if not len(offers) or not rules:
        return None
    broken = np.sum([~rule.passes for rule in rules], axis=0)
    few = np.flatnonzero(broken == broken.min())
    priced = price_each(offers.take(few), workload, assumptions, now)
    best_of = int(np.lexsort((priced.offers.price_usd_h, priced.bills.run_usd))[0])
    missed = tuple(
        rule.missed(int(few[best_of])) for rule in rules if not rule.passes[few[best_of]]
    )
    return priced[best_of], missed


def matching(deals: Deals, text: str) -> NDArray[np.int64]:
    """Rows in which every word of a text occurs: in GPU, market, place, tenancy or the offer's id.

    A GPU is found however its name is spelt, as rtx4090 or RTX_4090. Works on the columns' distinct values,
    so that it is instant for any number of deals.
    """
    from hunter.values.gpu_names import key  # noqa: PLC0415  a ranking filters nothing by words

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
        plain = key(word)
        alike = [bool(value and plain) and plain in key(value or "") for value in offers.gpu.values]
        found |= np.array(alike or [False])[offers.gpu.codes]
        keep &= found
    return np.flatnonzero(keep)
