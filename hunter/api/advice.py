"""Advice beyond the ranking: where to keep weights, how to ship and to serve, and why nothing was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.cost.deals import nearest, price_one
from hunter.cost.filters import Query
from hunter.cost.serving import Serving, serve
from hunter.cost.shipping import Plan, plans
from hunter.cost.storage import Storage, storage
from hunter.estimate.by_hand import described
from hunter.values.errors import NothingMatches, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hunter.api.prices import Prices
    from hunter.cost.deal import Deal
    from hunter.cost.deals import Deals
    from hunter.values.workload import Workload

DAY_H = 24.0
"""Between two runs, where a workload names no cadence."""


class Advice:
    """What the recorded prices advise."""

    def __init__(self, prices: Prices) -> None:
        self.prices = prices

    def by_hand(self, workload: Workload, host: Mapping[str, str]) -> Deal:
        """The cold start on a host that is described and not for sale: it has no price.

        Args:
            workload: what is started there.
            host: down_mbps, and if known unpack_mb_s, write_mb_s, slots and engine.
        """
        offer, assumptions = described(host, self.prices.facts.coldstart)
        return price_one(offer, self.prices.sized(workload), assumptions, self.prices.clock.now())

    def plans(self, workload: Workload) -> tuple[Plan, ...]:
        """Every way to ship the workload's weights, on each market's best recorded offer for it."""
        return plans(
            self.prices.recorded(),
            self.prices.sized(workload),
            self.prices.assumptions(),
            self.prices.clock.now(),
        )

    def storage(
        self, workload: Workload, offers: Sequence[str], limit: int, idle_h: float | None
    ) -> list[Storage]:
        """Keep or fetch again: on these offers, or on the best deals of each market.

        Args:
            workload: what is kept.
            offers: their names; empty for the best few.
            limit: deals of each market.
            idle_h: between two runs; None takes the workload's cadence, or a day.
        """
        if offers:
            found = [self.prices.explain(ref, workload)[0] for ref in offers]
        else:
            parts = [
                self.prices.deals(workload, Query(market=market), top=limit)
                for market in self.prices.market_names()
            ]
            if not any(len(part) for part in parts):
                raise self.why_none(self.prices.deals(workload, top=1))
            found = [deal for part in parts for deal in part]
        return [self.keeping(deal, idle_h) for deal in found]

    def keeping(self, deal: Deal, idle_h: float | None = None) -> Storage:
        """Keep or fetch again, on one deal; None takes the idle hours of the workload's cadence."""
        if idle_h is None:
            idle_h = max(0.0, (deal.workload.run.every_h or DAY_H) - deal.run_h)
        return storage(deal, self.prices.facts.storage_prices, idle_h)

    def serving(self, workload: Workload, ref: str | None, timeout_s: float | None) -> Serving:
        """A day's demand served on one offer, or on the best deal, in every way."""
        asked = workload.demand
        if asked is None:
            raise UsageError(
                f"{workload.name} names no demand.",
                remedy="Add [demand] with hourly = [24 figures] and request_s to its file.",
            )
        deal = self.prices.explain(ref, workload)[0] if ref else self.best(workload)
        found = serve(deal, asked, timeout_s)
        if found is None:
            raise UsageError(
                f"A price or a size of {workload.name} on {deal.offer.ref} is not known.",
                remedy="Learn sizes with hunter size, or take another offer.",
            )
        return found

    def best(self, workload: Workload) -> Deal:
        """The cheapest run among the recorded offers; NothingMatches where none fits."""
        deals = self.prices.deals(workload, top=1)
        if not len(deals):
            raise self.why_none(deals)
        return deals[0]

    def why_none(self, deals: Deals, query: Query | None = None) -> NothingMatches:
        """An empty ranking as an error: which rule removed how many, and the best there is without them."""
        if not deals.considered:
            return NothingMatches(
                "No prices are recorded yet.", remedy="Run hunter scrape first, or add --refresh."
            )
        worst = [f"{name} removed {count}" for name, count in deals.removed if count]
        query = query or Query()
        near = nearest(
            self.prices.recorded(query.market),
            deals.workload,
            query,
            deals.assumptions,
            deals.as_of,
        )
        best_there_is = ""
        if near is not None:
            deal, missed = near
            price = "?" if deal.run_usd is None else f"{deal.run_usd:.4f}"
            best_there_is = (
                f" The best there is, is {deal.offer.ref}: {deal.offer.gpu_count}x {deal.offer.gpu} at "
                f"${price} a run, left out by {'; and by '.join(str(one) for one in missed)}."
            )
        return NothingMatches(
            f"None of {deals.considered} recorded offers fits {deals.workload.name}: "
            f"{', '.join(worst)}.{best_there_is}",
            remedy="Loosen the filter or the workload, or add --refresh.",
        )
