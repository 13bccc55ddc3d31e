"""What is recorded, priced: everything here answers from the database and asks no market."""

from __future__ import annotations

import difflib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hunter.cost.deals import Deals, nearest, price_one, rank
from hunter.cost.filters import Missed, Query, fitting
from hunter.cost.serving import Serving, serve
from hunter.cost.shipping import Plan, plans
from hunter.cost.storage import Storage, storage
from hunter.estimate.assumptions import Assumptions, Held, learn_all
from hunter.estimate.by_hand import described
from hunter.estimate.risk import record
from hunter.facts.config import stale_after_s
from hunter.facts.shipped import Facts, shipped
from hunter.payload.remembered import layers_known, sized
from hunter.store import Store, evidence, history, latest, leases, polls
from hunter.store.payloads import PayloadMemory
from hunter.store.settings import read_clock
from hunter.values.billing import MarketRules
from hunter.values.columns import Offers
from hunter.values.errors import NothingMatches, UsageError
from hunter.values.offers import parse_offer_ref

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hunter.cost.deal import Deal
    from hunter.facts.config import Home
    from hunter.values.clock import Clock
    from hunter.values.offers import Offer
    from hunter.values.workload import Workload

DAY_H = 24.0
"""Between two runs, where a workload names no cadence."""


class Prices:
    """The recorded prices of one home. Opening it loads neither a network nor a screen."""

    def __init__(self, home: Home, *, facts: Facts | None = None) -> None:
        self.home = home
        self.facts = facts or shipped()
        self.store = Store(home.database)
        self.clock: Clock = read_clock(self.store, simulated=home.simulated)
        """The markets' time: the wall's, or the embedded market's."""

    def market_names(self) -> tuple[str, ...]:
        """The markets in use: all, or those that config.toml names."""
        every = tuple(self.facts.markets)
        wanted = self.home.config.markets
        if wanted is None:
            return every
        for name in wanted:
            self.check_market(name, every)
        return tuple(wanted)

    def check_market(self, name: str, every: tuple[str, ...] | None = None) -> None:
        """Refuse a market that there is not."""
        every = every if every is not None else self.market_names()
        if name in self.facts.unusable:
            raise self.facts.unusable[name]
        if name not in every:
            raise UsageError(
                f"No market is called {name!r}.", remedy=f"Known markets: {', '.join(every)}."
            )

    def recorded(self, market: str | None = None) -> Offers:
        """Every offer as last seen."""
        return latest.read(self.store, market)

    def recorded_between(self, since: float, until: float) -> Offers:
        """Every price that was made or stood in this time, unix seconds."""
        return history.quoted_between(self.store, since, until)

    @property
    def memory(self) -> PayloadMemory:
        """What was learnt about payloads."""
        return PayloadMemory(self.store)

    def sized(self, workload: Workload) -> Workload:
        """The workload with every size that was ever learnt of its image and weights."""
        return sized(workload, self.memory)

    def assumptions(self) -> Assumptions:
        """What estimates rest on now: rules, priors, and what our own launches measured."""
        coldstart_facts, now = self.facts.coldstart, self.clock.now()
        held_s = coldstart_facts.held.ours_within_days.expected * 86400
        launched = leases.launched_since(self.store, now - held_s)
        seen = evidence.read(self.store)
        return Assumptions(
            rules=self.rules,
            coldstart_facts=coldstart_facts,
            learned=learn_all(seen, coldstart_facts.spread, now),
            held=tuple(
                Held(market=market, machine_id=machine, image=image, digests=self._digests(image))
                for market, machine, image in launched
            ),
            gpus=self.facts.gpus,
            risks=self.facts.risks,
            record=record(seen, self.facts.risks.half_life_days.expected, now),
        )

    @cached_property
    def rules(self) -> dict[str, MarketRules]:
        """The markets' billing rules, contradictions read as this home reads them."""
        read = {name: facts.read(self.home.reading) for name, facts in self.facts.markets.items()}
        return RulesOf(read, self.facts)

    def _digests(self, image: str) -> tuple[str, ...]:
        layers = layers_known(self.memory, image)
        return tuple(layer.digest or "" for layer in layers)

    def last_polls(self) -> list[dict[str, Any]]:
        """The newest poll of each market, failures included."""
        return polls.last_polls(self.store)

    @property
    def stale_after_s(self) -> float:
        """Age from which a price is stale, in the market's seconds."""
        return stale_after_s(self.home.config)

    def deals(
        self, workload: Workload, query: Query | None = None, *, top: int | None = None
    ) -> Deals:
        """The recorded offers that fit a workload, cheapest run first; only the best few with `top`.

        May be empty.
        """
        query = query or Query()
        return rank(
            self.recorded(query.market),
            self.sized(workload),
            query,
            self.assumptions(),
            self.clock.now(),
            top=top,
        )

    def by_hand(self, workload: Workload, host: Mapping[str, str]) -> Deal:
        """The cold start on a host that is described and not for sale: it has no price.

        Args:
            workload: what is started there.
            host: down_mbps, and if known unpack_mb_s, write_mb_s, slots and engine.
        """
        offer, assumptions = described(host, self.facts.coldstart)
        return price_one(offer, self.sized(workload), assumptions, self.clock.now())

    def plans(self, workload: Workload) -> tuple[Plan, ...]:
        """Every way to ship the workload's weights, on each market's best recorded offer for it."""
        return plans(self.recorded(), self.sized(workload), self.assumptions(), self.clock.now())

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
            found = [self.explain(ref, workload)[0] for ref in offers]
        else:
            parts = [
                self.deals(workload, Query(market=market), top=limit)
                for market in self.market_names()
            ]
            if not any(len(part) for part in parts):
                raise self.why_none(self.deals(workload, top=1))
            found = [deal for part in parts for deal in part]
        return [self.keeping(deal, idle_h) for deal in found]

    def keeping(self, deal: Deal, idle_h: float | None = None) -> Storage:
        """Keep or fetch again, on one deal; None takes the idle hours of the workload's cadence."""
        if idle_h is None:
            idle_h = max(0.0, (deal.workload.run.every_h or DAY_H) - deal.run_h)
        return storage(deal, self.facts.storage_prices, idle_h)

    def serving(self, workload: Workload, ref: str | None, timeout_s: float | None) -> Serving:
        """A day's demand served on one offer, or on the best deal, in every way."""
        asked = workload.demand
        if asked is None:
            raise UsageError(
                f"{workload.name} names no demand.",
                remedy="Add [demand] with hourly = [24 figures] and request_s to its file.",
            )
        deal = self.explain(ref, workload)[0] if ref else self.best(workload)
        found = serve(deal, asked, timeout_s)
        if found is None:
            raise UsageError(
                f"A price or a size of {workload.name} on {deal.offer.ref} is not known.",
                remedy="Learn sizes with hunter size, or take another offer.",
            )
        return found

    def best(self, workload: Workload) -> Deal:
        """The cheapest run among the recorded offers; NothingMatches where none fits."""
        deals = self.deals(workload, top=1)
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
            self.recorded(query.market), deals.workload, query, deals.assumptions, deals.as_of
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

    def explain(self, ref: str, workload: Workload) -> tuple[Deal, tuple[Missed, ...]]:
        """One recorded offer with its bill, and each rule that it breaks."""
        deal = self.priced(self._find(ref), workload)
        checks = fitting(
            Offers.of([deal.offer]), deal.workload, Query(), deal.assumptions, self.clock.now()
        )
        return deal, tuple(rule.missed(0) for rule in checks if not bool(rule.passes[0]))

    def priced(self, offer: Offer, workload: Workload) -> Deal:
        """One offer with its bill, whether it fits or not; what comes after a failure is on record."""
        chain = self.deals(workload, top=1).fallback
        return price_one(offer, self.sized(workload), self.assumptions(), self.clock.now(), chain)

    def _find(self, ref: str) -> Offer:
        try:
            market, offer_id, tenancy = parse_offer_ref(ref)
        except ValueError as error:
            raise UsageError(f"{error}.", remedy="hunter deals lists them.") from error
        self.check_market(market)
        offers = self.recorded(market)
        row = (offers.offer_id.is_in([offer_id]) & offers.tenancy.is_in([tenancy])).nonzero()[0]
        if not len(row):
            near = difflib.get_close_matches(offer_id, [v for v in offers.offer_id.values if v], 1)
            hint = f" Did you mean {market}:{near[0]}?" if near else ""
            raise NothingMatches(
                f"No recorded offer is called {ref}.{hint}",
                remedy="Offers come and go: hunter deals --refresh lists those of now.",
            )
        return offers[int(row[0])]

    def gpu_name(self, wanted: str, offers: Offers | None = None) -> str:
        """Our name of a GPU that a user typed: any case, blanks or not, or the end of the name."""
        known = {*self.facts.gpus, *(v for v in (offers or self.recorded()).gpu.values if v)}
        plain = _plain_name(wanted)
        exact = [name for name in known if _plain_name(name) == plain]
        if exact:
            return exact[0]
        inside = sorted(name for name in known if _plain_name(name).endswith(plain))
        if len(inside) == 1:
            return inside[0]
        near = inside or difflib.get_close_matches(wanted, sorted(known), 4, 0.4)
        hint = f"Did you mean {', '.join(near)}?" if near else "hunter deals shows their names."
        raise UsageError(f"No GPU is called {wanted!r}.", remedy=hint)


class RulesOf(dict[str, MarketRules]):
    """Rules by market; one whose plug-in is gone is taken to bill every meter in every phase.

    What was recorded or rented there stays readable, at its dearest.
    """

    def __init__(self, known: Mapping[str, MarketRules], facts: Facts) -> None:
        super().__init__(known)
        self.facts = facts

    def __missing__(self, name: str) -> MarketRules:
        return MarketRules(
            name=name, title=name, month_h=720.0, bandwidth_bytes_per_gb=1e9,
            priors=self.facts.coldstart.by_hand,
        )  # fmt: skip


def _plain_name(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
