"""Numbers that somebody stands for: of what they can be, and how sure they are."""

from __future__ import annotations

import math

import pytest

from hunter.values.figures import Z90, Prior


def test_a_prior_of_one_value_has_no_spread() -> None:
    assert Prior(low=5, expected=5, high=5).log_sd == 0.0


def test_nine_of_ten_launches_lie_below_the_high_value() -> None:
    prior = Prior(low=50, expected=100, high=200)
    assert 100 * math.exp(Z90 * prior.log_sd) == pytest.approx(200)


@pytest.mark.parametrize(("low", "expected", "high"), [(2, 1, 3), (1, 4, 3), (3, 2, 1)])
def test_values_out_of_order_are_no_prior(low: float, expected: float, high: float) -> None:
    with pytest.raises(ValueError, match=f"low {low}, expected {expected} and high {high} are not"):
        Prior(low=low, expected=expected, high=high)
