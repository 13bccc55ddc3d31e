"""Dialogues at every size: what is pressed or typed is always in sight, and only the text scrolls."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Button, Input, OptionList

from hunter.leases.lease import Caps
from tests.builders import offer
from tests.fakes import FakeMarket
from tests.tui.fakes import JOB, fast_app, opened, until
from tui.screens.confirm import Answer, ConfirmScreen
from tui.screens.deals import DealsScreen
from tui.screens.dialog import Box, in_sight
from tui.screens.help import HelpScreen
from tui.screens.launch import LaunchScreen
from tui.screens.workload import WorkloadScreen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from textual.pilot import Pilot
    from textual.screen import Screen
    from textual.widget import Widget

    from tui.app import HunterApp

SIZES = ((80, 24), (60, 20), (40, 15), (127, 40), (128, 40), (200, 60))
TOO_SMALL = ((39, 24), (80, 14), (20, 8))
every_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")

too_small = pytest.mark.parametrize("size", TOO_SMALL, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture(params=["on-demand", "bid"])
async def market(request: pytest.FixtureRequest) -> FakeMarket:
    """One GPU, with as many words and amounts as an offer has."""
    bid = " bid" if request.param == "bid" else ""
    one = offer(
        f"RTX 4090 $0.3123/h{bid} #7", location="Pennsylvania, US", reliability=0.987,
        verified=True, datacenter=True, stock="high", inet_down_usd_gb=0.004,
    )  # fmt: skip
    return FakeMarket(stock=[one])


@pytest.fixture
async def app(tmp_path: Path, market: FakeMarket) -> AsyncIterator[HunterApp]:
    app = fast_app(tmp_path, market)
    yield app
    await asyncio.to_thread(app.shut)
    assert not app.faults


async def launching(pilot: Pilot[int], app: HunterApp) -> LaunchScreen:
    """The launch dialogue, its quote asked for and answered."""
    await opened(pilot, app)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, LaunchScreen) and not app.screen.go.disabled)
    await pilot.pause()
    assert isinstance(app.screen, LaunchScreen)
    return app.screen


def drawn(screen: Screen[Any]) -> str:
    """What stands on the terminal, line by line."""
    lines = screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)


def assert_whole(screen: Screen[Any]) -> None:
    """Every button and field is inside the dialogue and the screen, and nothing is above it."""
    box = screen.query_one(".dialog")
    for widget in (*screen.query(Button), *screen.query(Input)):
        assert in_sight(widget), widget
        assert box.content_region.contains_region(widget.region), widget
        assert screen.size.region.contains_region(widget.region), widget
        assert_uncovered(screen, widget)
    title = screen.query_one(".title")
    assert in_sight(title)
    assert box.content_region.contains_region(title.region)


def assert_uncovered(screen: Screen[Any], widget: Widget) -> None:
    for y in range(widget.region.y, widget.region.bottom):
        for x in (widget.region.x, widget.region.right - 1):
            assert screen.get_widget_at(x, y)[0] is widget, widget


@every_size
async def test_the_launch_dialogue_shows_its_buttons_and_caps_and_whole_dollars(
    app: HunterApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        screen = await launching(pilot, app)
        assert isinstance(app.focused, Button)
        assert app.focused.id == "cancel"
        box = screen.query_one(Box)
        pages = [drawn(screen)]
        assert_whole(screen)
        while box.scroll_y < box.max_scroll_y:
            await pilot.press("pagedown")
            await pilot.pause()
            pages.append(drawn(screen))
            assert_whole(screen)
        text = "\n".join(
            line[box.region.x : box.region.right] for page in pages for line in page.splitlines()
        )
        assert not re.search(r"\d…|\$…|\.…|×…|× …", text)
        for words in ("GPU, useful hours    0.3123", "COLD START", "warm up", "while"):
            assert words in text
        await pilot.press("pageup")
        assert_whole(screen)


@every_size
async def test_a_page_of_the_launch_dialogue_leaves_no_line_out(
    app: HunterApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        screen = await launching(pilot, app)
        box = screen.query_one(Box)
        foot, title = screen.query_one(".foot"), screen.query_one(".title")
        lines_in_sight = foot.region.y - title.region.bottom
        assert lines_in_sight >= 3
        at = box.scroll_y
        await pilot.press("pagedown")
        await pilot.pause()
        assert box.scroll_y - at < lines_in_sight


@every_size
async def test_tab_through_the_launch_dialogue_hides_nothing(
    app: HunterApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        screen = await launching(pilot, app)
        for _ in range(6):
            await pilot.press("tab")
            await pilot.pause()
            assert app.focused is not None
            assert in_sight(app.focused)
            assert_whole(screen)


@every_size
async def test_a_refusal_leaves_the_buttons_where_they_are_seen(
    app: HunterApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        screen = await launching(pilot, app)
        screen.query_one("#max_usd_h", Input).value = "0.01"
        await until(pilot, lambda: screen.go.disabled)
        await pilot.pause()
        assert_whole(screen)


@too_small
async def test_no_key_rents_in_a_terminal_too_small_to_show_the_button(
    app: HunterApp, market: FakeMarket, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        screen = await launching(pilot, app)
        assert "Too small a" in drawn(screen)
        await pilot.press("tab", "enter", "tab", "enter")
        await pilot.pause()
        assert not screen.agreed
    assert market.creates == 0


@too_small
async def test_a_terminal_that_grows_again_shows_the_dialogue_with_cancel_in_focus(
    app: HunterApp, market: FakeMarket, size: tuple[int, int]
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await launching(pilot, app)
        await pilot.press("tab")
        assert app.focused is screen.go
        await pilot.resize_terminal(*size)
        await pilot.pause()
        assert not in_sight(screen.go)
        screen.go.press()
        await pilot.pause()
        assert not screen.agreed
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: app.focused is not None and app.focused.id == "cancel")
        assert_whole(screen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DealsScreen))
    assert market.creates == 0


async def test_a_button_that_is_cut_off_by_whatever_rents_nothing(
    app: HunterApp, market: FakeMarket
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await launching(pilot, app)
        screen.query_one(".foot").styles.offset = (0, 2)
        await pilot.pause()
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert app.screen is screen
        assert any("Nothing was rented" in f"{n.title}" for n in app._notifications)
    assert market.creates == 0


async def test_news_in_the_corner_covers_no_button_and_what_is_covered_rents_nothing(
    app: HunterApp, market: FakeMarket
) -> None:
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await launching(pilot, app)
        app.notify("words", title="something happened elsewhere")
        await until(pilot, lambda: "happened elsewhere" in drawn(screen))
        assert all(in_sight(widget) for widget in (*screen.query(Button), *screen.query(Input)))
        for n in range(12):
            app.notify(f"words {n}", title="and more of it")
        await until(pilot, lambda: not in_sight(screen.go))
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert not screen.agreed
    assert market.creates == 0


@every_size
async def test_a_question_shows_all_its_answers_whatever_its_text(
    app: HunterApp, size: tuple[int, int]
) -> None:
    text = "\n".join(f"line {n} of what would be lost" for n in range(70))
    async with app.run_test(size=size) as pilot:
        await opened(pilot, app)
        app.push_screen(
            ConfirmScreen("Destroy RTX 4090?", text, Answer("destroy", "Destroy", "error"))
        )
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.pause()
        assert_whole(app.screen)
        assert app.focused is not None
        assert app.focused.id == "cancel"
        for _ in range(40):
            await pilot.press("pagedown")
        await pilot.pause()
        assert "line 69 of" in drawn(app.screen)
        assert_whole(app.screen)


@every_size
async def test_the_question_before_leaving_shows_all_its_answers(
    app: HunterApp, size: tuple[int, int]
) -> None:
    hunter = app.desk.hunter
    await app.desk.ask(hunter.scrape())
    caps = Caps(max_usd_h=5, max_usd=5000, ttl_s=1e7)

    async def rent() -> None:
        bid = hunter.deals(JOB)[0].offer.ref
        await hunter.launch(await hunter.quote(bid, JOB), JOB, caps)

    await app.desk.ask(rent())
    async with app.run_test(size=size) as pilot:
        await opened(pilot, app)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.pause()
        assert len(app.screen.query(Button)) == 3
        assert_whole(app.screen)


@every_size
async def test_the_workload_picker_shows_its_field_and_its_choice(
    app: HunterApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await opened(pilot, app)
        await pilot.press("w")
        await until(
            pilot,
            lambda: (
                isinstance(app.screen, WorkloadScreen)
                and app.screen.query_one(OptionList).option_count
            ),
        )
        await pilot.pause()
        assert_whole(app.screen)
        options = app.screen.query_one(OptionList)
        assert in_sight(options)
        await pilot.press("end")
        await pilot.pause()
        assert in_sight(options)
        assert_whole(app.screen)


@every_size
async def test_help_keeps_its_title_and_scrolls_to_its_last_word(
    app: HunterApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await opened(pilot, app)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.pause()
        await pilot.press("end")
        await pilot.pause(0.3)
        assert_whole(app.screen)
