"""Always on, scaled to zero, or in batches: a day's demand worked by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from hunter.cost.serving import (
    Host,
    always_on,
    bars,
    batched,
    best_timeout_s,
    compared,
    instances_needed,
    picture,
    scaled_to_zero,
    to_zero,
)
from hunter.facts import workload_file
from hunter.values.errors import WorkloadError
from hunter.values.workload import Demand

HOST = Host(usd_h=0.40, cold_usd=0.05, cold_h=0.1, request_h=0.01)
ONE_AN_HOUR = Demand(hourly=(1.0,) * 24, request_s=36)
rates = st.lists(st.just(0.0) | st.floats(1e-6, 60), min_size=24, max_size=24)
seconds = st.floats(0, 7200)


def test_an_instance_lives_as_long_as_requests_follow_each_other() -> None:
    # one request an hour of 0.01 h, time-out 0.49 h: held 0.5; alive e^0.5 − 1 + 1 × 0.1 × 0.01 = 0.649721 h;
    # cycle 0.1 + 0.649721 + 1 = 1.749721 h: 0.571520 wake-ups an hour, up 0.749721 × 0.571520 = 0.428480
    hours = scaled_to_zero(ONE_AN_HOUR, HOST, 0.49)
    assert hours.wakes[0] == pytest.approx(0.571520, abs=1e-6)
    assert hours.up_share[0] == pytest.approx(0.428480, abs=1e-6)
    # the first waits 0.1 h, one in ten comes meanwhile and waits half: 0.571520 × (0.1 + 0.005)
    assert hours.wait_h[0] == pytest.approx(0.060010, abs=1e-6)


def test_a_month_scaled_to_zero() -> None:
    served = to_zero(ONE_AN_HOUR, HOST, 0.49 * 3600)
    # 720 h × 0.571520 = 411.494 wake-ups × 0.05, and 411.494 × 0.649721 h × 0.40
    assert served.wakes_month == pytest.approx(411.494, abs=1e-3)
    assert served.usd_month == pytest.approx(411.494 * 0.05 + 411.494 * 0.649721 * 0.40, abs=1e-2)
    assert served.wait_s == pytest.approx(0.060010 * 3600, abs=1e-2)


def test_always_on_runs_720_hours_for_each_instance_of_the_busiest_hour() -> None:
    assert always_on(ONE_AN_HOUR, HOST).usd_month == pytest.approx(720 * 0.40)
    busy = Demand(hourly=(250.0, *(0.0,) * 23), request_s=36)  # 250 × 0.01 h = 2.5: three at once
    assert instances_needed(busy, 0.01)[0] == 3
    assert always_on(busy, HOST).usd_month == pytest.approx(3 * 720 * 0.40)


def test_the_talks_night_switched_off_halves_the_compute() -> None:
    # twelve busy hours that follow without a gap, twelve without any request
    night = Demand(hourly=(0.0,) * 6 + (1000.0,) * 12 + (0.0,) * 6, request_s=3.6)
    host = replace(HOST, request_h=0.001)
    assert to_zero(night, host, 3600).up_h_month == pytest.approx(360, rel=1e-6)
    assert always_on(night, host).up_h_month == 720


def test_where_wake_ups_are_rare_the_users_wait_one_cold_start_each() -> None:
    rare = Demand(hourly=(0.01,) * 24, request_s=36)
    served = to_zero(rare, HOST, 0)
    assert served.wait_h_month == pytest.approx(served.wakes_month * HOST.cold_h, rel=1e-3)


def test_batches_pay_one_cold_start_each_and_let_everybody_wait() -> None:
    # every 6 h: 6 requests × 0.01 h; 120 batches a month: 120 × (0.05 + 0.06 × 0.40) = 8.88 $
    served = batched(ONE_AN_HOUR, HOST, 6)
    assert served.usd_month == pytest.approx(8.88)
    # 3 h on average, then 0.1 h and half of 0.06 h
    assert served.wait_s == pytest.approx(3.13 * 3600)
    assert batched(ONE_AN_HOUR, HOST, 24).usd_month == pytest.approx(30 * (0.05 + 0.24 * 0.40))


def test_a_batch_that_nobody_asked_for_is_not_started() -> None:
    morning = Demand(hourly=(1.0,) * 6 + (0.0,) * 18, request_s=36)
    assert batched(morning, HOST, 6).wakes_month == 30


def test_the_best_time_out_is_none_for_rare_requests_and_long_for_frequent_ones() -> None:
    # one an hour: each hour awake costs 0.40 $ and saves at most one start of 0.05 $; 120 an hour: without a
    # time-out a wake-up each 0.1 + 0.008 + … h costs more than to stay
    assert best_timeout_s(Demand(hourly=(1.0,) * 24, request_s=1), HOST) == 0
    assert best_timeout_s(Demand(hourly=(120.0,) * 24, request_s=1), HOST) >= 600


def test_waiting_that_is_worth_money_makes_the_time_out_longer() -> None:
    demand = Demand(hourly=(4.0,) * 24, request_s=1)
    assert best_timeout_s(demand, HOST) < best_timeout_s(demand, HOST, wait_usd_h=20.0)


@given(rates, seconds, seconds)
def test_a_longer_time_out_never_lets_anybody_wait_longer(
    r: list[float], a: float, b: float
) -> None:
    demand = Demand(hourly=tuple(r), request_s=10)
    short, long = (to_zero(demand, HOST, t) for t in sorted((a, b)))
    assert long.wait_h_month <= short.wait_h_month * (1 + 1e-9) + 1e-9
    assert long.up_h_month >= short.up_h_month * (1 - 1e-9) - 1e-6


@example(r=[0.0] * 23 + [5e-324], timeout_s=0.0)
@given(rates, seconds)
@example([5e-324, *[0.0] * 23], 600.0)
def test_nothing_is_ever_negative_and_nobody_is_up_for_more_than_the_month(
    r: list[float], timeout_s: float
) -> None:
    demand = Demand(hourly=tuple(r), request_s=10)
    for way in compared(demand, HOST, timeout_s):
        figures = (way.usd_month, way.up_h_month, way.wakes_month, way.wait_h_month, way.wait_s)
        assert min(figures) >= 0
        assert all(map(math.isfinite, figures))
    assert scaled_to_zero(demand, HOST, timeout_s / 3600).up_share.max() <= 1


@given(rates, st.floats(0, 5), st.floats(0, 5))
def test_a_dearer_instance_never_serves_cheaper(r: list[float], a: float, b: float) -> None:
    demand = Demand(hourly=tuple(r), request_s=10)
    cheap, dear = (replace(HOST, usd_h=usd) for usd in sorted((a, b)))
    for low, high in zip(compared(demand, cheap, 600), compared(demand, dear, 600), strict=False):
        if low.timeout_s == high.timeout_s:
            assert low.usd_month <= high.usd_month * (1 + 1e-9)


def test_a_picture_has_one_character_an_hour() -> None:
    assert bars([0, 1, 2, 4]) == " ▂▄█"
    lines = dict(picture(ONE_AN_HOUR, HOST, 60))
    assert {len(line) for line in lines.values()} == {24}
    assert lines["requests"] == "█" * 24
    assert np.isclose(len(lines), 4)


# ── files ────────────────────────────────────────────────────────────────────────────────────────
HEAD = 'name = "api"\nimage = "a/b"\n[demand]\nrequest_s = 20\n'


def loaded(folder: Path, table: str, rows: str | None = None) -> Demand:
    if rows is not None:
        (folder / "requests.csv").write_text(rows)
    (folder / "job.toml").write_text(HEAD + table)
    found = workload_file.load(str(folder / "job.toml")).demand
    assert found is not None
    return found


def test_a_file_of_hours_and_a_file_of_requests_are_both_understood(tmp_path: Path) -> None:
    hours = "hour,requests\n" + "".join(f"{h},{h}\n" for h in range(24))
    assert loaded(tmp_path, 'csv = "requests.csv"', hours).hourly == tuple(map(float, range(24)))
    two_days = "time\n2026-11-23T08:10:00\n2026-11-24T08:20:00\n2026-11-24T09:00:00Z\n"
    found = loaded(tmp_path, 'csv = "requests.csv"', two_days)
    assert (found.hourly[8], found.hourly[9], sum(found.hourly)) == (1.0, 0.5, 1.5)


@pytest.mark.parametrize(
    ("table", "rows", "says"),
    [
        ("hourly = [1, 2]", None, "2 figures, and a day has 24"),
        (f"hourly = {[0] * 24}", None, "nobody ever asks"),
        (f"hourly = {[1] * 23 + [-1]}", None, "demand.hourly"),
        ("", None, "either hourly or csv"),
        ('csv = "none.csv"', None, "cannot be read"),
        ('csv = "requests.csv"', "hour,requests\n0,1\n2,1\n", "gaps: nothing is said of hour 1, 3"),
        ('csv = "requests.csv"', "hour,requests\n24,1\n", "line 2: hour 24"),
        ('csv = "requests.csv"', "hour,requests\n0,1\n0,1\n", "line 3: hour 0"),
        ('csv = "requests.csv"', "hour,requests\n0,-4\n", "line 2: -4 requests"),
        ('csv = "requests.csv"', "hour,requests\n0,many\n", "line 2"),
        ('csv = "requests.csv"', "time\nyesterday\n", "line 2: time is not ISO 8601"),
        ('csv = "requests.csv"', "when\n1\n", "neither the columns"),
        ('csv = "requests.csv"', "", "no rows"),
    ],
)
def test_a_demand_that_cannot_be_is_one_sentence_with_its_place(
    tmp_path: Path, table: str, rows: str | None, says: str
) -> None:
    with pytest.raises(WorkloadError, match=says):
        loaded(tmp_path, table, rows)
