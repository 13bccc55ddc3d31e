"""An app on fake markets: the real engine and database, offers from a seed, a clock that stands still."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

from hunter.api.clock import MarketClock
from hunter.api.hunter import Hunter
from hunter.facts.config import Config, Home
from hunter.values.clock import Pace
from hunter.values.offers import Tenancy
from hunter.values.workload import Limits
from tests.builders import NOW, offer, workload
from tests.fakes import FakeMarket, SteppedClock
from tui.app import HunterApp
from tui.screens.deals import DealsScreen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from hunter.values.offers import Offer
    from hunter.values.workload import Workload

JOB = workload(limits=Limits(max_usd_h=1.0, max_usd_run=1.5, ttl_h=3.0))
CHIPS = (("RTX 3090", 24.0, 0.12), ("RTX 4090", 24.0, 0.31), ("A100 SXM 80GB", 80.0, 0.72))
PLACES = (("Ohio, US", "US", "NA"), ("Norway, NO", "NO", "EU"), ("Taiwan, TW", "TW", "AS"))


def stock(market: str, count: int, *, seed: int = 1) -> list[Offer]:
    """Offers of three GPUs in three places, the same for the same seed."""
    chance = random.Random(seed)
    offers = []
    for i in range(count):
        gpu, vram_gb, usd_h = chance.choice(CHIPS)
        place, country, region = chance.choice(PLACES)
        offers.append(
            offer(
                f"{gpu} ${usd_h * chance.uniform(0.7, 1.6):.4f}/h #{100 + i}",
                market=market,
                vram_gb=vram_gb,
                tenancy=chance.choice((Tenancy.ON_DEMAND.value, Tenancy.INTERRUPTIBLE.value)),
                location=place,
                country=country,
                region=region,
                inet_down_mbps=float(chance.randrange(100, 3000)),
                reliability=None if chance.random() < 0.1 else chance.uniform(0.9, 1.0),
                inet_down_usd_gb=chance.choice((0.0, 0.004, 0.02)),
                seen_at=NOW - chance.choice((8.0, 150.0, 150.0, 2400.0)),
            )
        )
    return offers


def frozen_app(
    folder: Path, *markets: FakeMarket, job: Workload = JOB, scraped: bool = True
) -> HunterApp:
    """An app whose clock stands still at NOW, with what its markets sell on record."""
    home = Home(config_folder=folder, data_folder=folder, simulated=True, config=Config())
    clock = SteppedClock(market_s=NOW, speed=30.0, held=True)
    hunter = Hunter(home, markets={m.name: m for m in markets}, clock=clock)  # type: ignore[misc]
    app = HunterApp(hunter, job)
    if scraped:
        asyncio.run(app.desk.ask(hunter.scrape()))
    return app


def fast_app(folder: Path, *markets: FakeMarket, job: Workload = JOB) -> HunterApp:
    """An app whose markets run so fast that five of their seconds are a wink of ours."""
    home = Home(config_folder=folder, data_folder=folder, simulated=True, config=Config())
    # of no market: a fake that told the time would tell the same whenever it is asked, and set it back
    clock = MarketClock(Pace(market_s=NOW, wall_s=time.time(), speed=1200.0))
    hunter = Hunter(home, markets={m.name: m for m in markets}, clock=clock)  # type: ignore[misc]
    return HunterApp(hunter, job)


async def until(pilot: Pilot[int], what: Callable[[], object]) -> None:
    """Let the app work until something is so."""
    for _ in range(3000):  # a loaded machine may take its time; nothing here waits for its own sake
        await pilot.pause(0.01)
        if what():
            return
    raise AssertionError("it never came to be so")


def deals(app: HunterApp) -> DealsScreen:
    """The first screen, wherever one is now."""
    return app.deals


def shown(app: HunterApp) -> int:
    """How many deals the table shows."""
    return len(app.deals.shortlist or ())


async def opened(pilot: Pilot[int], app: HunterApp) -> None:
    """Wait for the first deals."""
    screen = app.deals
    await until(pilot, lambda: shown(app) and screen.focused is screen.table)
    await until(pilot, lambda: screen.table.size.width)
    await pilot.pause()
