"""Keep or fetch again: break-evens worked by hand, and the figures that others published."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hunter.cost.keeping import Flip, break_even_h, flips
from tests.cost.ways import fetched, kept

usd = st.floats(min_value=1e-5, max_value=10)
idle = st.floats(min_value=0, max_value=1000)


# ── the formulas ─────────────────────────────────────────────────────────────────────────────────
def test_a_gap_costs_its_keeping_and_the_start_after_it() -> None:
    # 10 h × 0.02 + 0.05; after 8 h with τ = 8 h, left 0.4: P = 0.620728,
    # 8 × 0.02 + 0.620728 × 0.05 + 0.379272 × 1 = 0.570309
    assert kept(0.02, 0.05).gap_usd(np.array([10.0]))[0] == pytest.approx(0.25)
    way = kept(0.02, 0.05, 1.0, tau=8.0, left=0.4)
    assert way.gap_usd(np.array([8.0]))[0] == pytest.approx(0.570309, abs=1e-6)
    assert way.restart_fails(8.0) == pytest.approx(0.379272, abs=1e-6)


def test_the_break_even_is_what_is_saved_by_what_keeping_costs() -> None:
    # (0.60 − 0.10) / 0.05 = 10 h
    assert break_even_h(kept(0.05, 0.10, 0.60), 0.60) == pytest.approx(10.0)


def test_a_restart_that_may_fail_pays_for_less_time() -> None:
    way = kept(0.05, 0.10, 0.60, tau=8.0, left=0.4)
    found = break_even_h(way, 0.60)
    assert found is not None
    assert 0 < found < 10
    # there, keeping and fetching cost the same: t × 0.05 = P(t) × 0.5
    chance = 0.4 + 0.6 * math.exp(-found / 8)
    assert found * 0.05 == pytest.approx(chance * 0.5)


def test_keeping_for_days_on_end_pays_where_it_costs_next_to_nothing() -> None:
    # 1 / 0.00001 = 100 000 h, whether nobody can take it or all of them leave a chance
    assert break_even_h(kept(1e-5, 0.0, 1.0, tau=8.0, left=1.0), 1.0) == pytest.approx(1e5)
    assert break_even_h(kept(1e-5, 0.0, 1.0, left=0.5), 1.0) == pytest.approx(1e5)
    # and where it may be lost: 0.5 × (1 − 0) / 0.00001 would be 50 000 h, and nobody waits so long
    assert break_even_h(kept(1e-5, 0.0, 1.0, tau=8.0, left=0.5), 1.0) == math.inf


def test_a_break_even_within_the_hour_is_found_too() -> None:
    found = break_even_h(kept(1.0, 0.1, 0.6, tau=8.0, left=0.4), 0.6)
    assert found is not None
    # t × 1 = P(t) × 0.5
    assert found == pytest.approx((0.4 + 0.6 * math.exp(-found / 8)) * 0.5)
    assert found < 0.5


def test_what_never_pays_and_what_always_does() -> None:
    assert break_even_h(kept(0.0, 0.60, 0.60), 0.60) == math.inf
    assert break_even_h(kept(0.05, 2.0), 0.60) == 0.0
    assert break_even_h(kept(0.0, 0.1), 0.60) == math.inf
    assert break_even_h(kept(None, 0.1), 0.60) is None
    assert break_even_h(kept(0.1, 0.1), None) is None


def test_the_answer_flips_from_the_dear_and_ready_to_the_cheap_and_slow() -> None:
    running, stopped, nothing = kept(0.4), kept(0.02, 0.05), fetched(0.30)
    running, stopped = replace(running, name="running"), replace(stopped, name="stopped")
    # 0.4 t = 0.02 t + 0.05 at 0.1316 h; 0.02 t + 0.05 = 0.30 at 12.5 h
    found = flips([nothing, stopped, running])
    assert [flip.way for flip in found] == ["running", "stopped", "fetched"]
    assert [flip.from_h for flip in found] == pytest.approx([0.0, 0.1316, 12.5], rel=0.01)
    assert flips([kept(None)]) == ()
    assert flips([kept(None), fetched(0.3)]) == (Flip(from_h=0.0, way="fetched"),)


def test_a_flip_is_where_the_other_way_begins_to_cost_less() -> None:
    nothing, stopped = fetched(0.30), kept(0.02, 0.05)
    _, flip = flips([nothing, stopped])
    before, after = stopped.gap_usd(np.array([flip.from_h / 1.0038, flip.from_h]))
    assert before <= 0.30 <= after


def test_what_costs_dollars_a_second_is_kept_for_no_second() -> None:
    found = flips([fetched(0.30), kept(5000.0)])
    assert [(flip.way, flip.from_h) for flip in found] == [
        ("kept", 0.0), ("fetched", pytest.approx(1 / 3600)),
    ]  # fmt: skip


@given(usd, usd, idle, idle)
def test_a_longer_gap_never_costs_less(keep: float, warm: float, a: float, b: float) -> None:
    way = kept(keep, warm, warm + 1, tau=8.0, left=0.3)
    short, long = sorted((a, b))
    costs = way.gap_usd(np.array([short, long]))
    assert costs[0] <= costs[1] * (1 + 1e-12)


@given(usd, usd, usd, usd)
def test_dearer_keeping_never_pays_for_longer(a: float, b: float, warm: float, more: float) -> None:
    cold = warm + more
    cheap, dear = (
        break_even_h(kept(k, warm, cold, tau=8.0, left=0.3), cold) for k in sorted((a, b))
    )
    assert cheap is not None
    assert dear is not None
    assert cheap >= dear - 1e-6


@given(st.lists(idle, min_size=1, max_size=10))
def test_a_column_of_gaps_costs_what_single_gaps_do(gaps: list[float]) -> None:
    way = kept(0.02, 0.05, 1.0, tau=8.0, left=0.4)
    assert way.gap_usd(np.array(gaps)).tolist() == [way.gap_usd(np.array([g]))[0] for g in gaps]


# ── published figures ────────────────────────────────────────────────────────────────────────────
def test_runpod_keeps_a_model_only_above_seven_starts_a_day() -> None:
    # 16.3 GB × 0.20 $/GB-month = 3.26 $; one billed pull: 167 s at 0.34 $/h = 0.015772 $
    fetch = 167 / 3600 * 0.34
    pays_h = break_even_h(kept(16.3 * 0.20 / 720, 0.0, fetch), fetch)
    assert pays_h is not None
    a_month = 720 / pays_h  # one start at the end of each gap that just pays
    assert a_month == pytest.approx(206.7, abs=0.1)
    assert a_month / 30 == pytest.approx(6.9, abs=0.05)


def test_runpods_stopped_volume_pays_for_two_hours() -> None:
    # 50 GB × 0.20 / 730 = 0.0137 $/h; 26 GB at 100 MB/s are 260 s, at 0.34 $/h 0.0246 $: 1.8 h
    assert break_even_h(kept(50 * 0.20 / 730, 0.0, 260 / 3600 * 0.34), 260 / 3600 * 0.34) == (
        pytest.approx(1.79, abs=0.01)
    )


def test_on_vast_the_traffic_decides_how_long_keeping_pays() -> None:
    # 26 GB × 0.0026 = 0.068 $ (35 GB with the image: 0.091), weights 260 s at 0.34: 0.0246;
    # 60 GB × 0.15 / 720 = 0.0125 $/h: 7.4 h, and 9.2 h with the image's bytes
    for gigabytes, pays_h in ((26, 7.4), (35, 9.2)):
        fetch = gigabytes * 0.0026 + 260 / 3600 * 0.34
        assert break_even_h(kept(60 * 0.15 / 720, 0.0, fetch), fetch) == pytest.approx(
            pays_h, abs=0.05
        )
        # with one chance in two of a restart, half of it: P constant is a τ of 0 h
        half = kept(60 * 0.15 / 720, 0.0, fetch, tau=1e-9, left=0.5)
        assert break_even_h(half, fetch) == pytest.approx(pays_h / 2, abs=0.05)
