"""The only conversions of units, and durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.values.units import (
    gb,
    hours,
    mb_s_from_mbps,
    usd_gb_from_usd_gib,
    usd_h_from_gb_month,
)
from hunter.values.words import duration, human


@given(st.integers(1, 10**6))
def test_a_duration_of_whole_seconds_reads_back(seconds: int) -> None:
    assert hours(f"{seconds}s") * 3600 == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "h", "10", "1x", "1h 2", "-1h", "ten minutes"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        hours(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (61, "1m01s"), (3599.6, "1h00m"), (90000, "1d01h")],
)
def test_a_duration_is_written_in_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_gigabyte_is_a_billion_bytes_and_a_month_is_as_long_as_its_market_says() -> None:
    assert gb(2.5e9) == 2.5
    assert usd_h_from_gb_month(0.146, 50.0, 730.0) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (None, "?"),
        (0, "0.0 MB"),
        (999_949_999, "999.9 MB"),
        (10**9, "1.00 GB"),
        (2.5e12, "2500.00 GB"),
    ],
)
def test_bytes_are_read_in_megabytes_up_to_a_gigabyte(n_bytes: float | None, text: str) -> None:
    assert human(n_bytes) == text


def test_a_meter_that_counts_gib_charges_a_gigabyte_less_and_a_link_counts_bits() -> None:
    assert usd_gb_from_usd_gib(0.01) == pytest.approx(0.01 / 1.073741824)
    assert mb_s_from_mbps(800.0) == 100.0
