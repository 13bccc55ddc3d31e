"""Watching survives whatever a look raises, and keeps the caps by what is known."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import httpx
import pytest

from hunter.leases.lease import Caps
from hunter.store import leases as table
from hunter.values.errors import MarketError, StoreError, WaitRanOut
from tests.builders import NOW
from tests.fakes import FakeMarket
from tests.homes import DEAL, launched, leases_on, unwritable, writable

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.leases.lease import Lease
    from hunter.leases.leases import Leases

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
def leases(tmp_path: Path, market: FakeMarket) -> Leases:
    return leases_on(tmp_path, market)


def events(leases: Leases, lease: Lease) -> list[str]:
    return [event.event for event in table.events(leases.ledger.store, lease.lease_id)]


def answering_again_with_the_delete(market: FakeMarket) -> None:
    """Looks fail until the DELETE was sent: only the proof of an end needs an answer."""
    destroy = market.destroy

    async def answers_again(instance_id: str) -> None:
        market.look_fails = None
        await destroy(instance_id)

    market.destroy = answers_again  # type: ignore[method-assign]


@pytest.mark.parametrize("error", SURPRISES, ids=lambda e: type(e).__name__)
async def test_time_to_live_ends_it_although_every_look_fails(
    leases: Leases, market: FakeMarket, error: Exception
) -> None:
    lease = await launched(leases, Caps(max_usd_h=1, max_usd=9, ttl_s=600))
    market.look_fails = error
    answering_again_with_the_delete(market)
    lease = await leases.keep(lease.lease_id)
    assert (lease.state, lease.note) == ("ended", "its time to live is over")
    assert lease.destroy_asked_at is not None
    assert lease.destroy_asked_at - NOW <= 605
    assert "look failed" in events(leases, lease)


async def test_a_delete_is_sent_in_time_although_nothing_ever_answers_again(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases, Caps(max_usd_h=1, max_usd=9, ttl_s=600))
    market.look_fails, market.refuses_to_end = MarketError("down"), 10**9
    watching = asyncio.ensure_future(leases.keep(lease.lease_id))
    while market.destroys < 3:
        await asyncio.sleep(0)
    watching.cancel()
    assert leases.get(lease.lease_id).state == "ending"


async def test_money_is_kept_where_nobody_sees_what_runs(
    leases: Leases, market: FakeMarket
) -> None:
    market.life = ("running",)
    lease = await launched(leases, Caps(max_usd_h=1, max_usd=0.60, ttl_s=1e6))
    market.look_fails = KeyError("actual_status")
    answering_again_with_the_delete(market)
    lease = await leases.keep(lease.lease_id)
    assert lease.note == "it may reach its cap of $0.60"
    # traffic 30 GB × $0.01, then $0.38/h until $0.60, less a minute ahead
    assert lease.destroy_asked_at is not None
    assert lease.destroy_asked_at - NOW == pytest.approx(0.30 / 0.38 * 3600 - 60, abs=5)


async def test_the_limit_of_a_start_is_kept_although_every_look_fails(
    leases: Leases, market: FakeMarket
) -> None:
    market.life = ("allocating", "pulling")
    lease = await launched(leases)
    market.look_errors = [TypeError("null")] * 12
    with pytest.raises(WaitRanOut, match="not ready after 10m"):
        await leases.keep(lease.lease_id, give_up_s=600)
    assert not market.rented


async def test_pauses_between_failing_looks_grow_to_a_minute(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases)
    looked: list[float] = []

    async def down(instance_id: str) -> object:
        looked.append(leases.ledger.clock.now())
        if len(looked) > 12:
            market.instance = instance  # type: ignore[method-assign]
        raise KeyError("actual_status")

    instance = market.instance
    market.instance = down  # type: ignore[assignment,method-assign]
    await leases.keep(lease.lease_id, until=("ready",))
    gaps = [after - before for before, after in pairwise(looked)]
    assert gaps == sorted(gaps)
    assert (gaps[0], gaps[-1]) == (10.0, 60.0)
    assert events(leases, lease).count("look failed") == 1, "the same failure is told once"
    assert not leases.troubles


async def test_a_record_that_cannot_be_read_for_a_while_ends_no_watching(
    leases: Leases, market: FakeMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = await launched(leases, Caps(max_usd_h=1, max_usd=9, ttl_s=600))
    stays, reads = table.events, [0]

    def broken(*args: object) -> object:
        reads[0] += 1
        if reads[0] < 100:
            raise StoreError("disk I/O error")
        return stays(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(table, "events", broken)
    assert (await leases.keep(lease.lease_id)).note == "its time to live is over"


async def test_a_database_that_cannot_be_written_ends_no_watching_and_stops_no_delete(
    leases: Leases, market: FakeMarket, tmp_path: Path
) -> None:
    lease = await launched(leases, Caps(max_usd_h=1, max_usd=9, ttl_s=60))
    unwritable(leases.ledger.store)
    watching = asyncio.ensure_future(leases.keep(lease.lease_id))
    while market.rented:
        await asyncio.sleep(0)
    writable(leases.ledger.store)
    assert (await watching).state == "ended"
    assert leases.get(lease.lease_id).state == "ended"
