"""Renting: intent before create, one create, caps kept, gone only when proven."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from hunter.leases.launch import Rentals
from hunter.leases.lease import Caps, Lease
from hunter.markets.protocol import Charge, Created, Market, Order
from hunter.store import Store
from hunter.store import leases as table
from hunter.values.errors import CreateUnclear, MarketError, OfferGone, WaitRanOut
from tests.builders import NOW, offer, rules, workload
from tests.fakes import FakeMarket, SteppedClock

if TYPE_CHECKING:
    from pathlib import Path

CAPS = Caps(max_usd_h=1.0, max_usd=2.0, ttl_s=7200.0)
DEAL = offer("RTX 4090 $0.36/h #7")


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(stock=[DEAL])


@pytest.fixture
def rentals(tmp_path: Path, market: FakeMarket) -> Rentals:
    return rentals_on(tmp_path, market)


def rentals_on(folder: Path, market: FakeMarket) -> Rentals:
    clock = SteppedClock(market_s=NOW)

    async def open_market(name: str) -> Market:
        return market  # type: ignore[return-value]

    return Rentals(
        Store(folder / "hunter.db"), open_market, {"vast": rules(pull_billed=False)}, lambda: clock
    )


async def launched(rentals: Rentals, caps: Caps = CAPS, **changes: Any) -> Lease:
    return await rentals.launch(DEAL, workload(**changes), caps, storage_usd_h=0.02)


async def test_the_intent_is_on_disk_before_the_market_is_asked(
    rentals: Rentals, market: FakeMarket
) -> None:
    seen: list[str] = []
    create = market.create

    async def spy(order: Order) -> Created:
        lease = rentals.all()[0]
        seen.append(f"{lease.state} {lease.label == order.label}")
        return await create(order)

    market.create = spy  # type: ignore[method-assign]
    await launched(rentals)
    assert seen == ["creating True"]


async def test_a_launch_reaches_ready_and_its_end_is_proven_and_billed(
    rentals: Rentals, market: FakeMarket
) -> None:
    market.bill = (Charge(item="gpu", usd=0.1), Charge(item="disk", usd=0.01))
    lease = await launched(rentals)
    lease = await rentals.keep(lease.lease_id, until=("ready",))
    assert (lease.state, lease.phase, lease.contract_usd_h) == ("ready", "running", 0.36)
    lease = await rentals.destroy(lease.lease_id)
    assert lease.state == "ended"
    assert lease.billed_usd == pytest.approx(0.11)
    assert not market.rented
    events = [event.event for event in table.events(rentals.store, lease.lease_id)]
    assert events[:3] == ["intended", "create sent", "created"]
    assert events[-2:] == ["seen", "ended"]


async def test_an_offer_that_is_gone_is_refused_and_costs_nothing(
    rentals: Rentals, market: FakeMarket
) -> None:
    market.stock.clear()
    with pytest.raises(OfferGone):
        await launched(rentals)
    assert rentals.all()[0].state == "refused"


async def test_a_create_whose_answer_was_lost_is_found_by_its_label_and_never_repeated(
    rentals: Rentals, market: FakeMarket
) -> None:
    market.create_error = CreateUnclear("the answer was lost")
    lease = await launched(rentals)
    assert (lease.state, lease.instance_id, market.creates) == ("waiting", "i1", 1)


async def test_a_lost_create_did_not_happen_only_after_two_complete_listings_without_it(
    rentals: Rentals, market: FakeMarket
) -> None:
    market.create_error, market.create_happens = CreateUnclear("lost"), False
    with pytest.raises(MarketError, match="lost"):
        await launched(rentals)
    assert (rentals.all()[0].state, market.creates) == ("refused", 1)


async def test_while_listings_fail_a_lost_create_stays_unclear(
    rentals: Rentals, market: FakeMarket
) -> None:
    market.create_error, market.list_error = CreateUnclear("lost"), MarketError("down")
    with pytest.raises(MarketError, match="down"):
        await launched(rentals)
    assert rentals.all(live_only=True)[0].state == "unclear"


async def test_a_contract_dearer_than_the_quote_is_ended_at_once(
    rentals: Rentals, market: FakeMarket
) -> None:
    market.contract_factor = 1.03
    with pytest.raises(MarketError, match="dearer than agreed"):
        await launched(rentals)
    assert rentals.all()[0].state == "ended"
    assert not market.rented


async def test_a_contract_within_two_percent_is_kept(rentals: Rentals, market: FakeMarket) -> None:
    market.contract_factor = 1.019
    assert (await launched(rentals)).state == "waiting"


async def test_a_host_that_fails_is_ended(rentals: Rentals, market: FakeMarket) -> None:
    market.life = ("allocating", "pulling", "failed")
    lease = await launched(rentals)
    lease = await rentals.keep(lease.lease_id)
    assert (lease.state, lease.note) == ("ended", "the host did not bring it up")


async def test_a_host_that_never_gets_ready_is_ended_when_patience_runs_out(
    rentals: Rentals, market: FakeMarket
) -> None:
    market.life = ("allocating", "pulling")
    lease = await launched(rentals)
    with pytest.raises(WaitRanOut, match="not ready after 10m"):
        await rentals.keep(lease.lease_id, give_up_s=600)
    assert not market.rented


async def test_time_to_live_ends_it(rentals: Rentals, market: FakeMarket) -> None:
    lease = await launched(rentals, Caps(max_usd_h=1, max_usd=9, ttl_s=60))
    lease = await rentals.keep(lease.lease_id)
    assert (lease.state, lease.note) == ("ended", "its time to live is over")


async def test_the_cap_in_dollars_ends_it(rentals: Rentals, market: FakeMarket) -> None:
    # traffic 30 GB × $0.01 = $0.30 is counted once it runs
    lease = await launched(rentals, Caps(max_usd_h=1, max_usd=0.30, ttl_s=7200))
    lease = await rentals.keep(lease.lease_id)
    assert lease.state == "ended"
    assert lease.note == "it reached its cap of $0.30"


async def test_what_it_cost_is_metered_by_state(rentals: Rentals, market: FakeMarket) -> None:
    market.life = ("pulling", "running")
    lease = await launched(rentals)  # looked at once: pulling from 0 s
    clock = rentals.clock()
    await clock.sleep(600)
    lease = await rentals.look(lease)  # running from 600 s
    await clock.sleep(3600)
    # disk 0.02 × 4200/3600 = 0.02333; GPU 0.36 × 1 h; traffic 30 GB × 0.01
    assert rentals.metered_now(lease) == pytest.approx(0.02 * 4200 / 3600 + 0.36 + 0.30)


async def test_a_market_that_does_not_answer_proves_nothing(
    rentals: Rentals, market: FakeMarket
) -> None:
    lease = await launched(rentals)
    market.refuses_to_end = 10**6
    with pytest.raises(MarketError, match="may still be running"):
        await rentals.destroy(lease.lease_id)
    assert rentals.get(lease.lease_id).state == "ending"
    market.refuses_to_end = 0
    assert (await rentals.destroy(lease.lease_id)).state == "ended"


async def test_failing_looks_are_survived(rentals: Rentals, market: FakeMarket) -> None:
    lease = await launched(rentals)
    market.look_errors = [MarketError("a hiccup"), MarketError("another")]
    assert (await rentals.keep(lease.lease_id, until=("ready",))).state == "ready"


async def test_cancelling_a_launch_waits_for_its_create_and_ends_what_it_made(
    rentals: Rentals, market: FakeMarket
) -> None:
    sent, go_on = asyncio.Event(), asyncio.Event()
    create = market.create

    async def slow(order: Order) -> Created:
        sent.set()
        await go_on.wait()
        return await create(order)

    market.create = slow  # type: ignore[method-assign]
    work = asyncio.ensure_future(launched(rentals))
    await sent.wait()
    work.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert rentals.all()[0].state == "ended"
    assert not market.rented


async def test_another_process_finds_what_was_rented(
    tmp_path: Path, rentals: Rentals, market: FakeMarket
) -> None:
    lease = await launched(rentals)
    rentals.store.close()
    again = rentals_on(tmp_path, market)
    assert again.get(f"vast:{lease.instance_id}").lease_id == lease.lease_id
    assert (await again.destroy(lease.lease_id)).state == "ended"
