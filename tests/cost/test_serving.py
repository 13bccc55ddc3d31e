"""Always on, scaled to zero, or in batches: a day's demand worked by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from hunter.cost.deals import rank
from hunter.cost.filters import Query
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
    serve,
    to_zero,
)
from hunter.values.columns import Offers
from hunter.values.gpus import GpuSpeed
from hunter.values.workload import Demand, Run
from tests.builders import assumptions, offer, rules, workload

HOST = Host(usd_h=0.40, cold_usd=0.05, cold_h=0.1, request_h=0.01)
ONE_AN_HOUR = Demand(hourly=(1.0,) * 24, request_s=36)
# none at all, or at least one in a century
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


def test_rare_requests_wake_an_instance_nearly_each_time() -> None:
    # one request in two hours: held 0.25; alive (e^0.25 − 1) / 0.5 + 0.5 × 0.1 × 0.01 = 0.568551 h;
    # cycle 0.1 + 0.568551 + 2 = 2.668551 h: 0.374735 wake-ups an hour, up for 0.250530 of it
    hours = scaled_to_zero(Demand(hourly=(0.5,) * 24, request_s=36), HOST, 0.49)
    assert hours.wakes[0] == pytest.approx(0.374735, abs=1e-6)
    assert hours.up_share[0] == pytest.approx(0.250530, abs=1e-6)


def test_without_requests_nothing_wakes_and_under_many_nothing_sleeps() -> None:
    demand = Demand(hourly=(0.0,) * 12 + (1000.0,) * 12, request_s=36)
    hours = scaled_to_zero(demand, HOST, 1.0)
    for column in (hours.wakes, hours.wait_h):
        assert column.tolist() == [0.0] * 24
    assert hours.up_share.tolist() == [0.0] * 12 + [1.0] * 12
    assert hours.instances.tolist() == [1.0] * 12 + [10.0] * 12


def test_an_hour_that_needs_three_instances_pays_for_three() -> None:
    # 250 requests of 0.01 h and no time-out: alive (e^2.5 − 1) / 250 + 250 × 0.1 × 0.01 = 0.294730 h;
    # cycle 0.1 + 0.294730 + 0.004 = 0.398730 h: 2.507963 wake-ups of each, up for 0.989968 of the hour;
    # of a month's 30 such hours, three at once: 225.717 wake-ups and 89.0971 h
    served = to_zero(Demand(hourly=(250.0, *(0.0,) * 23), request_s=36), HOST, 0)
    assert (served.way, served.timeout_s) == ("scale to zero", 0)
    assert served.wakes_month == pytest.approx(225.717, abs=1e-3)
    assert served.up_h_month == pytest.approx(89.0971, abs=1e-4)
    # a start costs its 0.05 $ and not its hours as well
    assert served.usd_month == pytest.approx(225.717 * 0.05 + (89.0971 - 22.5717) * 0.40, abs=1e-3)


def test_a_month_scaled_to_zero() -> None:
    served = to_zero(ONE_AN_HOUR, HOST, 0.49 * 3600)
    # 720 h × 0.571520 = 411.494 wake-ups × 0.05, and 411.494 × 0.649721 h × 0.40
    assert served.wakes_month == pytest.approx(411.494, abs=1e-3)
    assert served.usd_month == pytest.approx(411.494 * 0.05 + 411.494 * 0.649721 * 0.40, abs=1e-2)
    assert served.wait_s == pytest.approx(0.060010 * 3600, abs=1e-2)


def test_always_on_runs_720_hours_for_each_instance_of_the_busiest_hour() -> None:
    served = always_on(ONE_AN_HOUR, HOST)
    assert (served.way, served.up_h_month, served.timeout_s) == ("always on", 720.0, None)
    assert (served.wakes_month, served.wait_h_month, served.wait_s) == (0.0, 0.0, 0.0)
    assert served.usd_month == pytest.approx(720 * 0.40)
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
    assert (served.way, served.wakes_month) == ("batch every 6 h", 120)
    assert served.up_h_month == pytest.approx(120 * (0.06 + 0.1))
    assert served.usd_month == pytest.approx(8.88)
    # 3 h on average, then 0.1 h and half of 0.06 h
    assert served.wait_s == pytest.approx(3.13 * 3600)
    assert batched(ONE_AN_HOUR, HOST, 24).usd_month == pytest.approx(30 * (0.05 + 0.24 * 0.40))


def test_a_batch_that_nobody_asked_for_is_not_started() -> None:
    morning = Demand(hourly=(1.0,) * 6 + (0.0,) * 18, request_s=36)
    assert batched(morning, HOST, 6).wakes_month == 30


def test_whole_numbers_of_requests_are_served_like_any_other() -> None:
    whole = Demand(hourly=(2,) * 24, request_s=36)
    assert batched(whole, HOST, 12) == batched(replace(whole, hourly=(2.0,) * 24), HOST, 12)
    assert to_zero(whole, HOST, 60) == to_zero(replace(whole, hourly=(2.0,) * 24), HOST, 60)


def test_where_nobody_asks_nobody_waits() -> None:
    nobody = Demand(hourly=(0.0,) * 24, request_s=36)
    for served in (to_zero(nobody, HOST, 60), batched(nobody, HOST, 6)):
        assert (served.wait_s, served.wait_h_month, served.usd_month) == (0.0, 0.0, 0.0)


def test_the_best_time_out_is_none_for_rare_requests_and_long_for_frequent_ones() -> None:
    # one an hour: each hour awake costs 0.40 $ and saves at most one start of 0.05 $; 120 an hour: without a
    # time-out a wake-up each 0.1 + 0.008 + … h costs more than to stay
    assert best_timeout_s(Demand(hourly=(1.0,) * 24, request_s=1), HOST) == 0
    assert best_timeout_s(Demand(hourly=(120.0,) * 24, request_s=1), HOST) >= 600


def test_waiting_that_is_worth_money_makes_the_time_out_longer() -> None:
    demand = Demand(hourly=(4.0,) * 24, request_s=1)
    assert best_timeout_s(demand, HOST) < best_timeout_s(demand, HOST, wait_usd_h=20.0)


def test_the_users_own_time_out_stands_beside_the_best_one() -> None:
    def timeouts(timeout_s: float | None, **worth: float) -> list[float | None]:
        demand = Demand(hourly=(4.0,) * 24, request_s=1)
        ways = compared(demand, HOST, timeout_s, **worth)
        assert [way.way for way in ways if way.timeout_s is None] == [
            "always on", "batch every 6 h", "batch every 12 h", "batch every 24 h",
        ]  # fmt: skip
        return [way.timeout_s for way in ways if way.timeout_s is not None]

    # four an hour: each hour awake costs 0.40 $ and saves four starts of 0.05 $
    assert timeouts(45.0) == [45.0, 0.0]
    assert timeouts(0.0) == timeouts(None) == [0.0]
    assert timeouts(None, wait_usd_h=20.0) == [14400.0]


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


def test_bars_are_full_at_the_most_and_visible_above_nothing() -> None:
    assert bars([0, 1, 2, 4]) == " ▂▄█"
    assert bars([1, 2], 4) == "▂▄"
    assert bars([9.0], 4) == "█"
    assert bars([0.001, 4.0]) == "▁█"
    assert bars([1.0], 0.0) == " "
    assert bars([]) == ""


def test_a_picture_has_one_character_an_hour() -> None:
    day = Demand(hourly=(0.0,) * 6 + (250.0,) * 6 + (1.0,) * 6 + (0.0,) * 6, request_s=36)
    # the three that the busy hours need never sleep; of one an hour, each second finds it asleep:
    # up for 0.43 of one hour of three
    assert picture(day, HOST, 0.49 * 3600) == (
        ("requests", "      ██████▁▁▁▁▁▁      "),
        ("up", "      ██████▁▁▁▁▁▁      "),
        ("wake-ups", "      ▁▁▁▁▁▁██████      "),
        ("hour", "0     6     12    18    "),
    )
    # up for 0.43 of each hour: three steps of eight
    assert dict(picture(ONE_AN_HOUR, HOST, 0.49 * 3600))["up"] == "▃" * 24


# ── on one deal ──────────────────────────────────────────────────────────────────────────────────
def test_a_deal_serves_a_day_with_its_own_prices_times_and_speed() -> None:
    job = workload(run=Run(hours=1.0, reference_gpu="B", interruptible=True))
    speeds = {
        "A": GpuSpeed(fp16_tflops=50, mem_bw_gb_s=1),
        "B": GpuSpeed(fp16_tflops=100, mem_bw_gb_s=1),
    }
    known = replace(assumptions(rules(pull_billed=False)), gpus=speeds)
    [deal] = rank(Offers.of([offer("A $0.36/h")]), job, Query(), known, 0.0)
    asked = Demand(hourly=(1.0,) * 24, request_s=36, timeout_s=60, wait_usd_h=0.5)
    found = serve(deal, asked)
    assert found is not None
    # GPU and disk 0.38 $/h, a start 0.3435 $ and 630 s; half as fast as the reference
    host = found.host
    assert (host.usd_h, host.cold_usd) == pytest.approx((0.38, 0.3435))
    assert (host.cold_h, host.request_h) == pytest.approx((630 / 3600, 0.02))
    assert (found.offer, found.demand) == ("vast:1", asked)
    assert found.ways == compared(asked, found.host, 60, 0.5)
    assert found.picture == picture(asked, found.host, 60)
    assert found.up_share == scaled_to_zero(asked, found.host, 60 / 3600).up_share.tolist()
    other = serve(deal, asked, timeout_s=600)
    assert other is not None
    assert other.ways[1].timeout_s == 600


@pytest.mark.parametrize("facts", [{"storage_usd_gb_month": None}, {"inet_down_usd_gb": None}])
def test_what_a_deal_does_not_say_is_not_guessed(facts: dict[str, None]) -> None:
    known = assumptions(rules(pull_billed=False))
    [deal] = rank(Offers.of([offer("A $0.36/h", **facts)]), workload(), Query(), known, 0.0)
    assert serve(deal, ONE_AN_HOUR) is None


def test_a_gpu_of_unknown_speed_serves_as_fast_as_is_stated() -> None:
    job = workload(run=Run(hours=1.0, reference_gpu="B", interruptible=True))
    known = assumptions(rules(pull_billed=False))
    [deal] = rank(Offers.of([offer("A $0.36/h")]), job, Query(), known, 0.0)
    found = serve(deal, ONE_AN_HOUR)
    assert found is not None
    assert found.host.request_h == pytest.approx(0.01)
