"""Every app that a test opens is shut after it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.builders import offer
from tests.fakes import FakeMarket
from tests.tui.fakes import fast_app, frozen_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tui.app import HunterApp


@pytest.fixture
def market() -> FakeMarket:
    """Five RTX 4090, the cheapest of them #0, and an H100."""
    stock = [offer(f"RTX 4090 $0.{30 + i}/h #{i}") for i in range(5)]
    return FakeMarket(stock=[*stock, offer("H100 SXM $0.90/h #9", vram_gb=80.0)])


@pytest.fixture
async def app(tmp_path: Path, market: FakeMarket) -> AsyncIterator[HunterApp]:
    """An app on that market."""
    app = fast_app(tmp_path, market)
    yield app
    await asyncio.to_thread(app.shut)
    assert not app.faults


@pytest.fixture
async def still(tmp_path: Path, market: FakeMarket) -> AsyncIterator[HunterApp]:
    """An app on that market whose clock stands still, so that no poll is due however long a test takes."""
    app = frozen_app(tmp_path, market, scraped=False)
    await app.desk.ask(app.desk.hunter.scrape())
    yield app
    await asyncio.to_thread(app.shut)
