"""What an hour and a byte cost, and which meters run when."""

from __future__ import annotations

import numpy as np
import pytest

from hunter.cost.rates import priced, rates_of, rounding_h_of, total
from hunter.values.columns import Offers
from tests.builders import assumptions, offer, rules, workload

GROUNDS = assumptions(rules(pull_billed=False), rules(pull_billed=True, name="runpod"))


def test_nothing_of_what_has_no_known_price_costs_nothing() -> None:
    assert priced(np.array([0.0, 2.0]), np.array([np.nan, 0.5])).tolist() == [0.0, 1.0]
    assert np.isnan(priced(np.array([1.0]), np.array([np.nan])))[0]


def test_columns_add_up_row_by_row() -> None:
    assert total([np.array([1.0, 2.0]), np.array([3.0, 4.0])]).tolist() == [4.0, 6.0]


def test_an_hour_is_the_gpu_and_the_workloads_disk() -> None:
    rates = rates_of(Offers.of([offer("A $0.5/h")]), workload(), GROUNDS)
    # 100 GB at $0.144 a month of 720 h
    assert rates.disk[0] == pytest.approx(0.02)
    assert rates.all_in[0] == pytest.approx(0.52)


def test_a_pull_is_billed_where_its_market_says_so() -> None:
    both = Offers.of([offer("A $0.5/h"), offer("A $0.5/h", market="runpod")])
    assert rates_of(both, workload(), GROUNDS).billed("download", "gpu").tolist() == [0.0, 1.0]


def test_half_a_step_or_the_rest_of_the_minimum_is_charged_beyond_what_was_used() -> None:
    rates = rates_of(Offers.of([offer("A $0.5/h")]), workload(), GROUNDS)
    steps = type(rates)(
        gpu=rates.gpu, disk=rates.disk, kept=rates.kept, traffic_in=rates.traffic_in,
        step_s=np.array([60.0]), minimum_s=np.array([600.0]), billed=rates.billed,
    )  # fmt: skip
    # 300 s used of 600 s; then half of a minute
    assert rounding_h_of(steps, np.array([200 / 3600]), np.array([100.0]))[0] == pytest.approx(
        300 / 3600
    )
    assert rounding_h_of(steps, np.array([1.0]), np.array([0.0]))[0] == pytest.approx(30 / 3600)
    assert rounding_h_of(rates, np.array([1.0]), np.array([0.0]))[0] == 0.0
