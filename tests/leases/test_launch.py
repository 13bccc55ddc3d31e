"""Renting: intent before create, one create, caps kept, gone only when proven."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from hunter.leases.lease import Caps
from hunter.markets.protocol import Charge, Created, Order
from hunter.store import leases as table
from hunter.values.errors import CreateUnclear, MarketError, OfferGone, WaitRanOut
from tests.fakes import FakeMarket
from tests.homes import DEAL, launched, leases_on

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.leases.leases import Leases


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(stock=[DEAL])


@pytest.fixture
def leases(tmp_path: Path, market: FakeMarket) -> Leases:
    return leases_on(tmp_path, market)


async def test_the_intent_is_on_disk_before_the_market_is_asked(
    leases: Leases, market: FakeMarket
) -> None:
    seen: list[str] = []
    create = market.create

    async def spy(order: Order) -> Created:
        lease = leases.all()[0]
        seen.append(f"{lease.state} {lease.label == order.label}")
        return await create(order)

    market.create = spy  # type: ignore[method-assign]
    await launched(leases)
    assert seen == ["creating True"]


async def test_a_launch_reaches_ready_and_its_end_is_proven_and_billed(
    leases: Leases, market: FakeMarket
) -> None:
    market.bill = (Charge(item="gpu", usd=0.1), Charge(item="disk", usd=0.01))
    lease = await launched(leases)
    lease = await leases.keep(lease.lease_id, until=("ready",))
    assert (lease.state, lease.phase, lease.contract_usd_h) == ("ready", "running", 0.36)
    lease = await leases.destroy(lease.lease_id)
    assert lease.state == "ended"
    assert lease.billed_usd == pytest.approx(0.11)
    assert not market.rented
    events = [event.event for event in table.events(leases.ledger.store, lease.lease_id)]
    assert events[:3] == ["intended", "create sent", "created"]
    assert events[-2:] == ["destroy asked", "ended"]


async def test_an_offer_that_is_gone_is_refused_and_costs_nothing(
    leases: Leases, market: FakeMarket
) -> None:
    market.stock.clear()
    with pytest.raises(OfferGone):
        await launched(leases)
    assert leases.all()[0].state == "refused"


async def test_a_create_whose_answer_was_lost_is_found_by_its_label_and_never_repeated(
    leases: Leases, market: FakeMarket
) -> None:
    market.create_error = CreateUnclear("the answer was lost")
    lease = await launched(leases)
    assert (lease.state, lease.instance_id, market.creates) == ("waiting", "i1", 1)


async def test_a_lost_create_did_not_happen_only_after_two_complete_listings_without_it(
    leases: Leases, market: FakeMarket
) -> None:
    market.create_error, market.create_happens = CreateUnclear("lost"), False
    with pytest.raises(MarketError, match="lost"):
        await launched(leases)
    assert (leases.all()[0].state, market.creates) == ("refused", 1)


async def test_while_listings_fail_a_lost_create_stays_unclear(
    leases: Leases, market: FakeMarket
) -> None:
    market.create_error, market.list_error = CreateUnclear("lost"), MarketError("down")
    with pytest.raises(MarketError, match="down"):
        await launched(leases)
    assert leases.all(live_only=True)[0].state == "unclear"


async def test_a_contract_dearer_than_the_quote_is_ended_at_once(
    leases: Leases, market: FakeMarket
) -> None:
    market.contract_factor = 1.03
    with pytest.raises(MarketError, match="dearer than agreed"):
        await launched(leases)
    assert leases.all()[0].state == "ended"
    assert not market.rented


async def test_a_contract_within_two_percent_is_kept(leases: Leases, market: FakeMarket) -> None:
    market.contract_factor = 1.019
    assert (await launched(leases)).state == "waiting"


async def test_a_host_that_fails_is_ended(leases: Leases, market: FakeMarket) -> None:
    market.life = ("allocating", "pulling", "failed")
    lease = await launched(leases)
    lease = await leases.keep(lease.lease_id)
    assert (lease.state, lease.note) == ("ended", "the host did not bring it up")


async def test_a_host_that_never_gets_ready_is_ended_when_patience_runs_out(
    leases: Leases, market: FakeMarket
) -> None:
    market.life = ("allocating", "pulling")
    lease = await launched(leases)
    with pytest.raises(WaitRanOut, match="not ready after 10m"):
        await leases.keep(lease.lease_id, give_up_s=600)
    assert not market.rented


async def test_time_to_live_ends_it(leases: Leases, market: FakeMarket) -> None:
    lease = await launched(leases, Caps(max_usd_h=1, max_usd=9, ttl_s=60))
    lease = await leases.keep(lease.lease_id)
    assert (lease.state, lease.note) == ("ended", "its time to live is over")


async def test_the_cap_in_dollars_ends_it(leases: Leases, market: FakeMarket) -> None:
    # traffic 30 GB × $0.01 = $0.30 counts from the create on, and a minute ahead at $0.38/h
    lease = await launched(leases, Caps(max_usd_h=1, max_usd=0.32, ttl_s=7200))
    lease = await leases.keep(lease.lease_id)
    assert lease.state == "ended"
    assert lease.note == "it may reach its cap of $0.32"


async def test_what_it_cost_is_metered_by_state(leases: Leases, market: FakeMarket) -> None:
    market.life = ("pulling", "running")
    lease = await launched(leases)  # looked at once: pulling from 0 s
    clock = leases.ledger.clock
    await clock.sleep(600)
    lease = await leases.look(lease)  # running from 600 s
    await clock.sleep(3600)
    # disk 0.02 × 4200/3600 = 0.02333; GPU 0.36 × 1 h; traffic 30 GB × 0.01
    assert leases.spent_usd(lease) == pytest.approx(0.02 * 4200 / 3600 + 0.36 + 0.30)


async def test_a_market_that_does_not_answer_proves_nothing(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases)
    market.refuses_to_end = 10**6
    with pytest.raises(MarketError, match="may still be running"):
        await leases.destroy(lease.lease_id)
    assert leases.get(lease.lease_id).state == "ending"
    market.refuses_to_end = 0
    assert (await leases.destroy(lease.lease_id)).state == "ended"


async def test_failing_looks_are_survived(leases: Leases, market: FakeMarket) -> None:
    lease = await launched(leases)
    market.look_errors = [MarketError("a hiccup"), MarketError("another")]
    assert (await leases.keep(lease.lease_id, until=("ready",))).state == "ready"


async def test_cancelling_a_launch_waits_for_its_create_and_ends_what_it_made(
    leases: Leases, market: FakeMarket
) -> None:
    sent, go_on = asyncio.Event(), asyncio.Event()
    create = market.create

    async def slow(order: Order) -> Created:
        sent.set()
        await go_on.wait()
        return await create(order)

    market.create = slow  # type: ignore[method-assign]
    work = asyncio.ensure_future(launched(leases))
    await sent.wait()
    work.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert leases.all()[0].state == "ended"
    assert not market.rented


async def test_another_process_finds_what_was_rented(
    tmp_path: Path, leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases)
    leases.ledger.store.close()
    again = leases_on(tmp_path, market)
    assert again.get(f"vast:{lease.instance_id}").lease_id == lease.lease_id
    assert (await again.destroy(lease.lease_id)).state == "ended"


async def test_an_unclear_answer_that_names_the_instance_is_followed_by_that_id(
    leases: Leases, market: FakeMarket
) -> None:
    """Whatever the list says of its label: an id anywhere in the answer counts."""
    market.create_error = CreateUnclear("cut off", instance_id="i1")
    market.list_error = MarketError("down")
    lease = await launched(leases)
    assert (lease.instance_id, lease.contract_usd_h) == ("i1", 0.36)
    assert market.destroys == 0


async def test_what_a_market_made_in_spite_of_its_refusal_is_ended_and_proven(
    leases: Leases, market: FakeMarket
) -> None:
    market.create_error = CreateUnclear("bid too low", instance_id="i1", said_no=True)
    market.refuses_to_end = 2  # busy right after a create
    with pytest.raises(MarketError, match="bid too low It was destroyed, its absence proven"):
        await launched(leases)
    [lease] = leases.all()
    assert (lease.state, lease.instance_id) == ("ended", "i1")
    assert market.rented == {}


async def test_what_cannot_be_ended_at_once_is_not_forgotten(
    leases: Leases, market: FakeMarket
) -> None:
    market.create_error = CreateUnclear("bid too low", instance_id="i1", said_no=True)
    market.refuses_to_end = 10**6
    with pytest.raises(MarketError, match="may still be running"):
        await launched(leases)
    [lease] = leases.all(live_only=True)
    assert (lease.state, lease.instance_id) == ("ending", "i1")
