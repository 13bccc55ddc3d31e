"""How the screens look. Each docstring says what a reviewer should see."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.builders import NOW, offer, workload
from tests.fakes import FakeMarket, SteppedClock

from hunter.config import Config, Home
from hunter.hunt import Hunt
from tui.app import HunterApp
from tui.screens.deals import DealsScreen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.pilot import Pilot

STOCK = [
    offer("RTX 4090 $0.31/h #11"),
    offer("RTX 4090 $0.18/h bid #12", location="Norway, NO", inet_down_mbps=2400.0),
    offer("4x RTX 3090 $0.75/h #13", location="Guangxi, CN", reliability=0.91),
    offer("RTX 3090 $0.16/h #14", location=None, storage_usd_gb_month=None),
    offer("H100 SXM $2.10/h #15", vram_gb=80.0, seen_at=NOW - 7200),
]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[HunterApp]:
    home = Home(config_folder=tmp_path, data_folder=tmp_path, simulated=True, config=Config())
    hunt = Hunt(home, markets={"vast": FakeMarket(stock=STOCK)})  # type: ignore[dict-item]
    hunt.clock = SteppedClock(market_s=NOW + 60)
    asyncio.run(hunt.scrape())
    app = HunterApp(hunt, workload())
    yield app
    app.shut()


async def settled(pilot: Pilot[int]) -> None:
    for _ in range(200):
        await pilot.pause(0.01)
        screen = pilot.app.screen
        if isinstance(screen, DealsScreen) and screen.shown is not None and not screen.polling:
            break
    await pilot.pause()


def test_deals_wide(app: HunterApp, snap_compare: Any) -> None:
    """Ranked deals with the bill of the first beside them; the unknown price is ? and last; H100 is stale."""
    assert snap_compare(app, terminal_size=(140, 36), run_before=settled)


def test_deals_narrow(app: HunterApp, snap_compare: Any) -> None:
    """No bill at 80 columns; every column whole; the age is the last one."""
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_help(app: HunterApp, snap_compare: Any) -> None:
    """Every key with a sentence."""

    async def press(pilot: Pilot[int]) -> None:
        await settled(pilot)
        await pilot.press("question_mark")
        await pilot.pause(0.1)

    assert snap_compare(app, terminal_size=(100, 30), run_before=press)
