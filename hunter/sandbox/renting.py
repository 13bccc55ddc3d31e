"""What a renter may do with rentals: find, begin, stop, start, bid anew, reboot and end them."""

from __future__ import annotations

from math import exp, log1p
from typing import TYPE_CHECKING, Any

from hunter.sandbox.callers import Refused
from hunter.sandbox.chance import one
from hunter.sandbox.life import advance, end, end_flows, halt

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.sandbox.accounts import Accounts
    from hunter.sandbox.book import Page
    from hunter.sandbox.course import Course
    from hunter.sandbox.faults import Faults
    from hunter.sandbox.floors import Floors
    from hunter.sandbox.rental import Rental
    from hunter.sandbox.starts import Starts


class Renting:
    """The renters' side of both markets. Every wish is carried out now."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        floors: Floors,
        starts: Starts,
        course: Course,
        facts: dict[str, Any],
        seed: int,
        faults: Faults,
        now: Callable[[], float],
    ) -> None:
        self._accounts = accounts
        self._floors = floors
        self._starts = starts
        self._course = course
        self._facts = facts
        self._seed = seed
        self._faults = faults
        self._now = now

    def find(self, page: Page, key: str, number: int, market: str) -> Rental | None:
        """A rental of an account that still exists."""
        for rental in page.rentals:
            mine = (rental.account, rental.number, rental.market) == (key, number, market)
            if mine and rental.destroyed_at is None:
                return rental
        return None

    def listed(self, rentals: list[Rental], market: str) -> list[Rental]:
        """What a listing of an account's rentals shows of them."""
        if self._faults.active("empty-list", market):
            return []
        if self._faults.active("partial-list", market):
            return rentals[-2::-2][::-1]  # the newest is missing, and every second before it
        return rentals

    def add(self, page: Page, rental: Rental) -> Rental:
        """Begin a rental whose rates and machine are decided."""
        if "missing" not in rental.image and not rental.image.strip():
            raise Refused("bad-image", "The image has no name.")
        page.rentals.append(rental)
        page.next_number += 1
        self._starts.plan(rental, rental.created_at)
        self._course.carry_on(rental, self._now())
        return rental

    def destroy(self, rental: Rental) -> None:
        """End it now."""
        if not self._faults.active("destroy-noop", rental.market):
            end(rental, self._now())

    def stop(self, rental: Rental) -> None:
        """Free the GPU and keep the disk."""
        rental.intended = "stopped"
        if rental.state != "stopped":
            halt(rental, self._now(), "user")

    def start(self, page: Page, rental: Rental) -> bool:
        """Run a stopped rental again; False where its GPU is taken and the wish is queued."""
        now = self._now()
        if rental.state == "exited":
            self.reboot(rental)
        if rental.state != "stopped":
            return True
        if now >= rental.end_at:
            raise Refused("expired", "The contract is over.")
        if self._accounts.balance_usd(page, rental.account, now) <= 0:
            raise Refused("no-credit", "Your account lacks credit; see the billing page.")
        rental.intended = "running"
        wait_s = self._taken_for_s(rental, now)
        self._starts.start(rental, now + wait_s)
        return wait_s == 0.0

    def _taken_for_s(self, rental: Rental, now: float) -> float:
        """How long somebody else will still use the GPU of a stopped rental; nil where nobody does."""
        hidden = self._facts["hidden"]
        idle_h = (now - rental.turn.at) / 3600
        taken = one(self._seed, rental.number, rental.starts, 51)
        if taken >= 1 - exp(-idle_h / hidden["stop_taken_after_h"]):
            return 0.0
        draw = one(self._seed, rental.number, rental.starts, 52)
        wait_s: float = -log1p(-draw) * hidden["taken_for_h"] * 3600
        return wait_s

    def change_bid(self, rental: Rental, bid_usd_h: float) -> None:
        """Pay another price from now on."""
        now = self._now()
        rental.bid_usd_h = bid_usd_h
        rental.bids.append((now, bid_usd_h))
        if rental.state == "stopped":
            self._starts.resume_if_it_wins(rental, now)
        else:
            rental.plan = [turn for turn in rental.plan if turn.why != "outbid"]
            self._floors.expect_outbid(rental, now)
        advance(rental, now)

    def reboot(self, rental: Rental) -> None:
        """Start the container again on the same disk."""
        now = self._now()
        end_flows(rental, now)
        self._starts.start(rental, now)
