"""Launching: nothing is spent by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.widgets import Button, Input

from hunter.markets.protocol import Charge
from hunter.values.errors import MarketError
from tests.tui.fakes import opened, until
from tests.tui.renting import dialogue, leases, slow_create
from tests.tui.screens.test_deals import text_of
from tui.screens.confirm import ConfirmScreen
from tui.screens.deals import DealsScreen
from tui.screens.launch import LaunchScreen
from tui.screens.lease import LeaseScreen
from tui.screens.running import RunningScreen
from tui.widgets.lease_sheets import StorySheet
from tui.widgets.timeline import StepsSheet

if TYPE_CHECKING:
    from tests.fakes import FakeMarket
    from tui.app import HunterApp


async def test_launch_watch_destroy_and_quit(app: HunterApp, market: FakeMarket) -> None:
    market.bill = (Charge(item="gpu", usd=0.02),)
    async with app.run_test(size=(140, 42)) as pilot:
        await dialogue(pilot, app)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, LeaseScreen))
        assert market.creates == 1
        state = app.screen.query_one("#state", StorySheet)
        await until(pilot, lambda: "● ready" in text_of(state))
        await until(pilot, lambda: "ssh -p 22 -- root@host" in text_of(state))
        assert "✓ start" in text_of(app.screen.query_one(StepsSheet))
        await pilot.press("c")
        await until(pilot, lambda: app.clipboard == "ssh -p 22 -- root@host")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert app.focused is not None
        assert app.focused.id == "cancel"
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "proven by the market" in text_of(state))
        items = app.screen.query_one("#items", StorySheet)
        await until(pilot, lambda: "0.0200" in text_of(items))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DealsScreen))
        await pilot.press("q")
        await until(pilot, lambda: app.return_code == 0)
    assert leases(app)[0].billed_usd == 0.02
    assert not market.rented


async def test_enter_on_the_dialogue_cancels_because_cancel_has_the_focus(
    app: HunterApp, market: FakeMarket
) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await dialogue(pilot, app)
        assert isinstance(app.focused, Button)
        assert app.focused.id == "cancel"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DealsScreen))
    assert market.creates == 0


async def test_caps_are_checked_while_they_are_typed(app: HunterApp) -> None:
    wrong = (
        ("max_usd_h", "0.01", "1.00", "above the cap"),
        ("max_usd", "much", "1.50", "is no number"),
        ("max_usd", "-1", "1.50", "above zero"),
        ("ttl", "soon", "2h", "no duration"),
        ("ttl", "", "2h", "no duration"),
        ("max_usd_h", "nan", "1.00", "is no number"),
        ("max_usd", "9" * 400, "1.50", "is no number"),
        ("ttl", "0s", "2h", "above zero"),
        ("ttl", "9000h", "2h", "365 days"),
    )
    async with app.run_test(size=(140, 42)) as pilot:
        screen = await dialogue(pilot, app)
        for field, value, right, words in wrong:
            screen.query_one(f"#{field}", Input).value = value
            await until(pilot, lambda: screen.go.disabled)
            assert words in str(screen.verdict.render())
            screen.query_one(f"#{field}", Input).value = right
            await until(pilot, lambda: not screen.go.disabled)


async def test_enter_in_a_field_goes_on_to_the_next_and_launches_nothing(
    app: HunterApp, market: FakeMarket
) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        screen = await dialogue(pilot, app)
        screen.query_one("#ttl", Input).focus()
        await pilot.press("enter")
        await pilot.pause()
        assert app.focused is not None
        assert app.focused.id == "cancel"
    assert market.creates == 0


async def test_a_deal_that_is_gone_says_so_and_cannot_be_launched(
    still: HunterApp, market: FakeMarket
) -> None:
    app = still  # no poll takes the deal off the screen before it is chosen
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        market.stock = market.stock[1:]
        await pilot.press("enter")
        await until(
            pilot,
            lambda: (
                isinstance(app.screen, LaunchScreen)
                and "no longer for sale" in str(app.screen.verdict.render())
            ),
        )
        assert isinstance(app.screen, LaunchScreen)
        assert app.screen.go.disabled


async def test_a_price_that_moved_is_told_before_the_yes(
    still: HunterApp, market: FakeMarket
) -> None:
    app = still
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        market.stock = [replace(o, price_usd_h=o.price_usd_h * 1.1) for o in market.stock]
        await dialogue(pilot, app)
        assert "▲ dearer by 10.0%" in str(app.screen.query_one("#moved").render())


async def test_leaving_the_dialogue_leaves_the_create_to_the_engine(
    app: HunterApp, market: FakeMarket
) -> None:
    go_on = slow_create(market)
    async with app.run_test(size=(140, 42)) as pilot:
        await dialogue(pilot, app)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: [lease.state for lease in leases(app)] == ["creating"])
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DealsScreen))
        go_on.set()
        await until(pilot, lambda: market.rented)
        await pilot.press("i")
        await until(
            pilot,
            lambda: (
                isinstance(app.screen, RunningScreen)
                and app.screen.record is not None
                and len(app.screen.record.live) == 1
            ),
        )
        await app.desk.spend(app.desk.hunter.leases.destroy(leases(app)[0].lease_id))


async def test_a_refused_create_is_told_in_the_dialogue(app: HunterApp, market: FakeMarket) -> None:
    market.create_error = MarketError("no credit left", remedy="Add some.")
    market.create_happens = False
    async with app.run_test(size=(140, 42)) as pilot:
        screen = await dialogue(pilot, app)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "no credit left" in str(screen.verdict.render()))
        assert app.screen is screen
    assert [lease.state for lease in leases(app)] == ["refused"]
