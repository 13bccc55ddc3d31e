"""One lease on the screen: looking away ends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tui.fakes import opened, until
from tests.tui.renting import rent
from tui.screens.confirm import ConfirmScreen
from tui.screens.lease import LeaseScreen
from tui.screens.running import RunningScreen

if TYPE_CHECKING:
    from tests.fakes import FakeMarket
    from tui.app import HunterApp


async def test_leaving_the_lease_ends_nothing_and_the_running_list_leads_back(
    app: HunterApp, market: FakeMarket
) -> None:
    lease = await rent(app)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, RunningScreen) and app.screen.selected())
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LeaseScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunningScreen))
        assert market.rented
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: app.desk.hunter.leases.get(lease.lease_id).state == "ended")
