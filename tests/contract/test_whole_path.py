"""The whole path, from live offers to a bill, on the embedded market served over HTTP."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from hunter.api.hunter import Hunter
from hunter.cost.filters import Query
from hunter.facts import workload_file
from hunter.facts.config import Config, Home
from hunter.leases.lease import Caps, Lease
from hunter.sandbox.server import Options, running
from hunter.values.errors import HunterError, MarketError
from hunter.values.offers import Tenancy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hunter.sandbox.market import SandboxMarket

CAPS = Caps(max_usd_h=5.0, max_usd=5.0, ttl_s=7200.0)
JOB = workload_file.load("one-hour")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, SandboxMarket]]:
    with running(Options(offers=400, seed=3, speed=120.0)) as (url, market):
        market.facts["runpod"]["create_fails_share"] = 0.0
        yield url, market


def hunter_on(folder: Path, url: str) -> Hunter:
    home = Home(config_folder=folder, data_folder=folder, simulated=True, config=Config())
    return Hunter(home, sandbox=lambda: nullcontext(url))


async def ready_lease(hunter: Hunter, market: str) -> Lease:
    """Rent down the ranking until a host comes up, as a renter does."""
    deals = hunter.deals(JOB, Query(market=market, tenancy=Tenancy.ON_DEMAND))
    steady = sorted(range(len(deals)), key=lambda row: -(deals[row].offer.reliability or 0.0))
    for row in steady[:12]:
        try:
            quote = await hunter.quote(deals[row].offer.ref, JOB)
            lease = await hunter.launch(quote, JOB, CAPS)
            lease = await hunter.leases.keep(
                lease.lease_id, until=("ready", "ended"), give_up_s=1200
            )
        except HunterError:
            continue
        if lease.state == "ready":
            return lease
    raise AssertionError("twelve duds in a row")


@pytest.mark.parametrize("market", ["vast", "runpod"])
async def test_from_offers_to_a_bill_that_both_sides_agree_on(
    tmp_path: Path, served: tuple[str, SandboxMarket], market: str
) -> None:
    url, sandbox = served
    async with hunter_on(tmp_path, url) as hunter:
        for poll in await hunter.scrape():
            assert poll.error is None
            assert poll.complete
            assert poll.rejected == 0
        lease = await ready_lease(hunter, market)
        assert lease.contract_usd_h == pytest.approx(lease.quoted_usd_h)
        await hunter.clock.sleep(300)
        ended = await hunter.leases.destroy(lease.lease_id)
        assert ended.state == "ended"
        rental = next(r for r in sandbox.book.page.rentals if r.label == lease.label)
        truth = sandbox.bill(rental, sandbox.now()).usd
        assert ended.billed_usd == pytest.approx(truth, rel=0.01)
        now = await hunter.running()
        assert (now.ours, now.unexplained, now.unknown) == ((), (), ())
    assert all(r.destroyed_at is not None for r in sandbox.book.page.rentals)


async def test_everything_that_is_listed_is_read(tmp_path: Path) -> None:
    with running(Options(offers=400, seed=3, speed=1.0)) as (url, sandbox):
        async with hunter_on(tmp_path, url) as hunter:
            await hunter.scrape(["vast"])
            offers = hunter.prices.recorded("vast")
    with sandbox.open() as page:
        asks = sandbox.asks(page)
        disk = (
            sandbox.world.machines.disk_gb[asks.machine]
            * asks.size
            / sandbox.world.machines.gpus[asks.machine]
        )
    listed = {str(i) for i, gb in zip(asks.ask_id, disk, strict=True) if gb >= 10.001}
    seen = {offers.offer_id[row] for row in range(len(offers))}
    assert len(listed ^ seen) <= 0.04 * len(listed)  # a minute of the market may end meanwhile


async def test_with_the_vendors_limits_on_the_poll_is_slower_and_still_whole(
    tmp_path: Path,
) -> None:
    with running(Options(offers=150, seed=3, speed=2000.0, limits=True)) as (url, _):
        async with hunter_on(tmp_path, url) as hunter:
            polls = {poll.market: poll for poll in await hunter.scrape()}
    assert polls["vast"].error is None
    assert polls["vast"].complete


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("html@vast", "a web page instead of data"),
        ("truncate@vast", "cannot be read|cannot be reached"),
        ("server-error@vast", "503"),
        ("quota@vast", "quota"),
    ],
)
async def test_one_market_misbehaving_is_said_and_costs_the_other_nothing(
    tmp_path: Path, fault: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    with running(Options(offers=60, seed=3, faults=(fault,))) as (url, _):
        async with hunter_on(tmp_path, url) as hunter:
            polls = {poll.market: poll for poll in await hunter.scrape()}
            assert len(hunter.prices.recorded("runpod")) > 0
    assert polls["runpod"].error is None
    with pytest.raises(MarketError, match=says):
        raise polls["vast"].error or AssertionError


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    import stamina

    original = stamina.retry_context

    def impatient(**options: Any) -> Any:
        return original(**options | {"wait_initial": 0.001, "wait_max": 0.001, "attempts": 2})

    monkeypatch.setattr("stamina.retry_context", impatient)


async def test_a_create_whose_answer_is_lost_is_found_and_ended(tmp_path: Path) -> None:
    with running(Options(offers=100, seed=3, speed=120.0, faults=("create-lost@vast",))) as (
        url,
        sandbox,
    ):
        async with hunter_on(tmp_path, url) as hunter:
            await hunter.scrape(["vast"])
            deal = hunter.deals(JOB, Query(market="vast", tenancy=Tenancy.ON_DEMAND))[0]
            lease = await hunter.launch(await hunter.quote(deal.offer.ref, JOB), JOB, CAPS)
            assert lease.instance_id is not None
            assert (await hunter.leases.destroy(lease.lease_id)).state == "ended"
        assert len(sandbox.book.page.rentals) == 1


async def test_a_contract_dearer_than_its_offer_is_ended_at_once(tmp_path: Path) -> None:
    with running(Options(offers=100, seed=3, speed=120.0, faults=("dearer@vast",))) as (
        url,
        sandbox,
    ):
        async with hunter_on(tmp_path, url) as hunter:
            await hunter.scrape(["vast"])
            deal = hunter.deals(JOB, Query(market="vast", tenancy=Tenancy.ON_DEMAND))[0]
            quote = await hunter.quote(deal.offer.ref, JOB)
            with pytest.raises(MarketError, match="dearer than agreed"):
                await hunter.launch(quote, JOB, CAPS)
        assert all(r.destroyed_at is not None for r in sandbox.book.page.rentals)


async def test_when_graphql_is_retired_pods_are_rented_and_ended_over_rest(tmp_path: Path) -> None:
    options = Options(offers=60, seed=3, speed=120.0, faults=("graphql-retired@runpod",))
    with running(options) as (url, sandbox):
        sandbox.facts["runpod"]["create_fails_share"] = 0.0
        async with hunter_on(tmp_path, url) as hunter:
            [poll] = await hunter.scrape(["runpod"])
            assert "GraphQL failed" in poll.notes[0]
            deal = hunter.deals(JOB, Query(market="runpod"))[0]
            lease = await hunter.launch(await hunter.quote(deal.offer.ref, JOB), JOB, CAPS)
            now = await hunter.running()
            assert [r.lease.lease_id for r in now.ours if r.lease] == [lease.lease_id]
            assert (await hunter.leases.destroy(lease.lease_id)).state == "ended"
        assert sandbox.book.page.rentals[0].destroyed_at is not None
