"""Who is who: what a market lists beside every lease that was ever on record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hunter.leases.identity import label_of
from hunter.leases.states import COSTLY
from hunter.markets.protocol import Instance
from hunter.values.errors import MarketError, UsageError
from tests.builders import NOW
from tests.fakes import FakeMarket
from tests.homes import CAPS, DEAL, launched, leases_on

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.leases.census import Census
    from hunter.leases.leases import Leases


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(stock=[DEAL], life=("running",))


@pytest.fixture
def leases(tmp_path: Path, market: FakeMarket) -> Leases:
    return leases_on(tmp_path, market)


async def count(leases: Leases) -> Census:
    from hunter.leases.census import census

    return await census("vast", leases.lookout, CAPS)


def lists(market: FakeMarket, label: str | None, instance_id: str = "i9") -> Instance:
    """The market lists an instance that nobody here asked for."""
    instance = Instance(
        market="vast", instance_id=instance_id, label=label, state="running", tenancy="on-demand",
        gpu="RTX 4090", gpu_count=1, price_usd_h=0.36, disk_gb=100.0,
    )  # fmt: skip
    market.rented[instance_id] = instance
    market.steps[instance_id] = 0
    return instance


async def test_an_instance_that_was_believed_to_be_gone_comes_back_and_is_to_be_ended(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases)
    there = market.rented["i1"]
    ended = await leases.destroy(lease.lease_id)
    assert ended.state == "ended"
    lists(market, there.label, "i1")
    (seen,) = (await count(leases)).ours
    assert (seen.lease.lease_id, seen.lease.wish) == (lease.lease_id, "gone")
    assert seen.lease.live
    await leases.reap()
    assert not market.rented


async def test_a_create_that_was_refused_and_took_effect_comes_back(
    leases: Leases, market: FakeMarket
) -> None:
    market.create_error = MarketError("no money")
    with pytest.raises(MarketError):
        await launched(leases)
    assert leases.all()[0].state == "refused"
    await leases.reap()
    assert not market.rented
    assert [lease.state for lease in leases.all()] == ["ended"]


async def test_one_of_this_home_without_a_record_is_taken_on_with_caps_and_a_deadline(
    leases: Leases, market: FakeMarket
) -> None:
    lists(market, label_of(leases.ledger.home, "0badcafe"))
    (seen,) = (await count(leases)).ours
    assert seen.adopted
    lease = leases.get("0badcafe")
    assert (lease.instance_id, lease.max_usd, lease.contract_usd_h) == ("i9", CAPS.max_usd, 0.36)
    assert lease.ttl_at - leases.clock.now() == CAPS.ttl_s
    assert not (await count(leases)).ours[0].adopted, "once"


@pytest.mark.parametrize("label", [label_of("ffffff", "0badcafe"), "my own box", None, ""])
async def test_what_is_not_of_this_home_is_shown_and_never_touched(
    leases: Leases, market: FakeMarket, label: str | None
) -> None:
    lists(market, label)
    found = await count(leases)
    assert not found.ours
    assert len(found.elsewhere) + len(found.foreign) == 1
    assert bool(found.elsewhere) == bool(label and label.startswith("hunter-"))
    await leases.reap()
    assert set(market.rented) == {"i9"}


async def test_another_homes_is_ended_by_an_explicit_word_and_a_strangers_is_not(
    leases: Leases, market: FakeMarket
) -> None:
    lists(market, label_of("ffffff", "0badcafe"))
    lists(market, "my own box", "i8")
    with pytest.raises(UsageError, match=r"not Hunter's \(my own box\)"):
        await leases.destroy("vast:i8")
    with pytest.raises(UsageError, match="lists no instance 'i7'"):
        await leases.destroy("vast:i7")
    assert (await leases.destroy("vast:i9")).state == "ended"
    assert set(market.rented) == {"i8"}


async def test_an_id_that_belongs_to_somebody_else_now_is_not_ended(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases)
    market.rented["i1"] = replace(market.rented["i1"], label="somebody's")
    deleted = market.destroys
    await leases.reap()
    await leases.clock.sleep(60)
    await leases.reap()
    assert market.destroys == deleted
    assert set(market.rented) == {"i1"}
    assert leases.get(lease.lease_id).state == "ended"


async def test_a_twin_that_is_listed_alone_does_not_pass_for_the_leases_own(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases)
    lists(market, lease.label)
    own = market.rented.pop("i1")
    assert [one.instance_id for one in (await count(leases)).doubles] == ["i9"]
    assert leases.get(lease.lease_id).instance_id == "i1"
    market.rented["i1"] = own
    assert (await leases.destroy(lease.lease_id)).state == "ended"
    assert not market.rented, "a user who destroys a lease is rid of all that has its label"


async def test_a_second_instance_under_one_label_is_ended(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases)
    lists(market, lease.label)
    found = await count(leases)
    assert [one.instance_id for one in found.doubles] == ["i9"]
    await leases.reap()
    assert set(market.rented) == {"i1"}


async def test_a_partial_listing_and_an_answer_that_cannot_be_read_prove_nothing(
    leases: Leases, market: FakeMarket
) -> None:
    lease = await launched(leases)
    gone = market.rented.pop("i1")
    market.listing_complete = False
    for _ in range(5):
        found = await count(leases)
        await leases.clock.sleep(60)
    assert found.problem is not None
    assert leases.get(lease.lease_id).state in ("waiting", "ready")
    market.rented["i1"] = replace(gone, state="unclear")
    assert (await count(leases)).ours[0].lease.state in ("waiting", "ready")


async def test_one_empty_listing_ends_nothing(leases: Leases, market: FakeMarket) -> None:
    lease = await launched(leases)
    there = market.rented.pop("i1")
    await count(leases)
    assert leases.get(lease.lease_id).absent_at == NOW, "denied by name, and looked at again"
    market.rented["i1"] = there
    await leases.clock.sleep(60)
    await count(leases)
    assert leases.get(lease.lease_id).state in COSTLY
    assert leases.get(lease.lease_id).absent_at is None
    await leases.reap()
    assert market.destroys == 0, "what runs is not ended for having been denied once"
