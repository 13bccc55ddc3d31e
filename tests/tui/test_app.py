"""The app as a user drives it: on fake markets, with the real engine and database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from hunter.config import Config, Home
from hunter.hunt import Hunt
from hunter.markets import Charge, Simulation
from hunter.workload import GpuNeed
from tests.builders import NOW, offer, workload
from tests.fakes import FakeMarket
from tui import keys
from tui.app import HunterApp
from tui.screens.confirm import ConfirmScreen
from tui.screens.deals import DealsScreen
from tui.screens.launch import LaunchScreen
from tui.screens.lease import LeaseScreen
from tui.screens.running import RunningScreen
from tui.widgets.line_table import LineTable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot

JOB = workload(gpu=GpuNeed())


@pytest.fixture
def market() -> FakeMarket:
    stock = [offer(f"RTX 4090 $0.{30 + i}/h #{i}") for i in range(5)]
    fast = Simulation(now=NOW, speed=1200.0, paced=False)  # waits of 5 s pass in a quarter of one
    dear = offer("H100 SXM $2.00/h #9", vram_gb=80.0)
    return FakeMarket(stock=[*stock, dear], simulation=fast)


@pytest.fixture
async def app(tmp_path: Path, market: FakeMarket) -> AsyncIterator[HunterApp]:
    home = Home(config_folder=tmp_path, data_folder=tmp_path, simulated=True, config=Config())
    app = HunterApp(Hunt(home, markets={"vast": market}), JOB)  # type: ignore[dict-item]
    yield app
    await asyncio.to_thread(app.shut)


async def until(pilot: Pilot[int], what: Callable[[], object]) -> None:
    """Let the app work until something is so; a test that waits for ever is stopped by its time limit."""
    for _ in range(400):
        await pilot.pause(0.01)
        if what():
            return
    raise AssertionError("it never came to be so")


def deals(app: HunterApp) -> DealsScreen:
    screen = app.screen_stack[1]
    assert isinstance(screen, DealsScreen)
    return screen


async def opened(pilot: Pilot[int], app: HunterApp) -> None:
    await until(pilot, lambda: len(app.screen_stack) > 1 and deals(app).shown is not None)
    await until(pilot, lambda: len(deals(app).shown or ()) > 0)


async def test_it_opens_polls_and_shows_the_cheapest_run_first(app: HunterApp) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        selected = deals(app).selected()
        assert selected is not None
        assert selected.offer.offer_id == "0"


async def test_it_opens_on_what_is_recorded_without_asking_anybody(
    app: HunterApp, market: FakeMarket
) -> None:
    await app.engine.ask(app.hunt.scrape())
    market.stock = []
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        assert len(deals(app).shown or ()) == 6


async def test_typing_filters_to_one_gpu_and_escape_brings_all_back(app: HunterApp) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("slash")
        await until(pilot, lambda: app.focused is deals(app).needle)
        await pilot.press(*"h100", "space", *"fixed")
        await until(pilot, lambda: len(deals(app).shown or ()) == 1)
        await pilot.press("enter", "escape")
        await until(pilot, lambda: len(deals(app).shown or ()) == 6)


async def test_the_cursor_stays_on_its_deal_when_the_order_changes(
    app: HunterApp, market: FakeMarket
) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("j", "j")
        assert deals(app).selected().offer.offer_id == "2"  # type: ignore[union-attr]
        market.stock.append(offer("RTX 4090 $0.01/h #new"))
        await pilot.press("r")
        await until(pilot, lambda: len(deals(app).shown or ()) == 7)
        assert deals(app).selected().offer.offer_id == "2"  # type: ignore[union-attr]


async def test_only_rows_on_the_screen_are_ever_formatted(app: HunterApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        formatted: list[int] = []
        row = deals(app)._row

        def spy(index: int) -> object:
            formatted.append(index)
            return row(index % 6)

        deals(app).table.show(20_000, spy)  # type: ignore[arg-type]
        await pilot.pause()
        assert 0 < len(set(formatted)) < 40


async def test_launch_watch_destroy_and_quit(app: HunterApp, market: FakeMarket) -> None:
    market.bill = (Charge(item="gpu", usd=0.02),)
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(app.screen, LaunchScreen) and not app.screen.go.disabled
        )
        assert app.focused is not None
        assert app.focused.id == "cancel"
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, LeaseScreen))
        assert market.creates == 1
        lease = app.hunt.rentals.all()[0]
        await app.engine.ask(app.hunt.rentals.keep(lease.lease_id, until=("ready",)))
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert app.focused.id == "cancel"
        await pilot.press("tab", "enter")
        await until(pilot, lambda: app.hunt.rentals.all()[0].state == "ended")
        assert app.hunt.rentals.all()[0].billed_usd == 0.02
        await pilot.press("escape", "q")
        await until(pilot, lambda: app.return_code == 0)
    assert not market.rented


async def test_enter_on_the_dialogue_cancels_because_cancel_is_focused(
    app: HunterApp, market: FakeMarket
) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(app.screen, LaunchScreen) and not app.screen.go.disabled
        )
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DealsScreen))
    assert market.creates == 0


async def test_caps_that_forbid_the_deal_keep_the_button_shut(app: HunterApp) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(app.screen, LaunchScreen) and not app.screen.go.disabled
        )
        screen = app.screen
        assert isinstance(screen, LaunchScreen)
        for value in ("0.01", "", "-1", "much"):
            screen.query_one("#max_usd_h").value = value  # type: ignore[attr-defined]
            await pilot.pause()
            assert screen.go.disabled


async def test_leaving_the_dialogue_leaves_the_create_to_the_engine(
    app: HunterApp, market: FakeMarket
) -> None:
    go_on = asyncio.Event()
    create = market.create

    async def slow(order: object) -> object:
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        return await create(order)  # type: ignore[arg-type]

    market.create = slow  # type: ignore[method-assign,assignment]
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(app.screen, LaunchScreen) and not app.screen.go.disabled
        )
        await pilot.press("tab", "enter")
        await until(
            pilot, lambda: app.hunt.rentals.all() and app.hunt.rentals.all()[0].state == "creating"
        )
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DealsScreen))
        go_on.set()
        await until(pilot, lambda: market.rented)
        await pilot.press("i")
        await until(
            pilot, lambda: isinstance(app.screen, RunningScreen) and len(app.screen.leases) == 1
        )
        await app.engine.spend(app.hunt.rentals.destroy(app.hunt.rentals.all()[0].lease_id))


async def test_quitting_while_something_runs_asks_first(app: HunterApp, market: FakeMarket) -> None:
    await app.engine.ask(app.hunt.scrape())

    async def rent() -> None:
        from hunter.leases.lease import Caps

        quote = await app.hunt.quote("vast:0", JOB)
        await app.hunt.launch(quote, JOB, Caps(max_usd_h=5, max_usd=5, ttl_s=3600))

    await app.engine.ask(rent())
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DealsScreen))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("tab", "tab", "enter")
        await until(pilot, lambda: not market.rented)


def test_every_key_has_an_id_a_label_and_a_sentence_and_none_is_given_twice() -> None:
    identities = []
    for name, bindings in keys.EVERY.items():
        shown: list[str] = []
        for binding in bindings:
            assert binding.id, name  # type: ignore[union-attr]
            assert binding.tooltip, binding  # type: ignore[union-attr]
            assert binding.description, binding  # type: ignore[union-attr]
            identities.append(binding.id)  # type: ignore[union-attr]
            shown += binding.key.split(",")  # type: ignore[union-attr]
        assert len(shown) == len(set(shown)), name
    assert len(identities) == len(set(identities))


async def test_narrow_terminals_drop_columns_and_never_cut_the_last(app: HunterApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        table = app.screen.query_one("#deals", LineTable)
        await until(pilot, table.visible_columns)
        width = table.scrollable_content_region.width
        assert sum(room + 1 for _, _, room in table.visible_columns()) <= width
        assert table.visible_columns()[-1][1].title == "age"
