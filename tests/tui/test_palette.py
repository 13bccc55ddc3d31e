"""The palette and the way out: every entry does what it says, and nothing leaves without asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.binding import Binding
from textual.command import Command, CommandList, CommandPalette
from textual.widgets import Input
from textual.worker import WorkerFailed

from hunter.values.errors import HunterError
from tests.tui.fakes import deals, opened, until
from tests.tui.renting import rent
from tui import keys
from tui.app import HunterApp, outcome
from tui.screens.confirm import ConfirmScreen
from tui.screens.deals import DealsScreen
from tui.screens.launch import LaunchScreen
from tui.screens.lease import LeaseScreen
from tui.screens.running import RunningScreen

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot
    from textual.screen import Screen

    from tests.fakes import FakeMarket

ROOMS: dict[str, tuple[tuple[str, ...], type[Screen[None]]]] = {
    "deals": ((), DealsScreen),
    "launch": (("enter",), LaunchScreen),
    "running": (("i",), RunningScreen),
    "lease": (("i", "enter"), LeaseScreen),
}
"""Screens with the keys that lead to them from the deals."""


@pytest.fixture(autouse=True)
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pictures of the screen go."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(folder))
    return folder


async def enter(pilot: Pilot[int], app: HunterApp, room: str) -> None:
    """Go to a screen, whatever is open."""
    while app.screen is not deals(app) or app.screen.maximized is not None:
        await pilot.press("escape")
        await pilot.pause()
    app.deals.action_clear()
    app.deals.action_as_it_is()
    await opened(pilot, app)
    pressed, screen = ROOMS[room]
    for key in pressed:
        if key == "enter" and room == "lease":
            await until(
                pilot, lambda: isinstance(app.screen, RunningScreen) and app.screen.selected()
            )
        await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, screen))
    await pilot.pause()


async def palette(pilot: Pilot[int], app: HunterApp) -> dict[str, int]:
    """Open the palette: its entries, and where they stand in it."""
    await pilot.press("ctrl+p")
    await until(pilot, lambda: isinstance(app.screen, CommandPalette))
    entries = app.screen.query_one(CommandList)
    await until(pilot, lambda: entries.option_count)
    await pilot.pause(0.2)
    options = [entries.get_option_at_index(i) for i in range(entries.option_count)]
    return {
        str(option.hit.text): place
        for place, option in enumerate(options)
        if isinstance(option, Command)
    }


async def choose(pilot: Pilot[int], app: HunterApp, name: str) -> None:
    """Run one entry of the palette."""
    places = await palette(pilot, app)
    app.screen.query_one(CommandList).highlighted = places[name]
    await pilot.press("enter")
    await until(pilot, lambda: not isinstance(app.screen, CommandPalette) or name == "Theme")
    await pilot.pause()


async def test_the_palette_offers_every_key_of_the_deals_by_name_and_one_way_out(
    app: HunterApp,
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        names = list(await palette(pilot, app))
        ours = {b.description for b in (*keys.DEALS, *keys.APP) if isinstance(b, Binding)}
        assert ours | {"Theme", "Screenshot"} <= set(names)
        assert names.count("Quit") == 1


async def test_what_cannot_be_done_now_is_not_offered(app: HunterApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("slash", *"voodoo")
        await until(pilot, lambda: not app.deals.shortlist)
        names = await palette(pilot, app)
        assert "Launch" not in names
        assert "Clear" in names


@pytest.mark.parametrize("room", ROOMS)
async def test_every_entry_runs_and_none_of_them_spends(
    app: HunterApp, market: FakeMarket, downloads: Path, room: str
) -> None:
    await rent(app)
    async with app.run_test(size=(100, 30)) as pilot:
        await enter(pilot, app, room)
        names = list(await palette(pilot, app))
        assert len(names) > 4
        for name in names:
            await enter(pilot, app, room)
            await choose(pilot, app, name)
            assert app.return_code is None, name
            assert market.creates == 1, name
            assert market.rented, name
        await until(pilot, lambda: list(downloads.iterdir()))
    assert app._exception is None


async def test_a_what_if_of_the_palette_is_what_its_key_does(app: HunterApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await choose(pilot, app, "Twice the hours")
        await until(pilot, lambda: app.deals.what_if.factors["hours"] == 2)


@pytest.mark.parametrize("room", ROOMS)
async def test_quit_of_the_palette_asks_while_something_runs(
    app: HunterApp, market: FakeMarket, room: str
) -> None:
    await rent(app)
    async with app.run_test(size=(100, 30)) as pilot:
        await enter(pilot, app, room)
        await choose(pilot, app, "Quit")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert app.return_code is None
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ROOMS[room][1]))
        assert market.rented


async def test_quit_of_the_palette_leaves_where_nothing_runs(app: HunterApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        places = await palette(pilot, app)
        app.screen.query_one(CommandList).highlighted = places["Quit"]
        await pilot.press("enter")
        await until(pilot, lambda: app.return_code == 0)


async def test_every_key_that_leaves_asks_once_however_often_and_wherever_it_is_pressed(
    app: HunterApp, market: FakeMarket
) -> None:
    await rent(app)
    async with app.run_test(size=(100, 30)) as pilot:
        await enter(pilot, app, "launch")
        app.screen.query_one("#ttl", Input).focus()
        await pilot.press("ctrl+c", "ctrl+q", "ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("ctrl+q", "ctrl+c")
        await pilot.pause()
        assert sum(isinstance(screen, ConfirmScreen) for screen in app.screen_stack) == 1
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
        await palette(pilot, app)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert market.rented
        assert app.return_code is None


async def test_a_record_that_cannot_be_read_is_no_reason_to_leave_unasked(app: HunterApp) -> None:
    def unreadable(*, live_only: bool = False) -> None:
        raise HunterError("the record is locked", remedy="Wait.")

    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        app.desk.hunter.leases.ledger.all = unreadable  # type: ignore[method-assign,assignment]
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert "unknown" in str(app.screen.query_one(".title").render())
        await pilot.press("tab", "enter")
        await until(pilot, lambda: app.return_code == 0)


async def test_a_fault_of_a_worker_is_told_once_and_the_app_stays_open(
    app: HunterApp, market: FakeMarket
) -> None:
    await rent(app)

    async def broken() -> None:
        raise ZeroDivisionError("of a screen")

    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        for _ in range(2):
            with pytest.raises(WorkerFailed):
                await app.run_worker(broken()).wait()
        told = [n for n in app._notifications if "ZeroDivisionError: of a screen" in n.title]
        assert len(told) == 1
        assert "key i" in told[0].message
        assert app.return_code is None
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, RunningScreen))
    assert [str(fault) for fault in app.faults.values()] == ["of a screen"]
    with pytest.raises(ZeroDivisionError):
        outcome(app, 0)
    app.faults.clear()
    assert outcome(app, 0) == 0


async def test_an_app_that_falls_over_says_what_it_leaves_running(app: HunterApp) -> None:
    await rent(app)

    def broken() -> None:
        raise ZeroDivisionError("of the app")

    async def fall_over() -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            await opened(pilot, app)
            app.call_later(broken)
            await until(pilot, lambda: app.return_code)

    with pytest.raises(ZeroDivisionError):
        await fall_over()
    with pytest.raises(HunterError, match="1 still running") as told:
        outcome(app, None)
    assert "hunter destroy" in told.value.remedy
