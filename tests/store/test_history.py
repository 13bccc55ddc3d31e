"""Prices of a period."""

from __future__ import annotations

from msgspec.structs import replace

from hunter.store import Store, history
from tests.builders import NOW
from tests.store.recorded import A, poll


def test_a_period_holds_its_own_quotes_and_the_one_that_stood_at_its_beginning(
    store: Store,
) -> None:
    for i, price in enumerate((0.3, 0.4, 0.5)):
        at = NOW + 1000 * i
        poll(store, [replace(A, price_usd_h=price, seen_at=at)], at=at)
    found = history.quoted_between(store, NOW + 1500, NOW + 2500)
    assert sorted(found.price_usd_h.tolist()) == [0.4, 0.5]
