"""From a recorded offer to a lease: the price of now, the caps, and only then the create."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hunter.facts.container import check_container
from hunter.leases.lease import Caps
from hunter.markets.protocol import Scope
from hunter.values.errors import (
    CapRefused,
    ConfigError,
    MarketError,
    NoKey,
    OfferGone,
    UsageError,
)
from hunter.values.units import hours

if TYPE_CHECKING:
    from hunter.api.prices import Prices
    from hunter.cost.deal import Deal
    from hunter.facts.config import Config
    from hunter.leases.lease import Lease
    from hunter.leases.leases import Leases
    from hunter.markets.open import OpenMarkets
    from hunter.markets.protocol import Market
    from hunter.values.offers import Offer
    from hunter.values.workload import Workload


QUOTE_HOLDS_S = 120.0
"""The market's seconds for which a quote is what was agreed to: a listing changes every few minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An offer asked for afresh, with its bill; the deal that a launch is confirmed on."""

    deal: Deal
    before_usd_h: float | None
    """The price that was recorded before."""


class Renting:
    """Quotes offers and rents them."""

    def __init__(self, prices: Prices, markets: OpenMarkets, leases: Leases) -> None:
        self.prices = prices
        self.markets = markets
        self.leases = leases

    async def quote(self, ref: str, workload: Workload) -> Quote:
        """Ask the market for one offer's price of now, with the workload's disk."""
        from hunter.api.polling import unwatched  # noqa: PLC0415  numpy, 0.1 s, and an end needs none
        from hunter.markets.plausible import plausible  # noqa: PLC0415  with it

        offer = self.prices.find(ref)
        market = await self._fit_for(offer.market, workload)
        scope = Scope(
            disk_gb=workload.disk_gb,
            gpus=(offer.gpu,),
            gpu_count=offer.gpu_count,
            offer_ids=(offer.offer_id,),
        )
        listing = plausible((await market.offers(scope, unwatched)).cleaned())
        self.markets.note_clock(market)
        same = listing.offers.tenancy.is_in([offer.tenancy])
        same &= listing.offers.offer_id.is_in([offer.offer_id])
        if not same.any():
            raise OfferGone(
                f"{ref} is no longer for sale with {workload.disk_gb:g} GB of disk.",
                remedy="Take the next one of hunter deals --refresh.",
            )
        fresh = listing.offers[int(same.argmax())]
        return Quote(deal=self.prices.priced(fresh, workload), before_usd_h=offer.price_usd_h)

    async def launch(self, quote: Quote, workload: Workload, caps: Caps) -> Lease:
        """Rent a quoted deal inside the caps. The user has said yes before this is called.

        A quote that waited too long for its yes is asked for again; MarketError where it is dearer now.
        """
        quote = await self._still(quote, workload)
        check_caps(quote, caps)
        if not self.markets.has_key(quote.deal.offer.market):
            raise self.no_key(quote.deal.offer)
        await self._fit_for(quote.deal.offer.market, workload)
        return await self.leases.launch(quote.deal, workload, caps)

    async def _still(self, quote: Quote, workload: Workload) -> Quote:
        """The quote, asked for again where it is older than a quote may be."""
        agreed = quote.deal
        if self.prices.clock.now() - agreed.offer.seen_at <= QUOTE_HOLDS_S:
            return quote
        now = await self.quote(agreed.offer.ref, workload)
        before, after = agreed.all_in_usd_h, now.deal.all_in_usd_h
        if before is None or after is None or after > before * (1 + 1e-9):
            raise MarketError(
                f"{agreed.offer.ref} was quoted at ${before or 0:.4f}/h with its disk and costs "
                f"${after or 0:.4f}/h now.",
                remedy="Look at the new bill, and say yes to that.",
            )
        return now

    async def _fit_for(self, name: str, workload: Workload) -> Market:
        """The market, once what the workload asks of its container is found to be had there.

        UsageError before anything is asked of the market.
        """
        place = f"workload {workload.name!r}"
        check_container(workload, place, self.prices.facts, self._keys() if workload.env else ())
        market = await self.markets.open(name)
        check = getattr(market, "check", None)  # a plug-in need not have it
        if check is not None:
            check(workload)
        return market

    def _keys(self) -> list[str]:
        """The keys of all markets in use, as far as they can be read."""
        keys = list[str | None]()
        for name in self.markets.names():
            with suppress(ConfigError):  # one that cannot be a key is told where it is needed
                keys.append(self.markets.key(name))
        return [key for key in keys if key]

    def no_key(self, offer: Offer) -> NoKey:
        """What to say where a market's key is missing."""
        facts = self.prices.facts.market(offer.market)
        return NoKey(
            f"Renting on {facts.title} needs a key, and there is none.",
            remedy=f"Set {facts.key_variable}, or log in with the vendor's own command.",
        )


def check_caps(quote: Quote, caps: Caps) -> None:
    """Refuse a launch that its own caps forbid; CapRefused says which and by how much."""
    deal = quote.deal
    if deal.all_in_usd_h is None:
        raise UsageError(
            f"The price of {deal.offer.ref} is not fully known.", remedy="Take another offer."
        )
    if deal.all_in_usd_h > caps.max_usd_h:
        raise CapRefused(
            f"{deal.offer.ref} costs ${deal.all_in_usd_h:.4f}/h with its disk, above the cap of "
            f"${caps.max_usd_h:.4f}/h.",
            remedy="Raise --max-usd-h or take another offer.",
        )
    if deal.cold_start_usd is not None and deal.cold_start_usd > caps.max_usd:
        raise CapRefused(
            f"The cold start on {deal.offer.ref} alone costs ${deal.cold_start_usd:.2f}, above "
            f"the cap of ${caps.max_usd:.2f}.",
            remedy="Raise --max-usd or take another offer.",
        )


def adopted_caps(config: Config) -> Caps:
    """The caps of an instance of this home whose record was lost; ConfigError where they are none."""
    adopt = config.adopt
    try:
        return Caps(max_usd_h=adopt.max_usd_h, max_usd=adopt.max_usd, ttl_s=hours(adopt.ttl) * 3600)
    except (UsageError, ValueError) as error:
        raise ConfigError(f"config.toml, adopt: {error}", remedy="Correct it.") from error
