"""What is left on an account, and for how long: told where the market tells it, unknown where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hunter.api.balances import Purse, balances
from hunter.markets.protocol import Balance
from hunter.values.errors import MarketError
from tests.fakes import FakeMarket
from tests.homes import DEAL, hunter_on, launched, leases_on

if TYPE_CHECKING:
    from pathlib import Path


async def purse(folder: Path, market: FakeMarket) -> Purse:
    async with hunter_on(folder, market) as hunter:
        (found,) = await balances(hunter.markets, hunter.leases, ["vast"])
    return found


def telling(answer: Balance | Exception) -> FakeMarket:
    async def balance() -> Balance:
        if isinstance(answer, Exception):
            raise answer
        return answer

    market = FakeMarket()
    market.balance = balance  # type: ignore[attr-defined]
    return market


async def test_a_market_that_says_what_all_costs_is_believed(tmp_path: Path) -> None:
    found = await purse(tmp_path, telling(Balance(usd=10.0, spend_usd_h=0.5)))
    assert (found.runway_h, found.spend_by, found.error) == (20.0, "market", None)


async def test_else_the_leases_of_this_home_are_added_up(tmp_path: Path) -> None:
    market = telling(Balance(usd=10.0))
    market.stock = [DEAL]
    leases = leases_on(tmp_path, market)
    lease = await launched(leases)
    burn = leases.burn_usd_h(leases.get(lease.lease_id))
    (found,) = await balances(leases.lookout.markets, leases, ["vast"])
    assert found.spend_by == ("leases" if burn is not None else None)
    assert found.spend_usd_h == pytest.approx(burn)


async def test_where_nothing_is_spent_no_runway_is_made_up(tmp_path: Path) -> None:
    found = await purse(tmp_path, telling(Balance(usd=10.0, spend_usd_h=0.0)))
    assert (found.balance_usd, found.runway_h) == (10.0, None)
    unknown = await purse(tmp_path, telling(Balance(usd=None, spend_usd_h=1.0)))
    assert (unknown.balance_usd, unknown.runway_h) == (None, None)


async def test_what_is_owed_lasts_for_nothing(tmp_path: Path) -> None:
    found = await purse(tmp_path, telling(Balance(usd=-1.0, spend_usd_h=0.5)))
    assert found.runway_h == 0.0


async def test_a_market_that_fails_or_cannot_tell_says_so(tmp_path: Path) -> None:
    failed = await purse(tmp_path, telling(MarketError("not today")))
    assert (failed.balance_usd, failed.error) == (None, "not today")
    silent = await purse(tmp_path, FakeMarket())
    assert silent.error == "vast does not tell its balance."
