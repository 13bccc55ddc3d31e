"""Where one does not come up the next-best deal is tried, within caps that are of all tries together."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from hunter.cli.tries import Attempt, Attempts
from hunter.markets.protocol import Instance
from hunter.values.errors import CapRefused, MarketError, NoCredit, NothingMatches
from tests.builders import NOW, offer, workload
from tests.fakes import FakeMarket, SteppedClock
from tests.homes import CAPS, hunter_on

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.api.hunter import Hunter
    from hunter.leases.lease import Caps, Lease
    from hunter.values.offers import Offer

JOB = workload(disk_gb=10.0)


def stock(n: int = 4) -> list[Offer]:
    """Offers of as many machines, the cheapest first."""
    return [
        offer(f"RTX 4090 ${0.30 + k / 100}/h #{k}", machine_id=f"m{k}", seen_at=NOW)
        for k in range(n)
    ]


@dataclass
class Picky(FakeMarket):
    """A market on some of whose machines no container starts."""

    duds: set[str] = field(default_factory=set)
    fault: str = "host"
    machine_of: dict[str, str] = field(default_factory=dict)

    async def create(self, order: Any) -> Any:
        made = await super().create(order)
        self.machine_of[made.instance_id] = str(order.offer.machine_id)
        return made

    async def instance(self, instance_id: str) -> Instance:
        seen = await super().instance(instance_id)
        if seen.state == "running" and self.machine_of[instance_id] in self.duds:
            return dataclasses.replace(
                seen, state="failed", fault=self.fault, reachable=False, login=None
            )
        return seen


class Told:
    """A launch as the command does it, and what was said."""

    def __init__(self, hunter: Hunter, caps: Caps = CAPS) -> None:
        self.hunter = hunter
        self.attempts = Attempts(hunter, JOB, caps)
        self.lines: list[str] = []
        self.caps: list[float] = []

    async def rent(self, ref: str, caps: Caps) -> Lease:
        self.caps.append(caps.max_usd)
        quote = await self.hunter.quote(ref, JOB)
        lease = await self.hunter.launch(quote, JOB, caps)
        lease = await self.hunter.leases.keep(lease.lease_id, until=("ready", "ended"))
        if lease.state != "ready":
            raise MarketError(f"{ref} did not come up ({lease.note}).", remedy="")
        return lease

    async def run(self, tries: int, ref: str = "vast:0") -> Lease:
        return await self.attempts.run(self.rent, ref, tries, self.lines.append)


async def told(folder: Path, market: Picky, caps: Caps = CAPS) -> Told:
    hunter = hunter_on(folder, market, clock=SteppedClock(market_s=NOW))
    await hunter.scrape()
    return Told(hunter, caps)


async def test_the_next_best_machine_is_tried_until_one_comes_up(tmp_path: Path) -> None:
    launch = await told(tmp_path, Picky(stock=stock(), duds={"m0", "m1"}))
    lease = await launch.run(4)
    assert (lease.offer, lease.state) == ("vast:2", "ready")
    made = launch.attempts.made
    assert [one.offer for one in made] == ["vast:0", "vast:1", "vast:2"]
    assert [one.outcome == "ready" for one in made] == [False, False, True]
    assert launch.lines[1].startswith("try 2 of 4: vast:1")
    assert [one.state for one in launch.hunter.leases.all()].count("ended") == 2


async def test_the_money_of_earlier_tries_is_taken_off_the_cap(tmp_path: Path) -> None:
    launch = await told(tmp_path, Picky(stock=stock(), duds={"m0", "m1"}))
    await launch.run(3)
    spent = [one.usd for one in launch.attempts.made]
    assert spent[0] > 0
    assert launch.caps == pytest.approx([2.0, 2.0 - spent[0], 2.0 - spent[0] - spent[1]])


async def test_when_the_cap_is_used_up_no_further_try_is_made(tmp_path: Path) -> None:
    launch = await told(
        tmp_path, Picky(stock=stock(), duds={"m0", "m1"}), replace(CAPS, max_usd=0.01)
    )
    launch.attempts.made.append(Attempt(offer="vast:9", lease=None, outcome="dud", usd=0.02))
    with pytest.raises(CapRefused, match="used up"):
        await launch.run(3)
    assert launch.hunter.leases.all() == []


async def test_after_the_last_try_its_failure_is_told(tmp_path: Path) -> None:
    launch = await told(tmp_path, Picky(stock=stock(), duds={"m0", "m1", "m2"}))
    with pytest.raises(MarketError, match="vast:1 did not come up"):
        await launch.run(2)
    assert len(launch.attempts.made) == 2


async def test_a_machine_is_not_tried_twice_under_another_offer(tmp_path: Path) -> None:
    offers = stock()
    offers[1] = replace(offers[1], machine_id="m0")
    launch = await told(tmp_path, Picky(stock=offers, duds={"m0"}))
    assert (await launch.run(3)).offer == "vast:2"


async def test_a_machine_that_is_left_alone_is_passed_over_by_the_next_launch_too(
    tmp_path: Path,
) -> None:
    market = Picky(stock=stock(), duds={"m1"})
    launch = await told(tmp_path, market)
    with pytest.raises(MarketError):
        await launch.run(1, "vast:1")
    market.duds.add("m0")
    again = Told(launch.hunter)
    assert (await again.run(2)).offer == "vast:2"
    flagged = {deal.offer.ref for deal in launch.hunter.deals(JOB) if "shunned" in deal.flags}
    assert flagged == {"vast:0", "vast:1"}


async def test_an_image_that_cannot_be_had_is_not_tried_elsewhere(tmp_path: Path) -> None:
    launch = await told(tmp_path, Picky(stock=stock(), duds={"m0", "m1"}, fault="image"))
    with pytest.raises(MarketError):
        await launch.run(4)
    assert len(launch.attempts.made) == 1


async def test_an_offer_that_is_gone_costs_nothing_and_the_next_is_taken(tmp_path: Path) -> None:
    market = Picky(stock=stock())
    launch = await told(tmp_path, market)
    del market.stock[0]
    assert (await launch.run(2)).offer == "vast:1"
    assert (launch.attempts.made[0].lease, launch.attempts.made[0].usd) == (None, 0.0)


async def test_an_account_without_money_is_not_tried_elsewhere(tmp_path: Path) -> None:
    market = Picky(stock=stock(), create_error=NoCredit("no credit"), create_happens=False)
    launch = await told(tmp_path, market)
    with pytest.raises(NoCredit):
        await launch.run(4)
    assert market.creates == 1


async def test_beside_one_that_may_still_run_nothing_else_is_rented(tmp_path: Path) -> None:
    market = Picky(stock=stock())
    launch = await told(tmp_path, market)

    async def left_running(ref: str, caps: Caps) -> Lease:
        quote = await launch.hunter.quote(ref, JOB)
        await launch.hunter.launch(quote, JOB, caps)
        raise MarketError("it may still be running")

    with pytest.raises(MarketError, match="may still be running"):
        await launch.attempts.run(left_running, "vast:0", 4, launch.lines.append)
    assert market.creates == 1


async def test_where_no_other_deal_is_left_that_is_said(tmp_path: Path) -> None:
    launch = await told(tmp_path, Picky(stock=stock(1), duds={"m0"}))
    with pytest.raises(NothingMatches, match="no other deal"):
        await launch.run(3)


def test_tries_without_watching_are_refused(hunter: Any) -> None:
    words = ("launch", "vast:1", "-w", "one-hour", "--tries", "3", "--yes")
    assert "Add --wait" in hunter(*words).err
    assert hunter(*words).code == 2
