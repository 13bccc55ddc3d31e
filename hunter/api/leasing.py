"""The leases of a home, put together: nothing here needs a price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.api.renting import adopted_caps
from hunter.facts.rules import rules_of
from hunter.leases.leases import Leases
from hunter.leases.ledger import Ledger
from hunter.leases.lessons import Lessons
from hunter.leases.lookout import Lookout
from hunter.leases.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.estimate.assumptions import Assumptions
    from hunter.facts.config import Home
    from hunter.facts.shipped import Facts
    from hunter.markets.open import OpenMarkets
    from hunter.store import Store
    from hunter.values.clock import Clock


def leases_of(
    home: Home, store: Store, clock: Clock, facts: Facts, markets: OpenMarkets,
    assumptions: Callable[[], Assumptions],
) -> Leases:  # fmt: skip
    """All leases of a home. `assumptions` are asked for where an end taught something."""
    ledger = Ledger(store, clock)
    meter = Meter(ledger, rules_of(facts, home.reading))
    lookout = Lookout(ledger, meter, markets)
    return Leases.of(lookout, adopted_caps(home.config), Lessons(meter, assumptions))
