"""Which offers fit, why the others do not, and what to look at twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from hunter.cost.choices import FLAGS
from hunter.cost.deals import Deals, rank
from hunter.cost.filters import Missed, Query, Rule, all_in_usd_h, fitting, flags
from hunter.estimate.assumptions import Assumptions
from hunter.values.columns import Offers
from hunter.values.gpus import GpuSpeed
from hunter.values.offers import Offer, Tenancy
from hunter.values.workload import GpuNeed, Limits, Run, Workload
from tests.builders import NOW, assumptions, offer, risks, rules, workload

GROUNDS = assumptions(rules(pull_billed=False), rules(pull_billed=True, name="runpod"))


def ranked(offers: list[Offer], job: Workload | None = None, **query: Any) -> Deals:
    return rank(Offers.of(offers), job or workload(), Query(**query), GROUNDS, NOW + 60)


def ids(deals: Deals) -> list[str]:
    return [deal.offer.offer_id for deal in deals]


def test_a_job_that_must_not_be_cut_short_sees_no_bids() -> None:
    job = workload(run=Run(hours=1.0, interruptible=False))
    both = [offer("A $0.1/h bid #bid"), offer("A $0.5/h #fixed")]
    assert ids(ranked(both, job)) == ["fixed"]
    assert ids(ranked(both)) == ["bid", "fixed"]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({"market": "runpod"}, ["b"]),
        ({"gpus": ("H100",)}, ["c"]),
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


@pytest.mark.parametrize(
    ("flag", "facts"),
    [
        ("slice", {"vram_gb": 10.0}),
        ("slice", {"market_gpu": "A MIG 1g.10gb"}),
        ("pcie-x1", {"pcie_gb_s": 0.98}),
        ("unverified", {"verified": False}),
        ("old-driver", {"cuda": None}),
        ("shunned", {"machine_id": "bad"}),
    ],
)
def test_what_should_make_a_buyer_look_twice_is_flagged_and_can_be_left_out(
    flag: str, facts: dict[str, Any]
) -> None:
    job = workload(gpu=GpuNeed(cuda=12.4))
    plain = {"cuda": 12.8, "verified": True, "pcie_gb_s": 12.0}
    odd, fine = offer("A $1/h #odd", **plain | facts), offer("A $2/h #fine", **plain)
    known = replace(
        GROUNDS, gpus={"A": GpuSpeed(fp16_tflops=1, mem_bw_gb_s=1, vram_gb=24)},
        shunned={"vast": ("bad", "worse"), "elsewhere": ("m1",)},
    )  # fmt: skip
    deals = rank(Offers.of([odd, fine]), job, Query(), known, NOW)
    assert [deal.flags for deal in deals] == [(flag,), ()]
    assert ids(rank(Offers.of([odd, fine]), job, Query(avoid=(flag,)), known, NOW)) == ["fine"]


def test_a_gpu_of_unknown_speed_is_priced_unscaled_and_flagged() -> None:
    job = workload(run=Run(hours=2.0, reference_gpu="A"))
    [deal] = rank(Offers.of([offer("B $1/h")]), job, Query(), GROUNDS, NOW)
    assert (deal.run_h, deal.speed, deal.flags) == (2.0, None, ("unscaled",))


def broken(one: Offer, job: Workload, query: Query, known: Assumptions = GROUNDS) -> list[str]:
    """What keeps an offer out, in words."""
    rules = fitting(Offers.of([one]), job, query, known, NOW)
    return [str(rule.missed(0)) for rule in rules if not rule.passes[0]]


def test_every_rule_says_what_it_asks_for_what_there_is_and_what_decides() -> None:
    known = replace(GROUNDS, gpus={"A": GpuSpeed(fp16_tflops=1, mem_bw_gb_s=1, vram_gb=80)})
    job = workload(
        disk_gb=600.0,
        gpu=GpuNeed(count=2, vram_gb=40, models=("H100", "H200"), cuda=13.0),
        run=Run(hours=48, interruptible=False),
        limits=Limits(max_usd_h=0.1),
    )
    small = offer("A $0.3/h bid", cuda=12.2, max_rental_h=24.0, seen_at=NOW - 3600)
    query = Query(market="runpod", region="EU", max_age_s=100, avoid=("slice",))
    # 0.3 + 0.144 × 600 / 720 = 0.42 $/h
    assert broken(small, job, query, known) == [
        "market: it asks for runpod, and it has vast; --market decides",
        "gpu: it asks for H100 or H200, and it has A; [gpu] models decides",
        "gpu count: it asks for 2, and it has 1; [gpu] count decides",
        "memory: it asks for ≥ 40 GB a GPU, and it has 24; [gpu] vram_gb decides",
        "disk: it asks for ≥ 600 GB, and it has 500; disk_gb decides",
        "CUDA: it asks for ≥ 13, and it has 12.2; "
        "[gpu] cuda, or an image for an older driver, decides",
        f"slice: it asks for no slice, and it has {FLAGS['slice']}; --avoid decides",
        "tenancy: it asks for on-demand: the workload is not interruptible, and it has interruptible;"
        " [run] interruptible decides",
        "time left: it asks for ≥ 48 h, and it has 24; [run] hours decides",
        "region: it asks for EU, and it has Ohio, US; --region decides",
        "price cap: it asks for ≤ 0.1 $/h with disk, and it has 0.42; [limits] max_usd_h decides",
        "age: it asks for seen within 100 s, and it has 3600; --max-age decides",
    ]


def test_what_a_question_asks_for_is_said_as_an_option() -> None:
    fixed = offer("A $1/h", location=None)
    query = Query(gpus=("H100",), tenancy=Tenancy.INTERRUPTIBLE, region="Ohio")
    assert broken(fixed, workload(gpu=GpuNeed(models=("A",))), query) == [
        "gpu: it asks for H100, and it has A; --gpu decides",
        "tenancy: it asks for interruptible, and it has on-demand; --spot or --on-demand decides",
        "region: it asks for Ohio; --region decides",
    ]


def test_a_rule_of_which_nothing_is_stated_says_only_what_it_asks_for() -> None:
    rule = Rule(name="luck", need="some", passes=np.array([False]), key="nothing")
    assert str(rule.missed(0)) == "luck: it asks for some; nothing decides"
    unknown = replace(rule, stated=np.array([np.nan]))
    assert unknown.missed(0) == Missed(rule="luck", need="some", has=None, change="nothing")


def test_without_a_cap_no_price_is_too_high() -> None:
    job = workload(limits=Limits())
    assert broken(offer("A $900/h"), job, Query()) == []
    assert [rule.name for rule in fitting(Offers.of([]), job, Query(), GROUNDS, NOW)] == [
        "gpu count", "disk", "time left",
    ]  # fmt: skip


def test_what_just_fits_fits() -> None:
    job = workload(
        disk_gb=500.0,
        gpu=GpuNeed(vram_gb=24, cuda=12.4),
        run=Run(hours=24, interruptible=True),
        limits=Limits(max_usd_h=0.4),
    )
    # 0.3 + 0.144 × 500 / 720 = 0.4 $/h
    edge = offer("A $0.3/h", cuda=12.4, max_rental_h=24.0, seen_at=NOW - 100)
    assert broken(edge, job, Query(max_age_s=100)) == []


def test_the_time_left_is_held_against_the_hours_on_its_own_gpu() -> None:
    speeds = {
        name: GpuSpeed(fp16_tflops=t, mem_bw_gb_s=1) for name, t in (("A", 50.0), ("B", 100.0))
    }
    job = workload(run=Run(hours=10, reference_gpu="B", interruptible=True))
    known = replace(GROUNDS, gpus=speeds)
    left = {"max_rental_h": 15.0}
    assert broken(offer("B $1/h", **left), job, Query(), known) == []
    assert len(broken(offer("A $1/h", **left), job, Query(), known)) == 1  # 20 h on it


def test_with_its_disk_an_hour_costs_what_both_meters_say() -> None:
    pair = Offers.of([offer("A $0.36/h"), offer("A $0.36/h", storage_usd_gb_month=None)])
    with_disk, unknown = all_in_usd_h(pair, workload(), GROUNDS)
    assert with_disk == pytest.approx(0.38)
    assert np.isnan(unknown)
    capped = workload(limits=Limits(max_usd_h=0.1))
    assert broken(offer("A $0.36/h", storage_usd_gb_month=None), capped, Query()) == []


@pytest.mark.parametrize(
    ("region", "fits"),
    [("us", True), ("NA", True), ("ohio", True), ("Ohio, US", True), ("EU", False), ("xx", False),
     ("hi", False)],
)  # fmt: skip
def test_two_letters_are_a_code_and_more_are_part_of_a_name(region: str, fits: bool) -> None:
    assert (broken(offer("A $1/h"), workload(), Query(region=region)) == []) is fits


@pytest.mark.parametrize("region", ["US", "NA", "Ohio"])
def test_an_offer_without_a_place_is_not_known_to_be_anywhere(region: str) -> None:
    nowhere = offer("A $1/h", location=None, country=None, region=None)
    assert broken(nowhere, workload(), Query()) == []
    [missed] = broken(nowhere, workload(), Query(region=region))
    assert missed == f"region: it asks for {region}; --region decides"


def test_flags_are_raised_at_their_limits_and_not_by_silence() -> None:
    limits = risks(slice_below=0.9, narrow_pcie_gb_s=1.5)
    known = replace(
        GROUNDS, risks=limits, gpus={"A": GpuSpeed(fp16_tflops=1, mem_bw_gb_s=1, vram_gb=20)}
    )
    offers = Offers.of([
        offer("A $1/h", vram_gb=17.9, pcie_gb_s=1.4, verified=False),
        offer("A $1/h", vram_gb=18.0, pcie_gb_s=1.5, verified=True),
        offer("B $1/h", vram_gb=1.0, pcie_gb_s=None, verified=None, market_gpu="B mig 1g"),
    ])  # fmt: skip
    raised = {name: column.tolist() for name, column in flags(offers, workload(), known).items()}
    assert raised == {
        "slice": [True, False, True],
        "pcie-x1": [True, False, False],
        "unverified": [True, False, False],
        "old-driver": [False, False, False],
        "shunned": [False, False, False],
        "unscaled": [False, False, False],
    }
    assert list(raised) == list(FLAGS)
