"""Work behind an app: what is rented is kept, whatever ends a watch."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from hunter.api.background import Background
from hunter.leases.lease import Caps, Lease
from hunter.values.errors import HunterError, StoreError
from tests.builders import NOW
from tests.fakes import FakeMarket, SteppedClock
from tests.homes import DEAL, GONE, appears, hunter_on, left_behind, rented

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.api.hunter import Hunter


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(stock=[DEAL])


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(market_s=NOW, held=True)


async def running(
    folder: Path, market: FakeMarket, clock: SteppedClock
) -> tuple[Hunter, Lease]:  # fmt: skip
    hunter = hunter_on(folder, market, clock=clock)
    return hunter, await rented(hunter, Caps(max_usd_h=1, max_usd=2, ttl_s=600))


@pytest.mark.parametrize(
    "error", [HunterError("it is odd"), KeyError("x")], ids=lambda e: type(e).__name__
)
async def test_the_engine_goes_on_keeping_whatever_ends_a_watch_and_says_so(
    tmp_path: Path, market: FakeMarket, clock: SteppedClock, error: Exception
) -> None:
    hunter, lease = await running(tmp_path, market, clock)
    calls: list[str] = []
    kept = asyncio.Event()

    async def keep(lease_id: str, **options: object) -> Lease:
        calls.append(lease_id)
        if len(calls) < 3:
            raise error
        kept.set()
        return replace(lease, state="ended")

    hunter.leases.supervisor.keep = keep  # type: ignore[method-assign,assignment]
    background = Background(hunter, again_s=0.01)
    try:
        background.keep_live()
        told = ""
        for _ in range(500):
            told = told or background.problems.get(lease.lease_id, "")
            if kept.is_set() and not background.problems:
                break
            await asyncio.sleep(0.005)
        assert calls == [lease.lease_id] * 3
        assert "odd" in told or "KeyError" in told
        assert not background.problems
    finally:
        await asyncio.to_thread(background.close)


async def test_a_failing_look_is_a_problem_while_it_lasts(
    tmp_path: Path, market: FakeMarket, clock: SteppedClock
) -> None:
    hunter, lease = await running(tmp_path, market, clock)
    clock.held = False
    market.look_errors = [KeyError("actual_status")]
    told: list[dict[str, str]] = []
    background = Background(hunter)
    instance = market.instance

    async def spy(instance_id: str) -> object:
        told.append(background.problems)
        return await instance(instance_id)

    market.instance = spy  # type: ignore[assignment,method-assign]
    try:
        await background.ask(hunter.leases.keep(lease.lease_id, until=("ready",)))
    finally:
        await asyncio.to_thread(background.close)
    assert not told[0]
    assert "actual_status" in told[1][lease.lease_id]
    assert not background.problems


async def test_a_record_that_cannot_be_read_at_first_is_read_again(
    tmp_path: Path, market: FakeMarket, clock: SteppedClock
) -> None:
    hunter, lease = await running(tmp_path, market, clock)
    read, failing = hunter.leases.ledger.all, [True]

    def locked(*, live_only: bool = False) -> list[Lease]:
        if failing[0]:
            raise StoreError("Another Hunter has been writing.")
        return read(live_only=live_only)

    hunter.leases.ledger.all = locked  # type: ignore[method-assign]
    background = Background(hunter, again_s=0.01)
    try:
        background.keep_live()
        assert "Another Hunter" in background.problems[""]
        failing[0] = False
        for _ in range(500):
            if hunter.leases.get(lease.lease_id).phase == "pulling":
                break
            await asyncio.sleep(0.005)
        assert hunter.leases.get(lease.lease_id).phase == "pulling"
        assert not background.problems
    finally:
        await asyncio.to_thread(background.close)


@pytest.mark.parametrize(("state", "becomes"), [("creating", "ready"), ("intended", "refused")])
async def test_the_app_settles_and_keeps_what_was_left_behind(
    tmp_path: Path, market: FakeMarket, clock: SteppedClock, state: str, becomes: str
) -> None:
    hunter = hunter_on(tmp_path, market, clock=clock)
    left_behind(hunter.leases.ledger, state, GONE)
    appears(market)
    background = Background(hunter)
    try:
        background.keep_live()
        for _ in range(500):
            if hunter.leases.get("dead").state == becomes:
                break
            await asyncio.sleep(0.01)
        assert hunter.leases.get("dead").state == becomes
    finally:
        await asyncio.to_thread(background.close)
