"""The DELETE goes out first: nothing that is only worth knowing holds it up, and nothing is lost for it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hunter.leases.ender import Ender
from hunter.leases.lease import Lease, Stay, before
from hunter.leases.status import EXPECTED, RENTED
from hunter.store import evidence
from hunter.store import leases as table
from hunter.values.errors import MarketError, StoreError
from tests.builders import NOW
from tests.fakes import FakeMarket, SteppedClock
from tests.homes import DEAL, hunter_on, rented, unwritable, writable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from hunter.api.hunter import Hunter

LOG = "hello\nHUNTER_PHASE boot 100\nHUNTER_PHASE weights 130 5000\nHUNTER_PHASE ready 180\n"


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(stock=[DEAL])


async def ready(folder: Path, market: FakeMarket) -> tuple[Hunter, Lease]:
    hunter = hunter_on(folder, market, clock=SteppedClock(market_s=NOW))
    lease = await rented(hunter)
    return hunter, await hunter.leases.keep(lease.lease_id, until=("ready",))


def told(hunter: Hunter, lease: Lease) -> dict[str, str]:
    return {event.event: event.detail for event in table.events(hunter.store, lease.lease_id)}


def learnt(hunter: Hunter) -> dict[str, float]:
    return {one.quantity: one.value for one in evidence.read(hunter.store)}


async def test_an_end_teaches_what_was_seen_and_what_the_container_printed(
    tmp_path: Path, market: FakeMarket
) -> None:
    market.log = LOG
    hunter, lease = await ready(tmp_path, market)
    assert (await hunter.leases.destroy(lease.lease_id)).state == "ended"
    assert {"start_s", "boot_s"} <= set(learnt(hunter))
    assert learnt(hunter)["boot_s"] == 30.0
    assert not {"not measured", "log not read"} & set(told(hunter, lease))


async def test_a_phase_that_the_end_cut_short_teaches_nothing(
    tmp_path: Path, market: FakeMarket
) -> None:
    market.life = ("allocating", "starting")
    hunter = hunter_on(tmp_path, market, clock=SteppedClock(market_s=NOW))
    lease = await rented(hunter)
    await hunter.clock.sleep(10)
    await hunter.leases.look(lease)
    await hunter.clock.sleep(500)
    await hunter.leases.destroy(lease.lease_id)
    assert learnt(hunter)["allocate_s"] == 10.0
    assert "start_s" not in learnt(hunter)


@pytest.mark.parametrize("error", [MarketError("no log"), KeyError("result_url"), ValueError("?")])
async def test_a_log_that_cannot_be_read_stops_nothing_and_the_rest_is_learnt(
    tmp_path: Path, market: FakeMarket, error: Exception
) -> None:
    hunter, lease = await ready(tmp_path, market)
    market.log_error = error
    assert (await hunter.leases.destroy(lease.lease_id)).state == "ended"
    assert market.destroys == 1
    assert "start_s" in learnt(hunter)
    assert "log not read" in told(hunter, lease)


async def test_a_log_that_does_not_come_delays_the_delete_by_a_second_at_most(
    tmp_path: Path, market: FakeMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunter.leases.ender.LATE_LOG_S", 0.05)
    hunter, lease = await ready(tmp_path, market)
    market.log_hangs = True
    sent: list[float] = []
    destroy = market.destroy

    async def spy(instance_id: str) -> None:
        sent.append(time.monotonic())
        await destroy(instance_id)

    market.destroy = spy  # type: ignore[method-assign]
    begun = time.monotonic()
    assert (await hunter.leases.destroy(lease.lease_id)).state == "ended"
    assert sent[0] - begun < 1.5
    assert "log not read" in told(hunter, lease)
    assert "start_s" in learnt(hunter)


async def test_a_log_that_comes_after_the_delete_still_teaches(
    tmp_path: Path, market: FakeMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunter.leases.ender.BEFORE_END_S", 0.0)
    hunter, lease = await ready(tmp_path, market)
    gone = asyncio.Event()
    destroy = market.destroy

    async def tell_end(instance_id: str) -> None:
        await destroy(instance_id)
        gone.set()

    async def late(instance_id: str, lines: int) -> str:
        await gone.wait()
        return LOG

    market.destroy, market.logs = tell_end, late  # type: ignore[method-assign]
    await hunter.leases.destroy(lease.lease_id)
    assert learnt(hunter)["boot_s"] == 30.0


@pytest.mark.parametrize("event", [RENTED, EXPECTED, "seen"])
@pytest.mark.parametrize("damage", ["detail = '{nonsense'", "at = 'noon'", "detail = x'ff'"])
async def test_a_record_that_cannot_be_read_stops_no_delete(
    tmp_path: Path, market: FakeMarket, event: str, damage: str
) -> None:
    hunter, lease = await ready(tmp_path, market)
    with hunter.store.writing() as db:
        db.execute(
            f"update lease_event set {damage} where lease_id = ? and event = ?",
            [lease.lease_id, event],
        )
    lease = await hunter.leases.destroy(lease.lease_id)
    assert (lease.state, market.destroys) == ("ended", 1)
    assert not market.rented
    if event == RENTED and "detail" in damage:
        assert not learnt(hunter)
    assert hunter.leases.status(lease.lease_id).lease.state == "ended"


@pytest.mark.parametrize("error", [MarketError("no bill"), KeyError("items"), TypeError("null")])
async def test_a_bill_that_cannot_be_read_is_told_and_survived(
    tmp_path: Path, market: FakeMarket, error: Exception
) -> None:
    hunter, lease = await ready(tmp_path, market)
    market.bill_error = error
    assert (await hunter.leases.destroy(lease.lease_id)).state == "ended"
    assert str(error.args[0]) in told(hunter, lease)["bill not read"]


async def test_learning_that_fails_is_told_and_survived(tmp_path: Path, market: FakeMarket) -> None:
    hunter, lease = await ready(tmp_path, market)

    class Failing:
        def learn(self, lease: Lease, asked_at: float, log: str) -> None:
            raise ZeroDivisionError("no layers")

    ender = Ender(hunter.leases.ledger, hunter.leases.lookout, Failing())
    assert (await ender.destroy(lease.lease_id)).state == "ended"
    assert told(hunter, lease)["not measured"] == "ZeroDivisionError: no layers"


async def test_an_end_that_is_asked_for_twice_teaches_once(
    tmp_path: Path, market: FakeMarket
) -> None:
    market.log, market.refuses_to_end = LOG, 10**6
    hunter, lease = await ready(tmp_path, market)
    with pytest.raises(MarketError, match="may still be running"):
        await hunter.leases.destroy(lease.lease_id)
    asked_at = hunter.leases.get(lease.lease_id).destroy_asked_at
    first = learnt(hunter)
    assert first["boot_s"] == 30.0
    market.refuses_to_end, market.log = 0, "gone"
    assert (await hunter.leases.destroy(lease.lease_id)).destroy_asked_at == asked_at
    assert learnt(hunter) == first


async def test_a_delete_goes_out_although_nothing_can_be_written_and_the_user_is_told(
    tmp_path: Path, market: FakeMarket
) -> None:
    hunter, lease = await ready(tmp_path, market)
    unwritable(hunter.store)
    hunter.store._connect = _denied(hunter)  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="is gone, proven by the market") as caught:
        await hunter.leases.destroy(lease.lease_id)
    assert caught.value.remedy
    assert not market.rented
    writable(hunter.store)
    await hunter.running()
    await hunter.clock.sleep(60)
    assert not (await hunter.running()).ours
    assert hunter.leases.get(lease.lease_id).state == "ended"
    assert "destroy asked" in told(hunter, lease), "what could not be said is said later"


def _denied(hunter: Hunter) -> Callable[[], sqlite3.Connection]:
    """New connections cannot write either."""
    connect = hunter.store._connect

    def connected() -> sqlite3.Connection:
        db = connect()
        unwritable(hunter.store)
        return db

    return connected


async def test_an_intent_that_waits_for_another_writer_does_not_hold_up_the_delete(
    tmp_path: Path, market: FakeMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunter.leases.ender.BEFORE_END_S", 0.05)
    hunter, lease = await ready(tmp_path, market)
    destroy, free = market.destroy, hunter.store._connect()
    free.execute("begin immediate")

    async def spy(instance_id: str) -> None:
        assert hunter.leases.get(lease.lease_id).state == "ready", "the intent still waits"
        free.execute("rollback")
        await destroy(instance_id)

    market.destroy = spy  # type: ignore[method-assign]
    assert (await hunter.leases.destroy(lease.lease_id)).state == "ended"


async def test_a_market_that_fails_the_delete_of_what_is_gone_is_believed_that_it_is_gone(
    tmp_path: Path, market: FakeMarket
) -> None:
    hunter, lease = await ready(tmp_path, market)
    market.rented.clear()
    market.refuses_to_end = 10**6
    assert (await hunter.leases.destroy(lease.lease_id)).state == "ended"


async def test_detail_that_no_database_takes_is_written_as_far_as_it_can_be(
    tmp_path: Path, market: FakeMarket
) -> None:
    hunter, lease = await ready(tmp_path, market)
    hunter.leases.ledger.say(lease, "seen", "half a \ud83d sign")
    assert told(hunter, lease)["seen"] == "half a ? sign"


def test_what_began_later_is_left_out() -> None:
    stays = [Stay(state="pulling", begin_s=0, end_s=9), Stay(state="gone", begin_s=9, end_s=9)]
    assert before(stays, 5) == [Stay(state="pulling", begin_s=0, end_s=5)]


async def test_what_somebody_else_has_under_the_same_id_by_now_is_not_ended(
    tmp_path: Path, market: FakeMarket
) -> None:
    hunter, lease = await ready(tmp_path, market)
    market.rented["i1"] = replace(market.rented["i1"], label="somebody's", created_at=NOW + 7200)
    assert (await hunter.leases.destroy(lease.lease_id)).state == "ended"
    assert market.destroys == 0
    assert set(market.rented) == {"i1"}


async def test_an_end_waits_for_no_answer_about_whose_it_is(
    tmp_path: Path, market: FakeMarket
) -> None:
    hunter, lease = await ready(tmp_path, market)
    market.look_fails = MarketError("down")
    await hunter.leases.destroy(lease.lease_id, proof=False)
    assert not market.rented


async def test_what_nobody_looked_at_for_a_while_is_metered_up_to_its_end(
    tmp_path: Path, market: FakeMarket
) -> None:
    hunter, lease = await ready(tmp_path, market)
    before_usd = lease.metered_usd
    await hunter.clock.sleep(3600)
    ended = await hunter.leases.destroy(lease.lease_id)
    assert ended.metered_usd - before_usd == pytest.approx(0.36, rel=0.15)
