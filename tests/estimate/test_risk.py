"""What may go wrong: chances, rates and what they cost, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hunter.estimate.beliefs import Observation
from hunter.estimate.risk import (
    Record,
    boot_chance,
    expected_duds,
    interruptions_per_h,
    most_cuts,
    most_of,
    record,
    restart_chance,
    updated,
    worked_h,
)
from hunter.facts.shipped import shipped
from hunter.values.billing import Rate, Tier
from hunter.values.columns import Offers
from tests.builders import NOW, exactly, offer, risks, rules

TIERS = (
    Tier(name="centre", chance=0.9, launches=6, source="test", datacenter=True),
    Tier(name="good", chance=0.6, launches=6, source="test", reliability=0.98),
    Tier(name="other", chance=0.4, launches=6, source="test"),
)
RULES = {
    "vast": rules(
        pull_billed=False,
        boot=TIERS,
        interruption={"interruptible": Rate(per_h=exactly(0.1), hours=20)},
    )
}
RISKS = risks(host_launches=4, machine_launches=2, half_life_days=30, machine_hours=10)
NOTHING = Record()
chance = st.floats(min_value=0.01, max_value=1.0)
hours = st.floats(min_value=0.01, max_value=50)
rate = st.floats(min_value=0.0, max_value=0.5)


def seen(
    quantity: str, value: float, *, machine: str = "m9", host: str = "h9", days: float = 0
) -> Observation:
    return Observation(
        quantity=quantity, value=value, at=NOW - days * 86400, market="vast", host_id=host,
        machine_id=machine,
    )  # fmt: skip


def known(*observations: Observation) -> Record:
    return record(observations, RISKS.half_life_days.expected, NOW)


# ── hosts that never boot ────────────────────────────────────────────────────────────────────────
def test_an_offer_belongs_to_the_first_tier_that_it_fits() -> None:
    offers = Offers.of(
        [
            offer("A $1/h", datacenter=True, reliability=0.9),
            offer("A $1/h", reliability=0.99),
            offer("A $1/h", reliability=0.97),
            offer("A $1/h", reliability=None),
        ]
    )
    assert boot_chance(offers, RULES, RISKS, NOTHING) == pytest.approx([0.9, 0.6, 0.4, 0.4])


def test_only_what_tells_of_risks_is_counted_and_only_where_it_was() -> None:
    nobody = Observation(quantity="boots good", value=1.0, at=NOW, market="vast", host_id=None,
                         machine_id=None)  # fmt: skip
    cut = replace(nobody, quantity="lost interruptible", machine_id=None)
    kept = known(nobody, cut, seen("link_share", 0.5))
    assert set(kept.boots) == {("vast", "tier", "good")}
    assert set(kept.cuts) == {("vast", "tenancy", "interruptible")}


def test_where_no_tier_is_stated_every_host_boots() -> None:
    offers = Offers.of([offer("A $1/h", market="elsewhere")])
    assert boot_chance(offers, RULES, RISKS, NOTHING).tolist() == [1.0]


def test_a_tier_learns_from_its_launches_elsewhere() -> None:
    # (0.6 × 6 + 0) / (6 + 4) = 0.36 after four duds on other hosts
    duds = known(*(seen("boots good", 0.0) for _ in range(4)))
    assert boot_chance(Offers.of([offer("A $1/h")]), RULES, RISKS, duds)[0] == pytest.approx(0.36)


def test_a_machine_learns_from_its_tier_its_host_and_itself() -> None:
    # tier: (3.6 + 1) / 7 = 0.657143; host: (0.657143 × 4 + 1) / 5 = 0.725714;
    # machine: (0.725714 × 2 + 1) / 3 = 0.817143
    once = known(seen("boots good", 1.0, machine="m1", host="h1"))
    assert boot_chance(Offers.of([offer("A $1/h")]), RULES, RISKS, once)[0] == pytest.approx(
        0.817143, abs=1e-6
    )


def test_an_old_launch_counts_half_after_its_half_life() -> None:
    # (0.6 × 6 + 0) / (6 + 0.5)
    old = known(seen("boots good", 0.0, days=30))
    assert boot_chance(Offers.of([offer("A $1/h")]), RULES, RISKS, old)[0] == pytest.approx(
        3.6 / 6.5
    )


def test_duds_before_the_first_host_that_boots() -> None:
    assert expected_duds(0.8) == pytest.approx(0.25)
    assert expected_duds(0.5) == pytest.approx(1.0)
    assert expected_duds(1.0) == 0.0


@given(chance)
def test_nine_launches_of_ten_meet_no_more_duds_than_stated(p: float) -> None:
    n = float(most_of(np.array([p]), 0.9)[0])
    assert 1 - (1 - p) ** (n + 1) >= 0.9 - 1e-6
    assert n == 0 or 1 - (1 - p) ** n < 0.9 + 1e-6


# ── interruptions ────────────────────────────────────────────────────────────────────────────────
def test_only_tenancies_with_a_rate_are_interrupted() -> None:
    offers = Offers.of([offer("A $1/h"), offer("A $1/h bid")])
    assert interruptions_per_h(offers, RULES, RISKS, NOTHING).tolist() == [0.0, 0.1]


def test_a_rate_learns_from_the_hours_that_ran() -> None:
    # market: (0.1 × 20 + 3) / (20 + 30) = 0.1; machine m1, 5 of those hours and one of the cuts:
    # (0.1 × 10 + 1) / (10 + 5) = 0.133333
    went = known(
        seen("ran interruptible", 25.0),
        seen("lost interruptible", 2.0),
        seen("ran interruptible", 5.0, machine="m1"),
        seen("lost interruptible", 1.0, machine="m1"),
    )
    found = interruptions_per_h(Offers.of([offer("A $1/h bid")]), RULES, RISKS, went)
    assert found[0] == pytest.approx(2 / 15)


def test_without_checkpoints_a_cut_run_begins_again() -> None:
    # λ = 0.1/h, 10 h: (e^1 − 1) / 0.1 = 17.1828 h of trying
    assert worked_h(np.array([10.0]), np.array([0.1]), None)[0] == pytest.approx((math.e - 1) / 0.1)


def test_with_checkpoints_a_cut_loses_about_half_a_stretch() -> None:
    # λ = 0.1/h, 10 h, a checkpoint each 0.5 h: 20 × (e^0.05 − 1) / 0.1 = 10.2542 h;
    # by the rule of thumb 10 + 0.1 × 10 × 0.25 = 10.25 h
    worked = worked_h(np.array([10.0]), np.array([0.1]), 0.5)[0]
    assert worked == pytest.approx(10.2542, abs=1e-4)
    assert worked == pytest.approx(10.25, rel=1e-3)


def test_nobody_interrupts_and_nothing_is_lost() -> None:
    assert worked_h(np.array([10.0]), np.array([0.0]), None).tolist() == [10.0]


@given(hours, rate, hours)
def test_checkpoints_never_make_a_run_longer(run_h: float, per_h: float, every_h: float) -> None:
    bare = worked_h(np.array([run_h]), np.array([per_h]), None)[0]
    kept = worked_h(np.array([run_h]), np.array([per_h]), every_h)[0]
    assert run_h * (1 - 1e-9) <= kept <= bare * (1 + 1e-9)


@given(hours, rate, rate)
def test_more_interruptions_never_make_a_run_shorter(run_h: float, a: float, b: float) -> None:
    few, many = (worked_h(np.array([run_h]), np.array([r]), None)[0] for r in sorted((a, b)))
    assert few <= many * (1 + 1e-9)


@given(st.floats(min_value=0.0, max_value=20.0))
def test_nine_runs_of_ten_see_no_more_cuts_than_stated_or_one_more(expected: float) -> None:
    n = int(most_cuts(np.array([expected]))[0]) + 1
    below = sum(math.exp(-expected) * expected**k / math.factorial(k) for k in range(n + 1))
    assert below >= 0.9


# ── restarts ─────────────────────────────────────────────────────────────────────────────────────
def test_a_stopped_gpu_is_taken_by_others_with_time() -> None:
    # 0.4 + 0.6 × e^(−8/8) = 0.620728
    found = restart_chance(np.array([0.0, 8.0, 1e6]), 8.0, 0.4)
    assert found.tolist() == pytest.approx([1.0, 0.620728, 0.4], abs=1e-6)


# ── all of it ────────────────────────────────────────────────────────────────────────────────────
@given(chance, st.floats(0, 50), st.floats(0, 50))
def test_evidence_stays_between_what_was_expected_and_what_was_seen(
    expected: float, good: float, bad: float
) -> None:
    found = updated(expected, 6.0, good, good + bad)
    seen_share = good / (good + bad) if good + bad else expected
    assert min(expected, seen_share) - 1e-9 <= found <= max(expected, seen_share) + 1e-9


@given(st.lists(st.tuples(st.booleans(), chance), min_size=1, max_size=12))
def test_a_column_is_judged_as_its_single_offers_are(rows: list[tuple[bool, float]]) -> None:
    offers = [
        offer("A $1/h bid" if bid else "A $1/h", reliability=reliability, machine_id=f"m{i % 3}")
        for i, (bid, reliability) in enumerate(rows)
    ]
    went = known(
        seen("boots good", 1.0, machine="m1"), seen("lost interruptible", 1.0, machine="m2")
    )
    for judge in (boot_chance, interruptions_per_h):
        alone = [judge(Offers.of([one]), RULES, RISKS, went)[0] for one in offers]
        assert judge(Offers.of(offers), RULES, RISKS, went).tolist() == alone


def test_every_risk_that_ships_is_readable_and_has_a_source() -> None:
    for facts in shipped().markets.values():
        assert facts.boot
        assert facts.restart
        assert set(facts.interruption) == {"on-demand", "interruptible"}
        assert all(0 < tier.chance < 1 for tier in facts.boot)
