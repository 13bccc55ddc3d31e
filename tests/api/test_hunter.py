"""The verbs on fake markets: what one failure leaves intact, and what may not mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec import structs
from msgspec.structs import replace

from hunter.cost.filters import Query
from hunter.markets.protocol import Instance, Progress, Scope, Simulation
from hunter.values.errors import (
    CapRefused,
    ConfigError,
    MarketError,
    NothingMatches,
    OfferGone,
    UsageError,
)
from hunter.values.workload import GpuNeed, Run, Workload
from tests.builders import NOW, offer, workload
from tests.fakes import FakeMarket, SteppedClock
from tests.homes import CAPS, DEAL, hunter_on

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hunter.leases.lease import Caps
    from hunter.values.columns import Listing


async def test_a_poll_fills_the_deals(tmp_path: Path) -> None:
    hunter = hunter_on(tmp_path, FakeMarket(stock=[DEAL, offer("RTX 4090 $0.2/h #8")]))
    await hunter.scrape()
    assert [deal.offer.offer_id for deal in hunter.deals(workload())] == ["8", "7"]


async def test_one_market_failing_leaves_the_others_results(tmp_path: Path) -> None:
    down = FakeMarket(name="runpod", list_error=MarketError("it is down"))
    hunter = hunter_on(tmp_path, FakeMarket(stock=[DEAL]), down)
    polled = {poll.market: poll for poll in await hunter.scrape()}
    assert polled["vast"].offers == 1
    assert str(polled["runpod"].error) == "it is down"
    assert len(hunter.prices.recorded()) == 1
    assert {p["market"]: p["error"] for p in hunter.prices.last_polls()}["runpod"] == "it is down"


async def test_an_empty_ranking_says_which_rule_removed_how_many(tmp_path: Path) -> None:
    hunter = hunter_on(tmp_path, FakeMarket(stock=[DEAL]))
    with pytest.raises(NothingMatches, match="No prices are recorded"):
        raise hunter.advice.why_none(hunter.deals(workload()))
    await hunter.scrape()
    with pytest.raises(NothingMatches, match="tenancy removed 1"):
        raise hunter.advice.why_none(hunter.deals(workload(), Query(tenancy="interruptible")))  # type: ignore[arg-type]


async def test_explain_names_the_rules_that_an_offer_breaks(tmp_path: Path) -> None:
    hunter = hunter_on(tmp_path, FakeMarket(stock=[DEAL]))
    await hunter.scrape()
    deal, broken = hunter.explain("vast:7", workload(disk_gb=900.0))
    assert [str(one) for one in broken] == [
        "disk: it asks for ≥ 900 GB, and it has 500; disk_gb decides"
    ]
    assert sum(line.usd or 0 for line in deal.lines) == pytest.approx(deal.run_usd)


@pytest.mark.parametrize("ref", ["7", "vast:", "vast:7:spot"])
async def test_what_is_no_offer_is_refused(tmp_path: Path, ref: str) -> None:
    with pytest.raises(UsageError):
        hunter_on(tmp_path, FakeMarket()).explain(ref, workload())


async def test_an_offer_nobody_recorded_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NothingMatches, match="vast:8"):
        hunter_on(tmp_path, FakeMarket()).explain("vast:8", workload())


@pytest.mark.parametrize("typed", ["RTX 4090", "rtx4090", "4090", "rtx_4090"])
async def test_a_gpu_is_known_by_what_people_type(tmp_path: Path, typed: str) -> None:
    prices = hunter_on(tmp_path, FakeMarket()).prices
    assert prices.gpus(typed).names == ("RTX 4090",)
    job = workload(gpu=GpuNeed(models=(typed,)), run=Run(reference_gpu=typed))
    assert prices.named(job).gpu.models == ("RTX 4090",)
    assert prices.named(job).run.reference_gpu == "RTX 4090"


async def test_an_unknown_gpu_is_refused_with_the_nearest_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="RTX 4091") as caught:
        hunter_on(tmp_path, FakeMarket()).prices.gpus("RTX 4091")
    assert "RTX 4090" in caught.value.remedy


async def test_a_gpu_on_sale_that_no_table_has_is_known_by_its_markets_name(tmp_path: Path) -> None:
    hunter = hunter_on(tmp_path, FakeMarket(stock=[offer("Riddle 9000 $0.3/h")]))
    await hunter.scrape()
    assert hunter.prices.gpus("riddle_9000").names == ("Riddle 9000",)
    job = workload(gpu=GpuNeed(models=("riddle9000",)))
    assert [deal.offer.gpu for deal in hunter.deals(job)] == ["Riddle 9000"]
    assert [d.offer.gpu for d in hunter.deals(workload(), Query(gpus=("RIDDLE 9000",)))] == [
        "Riddle 9000"
    ]
    with pytest.raises(
        UsageError, match=r"workload .*, gpu.models: no GPU is called 'Riddle 9001'"
    ):
        hunter.deals(workload(gpu=GpuNeed(models=("Riddle 9001",))))


async def test_a_launch_uses_the_price_of_now(tmp_path: Path) -> None:
    market = FakeMarket(stock=[DEAL])
    hunter = hunter_on(tmp_path, market)
    await hunter.scrape()
    market.stock = [structs.replace(DEAL, price_usd_h=0.40)]
    quote = await hunter.quote("vast:7", workload())
    assert (quote.before_usd_h, quote.deal.offer.price_usd_h) == (0.36, 0.40)
    assert (await hunter.launch(quote, workload(), CAPS)).quoted_usd_h == 0.40


async def test_a_quote_of_a_gone_offer_says_so(tmp_path: Path) -> None:
    market = FakeMarket(stock=[DEAL])
    hunter = hunter_on(tmp_path, market)
    await hunter.scrape()
    market.stock.clear()
    with pytest.raises(OfferGone, match="no longer for sale"):
        await hunter.quote("vast:7", workload())


@pytest.mark.parametrize(
    ("caps", "says"),
    [
        (replace(CAPS, max_usd_h=0.37), "above the cap of \\$0.3700/h"),  # 0.36 + 0.02 of disk
        (replace(CAPS, max_usd=0.10), "cold start"),
    ],
)
async def test_a_launch_that_its_caps_forbid_creates_nothing(
    tmp_path: Path, caps: Caps, says: str
) -> None:
    market = FakeMarket(stock=[DEAL])
    hunter = hunter_on(tmp_path, market)
    await hunter.scrape()
    quote = await hunter.quote("vast:7", workload())
    with pytest.raises(CapRefused, match=says):
        await hunter.launch(quote, workload(), caps)
    assert market.creates == 0
    assert not hunter.leases.all()


async def test_a_quote_that_waited_for_its_yes_is_asked_for_again(tmp_path: Path) -> None:
    market, clock = FakeMarket(stock=[DEAL]), SteppedClock(market_s=DEAL.seen_at)
    hunter = hunter_on(tmp_path, market, clock=clock)
    await hunter.scrape()
    quote = await hunter.quote("vast:7", workload())
    await clock.sleep(600)
    market.stock = [structs.replace(DEAL, price_usd_h=0.50, seen_at=clock.now())]
    with pytest.raises(MarketError, match=r"quoted at \$0.3800/h .* costs \$0.5200/h now"):
        await hunter.launch(quote, workload(), CAPS)
    assert market.creates == 0
    market.stock = [structs.replace(DEAL, price_usd_h=0.30, seen_at=clock.now())]
    lease = await hunter.launch(quote, workload(), CAPS)
    assert lease.quoted_usd_h == 0.30


async def test_what_runs_is_ours_or_unexplained_or_unknown(tmp_path: Path) -> None:
    market = FakeMarket(stock=[DEAL])
    silent = FakeMarket(name="runpod", list_error=MarketError("no answer"))
    hunter = hunter_on(tmp_path, market, silent)
    await hunter.scrape(["vast"])
    lease = await hunter.launch(await hunter.quote("vast:7", workload()), workload(), CAPS)
    market.rented["x"] = Instance(
        market="vast", instance_id="x", label="somebody", state="running", tenancy="on-demand",
        gpu="A40", gpu_count=1, price_usd_h=0.5,
    )  # fmt: skip
    now = await hunter.running()
    assert [r.lease.lease_id for r in now.ours if r.lease] == [lease.lease_id]
    assert [r.instance.instance_id for r in now.unexplained if r.instance] == ["x"]
    assert [name for name, _ in now.unknown] == ["runpod"]


async def test_a_partial_listing_never_means_gone(tmp_path: Path) -> None:
    market = FakeMarket(stock=[DEAL])
    hunter = hunter_on(tmp_path, market)
    await hunter.scrape()
    await hunter.launch(await hunter.quote("vast:7", workload()), workload(), CAPS)
    market.rented.clear()
    market.listing_complete = False
    now = await hunter.running()
    assert len(now.ours) == 1
    assert now.unknown


async def test_a_real_home_refuses_an_embedded_market(tmp_path: Path) -> None:
    fake = FakeMarket(stock=[DEAL], simulation=Simulation(now=NOW, speed=60.0, paced=False))
    polled = await hunter_on(tmp_path, fake).scrape()
    assert isinstance(polled[0].error, ConfigError)
    assert not len(hunter_on(tmp_path, fake).prices.recorded())


async def test_a_simulated_home_runs_by_the_embedded_markets_clock(tmp_path: Path) -> None:
    fake = FakeMarket(stock=[DEAL], simulation=Simulation(now=NOW, speed=60.0, paced=False))
    hunter = hunter_on(tmp_path, fake, simulated=True)
    await hunter.scrape()
    assert hunter.clock.speed == 60.0
    assert abs(hunter_on(tmp_path, fake, simulated=True).clock.now() - NOW) < 3600
    with pytest.raises(ConfigError, match="embedded market's data"):
        hunter_on(tmp_path, fake)


class Picky(FakeMarket):
    """Opens no ports, and says so when it is asked."""

    def check(self, workload: Workload) -> None:
        if workload.ports:
            raise UsageError("Vast.ai opens no ports.", remedy="Name none.")

    async def offers(self, scope: Scope, report: Callable[[Progress], None]) -> Listing:
        raise AssertionError("nothing is to be asked of it")


@pytest.mark.parametrize(
    ("job", "says"),
    [
        (workload(ports=("80",)), "opens no ports"), (workload(ports=("abc",)), "'abc' is no port"),
        (workload(env={"1": "x"}), "env.1"), (workload(env={"RUNPOD_X": "x"}), "RunPod keeps"),
        (workload(env={"MINE": "key-in-a-file"}), "env.MINE: it holds the key"),
    ],
)  # fmt: skip
async def test_a_container_that_cannot_be_is_refused_before_the_quote(
    tmp_path: Path, job: Workload, says: str
) -> None:
    (tmp_path / ".vast_api_key").write_text("key-in-a-file")
    market = FakeMarket(stock=[DEAL])
    hunter = hunter_on(tmp_path, market)
    await hunter.scrape()
    quote = await hunter.quote("vast:7", workload())
    picky = hunter_on(tmp_path, Picky())
    with pytest.raises(UsageError, match=says):
        await picky.quote("vast:7", job)
    with pytest.raises(UsageError, match=says):
        await picky.launch(quote, job, CAPS)
    assert not picky.leases.all()
