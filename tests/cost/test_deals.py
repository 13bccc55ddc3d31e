"""Ranking: what fits, in which order, and why the rest is out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.cost.bill import Bills, bills
from hunter.cost.choices import SORTS
from hunter.cost.deals import Deals, matching, nearest, price_each, price_one, rank
from hunter.cost.filters import Query
from hunter.values.billing import Rate, Tier
from hunter.values.columns import Offers
from hunter.values.offers import Offer
from hunter.values.workload import GpuNeed, Run, Workload
from tests.builders import NOW, assumptions, exactly, offer, risks, rules, workload

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


# ── the best few of many ─────────────────────────────────────────────────────────────────────────
A_MARKET = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C", "D"]),
        st.floats(min_value=0.01, max_value=4.0),
        st.floats(min_value=0.0, max_value=0.1),
        st.sampled_from([None, 0.1, 0.9]),
    ),
    min_size=1,
    max_size=40,
)


@given(A_MARKET, st.integers(min_value=1, max_value=5), st.integers(min_value=1, max_value=60))
def test_the_best_few_are_those_of_the_whole_ranking_and_so_is_what_comes_after_a_failure(
    market: list[tuple[str, float, float, float | None]], top: int, first: int
) -> None:
    offers = Offers.of([
        offer(f"A $1/h #{i}", machine_id=machine, price_usd_h=price, inet_down_usd_gb=traffic,
              storage_usd_gb_month=storage)
        for i, (machine, price, traffic, storage) in enumerate(market)
    ])  # fmt: skip
    job = workload()
    with pytest.MonkeyPatch.context() as few_are_many:
        few_are_many.setattr("hunter.cost.deals.FIRST", first)
        few_are_many.setattr("hunter.cost.deals.NEAR", 3)
        few_are_many.setattr("hunter.cost.fallback.NEAR", 3)
        whole = rank(offers, job, Query(), GROUNDS, NOW)
        few = rank(offers, job, Query(), GROUNDS, NOW, top=top)
    assert [deal.run_usd for deal in few] == [deal.run_usd for deal in whole][:top]
    assert ids(few) == ids(whole)[:top]
    assert (few.fallback and few.fallback.machines) == (whole.fallback and whole.fallback.machines)
    assert few.fitting == whole.fitting


def test_dear_offers_are_not_priced_where_the_best_few_are_asked_for() -> None:
    near = [offer(f"A $0.{i + 10}/h #{i}", machine_id=str(i)) for i in range(90)]
    far = [offer(f"A $2/h #far{i}", price_usd_h=2 + i / 5000) for i in range(5000)]
    priced: list[int] = []

    def counted(part: Offers, *rest: Any) -> Bills:
        priced.append(len(part))
        return bills(part, *rest)

    with pytest.MonkeyPatch.context() as watched:
        watched.setattr("hunter.cost.deals.bills", counted)
        few = rank(Offers.of([*far, *near]), workload(), Query(), GROUNDS, NOW, top=3)
    assert ids(few) == ["0", "1", "2"]
    assert priced == [1001]


# ── what a deal tells ────────────────────────────────────────────────────────────────────────────
def test_a_bill_names_every_quantity_with_its_unit_its_rate_and_its_source() -> None:
    told = ranked([offer("RTX 4090 $0.36/h")])[0].lines
    # 400 s of weights run the GPU, 630 s of start the disk of 100 × 0.144 / 720 = 0.02 $/h
    lines = {
        "GPU, useful hours": (1, "h", 0.36, 0.36, "offer"),
        "GPU, cold start": (400 / 3600, "h", 0.36, 0.04, "offer; the market's phases"),
        "disk, useful hours": (1, "h", 0.02, 0.02, "offer, at the workload's disk"),
        "disk, cold start": (630 / 3600, "h", 0.02, 0.0035, "offer; the market's phases"),
        "image in": (10, "GB", 0.01, 0.1, "offer; workload sizes"),
        "weights in": (20, "GB", 0.01, 0.2, "offer; workload sizes"),
        "results out": (0, "GB", 0.01, 0.0, "offer; egress_gb"),
    }
    assert [line.item for line in told] == list(lines)
    for line in told:
        quantity, unit, rate, usd, source = lines[line.item]
        assert (line.quantity, line.rate, line.usd) == pytest.approx((quantity, rate, usd))
        assert (line.unit, line.source) == (unit, source)


def test_what_may_go_wrong_is_on_the_bill_only_where_it_may() -> None:
    rule = rules(
        pull_billed=False,
        boot=(Tier(name="all", chance=0.8, launches=6, source="test"),),
        interruption={"interruptible": Rate(per_h=exactly(0.1), hours=20)},
        step_s=60.0,
    )
    wrong = risks(dud_s=exactly(360), dud_gpu_share=0.5, dud_bytes_share=0.75)
    risky = assumptions(rule, risks=wrong)
    job = workload(run=Run(hours=10.0, interruptible=True, checkpoint_every_h=0.5))
    deal = price_one(offer("RTX 4090 $0.36/h bid"), job, risky, NOW)
    told = {line.item: line for line in deal.lines}
    # numbers as in test_bill: 0.25 duds of 0.095 $; 0.254219 h lost at 0.38; 1.0254219 starts of 0.36725 $;
    # and half a minute
    named = {
        "hosts not booting": (0.25, "dud", 0.095, "risk.toml, the market's rates; own launches"),
        "work lost to cuts": (0.254219, "h", 0.38, "risk.toml, the market's rates; own launches"),
        "starts after cuts": (
            1.0254219,
            "start",
            0.36725,
            "risk.toml, the market's rates; own launches",
        ),
        "rounding": (30 / 3600, "h", 0.38, "the market's step and minimum"),
    }
    assert list(told)[-4:] == list(named)
    for item, (quantity, unit, rate, source) in named.items():
        line = told[item]
        assert (line.quantity, line.rate) == pytest.approx((quantity, rate), abs=1e-6)
        assert line.usd == pytest.approx(quantity * rate, abs=1e-6)
        assert (line.unit, line.source) == (unit, source)


def test_a_cold_start_names_each_phase_with_what_runs_in_it() -> None:
    told = {phase.phase: phase for phase in ranked([offer("RTX 4090 $0.36/h")])[0].phases}
    assert list(told) == [
        "allocate", "download", "unpack", "start", "boot", "weights", "load", "warmup",
    ]  # fmt: skip
    download, weights = told["download"], told["weights"]
    assert (download.billed, weights.billed) == (
        ("disk", "bandwidth"),
        ("gpu", "disk", "bandwidth"),
    )
    assert (download.seconds, download.bytes_in) == (pytest.approx(200), 10e9)
    assert (download.low_s, download.high_s) == pytest.approx((200, 200))
    # 200 s of disk at 0.02 $/h and 10 GB; 400 s at 0.38 $/h and 20 GB
    assert download.usd == pytest.approx(200 / 3600 * 0.02 + 0.1)
    assert weights.usd == pytest.approx(400 / 3600 * 0.38 + 0.2)


# ── many of them ─────────────────────────────────────────────────────────────────────────────────
EVEN = (Tier(name="all", chance=0.5, launches=6, source="test"),)
MANY = [offer(f"A ${(1 + (7 * n) % 20) / 10}/h #{n}", machine_id=f"m{n}") for n in range(20)]


@pytest.mark.parametrize("top", [1, 5, 20, 50])
@pytest.mark.parametrize("sort", SORTS)
def test_the_best_few_are_the_first_of_all(top: int, sort: str) -> None:
    priced = Offers.of([*MANY, offer("A $0.55/h bid #20", machine_id="m20")])
    known = assumptions(
        rules(
            pull_billed=False,
            boot=EVEN,
            interruption={"interruptible": Rate(per_h=exactly(0.1), hours=20)},
        ),
        risks=risks(dud_s=exactly(360)),
    )
    whole = rank(priced, workload(), Query(sort=sort), known, NOW)
    few = rank(priced, workload(), Query(sort=sort), known, NOW, top=top)
    assert ids(few) == ids(whole)[:top]
    assert (few.considered, few.fitting, len(whole)) == (21, 21, 21)
    for one, same in zip(few, whole, strict=False):
        assert (one.run_usd, one.run_low_usd, one.run_high_usd) == pytest.approx(
            (same.run_usd, same.run_low_usd, same.run_high_usd)
        )


def test_few_are_kept_where_only_few_are_known() -> None:
    unknown = [offer(f"A $0.1/h #u{n}", storage_usd_gb_month=None) for n in range(4)]
    found = rank(Offers.of([*unknown, *MANY[:2]]), workload(), Query(), GROUNDS, NOW, top=3)
    assert ids(found)[:2] == ["0", "1"]
    assert found[2].run_usd is None


def test_what_is_priced_by_name_is_priced_whether_it_fits_or_not() -> None:
    job = workload(gpu=GpuNeed(vram_gb=40), run=Run(hours=1.0, interruptible=True))
    known = assumptions(rules(pull_billed=False, boot=EVEN))
    pair = Offers.of([offer("A $1/h #b"), offer("A $0.5/h #a", machine_id="m2")])
    plain = price_each(pair, job, known, NOW)
    assert ids(plain) == ["b", "a"]
    assert (plain.considered, plain.fitting, plain.removed, plain.fallback) == (2, 2, (), None)
    chain = rank(pair, workload(), Query(), known, NOW).fallback
    after = price_each(pair, job, known, NOW, chain)
    assert after.fallback is chain
    # where the cheap one does not boot, the dear one comes next
    assert (after[1].run_usd or 0) > (plain[1].run_usd or 0)
    assert after[0].run_usd == plain[0].run_usd


def test_the_nearest_is_judged_by_its_age_too() -> None:
    old, new = offer("A $0.1/h #old", seen_at=NOW - 999), offer("A $1/h #new", seen_at=NOW - 99)
    found = nearest(Offers.of([old, new]), workload(gpu=GpuNeed(vram_gb=40)), Query(max_age_s=100),
                    GROUNDS, NOW)  # fmt: skip
    assert found is not None
    assert (found[0].offer.offer_id, len(found[1])) == ("new", 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["1", "2", "3"]),
        ("4090", ["1", "2"]),
        ("RTX bid", ["2"]),
        ("spot", ["2"]),
        ("fixed 4090", ["1"]),
        ("on-demand", ["1", "3"]),
        ("norw", ["3"]),
        ("runpod", ["3"]),
        ("eu", ["3"]),
        ("4090 norway", []),
    ],
)
def test_words_are_looked_for_in_all_that_a_row_shows(text: str, found: list[str]) -> None:
    north = {"market": "runpod", "location": "Norway, NO", "region": "EU"}
    deals = ranked([
        offer("RTX 4090 $0.3/h #1"), offer("RTX 4090 $0.4/h bid #2", location=None),
        offer("H100 $0.9/h #3", **north),
    ])  # fmt: skip
    assert sorted(ids(deals.take(matching(deals, text)))) == found


def test_in_an_empty_ranking_nothing_is_found() -> None:
    assert matching(ranked([]), "4090").tolist() == []
