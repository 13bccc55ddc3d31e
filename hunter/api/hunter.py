"""The verbs. The command line, the terminal app, cron and Python users call these and nothing below.

async with Hunter(home) as hunt:
    await hunt.scrape()
    deals = hunt.deals(workload)
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from hunter.api.open_markets import OpenMarkets
from hunter.api.prices import Prices
from hunter.api.situation import Situation, situation
from hunter.estimate.measure import Launch, Went, marks, measured, outcome
from hunter.leases.launch import Rentals
from hunter.leases.lease import before
from hunter.leases.status import Rented, expect, rented
from hunter.markets.protocol import Progress, Scope
from hunter.store import evidence, polls
from hunter.values.columns import Offers
from hunter.values.errors import (
    ConfigError,
    HunterError,
    MarketError,
    NoKey,
    OfferGone,
    PayloadError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from hunter.cost.deal import Deal
    from hunter.facts.config import Home
    from hunter.facts.shipped import Facts
    from hunter.leases.lease import Caps, Lease, Stay
    from hunter.markets.protocol import Market
    from hunter.payload.sizes import PayloadSize
    from hunter.values.offers import Offer
    from hunter.values.workload import Workload

FULL_POLL_DISK_GB = 10.0
"""Disk that a poll of the whole market asks for: small, so that no offer is left out for it."""


DUD_AFTER_S = 8 * 60.0
"""No host counts as a dud before that, however short its start was predicted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """How the poll of one market went."""

    market: str
    offers: int = 0
    appeared: int = 0
    changed: int = 0
    gone: int = 0
    rejected: int = 0
    rejections: tuple[tuple[str, str], ...] = ()
    """The first few records that could not be read: id and reason."""
    complete: bool = False
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    error: HunterError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An offer asked for afresh, with its bill; the deal that a launch is confirmed on."""

    deal: Deal
    before_usd_h: float | None
    """The price that was recorded before."""


def _quiet(progress: Progress) -> None:
    """Nobody watches."""


class Hunter(Prices):
    """One hunt: a home with its recorded prices, the markets, and what is rented there."""

    def __init__(
        self,
        home: Home,
        *,
        facts: Facts | None = None,
        markets: dict[str, Market] | None = None,
        sandbox: Callable[[], AbstractContextManager[str]] | None = None,
    ) -> None:
        super().__init__(home, facts=facts)
        self.open_markets = OpenMarkets(self, markets=markets, sandbox=sandbox)
        self.rentals = Rentals(self.store, self.open_markets.open, self.rules, lambda: self.clock)
        self.rentals.learn = self._learn

    async def __aenter__(self) -> Hunter:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of markets, the embedded one included, and of the database."""
        await self.open_markets.close()
        self.store.close()

    def market_names(self) -> tuple[str, ...]:
        """The markets in use: those handed in, or all, or those that config.toml names."""
        return self.open_markets.given or self.open_markets.within_reach(super().market_names())

    async def market(self, name: str) -> Market:
        """The adapter of a market, opened when it is first needed."""
        return await self.open_markets.open(name)

    # ── prices ───────────────────────────────────────────────────────────────────────────────

    async def scrape(
        self,
        markets: Iterable[str] = (),
        *,
        workload: Workload | None = None,
        report: Callable[[Progress], None] = _quiet,
    ) -> tuple[Polled, ...]:
        """Poll markets once and record what changed; all of each, or what a workload could use.

        One market failing leaves the others' results as they are; its `error` says why.
        """
        names = tuple(markets) or self.market_names()
        for name in names:
            self.check_market(name)
        scope = self._scope(workload)
        return tuple(await asyncio.gather(*(self._poll(name, scope, report) for name in names)))

    def _scope(self, workload: Workload | None) -> Scope:
        if workload is None:
            return Scope(disk_gb=FULL_POLL_DISK_GB)
        return Scope(
            disk_gb=workload.disk_gb,
            gpus=workload.gpu.models,
            gpu_count=workload.gpu.count,
            min_vram_gb=workload.gpu.vram_gb,
        )

    async def _poll(self, name: str, scope: Scope, report: Callable[[Progress], None]) -> Polled:
        begun, started_at = time.monotonic(), self.clock.now()
        try:
            market = await self.market(name)
            listing = await market.offers(scope, report)
            self.open_markets.note_clock(market)
        except MarketError as error:
            with_clock = self.clock.now()
            await asyncio.to_thread(
                polls.record_failure, self.store, name, started_at, with_clock, str(error)
            )
            return Polled(market=name, error=error, seconds=time.monotonic() - begun)
        except ConfigError as error:
            return Polled(market=name, error=error)
        recorded = await asyncio.to_thread(
            polls.record, self.store, listing, scope, started_at, self.clock.now()
        )
        return Polled(
            market=name,
            **msgspec.structs.asdict(recorded),
            rejections=tuple((r.record, r.reason) for r in listing.rejected[:5]),
            complete=listing.complete,
            seconds=time.monotonic() - begun,
            notes=listing.notes,
        )

    # ── payloads ─────────────────────────────────────────────────────────────────────────────

    async def size(self, ref: str, *, offline: bool = False, refresh: bool = False) -> PayloadSize:
        """How much has to travel for a reference, learnt without pulling it."""
        from hunter.payload.learn import weigh  # noqa: PLC0415  httpx, 0.1 s, and no ranking needs it

        mirrors = {} if offline else await self.open_markets.mirrors()
        return await weigh(ref, self.memory, mirrors, offline=offline, refresh=refresh)

    async def learn_sizes(self, workload: Workload) -> list[PayloadError | ConfigError]:
        """Learn all sizes of a workload; what could not be learnt, and why."""
        from hunter.payload.learn import weigh_workload  # noqa: PLC0415  with it

        return await weigh_workload(workload, self.memory, await self.open_markets.mirrors())

    # ── renting ──────────────────────────────────────────────────────────────────────────────

    async def quote(self, ref: str, workload: Workload) -> Quote:
        """Ask the market for one offer's price of now, with the workload's disk."""
        offer = self._find(ref)
        market = await self.market(offer.market)
        scope = Scope(
            disk_gb=workload.disk_gb,
            gpus=(offer.gpu,),
            gpu_count=offer.gpu_count,
            offer_ids=(offer.offer_id,),
        )
        listing = await market.offers(scope, _quiet)
        self.open_markets.note_clock(market)
        same = listing.offers.tenancy.is_in([offer.tenancy])
        same &= listing.offers.offer_id.is_in([offer.offer_id])
        if not same.any():
            raise OfferGone(
                f"{ref} is no longer for sale with {workload.disk_gb:g} GB of disk.",
                remedy="Take the next one of hunter deals --refresh.",
            )
        fresh = listing.offers[int(same.argmax())]
        return Quote(deal=self.priced(fresh, workload), before_usd_h=offer.price_usd_h)

    def check_caps(self, quote: Quote, caps: Caps) -> None:
        """Refuse a launch that its own caps forbid; UsageError says which and by how much."""
        deal = quote.deal
        if deal.all_in_usd_h is None:
            raise UsageError(
                f"The price of {deal.offer.ref} is not fully known.", remedy="Take another offer."
            )
        if deal.all_in_usd_h > caps.max_usd_h:
            raise UsageError(
                f"{deal.offer.ref} costs ${deal.all_in_usd_h:.4f}/h with its disk, above the cap of "
                f"${caps.max_usd_h:.4f}/h.",
                remedy="Raise --max-usd-h or take another offer.",
            )
        if deal.cold_start_usd is not None and deal.cold_start_usd > caps.max_usd:
            raise UsageError(
                f"The cold start on {deal.offer.ref} alone costs ${deal.cold_start_usd:.2f}, above "
                f"the cap of ${caps.max_usd:.2f}.",
                remedy="Raise --max-usd or take another offer.",
            )

    async def launch(self, quote: Quote, workload: Workload, caps: Caps) -> Lease:
        """Rent a quoted deal inside the caps. The user has said yes before this is called."""
        self.check_caps(quote, caps)
        deal = quote.deal
        if not self.open_markets.has_key(deal.offer.market):
            raise self.no_key(deal.offer)
        lease = await self.rentals.launch(
            deal.offer, workload, caps, storage_usd_h=deal.storage_usd_h
        )
        rented = Rented(offer=deal.offer, workload=deal.workload)
        expect(self.rentals, lease, deal.phases, rented)
        return lease

    def _learn(self, lease: Lease, asked_at: float, log: str) -> None:
        """Keep what a launch measured until its end was asked for; its container printed this log."""
        known = rented(self.rentals, lease)
        if known is None:
            return
        stays = before(self.rentals.stays(lease), asked_at)
        seen = dict[str, float]()
        for stay in stays[:-1]:  # the last one was not over
            seen[stay.state] = seen.get(stay.state, 0.0) + stay.end_s - stay.begin_s
        launch = Launch(
            lease_id=lease.lease_id, at=lease.intended_at, states=seen, told=marks(log)
        )  # fmt: skip
        offers, assumptions = Offers.of([known.offer]), self.assumptions()
        found = measured(launch, offers, known.workload, assumptions)
        found += outcome(_went(lease, stays, asked_at), offers, assumptions.rules)
        evidence.add(self.store, found)

    def no_key(self, offer: Offer) -> NoKey:
        """What to say where a market's key is missing."""
        facts = self.facts.market(offer.market)
        return NoKey(
            f"Renting on {facts.title} needs a key, and there is none.",
            remedy=f"Set {facts.key_variable}, or log in with the vendor's own command.",
        )

    async def situation(self) -> Situation:
        """Everything that may cost money: our leases, and what the markets list beside them."""
        return await situation(self.open_markets, self.rentals)


def _went(lease: Lease, stays: Sequence[Stay], asked_at: float) -> Went:
    """How a lease went whose end was asked for then."""
    booted: bool | None = lease.ready_at is not None
    waited_s = asked_at - (lease.created_at or lease.intended_at)
    last = stays[-1].state if stays else ""
    given_up = last in ("failed", "offline") or waited_s > DUD_AFTER_S
    ran_s = sum(stay.end_s - stay.begin_s for stay in stays if stay.state == "running")
    return Went(
        lease_id=lease.lease_id,
        at=lease.intended_at,
        booted=True if booted else False if given_up else None,
        waited_s=waited_s,
        ran_h=ran_s / 3600,
        cut=last in ("interrupted", "offline"),
    )
