"""The first screen: what is recorded at once, filtered, sorted, explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from msgspec.structs import replace

from hunter.cost.deals import price_each
from hunter.cost.filters import Query
from hunter.values.columns import Offers
from hunter.values.errors import MarketError
from hunter.values.workload import Demand
from tests.builders import NOW, assumptions, offer, rules
from tests.fakes import FakeMarket
from tests.tui.fakes import JOB, deals, fast_app, opened, shown, until
from tui.screens.help import HelpScreen
from tui.widgets.bill import BillSheet, KeepSheet
from tui.widgets.demand import DemandSheet
from tui.widgets.left_out import LeftOutSheet
from tui.widgets.line_table import LineTable
from tui.widgets.newsline import Newsline

if TYPE_CHECKING:
    from pathlib import Path

    from tui.app import HunterApp
    from tui.widgets.sheet import Sheet


def text_of(sheet: Sheet) -> str:
    return sheet.render().plain


def selected(app: HunterApp) -> str:
    deal = deals(app).selected()
    assert deal is not None
    return deal.offer.offer_id


async def test_it_opens_polls_and_shows_the_cheapest_run_first(app: HunterApp) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        assert selected(app) == "0"


async def test_it_opens_on_what_is_recorded_without_asking_anybody(
    app: HunterApp, market: FakeMarket
) -> None:
    await app.desk.ask(app.desk.hunter.scrape())
    market.list_error = MarketError(
        "nobody answers", remedy="wait"
    )  # what it says now is not waited for
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        assert shown(app) == 6


async def test_typing_filters_to_one_gpu_and_escape_brings_all_back(app: HunterApp) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("slash")
        await until(pilot, lambda: app.focused is deals(app).filter)
        await pilot.press(*"h100", "space", *"on-demand")
        await until(pilot, lambda: shown(app) == 1)
        assert selected(app) == "9"
        await pilot.press("enter", "escape")
        await until(pilot, lambda: shown(app) == 6)
        assert app.focused is deals(app).table


async def test_a_filtered_deal_keeps_its_rank_among_all(app: HunterApp) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("slash", *"h100")
        await until(pilot, lambda: shown(app) == 1)
        deal = deals(app).selected()
        assert deal is not None
        assert deal.rank == 6


async def test_a_filter_without_a_match_says_how_to_get_out_of_it(app: HunterApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("slash", *"voodoo")
        await until(pilot, lambda: shown(app) == 0)
        assert "esc takes the filter off" in str(app.screen.query_one("#empty").render())
        await pilot.press("escape")
        await until(pilot, lambda: shown(app) == 6)


async def test_filtering_twenty_thousand_deals_makes_no_object_of_any_row_out_of_sight(
    still: HunterApp, market: FakeMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = Offers.of(market.stock).take(np.arange(20_000) % 6)
    every = price_each(many, JOB, assumptions(rules(pull_billed=False)), NOW)
    made: list[int] = []
    make = Offers.__getitem__

    def spy(offers: Offers, row: int) -> Any:
        made.append(row)
        return make(offers, row)

    app = still  # no poll puts other deals there
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        # a ranking under way would put its own deals back
        await until(pilot, lambda: not any(worker.is_running for worker in app.workers))
        monkeypatch.setattr(Offers, "__getitem__", spy)
        deals(app).show(every)
        await pilot.press("slash", *"4090 vast us")
        await until(pilot, lambda: shown(app) == 16_667)
        assert len(set(made)) < 100


async def test_the_cursor_stays_on_its_deal_when_the_order_changes(
    app: HunterApp, market: FakeMarket
) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("j", "j")
        assert selected(app) == "2"
        market.stock.append(offer("RTX 4090 $0.01/h #new"))
        await pilot.press("r")
        await until(pilot, lambda: shown(app) == 7)
        assert selected(app) == "2"


async def test_who_stands_at_the_top_sees_whatever_is_best(
    app: HunterApp, market: FakeMarket
) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        market.stock.append(offer("RTX 4090 $0.01/h #new"))
        await pilot.press("r")
        await until(pilot, lambda: shown(app) == 7)
        assert selected(app) == "new"


async def test_the_bill_beside_it_is_that_of_the_selected_deal(app: HunterApp) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("end")
        await until(pilot, lambda: "0.9000" in text_of(app.screen.query_one(BillSheet)))


async def test_what_the_workload_leaves_out_is_told_rule_by_rule(
    app: HunterApp, market: FakeMarket
) -> None:
    market.stock.append(offer("RTX 4090 $1.70/h #dear"))
    market.stock.append(offer("4x RTX 4090 $0.90/h #four"))
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        left_out = app.screen.query_one(LeftOutSheet)
        await until(pilot, lambda: "2 of 8" in text_of(left_out))
        assert "gpu count" in text_of(left_out)
        assert "price cap" in text_of(left_out)


async def test_sorting_goes_round_and_a_click_on_a_title_sorts_too(app: HunterApp) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("s")
        assert deals(app).wanted == Query(sort="all_in_usd_h")
        table = deals(app).table
        left = 1
        for _, column, room in table.columns_in_view():
            if column.key == "cold_start_s":
                break
            left += room + 1
        await pilot.click(table, offset=(left + 1, 0))
        assert deals(app).wanted.sort == "cold_start_s"
        await until(pilot, lambda: table.sorted_by == "cold_start_s")


async def test_tenancy_goes_round_both_on_demand_and_bids(
    app: HunterApp, market: FakeMarket
) -> None:
    market.stock.append(offer("RTX 4090 $0.11/h bid #cheap"))
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        await pilot.press("t")
        await until(pilot, lambda: shown(app) == 6)
        await pilot.press("t")
        await until(pilot, lambda: shown(app) == 1)
        assert selected(app) == "cheap"


async def test_a_market_that_fails_says_so_and_its_last_prices_stay(
    app: HunterApp, market: FakeMarket
) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        market.list_error = MarketError("the server is down", remedy="Wait.")
        await pilot.press("r")
        news = app.screen.query_one(Newsline)
        await until(pilot, lambda: "failed" in text_of(news))
        assert "the server is down" in text_of(news)
        assert shown(app) == 6


async def test_prices_are_old_news_after_a_third_of_what_counts_as_stale(
    tmp_path: Path, market: FakeMarket
) -> None:
    app = fast_app(tmp_path, market)
    prices = deals(app).prices
    await app.desk.ask(app.desk.hunter.scrape())
    await prices.remember()
    fresh = prices.due()
    prices.news = {}
    assert (fresh, prices.due(), prices.stale_after_s) == (False, False, 1800.0)
    app.shut()


async def test_another_workload_is_chosen_from_the_samples_or_refused_with_a_sentence(
    app: HunterApp,
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("w")
        await until(pilot, lambda: app.screen.query("OptionList > *, OptionList"))
        await until(pilot, lambda: app.screen.query_one("OptionList").option_count >= 4)  # type: ignore[attr-defined]
        await pilot.press("tab", *"nowhere.toml", "enter")
        note = app.screen.query_one("#note")
        await until(pilot, lambda: "no workload file" in str(note.render()))
        await pilot.press("shift+tab", "home", "enter")
        await until(pilot, lambda: app.screen is deals(app))
        assert deals(app).workload.name == "comfyui-flux"


async def test_every_screen_has_a_page_of_help_with_its_keys(app: HunterApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        keys = app.screen.query_one("#keys")
        await until(pilot, lambda: "fresh quote" in str(keys.render()))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is deals(app))


@pytest.mark.parametrize("width", [60, 100, 200])
async def test_columns_give_way_in_narrow_terminals_and_the_last_is_never_cut(
    app: HunterApp, width: int
) -> None:
    async with app.run_test(size=(width, 24)) as pilot:
        await opened(pilot, app)
        table = app.screen.query_one("#deals", LineTable)
        columns = table.columns_in_view()
        assert sum(room + 1 for _, _, room in columns) + 1 <= table.size.width
        keys = [column.key for _, column, _ in columns]
        assert keys[-1] == "age"
        assert {"gpu", "run_usd", "all_in_usd_h"} <= set(keys)


async def test_what_if_prices_every_deal_anew_and_a_launch_takes_the_job_as_it_is(
    app: HunterApp,
) -> None:
    async with app.run_test(size=(140, 42)) as pilot:
        await opened(pilot, app)
        screen = deals(app)
        assert screen.shortlist is not None
        before = screen.shortlist[0].run_usd
        await pilot.press("H", "D", "M")
        await until(pilot, lambda: screen.shortlist.deals.workload.disk_gb == 2 * JOB.disk_gb)  # type: ignore[union-attr]
        dearer = screen.shortlist[0]
        assert (screen.workload.run.hours, dearer.workload.run.hours) == (
            2 * JOB.run.hours,
            2 * JOB.run.hours,
        )
        assert screen.workload.payload.image_bytes == 2 * (JOB.payload.image_bytes or 0)
        assert (dearer.run_usd or 0) > (before or 0)
        assert screen.chosen == JOB
        await pilot.press("b")
        await until(pilot, lambda: not screen.shortlist.deals.workload.run.interruptible)  # type: ignore[union-attr]
        await pilot.press("0")
        await until(pilot, lambda: screen.shortlist.deals.workload == JOB)  # type: ignore[union-attr]
        assert screen.workload is screen.chosen


async def test_beside_a_deal_stands_every_way_to_keep_it(app: HunterApp) -> None:
    async with app.run_test(size=(140, 60)) as pilot:
        await opened(pilot, app)
        sheet = app.screen.query_one(KeepSheet)
        await until(pilot, lambda: "destroy" in text_of(sheet))
        for way in ("baked", "stopped", "running", "tigris", "GPU lost"):
            assert way in text_of(sheet)


async def test_a_service_shows_its_day_and_what_each_way_to_serve_it_costs(app: HunterApp) -> None:
    async with app.run_test(size=(140, 60)) as pilot:
        await opened(pilot, app)
        screen = deals(app)
        sheet = app.screen.query_one(DemandSheet)
        assert text_of(sheet) == ""
        screen.workload = replace(
            JOB, demand=Demand(hourly=(0.0,) * 12 + (5.0,) * 12, request_s=20)
        )
        screen.rank()
        await until(pilot, lambda: "always on" in text_of(sheet))
        assert "█" * 12 in text_of(sheet)
        assert "batch every 24 h" in text_of(sheet)


async def test_a_what_if_stays_within_a_thousand_times_the_job(app: HunterApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        deals(app).action_what_if("hours", 1e300)
        assert deals(app).workload.run.hours == 1024.0
        deals(app).action_what_if("hours", 1e-300)
        assert deals(app).workload.run.hours == 1 / 1024
