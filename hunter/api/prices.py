"""What is recorded, priced: everything here answers from the database and asks no market."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from hunter.cost.deals import Deals, price_one, rank
from hunter.cost.filters import Missed, Query, fitting
from hunter.estimate.assumptions import Assumptions, Held, learn_all
from hunter.estimate.risk import record
from hunter.facts.config import stale_after_s
from hunter.facts.rules import rules_of
from hunter.markets.plausible import sifted
from hunter.payload.remembered import layers_known, sized
from hunter.store import evidence, history, latest, leases, polls, shunned
from hunter.store.payloads import PayloadMemory
from hunter.values.columns import Offers
from hunter.values.errors import NothingMatches, UsageError
from hunter.values.offers import parse_offer_ref

if TYPE_CHECKING:
    from hunter.cost.deal import Deal
    from hunter.facts.config import Home
    from hunter.facts.in_use import InUse
    from hunter.facts.shipped import Facts
    from hunter.store import Store
    from hunter.values.billing import MarketRules
    from hunter.values.clock import Clock
    from hunter.values.gpu_names import Match
    from hunter.values.offers import Offer
    from hunter.values.workload import Workload


class Prices:
    """The recorded prices of one home. They load neither a network nor a screen."""

    def __init__(self, home: Home, store: Store, clock: Clock, facts: Facts, in_use: InUse) -> None:
        self.home = home
        self.store = store
        self.clock = clock
        self.facts = facts
        self.in_use = in_use

    def market_names(self) -> tuple[str, ...]:
        """The markets in use."""
        return self.in_use.names()

    def recorded(self, market: str | None = None) -> Offers:
        """Every offer as last seen; what an older Hunter took and cannot be is left out."""
        return sifted(latest.read(self.store, market))[0]

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
            shunned=self._shunned(now),
        )

    def _shunned(self, now: float) -> dict[str, tuple[str, ...]]:
        by_market: dict[str, tuple[str, ...]] = {}
        for one in shunned.read(self.store, now):
            by_market[one.market] = (*by_market.get(one.market, ()), one.machine_id)
        return by_market

    @cached_property
    def rules(self) -> dict[str, MarketRules]:
        """The markets' billing rules, contradictions read as this home reads them."""
        return rules_of(self.facts, self.home.reading)

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
        if query.gpus and not self.facts.gpus.keys() >= set(query.gpus):
            found = [ours for typed in query.gpus for ours in self.gpus(typed).names]
            query = replace(query, gpus=tuple(dict.fromkeys(found)))
        return rank(
            self.recorded(query.market),
            self.sized(workload),
            query,
            self.assumptions(),
            self.clock.now(),
            top=top,
        )

    def explain(self, ref: str, workload: Workload) -> tuple[Deal, tuple[Missed, ...]]:
        """One recorded offer with its bill, and each rule that it breaks."""
        deal = self.priced(self.find(ref), workload)
        checks = fitting(
            Offers.of([deal.offer]), deal.workload, Query(), deal.assumptions, self.clock.now()
        )
        return deal, tuple(rule.missed(0) for rule in checks if not bool(rule.passes[0]))

    def priced(self, offer: Offer, workload: Workload) -> Deal:
        """One offer with its bill, whether it fits or not; what comes after a failure is on record."""
        chain = self.deals(workload, top=1).fallback
        return price_one(offer, self.sized(workload), self.assumptions(), self.clock.now(), chain)

    def find(self, ref: str) -> Offer:
        """The recorded offer of this name; NothingMatches where there is none."""
        try:
            market, offer_id, tenancy = parse_offer_ref(ref)
        except ValueError as error:
            raise UsageError(f"{error}.", remedy="hunter deals lists them.") from error
        self.in_use.check(market)
        offers = self.recorded(market)
        row = (offers.offer_id.is_in([offer_id]) & offers.tenancy.is_in([tenancy])).nonzero()[0]
        if not len(row):
            import difflib  # noqa: PLC0415  only where nothing is found

            near = difflib.get_close_matches(offer_id, [v for v in offers.offer_id.values if v], 1)
            hint = f" Did you mean {market}:{near[0]}?" if near else ""
            raise NothingMatches(
                f"No recorded offer is called {ref}.{hint}",
                remedy="Offers come and go: hunter deals --refresh lists those of now.",
            )
        return offers[int(row[0])]

    def gpus(self, typed: str) -> Match:
        """What the name of a GPU means, ours or of anything on sale; UsageError where it means nothing."""
        names = self.facts.gpu_names
        return (names if typed in self.facts.gpus else names.also(self._on_sale())).find(typed)

    def named(self, workload: Workload) -> Workload:
        """A workload that was made in Python, with our names of its GPUs."""
        if workload.gpus_named <= self.facts.gpus.keys():
            return workload
        return self.facts.named(workload, f"workload {workload.name!r}", self._on_sale())

    def _on_sale(self) -> tuple[str, ...]:
        return tuple(name for name in self.recorded().gpu.values if name)
