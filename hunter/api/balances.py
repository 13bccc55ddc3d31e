"""What is left on each account, and for how long it lasts, where the market tells. Unknown stays unknown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from hunter.leases.asking import asked
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hunter.leases.leases import Leases
    from hunter.markets.open import OpenMarkets
    from hunter.markets.protocol import Balance

WITHIN_S = 20.0
"""For one market's answer: caps are shown all the same."""


class Purse(msgspec.Struct, frozen=True, kw_only=True):
    """One market's account. Dollars; None is unknown."""

    market: str
    balance_usd: float | None = None
    spend_usd_h: float | None = None
    """What an hour costs now."""
    spend_by: str | None = None
    """Who says so: `market` of all on the account, or `leases`, of those of this home alone."""
    runway_h: float | None = None
    """For how long the balance lasts at that; None where nothing is spent, too."""
    error: str | None = None


async def balances(markets: OpenMarkets, leases: Leases, names: Iterable[str]) -> tuple[Purse, ...]:
    """The accounts of these markets, asked at once; one that does not answer says why."""
    with_key = [name for name in names if _has_key(markets, name)]
    return tuple(await asyncio.gather(*(_one(markets, leases, name) for name in with_key)))


def runway_h(balance_usd: float | None, spend_usd_h: float | None) -> float | None:
    """Hours that a balance lasts; 0 where nothing is left, None where that cannot be said.

    >>> runway_h(10.0, 0.5), runway_h(-1.0, 0.5), runway_h(10.0, 0.0), runway_h(None, 1.0)
    (20.0, 0.0, None, None)
    """
    if balance_usd is None or not spend_usd_h or spend_usd_h < 0:
        return None
    return max(0.0, balance_usd / spend_usd_h)


def _has_key(markets: OpenMarkets, name: str) -> bool:
    try:
        return markets.has_key(name)
    except HunterError:
        return True  # what is wrong with it is said when it is asked


async def _one(markets: OpenMarkets, leases: Leases, name: str) -> Purse:
    try:
        market = await markets.open(name)
        ask: Any = getattr(market, "balance", None)
        if ask is None:
            return Purse(market=name, error=f"{name} does not tell its balance.")
        told: Balance = await asked(name, ask(), WITHIN_S)
    except HunterError as error:
        return Purse(market=name, error=str(error))
    spend, by = told.spend_usd_h, "market"
    if spend is None:
        spend, by = _burn_usd_h(leases, name), "leases"
    return Purse(
        market=name, balance_usd=told.usd, spend_usd_h=spend, spend_by=by if spend is not None else None,
        runway_h=runway_h(told.usd, spend),
    )  # fmt: skip


def _burn_usd_h(leases: Leases, market: str) -> float | None:
    """What the leases of this home cost there an hour; None where one of them is not known."""
    burns = [leases.burn_usd_h(one) for one in leases.all(live_only=True) if one.market == market]
    known = [burn for burn in burns if burn is not None]
    return sum(known) if len(known) == len(burns) else None
