"""What comes after a failure: worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hunter.cost.bill import bills
from hunter.cost.deals import Deals, rank
from hunter.cost.fallback import Fallback, fallback
from hunter.cost.filters import Query
from hunter.estimate.assumptions import Assumptions
from hunter.values.billing import Rate, Tier
from hunter.values.columns import Offers
from hunter.values.offers import Offer
from tests.builders import NOW, assumptions, exactly, offer, payload, risks, rules, workload

EVEN = (Tier(name="all", chance=0.5, launches=6, source="test"),)
JOB = workload(payload=payload(0.0, 0.0))
usd = st.floats(min_value=0.01, max_value=2)


def expecting(boot: tuple[Tier, ...] = EVEN) -> Assumptions:
    """A market whose hosts boot so, and whose bids are cut once in ten hours."""
    rule = rules(
        pull_billed=False,
        boot=boot,
        interruption={"interruptible": Rate(per_h=exactly(0.1), hours=20)},
    )
    wrong = risks(dud_s=exactly(360), dud_gpu_share=0.5, dud_bytes_share=0.75)
    return assumptions(rule, risks=wrong)


def ranked(*offers: Offer, boot: tuple[Tier, ...] = EVEN) -> Deals:
    return rank(Offers.of(offers), JOB, Query(), expecting(boot), NOW)


def machine(name: str, usd_h: float, side: str = "") -> Offer:
    return offer(f"A ${usd_h}/h{side} #{name}", machine_id=name, storage_usd_gb_month=0.0)


def test_a_chain_costs_its_duds_and_the_first_that_boots() -> None:
    chain = Fallback(
        machines=("a", "b"), chance=np.array([0.5, 0.8]), success_usd=np.array([1.0, 2.0]),
        high_usd=np.array([1.5, 2.5]), dud_usd=np.array([0.1, 0.2]),
    )  # fmt: skip
    # 0.5 × 1 + 0.5 × (0.1 + 2): the last stands for all beyond it
    assert chain.usd == pytest.approx(1.55)
    assert chain.without("a").usd == pytest.approx(2.0)
    cost, share = chain.outcomes
    # half of the runs: 1 (four fifths of them) or 1.5; the other half 2.1 or 2.6
    assert cost.tolist() == pytest.approx([1.0, 1.5, 2.1, 2.6])
    assert share.tolist() == pytest.approx([0.4, 0.5, 0.9, 1.0])


def test_what_comes_next_is_on_the_bill_as_how_often_and_what_more() -> None:
    deals = ranked(machine("cheap", 0.1, " bid"), machine("dear", 1.0))
    cheap = deals[0]
    told = {line.item: line for line in cheap.lines}
    duds, cuts = told["dearer after duds"], told["dearer after cuts"]
    assert (duds.unit, cuts.unit, duds.source) == ("time", "time", "the next best recorded offers")
    assert duds.quantity == pytest.approx(0.5)
    assert cuts.quantity == pytest.approx(cheap.interruptions)
    for line in (duds, cuts):
        assert line.quantity is not None
        assert line.rate is not None
        assert line.usd == pytest.approx(line.quantity * line.rate)
        assert line.quantity * line.rate > 0
    assert [line.item for line in deals[1].lines] == list(told)
    assert [
        line.usd
        for line in deals[1].lines
        if line.item in ("dearer after duds", "dearer after cuts")
    ] == [0.0, 0.0]


def test_a_useful_hour_costs_what_the_whole_run_does_by_its_hours() -> None:
    known = expecting()
    job = replace(JOB, run=replace(JOB.run, hours=2.0))
    pair = Offers.of([machine("cheap", 0.1, " bid"), machine("dear", 1.0)])
    for deal in rank(pair, job, Query(), known, NOW):
        assert deal.run_usd is not None
        assert deal.useful_hour_usd == pytest.approx(deal.run_usd / 2)
    free = rank(Offers.of([machine("free", 0.0)]), job, Query(), known, NOW)[0]
    assert (free.run_usd, free.useful_hour_usd) == (0.0, 0.0)


def test_in_a_chain_too_a_cut_run_goes_on_where_it_is_dearer() -> None:
    known = expecting(boot=())
    pair = Offers.of([machine("cheap", 0.1, " bid"), machine("dear", 1.0, " bid")])
    plain = bills(pair, JOB, known)
    chain = fallback(pair, plain)
    assert chain is not None
    # e^0.1 − 1 = 0.105171 cuts, each with half of the work left; alone 0.105171 $ and 1.051709 $
    more = 0.105171 * 0.5 * (1.051709 - 0.105171)
    assert chain.success_usd == pytest.approx([0.105171 + more, 1.051709], abs=1e-5)
    assert chain.high_usd == pytest.approx(plain.success_high_usd + np.array([more, 0.0]), abs=1e-5)


def test_who_boots_nineteen_times_of_twenty_has_no_worse_range_than_its_own() -> None:
    nearly = replace(EVEN[0], chance=0.95)
    deals = ranked(machine("a", 0.1), machine("b", 1.0), boot=(nearly,))
    # 0.95 × 0.1 + 0.05 × (0.005 + 1.0)
    assert deals[0].run_usd == pytest.approx(0.14525, abs=1e-4)
    assert deals[0].run_high_usd == pytest.approx(deals[0].run_usd)


def test_the_best_of_several_offers_of_one_machine_stands_for_it() -> None:
    same = [machine("m", usd) for usd in (0.3, 0.2, 0.4)]
    chain = ranked(*same, machine("n", 0.5), replace(machine("?", 0.9), machine_id=None)).fallback
    assert chain is not None
    assert chain.machines == ("m", "n", "vast:?")
    assert chain.success_usd == pytest.approx([0.2, 0.5, 0.9])


def test_where_no_price_is_known_there_is_nothing_to_fall_back_on() -> None:
    assert ranked(replace(machine("a", 0.1), storage_usd_gb_month=None)).fallback is None


def test_twelve_failures_in_a_row_are_not_met() -> None:
    chain = ranked(*(machine(f"m{i:02}", (1 + i) / 8) for i in range(20))).fallback
    assert chain is not None
    assert chain.machines == tuple(f"m{i:02}" for i in range(12))


def test_a_bargain_that_may_not_boot_costs_what_comes_after_it() -> None:
    cheap, dear = ranked(machine("cheap", 0.1), machine("dear", 1.0))
    # a dud: 0.1 h × 0.5 × 0.1 = 0.005; alone: 0.1 + 1 × 0.005 = 0.105;
    # with what comes next: 0.5 × 0.1 + 0.5 × (0.005 + 1.0) = 0.5525
    assert cheap.offer.offer_id == "cheap"
    assert cheap.run_usd == pytest.approx(0.5525, abs=1e-3)
    # nothing is taken off the dear one because the next is cheap: 1 + 1 × 0.05
    assert dear.run_usd == pytest.approx(1.05, abs=1e-3)


def test_equal_offers_cost_as_if_there_were_no_end_of_them() -> None:
    deals = ranked(*(machine(f"m{i}", 1.0) for i in range(12)))
    assert deals[0].run_usd == pytest.approx(1.05, abs=1e-3)


def test_a_cut_run_goes_on_where_it_is_dearer() -> None:
    job_h, rate = 1.0, 0.1
    cheap, dear = ranked(machine("cheap", 0.1, " bid"), machine("dear", 1.0), boot=())
    # e^0.1 − 1 = 0.105171 cuts; alone 0.105171 / 0.1 × 0.1 = 0.105171;
    # half of the work is left, at 1.0 instead: + 0.105171 × 0.5 × (1 − 0.105171)
    worked = np.expm1(rate * job_h) / rate
    alone = worked * 0.1
    assert cheap.run_usd == pytest.approx(alone + worked * rate * 0.5 * (1 - alone), abs=1e-3)
    assert dear.run_usd == pytest.approx(1.0, abs=1e-3)


def test_the_range_reaches_as_far_as_bad_luck() -> None:
    cheap = ranked(machine("cheap", 0.1), machine("middle", 0.5), machine("dear", 1.0))[0]
    # half of the runs end on the first, a quarter on the second, the rest on the third: nine of ten cost
    # no more than 0.005 + 0.025 + 1.0
    assert cheap.run_low_usd == pytest.approx(0.1, abs=1e-3)
    assert cheap.run_high_usd == pytest.approx(1.03, abs=5e-3)


def test_the_lines_add_up_with_what_comes_after_too() -> None:
    deals = ranked(machine("a", 0.1, " bid"), machine("b", 0.5, " bid"), machine("c", 1.0))
    for deal in deals:
        assert sum(line.usd or 0.0 for line in deal.lines) == pytest.approx(deal.run_usd)


@given(st.lists(usd, min_size=1, max_size=8), usd)
def test_a_dearer_offer_never_has_a_cheaper_run(prices: list[float], more: float) -> None:
    others = [machine(f"m{i}", price) for i, price in enumerate(prices[1:])]
    runs = []
    for price in (prices[0], prices[0] + more):
        deals = ranked(machine("it", price), *others)
        runs.append(next(deal.run_usd for deal in deals if deal.offer.offer_id == "it") or 0.0)
    assert runs[0] <= runs[1] * (1 + 1e-9)


@given(st.lists(usd, min_size=1, max_size=8))
def test_the_range_holds_the_expected(prices: list[float]) -> None:
    for deal in ranked(*(machine(f"m{i}", price, " bid") for i, price in enumerate(prices))):
        assert deal.run_low_usd is not None
        assert deal.run_usd is not None
        assert deal.run_high_usd is not None
        assert deal.run_low_usd <= deal.run_usd * (1 + 1e-9)
        assert deal.run_usd <= deal.run_high_usd * (1 + 1e-9)
