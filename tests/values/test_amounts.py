"""Numbers and durations as people type them: finite, positive and bounded, or refused in a sentence."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hunter.values.amounts import LONGEST_TEXT, MOST_S, MOST_USD, number, seconds, shortened
from hunter.values.units import hours


@given(st.one_of(st.text(), st.from_regex(r"[0-9.]{1,12} ?[smhd]( ?[0-9]{1,3}[smhd])?")))
@example("1h30m")
@example("0s")
@example("9" * 39 + "h")
def test_a_duration_is_finite_positive_and_bounded_or_none(text: str) -> None:
    try:
        found = seconds(text)
    except ValueError:
        return
    assert 0 < found <= MOST_S
    assert text.isascii()
    assert len(text) <= LONGEST_TEXT
    assert hours(text) == found / 3600


@given(st.integers(1, 400), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_durations_add_up_in_any_writing(d: int, h: int, m: int, s: int) -> None:
    total = d * 86400 + h * 3600 + m * 60 + s
    assert seconds(f"{d}d{h}h{m}m{s}s") == seconds(f"{d}d {h}h {m} m {s}s") == total
    assert seconds(f"{total}s") == total


@given(st.one_of(st.text(), st.floats().map(str), st.decimals().map(str), st.integers().map(str)))
@example("nan")
@example("1e-99")
def test_a_number_is_finite_positive_and_bounded_or_none(text: str) -> None:
    try:
        found = number(text, most=MOST_USD)
    except ValueError:
        return
    assert 0 < found <= MOST_USD
    assert found == float(text)


def test_zero_is_a_number_only_where_it_may_be() -> None:
    assert number("0", most=10.0, zero=True) == 0.0
    for text, zero, says in (
        ("0", False, "above zero and up to 10"),
        ("11", True, "from zero and up to 10"),
    ):
        with pytest.raises(ValueError, match=f"'{text}' is no number {says}"):
            number(text, most=10.0, zero=zero)


@pytest.mark.parametrize("text", ["0s", "0d 0h", "101000d"])
def test_a_duration_of_nothing_or_of_centuries_says_its_bounds(text: str) -> None:
    with pytest.raises(ValueError, match="is not above zero and up to 100 years"):
        seconds(text)


def test_a_text_without_end_is_refused_at_once_and_quoted_in_short() -> None:
    begun = time.monotonic()
    for parse in (seconds, hours):
        with pytest.raises(ValueError, match="is no duration"):
            parse("1s" * 1_000_000)
    assert time.monotonic() - begun < 5
    assert shortened("9" * 41) == repr("9" * 40 + "…")
    assert shortened("9" * 40) == repr("9" * 40)
