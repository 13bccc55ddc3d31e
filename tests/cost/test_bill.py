"""The bill of one run: every number worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hunter.cost.bill import Bills, bills, break_even_idle_h
from hunter.estimate.assumptions import learn_all
from hunter.estimate.beliefs import Observation
from hunter.facts.shipped import shipped
from hunter.values.billing import Rate, Tier
from hunter.values.columns import Offers
from hunter.values.figures import Prior
from hunter.values.workload import Run, Workload
from tests.builders import (
    assumptions,
    coldstart_facts,
    exactly,
    offer,
    payload,
    risks,
    rules,
    workload,
)

FREE_PULL = assumptions(rules(pull_billed=False))
PAID_PULL = assumptions(rules(pull_billed=True))
usd = st.floats(min_value=1e-4, max_value=50)
size = st.floats(min_value=0, max_value=200)


def one(line: str, *, paid: bool = False, job: Workload | None = None, **facts: Any) -> Bills:
    chosen = PAID_PULL if paid else FREE_PULL
    return bills(Offers.of([offer(line, **facts)]), job or workload(), chosen)


def test_fetching_beats_storing_after_one_idle_minute_on_the_talks_4090() -> None:
    refetch = np.array([0.02 * 30 / 3600])  # 30 s at $0.02/h = $0.000167
    assert break_even_idle_h(refetch, np.array([0.01]))[0] * 3600 == pytest.approx(60)


def test_keeping_for_nothing_always_wins() -> None:
    assert break_even_idle_h(np.array([0.5]), np.array([0.0]))[0] == np.inf


def test_the_cold_start_is_the_sum_of_its_phases() -> None:
    bill = one("RTX 4090 $0.36/h")
    # 800 Mbps × 0.5 = 50 MB/s: image 10 GB / 50 = 200 s, weights 20 GB / 50 = 400 s; + 10 + 20
    assert bill.cold_start_s[0] == pytest.approx(630)


def test_a_link_that_is_not_known_widens_the_cold_start_and_makes_it_longer() -> None:
    doubt = Prior(low=0.25, expected=0.5, high=1.0, source="test")
    rule = rules(pull_billed=False)
    unsure = structs.replace(rule, priors=structs.replace(rule.priors, link_share=doubt))
    bill = bills(Offers.of([offer("RTX 4090 $0.36/h")]), workload(), assumptions(unsure))
    # ln(1 / 0.25) / (2 × 1.28155) = 0.54086; seconds of a log-normal speed: 600 × e^(0.54086² / 2) = 694.5
    assert bill.cold_start_s[0] == pytest.approx(30 + 694.5, abs=0.1)
    # the link at its 90th and 10th percentile: a share of 1 and of 0.25, so 300 s and 1200 s
    assert bill.cold_start_low_s[0] == pytest.approx(30 + 300)
    assert bill.cold_start_high_s[0] == pytest.approx(30 + 1200)


def test_where_the_pull_is_free_of_gpu_it_still_costs_disk_and_traffic() -> None:
    bill = one("RTX 4090 $0.36/h")
    # GPU: only the 400 s of weights run it: 400/3600 × 0.36 = 0.04
    # disk: 0.144 × 100 / 720 = 0.02 $/h × 630/3600 h = 0.0035
    # traffic: 30 GB × 0.01 = 0.30
    assert bill.cold_start_usd[0] == pytest.approx(0.04 + 0.0035 + 0.30)


def test_where_the_pull_is_billed_the_gpu_runs_from_the_first_second() -> None:
    bill = one("RTX 4090 $0.36/h", paid=True)
    # GPU: 630/3600 × 0.36 = 0.063
    assert bill.cold_start_usd[0] == pytest.approx(0.063 + 0.0035 + 0.30)


def test_a_run_is_its_cold_start_its_hours_and_what_it_sends() -> None:
    job = workload(run=Run(hours=2.0, egress_gb=5.0))
    bill = one("RTX 4090 $0.36/h", job=job)
    # 0.3435 + 2 × (0.36 + 0.02) + 5 × 0.01
    assert bill.run_usd[0] == pytest.approx(0.3435 + 0.76 + 0.05)
    assert bill.useful_hour_usd[0] == pytest.approx((0.3435 + 0.76 + 0.05) / 2)
    assert bill.all_in_usd_h[0] == pytest.approx(0.38)
    # idle: 0.3435 / 0.02 = 17.175 h
    assert bill.break_even_idle_h[0] == pytest.approx(17.175)


def test_an_unknown_price_makes_the_sum_unknown_and_never_zero() -> None:
    assert np.isnan(one("RTX 4090 $0.36/h", storage_usd_gb_month=None).run_usd[0])
    assert np.isnan(one("RTX 4090 $0.36/h", inet_down_usd_gb=None).run_usd[0])


def test_an_unknown_price_of_nothing_costs_nothing() -> None:
    job = workload(run=Run(hours=1.0, egress_gb=0.0))
    assert np.isfinite(one("RTX 4090 $0.36/h", job=job, inet_up_usd_gb=None).run_usd[0])


def test_an_unknown_size_makes_the_cold_start_unknown() -> None:
    bill = one("RTX 4090 $0.36/h", job=workload(payload=payload(None, 0.0)))
    assert np.isnan(bill.cold_start_s[0])
    assert np.isnan(bill.run_usd[0])


def test_baked_weights_are_fetched_by_nobody() -> None:
    bill = one("RTX 4090 $0.36/h", job=workload(payload=payload(10e9, 0.0)))
    assert bill.cold_start_s[0] == pytest.approx(230)


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────
FREE_RISKY, PAID_RISKY = (
    assumptions(
        rules(
            pull_billed=paid,
            boot=(Tier(name="all", chance=0.8, launches=6, source="test"),),
            interruption={"interruptible": Rate(per_h=exactly(0.1), hours=20)},
        ),
        risks=risks(dud_s=exactly(360), dud_gpu_share=0.5, dud_bytes_share=0.75),
    )
    for paid in (False, True)
)


def risky(line: str, job: Workload, *, paid: bool = False) -> Bills:
    return bills(Offers.of([offer(line)]), job, PAID_RISKY if paid else FREE_RISKY)


def test_hosts_that_never_boot_are_paid_for_too() -> None:
    bill = risky("RTX 4090 $0.36/h", workload())
    # a dud: 0.1 h × (0.5 × 0.36 + 0.02) + 0.75 × 10 GB × 0.01 = 0.02 + 0.075 = 0.095
    # (1 − 0.8) / 0.8 = 0.25 of them: 0.02375; the cold start as above 0.3435; one hour 0.38
    assert bill.acquire_usd[0] == pytest.approx(0.3435 + 0.02375)
    assert bill.run_usd[0] == pytest.approx(0.3435 + 0.02375 + 0.38)


def test_where_the_pull_is_billed_a_dud_runs_the_gpu_all_the_time() -> None:
    bill = risky("RTX 4090 $0.36/h", workload(), paid=True)
    # 0.1 h × (0.36 + 0.02) + 0.075 = 0.113; a quarter of it on 0.063 + 0.0035 + 0.30
    assert bill.acquire_usd[0] == pytest.approx(0.3665 + 0.02825)


def test_an_interruption_costs_the_work_since_the_checkpoint_and_another_start() -> None:
    job = workload(run=Run(hours=10.0, interruptible=True, checkpoint_every_h=0.5))
    bill = risky("RTX 4090 $0.36/h bid", job)
    # worked: 20 × (e^0.05 − 1) / 0.1 = 10.254219 h, so 1.0254219 interruptions;
    # run: (0.3435 + 0.02375) × 2.0254219 + 10.254219 × 0.38
    assert bill.interruptions[0] == pytest.approx(1.0254219)
    assert bill.run_usd[0] == pytest.approx(0.36725 * 2.0254219 + 10.254219 * 0.38)


def test_without_checkpoints_the_whole_run_begins_again() -> None:
    bill = risky("RTX 4090 $0.36/h bid", workload(run=Run(hours=10.0, interruptible=True)))
    # (e^1 − 1) / 0.1 = 17.182818 h, 1.7182818 interruptions
    assert bill.run_usd[0] == pytest.approx(0.36725 * 2.7182818 + 17.182818 * 0.38)


def test_a_bad_run_meets_one_dud_and_two_cuts() -> None:
    job = workload(run=Run(hours=10.0, interruptible=True, checkpoint_every_h=0.5))
    bill = risky("RTX 4090 $0.36/h bid", job)
    # nothing else is unsure: a smooth run is 0.3435 + 10 × 0.38 = 4.1435 $, and no run costs less.
    # nine of ten meet no more than one dud, 0.095 $, and two cuts, each 0.36725 $ of a start and
    # 0.254219 / 1.0254219 h of lost work at 0.38 $/h: 0.461458 $; both are independent of each other
    two_cuts = 2 * (0.36725 + 0.254219 / 1.0254219 * 0.38)
    assert bill.run_low_usd[0] == pytest.approx(4.1435)
    assert bill.run_high_usd[0] == pytest.approx(4.1435 + math.hypot(0.095, two_cuts))
    # and where the first host boots, the dud is spared
    assert bill.success_usd[0] == pytest.approx(bill.run_usd[0] - 0.02375)
    assert bill.success_high_usd[0] == pytest.approx(4.1435 + two_cuts)
    assert (bill.boot_chance[0], bill.duds[0], bill.dud_usd[0]) == pytest.approx((0.8, 0.25, 0.095))


def test_the_range_takes_link_hours_and_quote_as_independent_of_each_other() -> None:
    doubt = Prior(low=0.25, expected=0.5, high=1.0, source="test")
    rule = rules(pull_billed=False)
    known = assumptions(
        structs.replace(rule, priors=structs.replace(rule.priors, link_share=doubt)),
        coldstart_facts=coldstart_facts(
            run_share=Prior(low=0.8, expected=1.0, high=1.25, source="test")
        ),
        risks=risks(quote_share=Prior(low=0.9, expected=1.0, high=1.2, source="test")),
    )
    job = workload(run=Run(hours=2.0, reference_gpu="RTX 4090"))
    bill = bills(Offers.of([offer("RTX 4090 $0.36/h")]), job, known)
    # the link, as in the test above: 200 s and 400 s are 1.15750 as long as expected; a second of the image
    # costs 0.02 / 3600 $ and one of the weights 0.38 / 3600 $; its ends are 0.5 and 2 times as long
    second = (200 * 0.02 + 400 * 0.38) / 3600
    smooth = 1.15750 * second + 30 * 0.02 / 3600 + 0.30 + 2 * 0.38
    assert bill.run_usd[0] == pytest.approx(smooth, abs=1e-5)
    good = math.hypot((1.15750 - 0.5) * second, 2 * 0.2 * 0.38, 0.1 * smooth)
    bad = math.hypot((2 - 1.15750) * second, 2 * 0.25 * 0.38, 0.2 * smooth)
    assert bill.run_low_usd[0] == pytest.approx(smooth - good, abs=1e-5)
    assert bill.run_high_usd[0] == pytest.approx(smooth + bad, abs=1e-5)
    assert bill.success_high_usd[0] == pytest.approx(smooth + bad, abs=1e-5)


def test_hours_that_finished_runs_took_are_billed_instead_of_those_promised() -> None:
    seen = Observation(quantity="run_share", value=1.5, at=0.0, market="vast", host_id="A",
                       machine_id="m1", image="example/job:1")  # fmt: skip
    learned = learn_all([seen] * 40, shipped().coldstart.spread, 0.0)
    taught = structs.replace(FREE_PULL, learned=learned)
    bill = bills(
        Offers.of([offer("A $0.36/h")]), workload(run=Run(hours=2.0, reference_gpu="A")), taught
    )
    assert bill.run_h[0] == pytest.approx(3.0, rel=0.05)
    assert bill.run_usd[0] == pytest.approx(0.3435 + bill.run_h[0] * 0.38)
    assert bill.useful_hour_usd[0] == pytest.approx(bill.run_usd[0] / 2)  # by the reference's hours


def test_a_market_without_rules_is_billed_in_full_and_its_disk_is_not_known() -> None:
    elsewhere = Offers.of([offer("A $0.36/h", market="elsewhere"), offer("A $0.36/h")])
    bill = bills(elsewhere, workload(), FREE_PULL)
    assert np.isnan([bill.storage_usd_h[0], bill.keep_usd_h[0], bill.run_usd[0]]).all()
    assert bill.run_usd[1] == pytest.approx(0.7235)


def test_what_is_kept_is_priced_by_its_own_rate() -> None:
    bill = one("A $0.36/h", storage_stopped_usd_gb_month=0.288)
    assert (bill.storage_usd_h[0], bill.keep_usd_h[0]) == pytest.approx((0.02, 0.04))
    assert bill.break_even_idle_h[0] == pytest.approx(0.3435 / 0.04)


def test_some_of_the_bills_are_those_bills_line_by_line() -> None:
    offers = Offers.of([offer(f"A ${usd}/h bid") for usd in (0.1, 0.2, 0.3)])
    job = workload(run=Run(hours=10.0, interruptible=True))
    rows = np.array([2, 0])
    few = bills(offers, job, FREE_RISKY).take(rows)
    same = bills(offers.take(rows), job, FREE_RISKY)
    for name in Bills.__struct_fields__:
        if name not in ("lines", "phases", "phase_usd"):
            assert getattr(few, name).tolist() == getattr(same, name).tolist(), name
    for line, twin in zip(few.lines, same.lines, strict=True):
        assert (line.item, line.unit, line.source) == (
            twin.item, twin.unit, twin.source,
        )  # fmt: skip
        for column in ("quantity", "rate", "usd"):
            assert getattr(line, column).tolist() == getattr(twin, column).tolist(), line.item
    for phase, twin_phase in zip(few.phases, same.phases, strict=True):
        assert phase.name == twin_phase.name
        assert phase.expected_s.tolist() == twin_phase.expected_s.tolist()
    for usd, twin_usd in zip(few.phase_usd, same.phase_usd, strict=True):
        assert usd.tolist() == twin_usd.tolist()


def test_a_market_that_charges_by_the_step_rounds_up() -> None:
    rule = rules(pull_billed=False, step_s=60.0, minimum_s=7200.0)
    bill = bills(Offers.of([offer("RTX 4090 $0.36/h")]), workload(), assumptions(rule))
    # 3600 s of work and 630 s of start: 2970 s short of the minimum, at 0.38 an hour
    assert bill.run_usd[0] == pytest.approx(0.7235 + 2970 / 3600 * 0.38)
    short = structs.replace(rule, minimum_s=0.0)
    half = bills(Offers.of([offer("RTX 4090 $0.36/h")]), workload(), assumptions(short))
    assert half.run_usd[0] == pytest.approx(0.7235 + 30 / 3600 * 0.38)  # half a step on average


@given(usd, usd, usd, size, size, st.booleans())
def test_the_lines_add_up_and_the_range_holds_the_expected(
    gpu: float, storage: float, traffic: float, image: float, weights: float, paid: bool
) -> None:
    job = workload(payload=payload(image * 1e9, weights * 1e9))
    one_offer = offer(
        f"RTX 4090 ${gpu:.4f}/h bid", storage_usd_gb_month=storage, inet_down_usd_gb=traffic
    )
    chosen = PAID_RISKY if paid else FREE_RISKY
    bill = bills(Offers.of([one_offer]), job, chosen)
    assert sum(line.usd[0] for line in bill.lines) == pytest.approx(bill.run_usd[0])
    assert sum(usd[0] for usd in bill.phase_usd) == pytest.approx(bill.cold_start_usd[0])
    assert bill.run_low_usd[0] <= bill.run_usd[0] * (1 + 1e-12)
    assert bill.run_usd[0] <= bill.run_high_usd[0] * (1 + 1e-12)
    assert min(line.usd[0] for line in bill.lines) >= 0


METERS_OF = ("price_usd_h", "storage_usd_gb_month", "inet_down_usd_gb", "inet_up_usd_gb")


@given(st.sampled_from(METERS_OF), usd, usd, st.booleans())
def test_a_dearer_meter_never_makes_a_deal_better(
    meter: str, a: float, b: float, bid: bool
) -> None:
    job = workload(run=Run(hours=2.0, egress_gb=1.0, interruptible=True))
    line = "A $1/h bid" if bid else "A $1/h"
    cheap, dear = (offer(line, **{meter: price}) for price in sorted((a, b)))
    bill = bills(Offers.of([cheap, dear]), job, PAID_RISKY)
    for column in (bill.run_usd, bill.run_low_usd, bill.run_high_usd, bill.acquire_usd):
        assert column[0] <= column[1] * (1 + 1e-12)


@given(st.floats(min_value=0.01, max_value=20), st.floats(min_value=0.01, max_value=20))
def test_more_hours_never_make_a_run_cheaper(a: float, b: float) -> None:
    short, long = (
        risky("A $1/h bid", workload(run=Run(hours=h, interruptible=True))) for h in sorted((a, b))
    )
    assert short.run_usd[0] <= long.run_usd[0] * (1 + 1e-12)


@given(usd, usd)
def test_a_dearer_gpu_never_makes_a_run_cheaper(a: float, b: float) -> None:
    cheap, dear = sorted((a, b))
    offers = Offers.of([offer("A $1/h", price_usd_h=cheap), offer("A $1/h", price_usd_h=dear)])
    bill = bills(offers, workload(), PAID_PULL)
    assert bill.run_usd[0] <= bill.run_usd[1]


@given(size, size)
def test_more_bytes_never_make_a_run_cheaper(a: float, b: float) -> None:
    few, many = (
        one("A $1/h", job=workload(payload=payload(gb * 1e9, 0.0))) for gb in sorted((a, b))
    )
    assert few.run_usd[0] <= many.run_usd[0]


@given(st.lists(usd, min_size=1, max_size=20))
def test_a_column_is_priced_as_its_single_offers_are(prices: list[float]) -> None:
    offers = [offer("A $1/h", price_usd_h=price) for price in prices]
    together = bills(Offers.of(offers), workload(), FREE_PULL).run_usd
    alone = [bills(Offers.of([o]), workload(), FREE_PULL).run_usd[0] for o in offers]
    assert together.tolist() == alone
