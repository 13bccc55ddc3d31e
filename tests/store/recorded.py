"""Polls of a market, recorded."""

from __future__ import annotations

from typing import Any

from hunter.markets.protocol import Scope
from hunter.store import Store, latest, polls
from hunter.values.columns import Listing, Offers
from hunter.values.offers import Offer
from tests.builders import NOW, offer


def poll(
    store: Store, offers: list[Offer], *, complete: bool = True, at: float = NOW, **scope: Any
) -> polls.Recorded:
    listing = Listing(market="vast", offers=Offers.of(offers), complete=complete)
    return polls.record(store, listing, Scope(**{"disk_gb": 10.0, **scope}), at - 5, at)


def count(store: Store, table: str) -> int:
    return int(store.db.execute(f"select count(*) from {table}").fetchone()[0])


def refs(store: Store) -> list[str]:
    offers = latest.read(store)
    return sorted(offers.offer_id[row] or "" for row in range(len(offers)))


A, B, C = (offer(f"RTX 4090 $0.{n}/h #{name}") for n, name in ((3, "a"), (4, "b"), (5, "c")))
