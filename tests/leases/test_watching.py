"""Watching survives whatever a look raises, and keeps the caps by what is known."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import httpx
import pytest

from hunter.api.background import Background
from hunter.leases.lease import Caps, Lease
from hunter.store import leases as table
from hunter.values.errors import HunterError, MarketError, StoreError, WaitRanOut
from tests.api.test_hunter import DEAL, hunt_on
from tests.builders import NOW, workload
from tests.fakes import FakeMarket, SteppedClock
from tests.leases.test_launch import launched, rentals_on
from tests.tui.fakes import HeldClock

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.api.hunter import Hunter
    from hunter.leases.launch import Rentals

SURPRISES = [
    MarketError("no answer"),
    KeyError("actual_status"),
    TypeError("'NoneType' object is not subscriptable"),
    ValueError("not a number"),
    httpx.ReadTimeout("timed out"),
    StoreError("disk I/O error"),
    RuntimeError("what nobody thought of"),
]


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(stock=[DEAL])


@pytest.fixture
def rentals(tmp_path: Path, market: FakeMarket) -> Rentals:
    return rentals_on(tmp_path, market)


def events(rentals: Rentals, lease: Lease) -> list[str]:
    return [event.event for event in table.events(rentals.store, lease.lease_id)]


def answering_again_with_the_delete(market: FakeMarket) -> None:
    """Looks fail until the DELETE was sent: only the proof of an end needs an answer."""
    destroy = market.destroy

    async def answers_again(instance_id: str) -> None:
        market.look_fails = None
        await destroy(instance_id)

    market.destroy = answers_again  # type: ignore[method-assign]


@pytest.mark.parametrize("error", SURPRISES, ids=lambda e: type(e).__name__)
async def test_time_to_live_ends_it_although_every_look_fails(
    rentals: Rentals, market: FakeMarket, error: Exception
) -> None:
    lease = await launched(rentals, Caps(max_usd_h=1, max_usd=9, ttl_s=600))
    market.look_fails = error
    answering_again_with_the_delete(market)
    lease = await rentals.keep(lease.lease_id)
    assert (lease.state, lease.note) == ("ended", "its time to live is over")
    assert lease.destroy_asked_at is not None
    assert lease.destroy_asked_at - NOW <= 605
    assert "look failed" in events(rentals, lease)


async def test_a_delete_is_sent_in_time_although_nothing_ever_answers_again(
    rentals: Rentals, market: FakeMarket
) -> None:
    lease = await launched(rentals, Caps(max_usd_h=1, max_usd=9, ttl_s=600))
    market.look_fails, market.refuses_to_end = MarketError("down"), 10**9
    watching = asyncio.ensure_future(rentals.keep(lease.lease_id))
    while market.destroys < 3:
        await asyncio.sleep(0)
    watching.cancel()
    assert rentals.get(lease.lease_id).state == "ending"


async def test_money_is_kept_by_the_state_that_was_seen_last(
    rentals: Rentals, market: FakeMarket
) -> None:
    market.life = ("running",)
    lease = await launched(rentals, Caps(max_usd_h=1, max_usd=0.60, ttl_s=1e6))
    market.look_fails = KeyError("actual_status")
    answering_again_with_the_delete(market)
    lease = await rentals.keep(lease.lease_id)
    assert lease.note == "it reached its cap of $0.60"
    # traffic 30 GB × $0.01, then $0.38/h until $0.60: 0.30 / 0.38 × 3600 s
    assert lease.destroy_asked_at is not None
    assert lease.destroy_asked_at - NOW == pytest.approx(0.30 / 0.38 * 3600, abs=5)


async def test_the_limit_of_a_start_is_kept_although_every_look_fails(
    rentals: Rentals, market: FakeMarket
) -> None:
    market.life = ("allocating", "pulling")
    lease = await launched(rentals)
    market.look_errors = [TypeError("null")] * 12
    with pytest.raises(WaitRanOut, match="not ready after 10m"):
        await rentals.keep(lease.lease_id, give_up_s=600)
    assert not market.rented


async def test_pauses_between_failing_looks_grow_to_a_minute(
    rentals: Rentals, market: FakeMarket
) -> None:
    lease = await launched(rentals)
    looked: list[float] = []

    async def down(instance_id: str) -> object:
        looked.append(rentals.clock().now())
        if len(looked) > 12:
            market.instance = instance  # type: ignore[method-assign]
        raise KeyError("actual_status")

    instance = market.instance
    market.instance = down  # type: ignore[assignment,method-assign]
    await rentals.keep(lease.lease_id, until=("ready",))
    gaps = [after - before for before, after in pairwise(looked)]
    assert gaps == sorted(gaps)
    assert (gaps[0], gaps[-1]) == (10.0, 60.0)
    assert events(rentals, lease).count("look failed") == 1, "the same failure is told once"
    assert not rentals.troubles


async def test_a_record_that_cannot_be_read_for_a_while_ends_no_watching(
    rentals: Rentals, market: FakeMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = await launched(rentals, Caps(max_usd_h=1, max_usd=9, ttl_s=600))
    stays, reads = table.events, [0]

    def broken(*args: object) -> object:
        reads[0] += 1
        if reads[0] < 100:
            raise StoreError("disk I/O error")
        return stays(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(table, "events", broken)
    assert (await rentals.keep(lease.lease_id)).note == "its time to live is over"


async def test_a_database_that_cannot_be_written_ends_no_watching_and_stops_no_delete(
    rentals: Rentals, market: FakeMarket, tmp_path: Path
) -> None:
    lease = await launched(rentals, Caps(max_usd_h=1, max_usd=9, ttl_s=60))
    unwritable(rentals)
    watching = asyncio.ensure_future(rentals.keep(lease.lease_id))
    while market.rented:
        await asyncio.sleep(0)
    writable(rentals)
    assert (await watching).state == "ended"
    assert rentals.get(lease.lease_id).state == "ended"


def unwritable(rentals: Rentals) -> None:
    """As a full disk: whatever is written fails."""
    for db in rentals.store._open:
        db.set_authorizer(_no_writing)


def writable(rentals: Rentals) -> None:
    for db in rentals.store._open:
        db.set_authorizer(None)


def _no_writing(action: int, *args: object) -> int:
    writes = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)
    return sqlite3.SQLITE_DENY if action in writes else sqlite3.SQLITE_OK


# ── the engine ──────────────────────────────────────────────────────────────────────────────────


async def running(folder: Path, market: FakeMarket) -> tuple[Hunter, Lease]:
    hunt = hunt_on(folder, market)
    hunt.clock = HeldClock(market_s=NOW)
    await hunt.scrape()
    quote = await hunt.quote("vast:7", workload())
    return hunt, await hunt.launch(quote, workload(), Caps(max_usd_h=1, max_usd=2, ttl_s=600))


@pytest.mark.parametrize(
    "error", [HunterError("it is odd"), KeyError("x")], ids=lambda e: type(e).__name__
)
async def test_the_engine_goes_on_keeping_whatever_ends_a_watch_and_says_so(
    tmp_path: Path, market: FakeMarket, error: Exception
) -> None:
    hunt, lease = await running(tmp_path, market)
    calls: list[str] = []
    kept = asyncio.Event()

    async def keep(lease_id: str) -> Lease:
        calls.append(lease_id)
        if len(calls) < 3:
            raise error
        kept.set()
        return replace(lease, state="ended")

    hunt.rentals.keep = keep  # type: ignore[method-assign,assignment]
    background = Background(hunt, again_s=0.01)
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
    tmp_path: Path, market: FakeMarket
) -> None:
    hunt, lease = await running(tmp_path, market)
    hunt.clock = SteppedClock(market_s=NOW)
    market.look_errors = [KeyError("actual_status")]
    told: list[dict[str, str]] = []
    background = Background(hunt)
    instance = market.instance

    async def spy(instance_id: str) -> object:
        told.append(background.problems)
        return await instance(instance_id)

    market.instance = spy  # type: ignore[assignment,method-assign]
    try:
        await background.ask(hunt.rentals.keep(lease.lease_id, until=("ready",)))
    finally:
        await asyncio.to_thread(background.close)
    assert not told[0]
    assert "actual_status" in told[1][lease.lease_id]
    assert not background.problems


async def test_a_record_that_cannot_be_read_at_first_is_read_again(
    tmp_path: Path, market: FakeMarket
) -> None:
    hunt, lease = await running(tmp_path, market)
    read, failing = hunt.rentals.all, [True]

    def locked(*, live_only: bool = False) -> list[Lease]:
        if failing[0]:
            raise StoreError("Another Hunter has been writing.")
        return read(live_only=live_only)

    hunt.rentals.all = locked  # type: ignore[method-assign]
    background = Background(hunt, again_s=0.01)
    try:
        background.keep_live()
        assert "Another Hunter" in background.problems[""]
        failing[0] = False
        for _ in range(500):
            if hunt.rentals.get(lease.lease_id).phase == "pulling":
                break
            await asyncio.sleep(0.005)
        assert hunt.rentals.get(lease.lease_id).phase == "pulling"
        assert not background.problems
    finally:
        await asyncio.to_thread(background.close)
