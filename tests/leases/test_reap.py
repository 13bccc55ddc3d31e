"""One pass for a timer: nothing has to have been open before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hunter.leases.lease import Caps, most_usd
from hunter.leases.reap import NEXT_PASS_S
from hunter.markets.protocol import Charge
from hunter.values.errors import MarketError
from tests.builders import NOW
from tests.fakes import FakeMarket
from tests.homes import DEAL, GONE, appears, launched, leases_on, left_behind, unwritable, writable

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.leases.leases import Leases


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(stock=[DEAL], life=("running",))


@pytest.fixture
def leases(tmp_path: Path, market: FakeMarket) -> Leases:
    return leases_on(tmp_path, market)


async def test_a_lease_past_its_time_is_ended_and_proven(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases, Caps(max_usd_h=1, max_usd=9, ttl_s=600))
    assert (await leases.reap()).running == (lease.lease_id,)
    await leases.clock.sleep(601)
    done = await leases.reap()
    assert (done.ended, done.running, done.unknown) == ((lease.lease_id,), (), ())
    assert not market.rented


async def test_the_delete_goes_out_although_nobody_answers_a_question(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases, Caps(max_usd_h=1, max_usd=9, ttl_s=600))
    await leases.clock.sleep(601)
    market.look_fails = market.list_error = MarketError("down")
    done = await leases.reap()
    assert not market.rented
    assert done.ending == (lease.lease_id,), "asked to end; nothing is proven"
    assert {what for what, _ in done.unknown} == {"vast", lease.lease_id}
    market.look_fails = market.list_error = None
    assert (await leases.reap()).ended == (lease.lease_id,)


@pytest.mark.parametrize("state", ["creating", "unclear"])
async def test_a_create_whose_sender_is_gone_is_settled(
    leases: Leases, market: FakeMarket, state: str
) -> None:
    left_behind(leases.ledger, state, GONE)
    appears(market)
    done = await leases.reap()
    assert done.running == ("dead",)
    assert leases.get("dead").instance_id == "i9"


async def test_a_create_that_never_happened_is_over_after_two_passes_half_a_minute_apart(
    leases: Leases,
) -> None:
    left_behind(leases.ledger, "unclear", GONE)
    assert [what for what, _ in (await leases.reap()).unknown] == ["dead"]
    assert [what for what, _ in (await leases.reap()).unknown] == ["dead"], (
        "too soon after the first"
    )
    await leases.clock.sleep(60)
    assert (await leases.reap()).ended == ("dead",)
    assert leases.get("dead").state == "refused"


async def test_without_proof_it_waits_for_none_and_the_next_pass_finds_it(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases)
    ended = await leases.destroy(lease.lease_id, proof=False)
    assert (ended.state, market.rented) == ("ending", {})
    assert (await leases.reap(proof=False)).ending == (lease.lease_id,)
    assert leases.clock.now() == NOW
    await leases.clock.sleep(60)
    assert (await leases.reap(proof=False)).ended == (lease.lease_id,)


async def test_a_bill_that_comes_late_is_read_until_it_stands(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases)
    assert (await leases.destroy(lease.lease_id)).billed_usd is None
    market.bill = (Charge(item="gpu", usd=0.1),)
    assert (await leases.reap()).billed == (lease.lease_id,)
    assert leases.get(lease.lease_id).billed_usd == pytest.approx(0.1)
    market.bill = (Charge(item="gpu", usd=0.2),)
    await leases.reap()
    assert leases.get(lease.lease_id).billed_usd == pytest.approx(0.2)
    await leases.clock.sleep(2 * 86400)
    assert (await leases.reap()).billed == ()


async def test_one_that_cannot_be_ended_is_named_and_keeps_no_other(
    leases: Leases, market: FakeMarket
) -> None:
    first = await launched(leases, Caps(max_usd_h=1, max_usd=9, ttl_s=600))
    second = await launched(leases, Caps(max_usd_h=1, max_usd=9, ttl_s=600))
    await leases.clock.sleep(601)
    market.refuses_to_end = 3  # both, and the first of them once more
    done = await leases.reap(proof=False)
    assert set(done.ending) == {first.lease_id, second.lease_id}
    assert len(market.rented) == 1
    assert len(done.unknown) == 1
    assert not (await leases.reap()).unknown
    assert not market.rented


async def test_what_would_be_overspent_before_the_next_pass_is_ended_in_this_one(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases, Caps(max_usd_h=1.0, max_usd=2.0, ttl_s=360000))
    per_s = 0.38 / 3600
    known = leases.get(lease.lease_id)
    left_s = (2.0 - most_usd(known, leases.clock.now())) / per_s
    await leases.clock.sleep(left_s - NEXT_PASS_S - 60)
    assert (await leases.reap()).running == (lease.lease_id,)
    await leases.clock.sleep(NEXT_PASS_S / 2)
    assert (await leases.reap()).ended == (lease.lease_id,)


async def test_what_a_listing_shows_is_ended_also_where_that_cannot_be_written_down(
    leases: Leases, market: FakeMarket
) -> None:
    left_behind(leases.ledger, "refused", GONE)
    appears(market)
    assert leases.ledger.home, "made at the first launch"
    unwritable(leases.ledger.store)
    await leases.reap()
    writable(leases.ledger.store)
    assert not market.rented
