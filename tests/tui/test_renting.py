"""Launching, watching, ending and leaving: nothing is spent by accident, nothing is left by accident."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.widgets import Button, Input

from hunter.leases.lease import Caps
from hunter.markets.protocol import Charge, Instance
from hunter.values.errors import MarketError
from tests.tui.fakes import JOB, opened, until
from tests.tui.test_deals import text_of
from tui.screens.confirm import ConfirmScreen
from tui.screens.deals import DealsScreen
from tui.screens.launch import LaunchScreen
from tui.screens.lease import LeaseScreen
from tui.screens.running import RunningScreen
from tui.widgets.lease_sheets import StorySheet
from tui.widgets.timeline import StepsSheet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.pilot import Pilot

    from hunter.leases.lease import Lease
    from hunter.markets.protocol import Created, Order
    from tests.fakes import FakeMarket
    from tui.app import HunterApp

CAPS = Caps(max_usd_h=5, max_usd=5000, ttl_s=1e7)
"""Wide enough for a slow test: an hour of these markets is three seconds of ours."""


def leases(app: HunterApp) -> list[Lease]:
    return app.desk.hunter.leases.all()


async def dialogue(pilot: Pilot[int], app: HunterApp) -> LaunchScreen:
    """The launch dialogue with a fresh quote in it."""
    await opened(pilot, app)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, LaunchScreen) and not app.screen.go.disabled)
    assert isinstance(app.screen, LaunchScreen)
    return app.screen


async def rent(app: HunterApp, caps: Caps = CAPS) -> Lease:
    """Something that runs already when the app opens."""
    hunter = app.desk.hunter
    await app.desk.ask(hunter.scrape())

    async def launch() -> Lease:
        return await hunter.launch(await hunter.quote("vast:0", JOB), JOB, caps)

    lease = await app.desk.ask(launch())
    assert lease is not None
    return lease


def slow_create(market: FakeMarket) -> asyncio.Event:
    """Creates on this market wait for the event."""
    go_on = asyncio.Event()
    create: Callable[[Order], Awaitable[Created]] = market.create

    async def slow(order: Order) -> Created:
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        return await create(order)

    market.create = slow  # type: ignore[method-assign,assignment]
    return go_on


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
    app: HunterApp, market: FakeMarket
) -> None:
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
    app: HunterApp, market: FakeMarket
) -> None:
    from msgspec.structs import replace

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


async def test_the_running_list_shows_what_is_not_ours_and_who_did_not_answer(
    app: HunterApp, market: FakeMarket
) -> None:
    await rent(app)
    market.rented["x"] = Instance(
        market="vast", instance_id="x", label="somebody", state="running", tenancy="on-demand",
        gpu="RTX 4090", gpu_count=1, price_usd_h=0.4,
    )  # fmt: skip
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, RunningScreen))
        words = app.screen.query_one("#words")
        await until(pilot, lambda: "not Hunter's" in str(words.render()))
        market.list_error = MarketError("it does not answer", remedy="Wait.")
        await pilot.press("r")
        await until(pilot, lambda: "vast is unknown" in str(words.render()))
        market.list_error = None
        await app.desk.spend(app.desk.hunter.leases.destroy(leases(app)[0].lease_id))


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
