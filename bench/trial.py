"""The embedded market on a clock that we set: launches that take hours pass in microseconds.

The market's own rooms decide how long a start takes, whether it fails, and what is billed. What Hunter
gets to see is what it would see outside: the offers as the vendor's interface gives them, the states
with their times, and the container's log. Hidden truths stay hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hunter.estimate.measure import Launch, marks
from hunter.facts.shipped import shipped
from hunter.markets.vast.wire import columns, parse_asks
from hunter.sandbox.facts import sandbox_facts
from hunter.sandbox.life import advance, cut
from hunter.sandbox.market import SandboxMarket, Settings
from hunter.sandbox.meter import VAST, bill
from hunter.sandbox.vast.api import VastApi
from hunter.values.columns import Offers, concat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.sandbox.rental import Rental, Turn
    from hunter.values.offers import Offer
    from hunter.values.workload import Workload

BEGIN = 1_790_000_000.0
KEY = "trial"
TAKEN = ("stopped", "offline", "error", "gone")
"""States in which an instance is of no use any more."""
LOOK_S = 5.0
"""The seconds between two looks at an instance: what is seen is late by up to as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One rental, from its create to its end."""

    launch: Launch
    """What was to be seen of it."""
    ready_s: float | None
    """From the create to the first useful second; None where that never came."""
    lost_at_s: float | None
    """When the market took it away, from the create; None where it did not."""
    ended_s: float
    usd: float
    """By the market's own meter."""


class Trial:
    """One embedded Vast with so many offers, and one renter with money enough."""

    def __init__(
        self, *, offers: int = 2000, seed: int = 1, begin: float = BEGIN, poll_s: float = 60.0
    ) -> None:
        self.poll_s = poll_s
        """How old recorded offers may be before the market is polled again."""
        settings = Settings(offers=offers, seed=seed, row_cap=10**6, credit_usd=1e9)
        self.market = SandboxMarket(settings, sandbox_facts())
        self.market.book.page.speed = 0.0
        self.market.book.page.market_s = begin
        self.api = VastApi(self.market)
        self._offers: tuple[float, Offers] | None = None

    @property
    def now(self) -> float:
        """Simulated unix seconds."""
        return self.market.now()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.market.book.page.market_s += seconds

    def offers(self, disk_gb: float) -> Offers:
        """Everything that is for sale now, as Hunter reads it, both tenancies."""
        poll = self.now // self.poll_s
        if self._offers is None or self._offers[0] != poll:
            query = {"limit": 10**6, "allocated_storage": disk_gb, "rentable": {"eq": True}}
            asks = parse_asks(bytes(self.api.offers.found(query).body)).asks
            parts = [columns(asks, shipped(), self.now, bids=bids) for bids in (False, True)]
            self._offers = (poll, concat(parts))
        return self._offers[1]

    def rent(self, offer: Offer, workload: Workload, bid_usd_h: float | None = None) -> Rental:
        """Create what an offer sells. The clock stays."""
        body: dict[str, Any] = {"image": workload.image, "disk": workload.disk_gb}
        if bid_usd_h is not None:
            body["price"] = bid_usd_h
        with self.market.open() as page:
            return self.api.renting.rent(page, KEY, int(offer.offer_id), body)

    def attempt(
        self,
        offer: Offer,
        workload: Workload,
        *,
        hours: float,
        give_up_s: float,
        bid_usd_h: float | None = None,
    ) -> Attempt:
        """Rent, wait until useful or given up, work for so many hours, destroy. The clock moves on."""
        rental = self.rent(offer, workload, bid_usd_h)
        begin = rental.created_at
        plan = sorted([*rental.history, *rental.plan], key=lambda turn: turn.at)
        taken = [t.at for t in plan if t.state in TAKEN or "Error" in t.message]
        lost = min(taken, default=float("inf"))
        ready = next((mark.at for mark in rental.marks if mark.phase == "ready"), float("inf"))
        if ready >= lost or rental.reachable_at is None:
            ready = float("inf")  # nobody can log in: what runs there is of no use
        end = min(
            ready + hours * 3600, lost, begin + give_up_s if ready > begin + give_up_s else 1e18
        )
        end = max(end, begin + 1)
        states = _seen(plan, end)
        log = "\n".join(
            f"HUNTER_PHASE {m.phase} {m.at:.3f} {m.n_bytes:.0f}"
            for m in rental.marks
            if m.at < end and rental.reachable_at is not None
        )
        if ready + hours * 3600 <= end and hours > 0:
            log += f"\nHUNTER_PHASE done {end:.3f} 0"
        self.market.book.page.market_s = end
        with self.market.open():
            advance(rental, end)
            cut(rental, end, "gone", "user")
            advance(rental, end)
            rental.destroyed_at = end
        launch = Launch(
            lease_id=f"{rental.number}", at=begin, states=states, told=marks(log)
        )  # fmt: skip
        known = ready <= end
        return Attempt(
            launch=launch,
            ready_s=ready - begin if known else None,
            lost_at_s=lost - begin if lost <= end else None,
            ended_s=end - begin,
            usd=bill(rental, end, VAST).usd,
        )


def _seen(plan: list[Turn], end: float) -> Mapping[str, float]:
    """Seconds in each state that was left before the end, as somebody who looks now and then sees it."""
    first: dict[str, float] = {}
    for turn in plan:
        if turn.at <= end:
            first.setdefault(turn.state, -(-turn.at // LOOK_S) * LOOK_S)
    first[plan[0].state] = plan[0].at  # we asked for it ourselves
    return {state: first[after] - first[state] for state, after in pairwise(first)}
