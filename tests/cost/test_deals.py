"""Ranking: what fits, in which order, and why the rest is out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hunter.cost.choices import FLAGS, SORTS
from hunter.cost.deals import Deals, nearest, rank
from hunter.cost.filters import Query, flags
from hunter.values.columns import Offers
from hunter.values.gpus import GpuSpeed
from hunter.values.offers import Offer, Tenancy
from hunter.values.workload import GpuNeed, Limits, Run, Workload
from tests.builders import NOW, assumptions, offer, rules, workload

GROUNDS = assumptions(rules(pull_billed=False), rules(pull_billed=True, name="runpod"))


def ranked(offers: list[Offer], job: Workload | None = None, **query: Any) -> Deals:
    return rank(Offers.of(offers), job or workload(), Query(**query), GROUNDS, NOW + 60)


def ids(deals: Deals) -> list[str]:
    return [deal.offer.offer_id for deal in deals]


def test_the_cheapest_run_is_first() -> None:
    assert ids(ranked([offer("A $0.5/h #dear"), offer("A $0.2/h #cheap")])) == ["cheap", "dear"]


def test_a_cheap_gpu_behind_dear_traffic_loses() -> None:
    trap = offer("A $0.1/h #trap", inet_down_usd_gb=0.026)  # 30 GB × $0.026 = $0.78 a start
    assert ids(ranked([trap, offer("A $0.5/h #plain")])) == ["plain", "trap"]


def test_an_unknown_cost_is_shown_last_and_never_wins() -> None:
    unknown = offer("A $0.01/h #unknown", storage_usd_gb_month=None)
    assert ids(ranked([unknown, offer("A $0.5/h #known")])) == ["known", "unknown"]


def test_equal_costs_go_to_the_more_reliable() -> None:
    shaky = offer("A $0.5/h #shaky", reliability=0.9)
    assert ids(ranked([shaky, offer("A $0.5/h #steady", reliability=0.99)])) == ["steady", "shaky"]


def test_a_job_that_must_not_be_cut_short_sees_no_bids() -> None:
    job = workload(run=Run(hours=1.0, interruptible=False))
    both = [offer("A $0.1/h bid #bid"), offer("A $0.5/h #fixed")]
    assert ids(ranked(both, job)) == ["fixed"]
    assert ids(ranked(both)) == ["bid", "fixed"]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({"market": "runpod"}, ["b"]),
        ({"gpu": "H100"}, ["c"]),
        ({"tenancy": Tenancy.INTERRUPTIBLE}, ["d"]),
        ({"region": "EU"}, ["b"]),
        ({"region": "de"}, ["b"]),
        ({"region": "hess"}, ["b"]),
        ({"max_age_s": 100.0}, ["a", "b", "c"]),
    ],
)
def test_a_query_keeps_what_it_names(query: dict[str, Any], kept: list[str]) -> None:
    offers = [
        offer("A $0.1/h #a"),
        offer("A $0.2/h #b", market="runpod", location="Hesse, DE", country="DE", region="EU"),
        offer("H100 $0.3/h #c"),
        offer("A $0.4/h bid #d", seen_at=NOW - 3600),
    ]
    assert sorted(ids(ranked(offers, **query))) == kept


def test_what_a_workload_needs_is_a_filter_and_the_count_of_the_removed_is_told() -> None:
    job = workload(
        disk_gb=200.0,
        gpu=GpuNeed(count=2, vram_gb=40, models=("A100",), cuda=12.4),
        run=Run(hours=5, interruptible=True),
        limits=Limits(max_usd_h=3.0),
    )
    fits = {"vram_gb": 80.0, "cuda": 12.8}
    offers = [
        offer("2x A100 $1/h #fits", **fits),
        offer("2x H100 $1/h #gpu", **fits),
        offer("1x A100 $1/h #count", **fits),
        offer("2x A100 $1/h #memory", **fits | {"vram_gb": 24.0}),
        offer("2x A100 $1/h #disk", **fits, disk_gb=100.0),
        offer("2x A100 $1/h #cuda", **fits | {"cuda": 12.2}),
        offer("2x A100 $1/h #short", **fits, max_rental_h=4.0),
        offer("2x A100 $4/h #dear", **fits),
    ]
    found = ranked(offers, job)
    assert ids(found) == ["fits"]
    assert dict(found.removed) == {
        "gpu": 1, "gpu count": 1, "memory": 1, "disk": 1, "CUDA": 1, "time left": 1, "price cap": 1,
    }  # fmt: skip


def test_what_an_offer_does_not_state_does_not_exclude_it() -> None:
    job = workload(gpu=GpuNeed(cuda=12.4))
    silent = offer("A $1/h #silent", cuda=None, disk_gb=None, max_rental_h=None)
    assert ids(ranked([silent], job)) == ["silent"]


def test_where_nothing_fits_the_best_there_is_tells_what_keeps_it_out() -> None:
    job = workload(gpu=GpuNeed(vram_gb=40, cuda=12.4))
    near, far = offer("A $1/h #near", cuda=12.8), offer("A $0.1/h #far", cuda=12.0)
    found = nearest(Offers.of([far, near]), job, Query(), GROUNDS, NOW)
    assert found is not None
    deal, missed = found
    assert deal.offer.offer_id == "near"
    assert [(one.rule, one.has, one.change) for one in missed] == [
        ("memory", "24", "[gpu] vram_gb")
    ]
    assert nearest(Offers.of([]), job, Query(), GROUNDS, NOW) is None


@pytest.mark.parametrize(
    ("flag", "facts"),
    [
        ("slice", {"vram_gb": 10.0}),
        ("slice", {"market_gpu": "A MIG 1g.10gb"}),
        ("pcie-x1", {"pcie_gb_s": 0.98}),
        ("unverified", {"verified": False}),
        ("old-driver", {"cuda": None}),
    ],
)
def test_what_should_make_a_buyer_look_twice_is_flagged_and_can_be_left_out(
    flag: str, facts: dict[str, Any]
) -> None:
    job = workload(gpu=GpuNeed(cuda=12.4))
    plain = {"cuda": 12.8, "verified": True, "pcie_gb_s": 12.0}
    odd, fine = offer("A $1/h #odd", **plain | facts), offer("A $2/h #fine", **plain)
    known = replace(GROUNDS, gpus={"A": GpuSpeed(fp16_tflops=1, mem_bw_gb_s=1, vram_gb=24)})
    deals = rank(Offers.of([odd, fine]), job, Query(), known, NOW)
    assert [deal.flags for deal in deals] == [(flag,), ()]
    assert ids(rank(Offers.of([odd, fine]), job, Query(avoid=(flag,)), known, NOW)) == ["fine"]


def test_a_gpu_of_unknown_speed_is_priced_unscaled_and_flagged() -> None:
    job = workload(run=Run(hours=2.0, reference_gpu="A"))
    [deal] = rank(Offers.of([offer("B $1/h")]), job, Query(), GROUNDS, NOW)
    assert (deal.run_h, deal.speed, deal.flags) == (2.0, None, ("unscaled",))


def test_what_may_be_chosen_among_is_what_there_is() -> None:
    offers = Offers.of([offer("A $1/h")])
    [deal] = rank(offers, workload(), Query(), GROUNDS, NOW)
    assert all(hasattr(deal, name) or hasattr(deal.offer, name) for name in SORTS)
    assert set(flags(offers, workload(), GROUNDS)) == set(FLAGS)


def test_a_price_tells_its_age() -> None:
    assert ranked([offer("A $1/h", seen_at=NOW - 60)])[0].age_s == 120


def test_an_empty_market_is_an_empty_ranking() -> None:
    assert len(ranked([])) == 0


@given(st.lists(st.floats(min_value=0.01, max_value=4.0), max_size=30))
def test_a_ranking_is_sorted_and_loses_nothing_that_fits(prices: list[float]) -> None:
    found = ranked([offer(f"A $1/h #{i}", price_usd_h=p) for i, p in enumerate(prices)])
    costs = [deal.run_usd or 0.0 for deal in found]
    assert costs == sorted(costs)
    assert len(found) == len(prices)
