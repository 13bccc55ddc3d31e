"""Reading what was recorded over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.store.rows import fetch_as
from hunter.store.schema import PRICES
from hunter.values.columns import Offers
from hunter.values.offers import NUMBERS, TEXTS, Offer

if TYPE_CHECKING:
    from hunter.store.database import Store


def quoted_between(store: Store, since: float, until: float) -> Offers:
    """Every quote that was made in this time or stood at its beginning, as offers.

    Prices are those of the quote; all else is as the offer was last seen. `seen_at` is when the
    price was first seen.
    """
    facts = [name for name in TEXTS + NUMBERS if name not in PRICES and name != "seen_at"]
    columns = ", ".join([f"offer.{name}" for name in facts] + [f"quote.{name}" for name in PRICES])
    sql = f"""
        select {columns}, quote.seen_at from quote
        join offer using (market, offer_id, tenancy)
        where quote.event <> 'gone' and quote.seen_at <= :until and (
            quote.seen_at >= :since or quote.quote_id = (
                select max(quote_id) from quote as earlier
                where (earlier.market, earlier.offer_id, earlier.tenancy)
                    = (quote.market, quote.offer_id, quote.tenancy)
                    and earlier.seen_at < :since))
    """  # noqa: S608  names of our own columns
    return Offers.of(fetch_as(store, Offer, sql, {"since": since, "until": until}))
