"""The renters' accounts and what is left of their money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.sandbox.book import Account
from hunter.sandbox.meter import bill, volume_usd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hunter.sandbox.book import Page
    from hunter.sandbox.meter import Tariff

HALVINGS = 40
"""Enough to find a moment within weeks to the microsecond."""


class Accounts:
    """One for each key that was ever shown."""

    def __init__(
        self, *, credit_usd: float, tariffs: Mapping[str, Tariff], now: Callable[[], float]
    ) -> None:
        self._credit_usd = credit_usd
        self._tariffs = tariffs
        self._now = now

    def of(self, page: Page, key: str) -> Account:
        """The account of a key, opened at its first use."""
        if key not in page.accounts:
            page.accounts[key] = Account(
                number=100_000 + len(page.accounts),
                credit_usd=self._credit_usd,
                opened_at=self._now(),
            )
        return page.accounts[key]

    def balance_usd(self, page: Page, key: str, at: float, market: str | None = None) -> float:
        """What is left of an account's money."""
        spent = sum(
            bill(rental, at, self._tariffs[rental.market]).usd
            for rental in page.rentals
            if rental.account == key and market in (None, rental.market)
        )
        account = self.of(page, key)
        kept = sum(volume_usd(volume, at, self._tariffs["runpod"]) for volume in account.volumes)
        return account.credit_usd - spent - kept

    def broke_at(self, page: Page, key: str, since: float, until: float) -> float:
        """The moment between two at which the money ran out."""
        early, late = since, until
        for _ in range(HALVINGS):
            middle = (early + late) / 2
            early, late = (
                (early, middle) if self.balance_usd(page, key, middle) <= 0 else (middle, late)
            )
        return late
