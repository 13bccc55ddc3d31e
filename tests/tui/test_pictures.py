"""The screens as pictures: seeded offers, a clock that stands still, eight looks to review.

Each docstring says what the reviewer must see. `pytest tests/tui --snapshot-update` draws them anew.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs
from msgspec.structs import replace

from hunter.cost.deals import price_one
from hunter.leases.lease import Lease
from hunter.leases.status import Rented, expected_of, remember
from hunter.markets.protocol import Instance
from hunter.store import leases as table
from hunter.values.errors import MarketError
from tests.builders import NOW
from tests.fakes import FakeMarket, SteppedClock
from tests.tui.fakes import JOB, frozen_app, opened, stock, until
from tui.screens.launch import LaunchScreen
from tui.screens.lease import LeaseScreen
from tui.screens.running import RunningScreen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from tui.app import HunterApp

SMALL, LARGE = (80, 24), (140, 45)


@pytest.fixture
def vast() -> FakeMarket:
    return FakeMarket(stock=stock("vast", 160), life=("pulling",))


@pytest.fixture
def runpod() -> FakeMarket:
    return FakeMarket(name="runpod", stock=stock("runpod", 20, seed=2))


@pytest.fixture
def app(tmp_path: Path, vast: FakeMarket, runpod: FakeMarket) -> Iterator[HunterApp]:
    app = frozen_app(tmp_path, vast, runpod)
    yield app
    app.shut()
    assert not app.faults


def lease(**changes: Any) -> Lease:
    """An RTX 4090 that was asked for two and a half minutes ago, and is pulling."""
    plain = Lease(
        lease_id="1a2b3c4d", label="hunter-a1b2c3-1a2b3c4d", market="vast", instance_id="20000001", offer="vast:107",
        workload=JOB.name, state="waiting", phase="pulling", gpu="RTX 4090", gpu_count=1,
        tenancy="on-demand", disk_gb=100.0, intended_at=NOW - 150, created_at=NOW - 148,
        ttl_at=NOW - 150 + 3 * 3600, max_usd_h=1.0, max_usd=1.5, quoted_usd_h=0.31,
        contract_usd_h=0.31, storage_usd_h=0.02, storage_stopped_usd_h=0.02, bytes_in=30e9,
        inet_down_usd_gb=0.004,
    )  # fmt: skip
    return replace(plain, **changes)


def put(app: HunterApp, kept: Lease, *looks: tuple[float, str]) -> None:
    """A lease on record, with the states it was seen in, at seconds before now."""
    ledger = app.desk.hunter.leases.ledger
    hunter = app.desk.hunter
    deal = price_one(stock("vast", 1)[0], JOB, hunter.prices.assumptions(), NOW)
    ledger.add(kept, "intended", kept.offer, expected_of(deal))
    ledger.say(kept, "created", at=kept.intended_at + 2)
    for ago_s, phase in looks:
        ledger.say(replace(kept, phase=phase), "seen", at=NOW - ago_s)
    remember(ledger, kept, Rented(offer=deal.offer, workload=JOB))


def on_vast(vast: FakeMarket) -> None:
    """What the market says of the lease's instance."""
    vast.rented["20000001"] = Instance(
        market="vast", instance_id="20000001", label="hunter-a1b2c3-1a2b3c4d", state="pulling",
        tenancy="on-demand", gpu="RTX 4090", gpu_count=1, price_usd_h=0.31,
    )  # fmt: skip
    vast.steps["20000001"] = 0


def test_deals_on_a_small_terminal(app: HunterApp, snap_compare: Any) -> None:
    """Eleven deals, their last column whole; bill and cold start side by side; all keys in the footer."""

    async def settle(pilot: Pilot[int]) -> None:
        await opened(pilot, app)
        await pilot.press("j", "j")

    assert snap_compare(app, terminal_size=SMALL, run_before=settle)


def test_deals_on_a_large_terminal(app: HunterApp, snap_compare: Any) -> None:
    """The bill at the right of the table; ▲ before stale ages; bids apart from on-demand by word and tone."""

    async def settle(pilot: Pilot[int]) -> None:
        await opened(pilot, app)

    assert snap_compare(app, terminal_size=LARGE, run_before=settle)


def test_deals_filtered_while_a_market_fails(
    app: HunterApp, vast: FakeMarket, snap_compare: Any
) -> None:
    """Only bids on 4090, with their ranks among all; vast said failed, in words, and its prices stay."""

    async def settle(pilot: Pilot[int]) -> None:
        await opened(pilot, app)
        app.deals.filter.cursor_blink = False
        vast.list_error = MarketError("Vast.ai answered 503", remedy="Wait.")
        await pilot.press("r")
        await until(pilot, lambda: app.deals.prices.news["vast"].error)
        app.clear_notifications()
        await pilot.press("slash", *"4090 bid")
        await pilot.pause()

    assert snap_compare(app, terminal_size=(110, 30), run_before=settle)


def test_nothing_is_recorded_yet(tmp_path: Path, snap_compare: Any) -> None:
    """What is missing and what to press; no empty table, no bill."""
    empty = frozen_app(tmp_path, FakeMarket(), scraped=False)

    async def settle(pilot: Pilot[int]) -> None:
        prices = empty.deals.prices
        await until(
            pilot, lambda: [p["poll_id"] for p in empty.desk.hunter.prices.last_polls()] == [2]
        )
        await until(pilot, lambda: not prices.polling and prices.news["vast"].doing is None)
        said = empty.deals.query_one("#empty")
        await until(pilot, lambda: "No prices" in str(said.render()))
        await pilot.pause()

    assert snap_compare(empty, terminal_size=SMALL, run_before=settle)
    empty.shut()


async def _dialogue(pilot: Pilot[int], app: HunterApp, market: FakeMarket) -> None:
    await opened(pilot, app)
    market.stock = [structs.replace(o, price_usd_h=o.price_usd_h * 1.031) for o in market.stock]
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, LaunchScreen) and not app.screen.go.disabled)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_the_launch_dialogue(
    app: HunterApp, runpod: FakeMarket, size: tuple[int, int], snap_compare: Any
) -> None:
    """Cancel focused; the price moved since it was recorded; caps filled in; both buttons in sight."""

    async def settle(pilot: Pilot[int]) -> None:
        await _dialogue(pilot, app, runpod)

    assert snap_compare(app, terminal_size=size, run_before=settle)


def test_a_lease_that_is_pulling(app: HunterApp, vast: FakeMarket, snap_compare: Any) -> None:
    """Dollars, time and burn against their caps; the phase of now marked ▶ and half done; the log."""
    put(app, lease(), (140, "allocating"), (120, "pulling"))
    on_vast(vast)

    async def settle(pilot: Pilot[int]) -> None:
        await opened(pilot, app)
        app.push_screen(LeaseScreen(app.desk, "1a2b3c4d"))
        await until(
            pilot, lambda: isinstance(app.screen, LeaseScreen) and app.screen.status is not None
        )
        await until(pilot, lambda: app.desk.burning is not None)

    assert snap_compare(app, terminal_size=SMALL, run_before=settle)


def test_a_lease_that_is_gone(app: HunterApp, snap_compare: Any) -> None:
    """Its end proven; metered beside billed, item by item, and how far they are apart."""
    ended = lease(
        state="ended", phase="gone", ready_at=NOW - 1200, intended_at=NOW - 1500,
        created_at=NOW - 1498, ended_at=NOW - 60, metered_usd=0.2272, billed_usd=0.2279,
        note="asked by the user",
    )  # fmt: skip
    looks = ((1490, "allocating"), (1480, "pulling"), (1240, "starting"), (1200, "running"))
    put(app, ended, *looks)
    charges = [("gpu", 0.0982, ""), ("disk", 0.0081, ""), ("download", 0.1216, "")]
    table.put_charges(app.desk.hunter.store, ended.lease_id, charges, NOW)

    async def settle(pilot: Pilot[int]) -> None:
        await opened(pilot, app)
        app.push_screen(LeaseScreen(app.desk, "1a2b3c4d"))
        await until(
            pilot, lambda: isinstance(app.screen, LeaseScreen) and app.screen.status is not None
        )

    assert snap_compare(app, terminal_size=LARGE, run_before=settle)


def test_what_is_running(app: HunterApp, vast: FakeMarket, snap_compare: Any) -> None:
    """Ours, a stranger's marked so, and ended ones with metered and billed dollars."""
    put(app, lease(), (140, "allocating"), (120, "pulling"))
    on_vast(vast)
    vast.rented["77"] = dataclasses.replace(
        vast.rented["20000001"], instance_id="77", label="somebody", state="running"
    )
    gone = lease(
        lease_id="feed", label="hunter-feed", instance_id="19999999", state="ended", phase="gone",
        intended_at=NOW - 9000, ended_at=NOW - 7200, metered_usd=0.1551, billed_usd=0.1560,
        note="its time to live is over",
    )  # fmt: skip
    put(app, gone, (8990, "allocating"))

    async def settle(pilot: Pilot[int]) -> None:
        await opened(pilot, app)
        await pilot.press("i")
        await until(
            pilot,
            lambda: isinstance(app.screen, RunningScreen) and app.screen.fleet is not None,
        )
        await until(pilot, lambda: app.desk.burning is not None)
        await pilot.pause(0.1)

    assert snap_compare(app, terminal_size=(110, 30), run_before=settle)


def test_by_day(app: HunterApp, snap_compare: Any) -> None:
    """The light theme: everything still told apart."""

    async def settle(pilot: Pilot[int]) -> None:
        await opened(pilot, app)
        app.theme = "hunter-day"
        await pilot.press("j")
        await pilot.pause()

    assert snap_compare(app, terminal_size=(120, 30), run_before=settle)


def test_the_clock_of_these_pictures_stands_still() -> None:
    clock = SteppedClock(market_s=NOW, speed=30.0, held=True)
    assert clock.now() == clock.now() == NOW
