"""Beliefs: a prior shrunk towards what was measured, robust, and fading."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.estimate.beliefs import Belief, Observation, Summary, believe, learn, merge, robust
from hunter.values.coldstart_facts import Spread
from hunter.values.columns import Text
from hunter.values.figures import Prior

DAY = 86400.0
PRIOR = Prior(low=50.0, expected=100.0, high=200.0, source="test")
SPREAD = Spread(market=0.4, host=0.3, machine=0.2, launch=0.1, half_life_days=30.0)


def seen(value: float, machine: str = "m1", host: str = "h1", ago_days: float = 0.0) -> Observation:
    return Observation(
        quantity="unpack_mb_s", value=value, at=-ago_days * DAY, market="vast", host_id=host,
        machine_id=machine,
    )  # fmt: skip


def now(*observations: Observation, machine: str = "m1", host: str = "h1") -> Belief:
    learned = learn(observations, SPREAD, 0.0) if observations else None
    return believe(
        np.array([100.0]), PRIOR, SPREAD, learned, Text.of([host]), Text.of([machine])
    )  # fmt: skip


def test_without_evidence_the_prior_is_believed() -> None:
    belief = now()
    assert belief.median[0] == 100.0
    assert belief.log_sd[0] == pytest.approx(log(200 / 50) / (2 * 1.28155), rel=1e-4)
    assert belief.at(-1.28155)[0] == pytest.approx(50.0, rel=1e-3)


def test_the_expected_seconds_of_a_doubtful_speed_are_more_than_those_of_its_median() -> None:
    belief = Belief(median=np.array([100.0]), log_sd=np.array([0.5]))
    assert belief.mean_of_inverse[0] == pytest.approx(100 * np.exp(-0.125))
    assert belief.mean[0] == pytest.approx(100 * np.exp(0.125))


def test_a_machine_that_was_measured_often_is_believed_to_be_as_measured() -> None:
    belief = now(*[seen(300.0)] * 20)
    assert belief.median[0] == pytest.approx(300, rel=0.05)
    assert belief.log_sd[0] < 0.15


def test_one_launch_teaches_its_machine_most_and_its_market_a_little() -> None:
    one = seen(400.0)
    here = now(one).median[0]
    other_machine = now(one, machine="m2").median[0]
    other_host = now(one, machine="m9", host="h9").median[0]
    assert 100 < other_host < other_machine < here < 400


def test_the_market_is_shrunk_by_precision() -> None:
    # one machine, one launch: variance seen from the market 0.1² + 0.2² + 0.3² = 0.14, prior 0.4² = 0.16:
    # mean of logs = ln 100 + ln 4 × (1/0.14) / (1/0.14 + 1/0.16)
    belief = now(seen(400.0), machine="m9", host="h9")
    weight = (1 / 0.14) / (1 / 0.14 + 1 / 0.16)
    assert belief.median[0] == pytest.approx(100 * 4**weight)
    # and what is left of the doubt: 1/(1/0.14 + 1/0.16) + 0.3² + 0.2² + 0.1²
    assert belief.log_sd[0] == pytest.approx(sqrt(1 / (1 / 0.14 + 1 / 0.16) + 0.14))


def test_old_evidence_fades() -> None:
    fresh, old = now(seen(400.0)).median[0], now(seen(400.0, ago_days=365)).median[0]
    assert 100 < old < fresh


def test_evidence_of_another_age_says_nothing() -> None:
    # half of a half, 1074 times: its weight is the smallest number there is, and its doubt endless
    ancient = now(seen(400.0, ago_days=1074 * 30), machine="m9", host="h9")
    assert ancient.median[0] == pytest.approx(100.0)


def test_how_often_a_machine_was_measured_is_known() -> None:
    learned = learn([seen(1.0), seen(2.0), seen(3.0, machine="m2")], SPREAD, 0.0)
    assert (learned.n, learned.count("m1"), learned.count("m2"), learned.count("m3")) == (
        3,
        2,
        1,
        0,
    )


def test_one_broken_host_does_not_spoil_a_market() -> None:
    good = [seen(200.0, machine=f"m{i}", host=f"h{i}") for i in range(9)]
    spoilt = now(*good, seen(0.5, machine="bad", host="bad"), machine="new", host="new").median[0]
    clean = now(*good, machine="new", host="new").median[0]
    assert spoilt == pytest.approx(clean, rel=0.15)


def test_a_broken_machine_is_still_believed_to_be_broken() -> None:
    good = [seen(200.0, machine=f"m{i}", host=f"h{i}") for i in range(9)]
    bad = [seen(2.0, machine="bad", host="bad")] * 3
    assert now(*good, *bad, machine="bad", host="bad").median[0] < 10


def test_independent_summaries_are_weighed_by_precision() -> None:
    assert merge([Summary(mean=0.0, variance=1.0), Summary(mean=3.0, variance=0.5)]).mean == 2.0
    assert merge([]).variance == float("inf")


@given(st.lists(st.floats(1, 1e4), min_size=1, max_size=12))
def test_what_is_believed_lies_between_the_prior_and_what_was_measured(values: list[float]) -> None:
    belief = now(*[seen(value) for value in values])
    assert min(100, *values) * (1 - 1e-9) <= belief.median[0] <= max(100, *values) * (1 + 1e-9)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=9))
def test_a_robust_mean_lies_among_its_parts(means: list[float]) -> None:
    found = robust([Summary(mean=mean, variance=0.1) for mean in means])
    assert min(means) - 1e-9 <= found.mean <= max(means) + 1e-9


def test_every_spread_that_ships_lets_launches_differ_and_evidence_fade() -> None:
    from hunter.facts.shipped import shipped

    spreads = shipped().coldstart.spread
    assert all(s.half_life_days > 0 and s.launch > 0 for s in spreads.values())
