"""What becomes of rentals by themselves as time passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.sandbox.life import advance, end, halt

if TYPE_CHECKING:
    from hunter.sandbox.accounts import Accounts
    from hunter.sandbox.book import Page
    from hunter.sandbox.rental import Rental
    from hunter.sandbox.starts import Starts

EXPIRED_KEPT_S = 48 * 3600.0
"""How long the disk of an ended contract is kept."""


class Course:
    """Contracts end, bids win again, and whoever has no money left is stopped."""

    def __init__(self, *, accounts: Accounts, starts: Starts) -> None:
        self._accounts = accounts
        self._starts = starts

    def carry_on(self, rental: Rental, now: float) -> None:
        """Carry out one rental's life up to now."""
        if rental.destroyed_at is not None:
            return
        advance(rental, min(now, rental.end_at))
        if now >= rental.end_at and rental.turn.why != "contract":
            halt(rental, max(rental.end_at, rental.turn.at), "contract")
        if now >= rental.end_at + EXPIRED_KEPT_S:
            end(rental, rental.end_at + EXPIRED_KEPT_S)
            return
        outbid = rental.state == "stopped" and rental.turn.why == "outbid"
        if outbid and rental.market == "vast" and rental.intended == "running" and not rental.plan:
            self._starts.resume_if_it_wins(rental, now)

    def stop_the_broke(self, page: Page, key: str, now: float) -> None:
        """Stop what an account can no longer pay, from the moment at which its money ran out."""
        if self._accounts.balance_usd(page, key, now) > 0:
            return
        mine = [r for r in page.rentals if r.account == key and r.destroyed_at is None]
        at = self._accounts.broke_at(page, key, max(r.turn.at for r in mine), now)
        for rental in mine:
            if rental.state == "stopped":
                continue
            if rental.market == "runpod" and not rental.network_volume:
                end(rental, at)  # terminated, its data lost
            else:
                halt(rental, at, "credit")
