"""The app around its screens: news wherever one is, and leaving with something running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tui.fakes import opened, until
from tests.tui.renting import CAPS, rent
from tui.screens.confirm import ConfirmScreen
from tui.screens.deals import DealsScreen

if TYPE_CHECKING:
    from tests.fakes import FakeMarket
    from tui.app import HunterApp


async def test_who_looks_elsewhere_hears_that_a_lease_is_ready_and_that_its_caps_ended_it(
    app: HunterApp, market: FakeMarket
) -> None:
    market.life = ("starting",)
    lease, clock = await rent(app), app.desk.hunter.clock

    def told(words: str) -> bool:
        if not any(worker.group == "burning" and worker.is_running for worker in app.workers):
            app.look()  # not while one looks already: it would be called off
        return any(words in f"{n.title} {n.message}" for n in app._notifications)

    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await until(pilot, lambda: app.desk.burning is not None)
        market.life = ("starting", "running")
        await until(pilot, lambda: told("is ready"))
        later_s = clock.now() + CAPS.ttl_s
        clock.heard(lease.market, later_s)
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
