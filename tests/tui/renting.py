"""Renting by hand in a test: what runs when the app opens, and the dialogue with a fresh quote."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hunter.leases.lease import Caps
from tests.tui.fakes import JOB, opened, until
from tui.screens.launch import LaunchScreen

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
