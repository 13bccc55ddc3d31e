"""The app around its screens: news wherever one is, and leaving with something running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.leases.lease import Caps
from tests.tui.fakes import opened, until
from tests.tui.renting import rent
from tui.screens.confirm import ConfirmScreen
from tui.screens.deals import DealsScreen

if TYPE_CHECKING:
    from tests.fakes import FakeMarket
    from tui.app import HunterApp


async def test_who_looks_elsewhere_hears_that_a_lease_is_ready_and_that_its_caps_ended_it(
    app: HunterApp, market: FakeMarket
) -> None:
    lease = await rent(app, Caps(max_usd_h=5, max_usd=5, ttl_s=9000))

    def told(words: str) -> bool:
        app.look()
        return any(words in f"{n.title} {n.message}" for n in app._notifications)

    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await until(pilot, lambda: told("is ready"))
        await until(pilot, lambda: told("its time to live is over"))
    assert app.desk.hunter.leases.get(lease.lease_id).state == "ended"
    assert not market.rented


async def test_quitting_while_something_runs_asks_first(app: HunterApp, market: FakeMarket) -> None:
    await rent(app)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DealsScreen))
        assert market.rented
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("tab", "tab", "enter")
        await until(pilot, lambda: app.return_code == 0)
    assert not market.rented


async def test_what_is_left_running_is_left_when_the_user_says_so(
    app: HunterApp, market: FakeMarket
) -> None:
    await rent(app)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: app.return_code == 0)
    assert market.rented
