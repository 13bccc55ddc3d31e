"""Hours on the reference GPU become hours on the offer's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hunter.cost.bill import bills
from hunter.estimate.gpu_speed import relative_speeds, run_hours
from hunter.values.columns import Offers, Text
from hunter.values.gpus import GpuSpeed
from hunter.values.workload import Run
from tests.builders import assumptions, offer, rules, workload

GPUS = {
    "RTX 4090": GpuSpeed(fp16_tflops=165.2, mem_bw_gb_s=1008.0),
    "RTX 3090": GpuSpeed(fp16_tflops=71.0, mem_bw_gb_s=936.0),
    "Riddle": GpuSpeed(fp16_tflops=None, mem_bw_gb_s=None),
}
COLUMN = Text.of(["RTX 4090", "RTX 3090", "Riddle", "Never heard of"])


def speeds(run: Run) -> list[float]:
    return [float(speed) for speed in relative_speeds(COLUMN, run, GPUS)]


def test_without_a_reference_the_hours_are_those_of_any_gpu() -> None:
    assert speeds(Run()) == [1.0] * 4


def test_what_bounds_the_job_decides_how_gpus_compare() -> None:
    # 71.0 / 165.2 = 0.4298; 936 / 1008 = 0.9286
    compute = speeds(Run(reference_gpu="RTX 4090"))
    memory = speeds(Run(reference_gpu="RTX 4090", bound="memory"))
    assert compute[:2] == pytest.approx([1.0, 0.4298], abs=1e-4)
    assert memory[:2] == pytest.approx([1.0, 0.9286], abs=1e-4)
    assert np.isnan(compute[2:]).all()


def test_a_measured_speed_overrides_the_figures() -> None:
    run = Run(reference_gpu="RTX 4090", speed={"RTX 3090": 0.55, "Riddle": 2.0})
    assert speeds(run)[:3] == pytest.approx([1.0, 0.55, 2.0])


def test_an_unknown_reference_scales_nothing_but_itself() -> None:
    found = speeds(Run(reference_gpu="Never heard of"))
    assert np.isnan(found[:3]).all()
    assert found[3] == 1.0


def test_a_slower_gpu_is_paid_for_longer() -> None:
    job = workload(run=Run(hours=2.0, reference_gpu="RTX 4090"))
    on = replace(assumptions(rules(pull_billed=False)), gpus=GPUS)
    offers = Offers.of(
        [offer("RTX 4090 $0.36/h"), offer("RTX 3090 $0.36/h"), offer("Riddle $0.36/h")]
    )
    bill = bills(offers, job, on)
    # 2 h × 165.2 / 71.0 = 4.6535 h; GPU and disk together $0.38/h; the riddle's hours stand as they are
    assert bill.run_h == pytest.approx([2.0, 4.6535, 2.0], abs=1e-4)
    assert bill.run_usd[1] - bill.run_usd[0] == pytest.approx(0.38 * 2.6535, abs=1e-4)
    assert np.isnan(bill.speed[2])
    # dollars by the hours of the reference, so that both compare
    assert bill.useful_hour_usd[1] == pytest.approx(bill.run_usd[1] / 2)


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(0.1, 1000))
def test_a_faster_gpu_never_takes_longer(a: float, b: float, hours: float) -> None:
    slow, fast = sorted((a, b))
    assert run_hours(hours, np.array([fast]))[0] <= run_hours(hours, np.array([slow]))[0]
