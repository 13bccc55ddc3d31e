"""The talk that this project was born from (Nomadic Infrastructure Design for AI workloads, 2025-01), claim
by claim: what the arithmetic gives with the talk's own inputs, and where it holds today."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs

from hunter.cost.bill import bills
from hunter.cost.keeping import break_even_h
from hunter.cost.serving import Host, always_on, batched, to_zero
from hunter.cost.shipping import changes, shipped_as
from hunter.cost.storage import by_hand
from hunter.estimate.pull import Hosts, Layers, totals
from hunter.facts.shipped import shipped
from hunter.values.coldstart_facts import Puller
from hunter.values.columns import Offers
from hunter.values.figures import Figure
from hunter.values.units import usd_h_from_gb_month
from hunter.values.workload import Demand, Fetch, Payload
from tests.builders import assumptions, offer, payload, rules, workload

GPU_USD_H, DISK_USD_H, START_S = 0.01, 0.01, 30.0
"""A 4090 in South Carolina: two cents an hour with 50 GB, one of them for the disk; it boots in 30 s."""


def test_1_half_of_the_price_is_storage() -> None:
    assert DISK_USD_H / (GPU_USD_H + DISK_USD_H) == 0.5
    # 0.01 $/h ÷ 50 GB × 730 h = 0.146 $/GB-month
    assert usd_h_from_gb_month(0.146, 50.0, 730.0) == pytest.approx(0.01)


def test_2_after_one_idle_minute_it_costs_more_to_store_than_to_fetch() -> None:
    nothing, kept, _ = by_hand(GPU_USD_H, DISK_USD_H, START_S)
    assert nothing.cold_usd == pytest.approx(0.000167, abs=5e-7)
    pays_h = break_even_h(kept, nothing.cold_usd)
    assert pays_h is not None
    assert pays_h * 3600 == pytest.approx(60)
    day = kept.gap_usd(np.array([24.0]))[0]
    assert day == pytest.approx(0.24)
    assert day / (nothing.cold_usd or 1) == pytest.approx(1440)


def test_3_a_night_switched_off_halves_the_compute_and_lets_wake_ups_wait() -> None:
    hourly = tuple(max(0.0, float(np.sin((h + 0.5) / 24 * 2 * np.pi))) * 2000 for h in range(24))
    demand = Demand(hourly=hourly, request_s=1.0)
    host = Host(usd_h=0.02, cold_usd=0.02 * 30 / 3600, cold_h=30 / 3600, request_h=1 / 3600)
    zero, on = to_zero(demand, host, 300), always_on(demand, host)
    assert zero.up_h_month / on.up_h_month == pytest.approx(0.5, abs=0.01)
    assert zero.wait_h_month >= zero.wakes_month * host.cold_h * (1 - 1e-9)


def test_4_batches_run_on_pennies() -> None:
    # one request of an hour's work a day: 30 × (one start + 1 h) against 720 h
    demand = Demand(hourly=(1.0, *(0.0,) * 23), request_s=3600)
    host = Host(usd_h=0.02, cold_usd=0.02 * 30 / 3600, cold_h=30 / 3600, request_h=1.0)
    for every_h in (6, 12, 24):
        assert batched(demand, host, every_h).usd_month == pytest.approx(
            30 * (0.02 + 0.000167), abs=1e-4
        )
    assert always_on(demand, host).usd_month == pytest.approx(14.4)


def test_5_all_but_the_last_step_of_a_run_is_wasted() -> None:
    bill = bills(
        Offers.of([offer("RTX 4090 $0.36/h")]), workload(), assumptions(rules(pull_billed=True))
    )
    # 630 s of start for one useful hour (tests/cost/test_bill.py): 14.9% of the instance's life
    wasted = bill.cold_start_s[0] / (bill.cold_start_s[0] + 3600)
    assert wasted == pytest.approx(0.1489, abs=1e-4)
    assert [phase.name for phase in bill.phases][-1] == "warmup"


def test_6_a_pull_is_free_of_gpu_on_vast_as_its_pages_say_and_never_on_runpod() -> None:
    vast, runpod = shipped().market("vast").read("cheaper"), shipped().market("runpod")
    for phase in ("download", "unpack"):
        assert not vast.billed(phase, "gpu")
        assert vast.billed(phase, "disk")
        assert vast.billed(phase, "bandwidth")
        assert runpod.billed(phase, "gpu")
    # and baking 20 GB of weights moves 400 s from a billed phase to a free one: 400/3600 × 0.36 = 0.04
    one, free = Offers.of([offer("RTX 4090 $0.36/h")]), assumptions(rules(pull_billed=False))
    fetched = bills(one, workload(), free).cold_start_usd[0]
    baked = bills(one, workload(payload=payload(30e9, 0.0)), free).cold_start_usd[0]
    assert fetched - baked == pytest.approx(0.04, abs=1e-3)


@pytest.mark.parametrize(("parts", "seconds"), [(1, 336), (6, 282), (26, 240)])
def test_7_docker_unpacks_one_layer_at_a_time(parts: int, seconds: float) -> None:
    # 26 GB of FLUX above ten layers of 0.3 GB at 1 Gbit/s, unpacked at 250 MB/s: 29 GB arrive in 232 s;
    # in one layer then 26 GB / 250 MB/s = 104 s more; the last three of six come together: 3 × 17.3 s more
    packed = np.array([0.3e9] * 10 + [26e9 / parts] * parts)
    image = Layers(
        compressed_bytes=packed,
        unpacked_bytes=packed * np.array([2.6] * 10 + [1.0] * parts),
        ease=np.ones(parts + 10),
        files=np.zeros(parts + 10),
    )
    host = Hosts(
        down_mb_s=np.array([125.0]), connection_mb_s=np.array([1e12]), unpack_mb_s=np.array([250.0]),
        write_mb_s=np.array([1e12]), layer_s=0.1, file_s=0.0,
    )  # fmt: skip
    _, whole = totals(image, host, Puller(slots=3))
    assert whole[0] == pytest.approx(seconds, rel=0.01)


def test_8_an_adapter_of_150_mb_moves_alone_only_if_it_is_a_layer_of_its_own() -> None:
    coldstart_facts = shipped().coldstart
    plan = structs.replace(coldstart_facts.plan, lora_bytes=Figure(expected=150e6))
    coldstart_facts = structs.replace(coldstart_facts, plan=plan)
    job = workload(
        payload=Payload(
            image_bytes=3e9, fetches=(Fetch(ref="hf:a/b", kind="huggingface", n_bytes=5e9),)
        )
    )
    _, layered = changes(job, "layers", coldstart_facts)
    _, baked = changes(job, "baked", coldstart_facts)
    assert (layered.push, baked.push) == (150e6, 5e9)
    # a host of the classic kind fetches what lies above the changed layer too: the code, never the model
    assert layered.pull == 150e6 + coldstart_facts.plan.code_bytes.expected
    assert baked.pull == 5e9


def test_9_a_hub_that_takes_no_layer_above_ten_gigabytes_is_named() -> None:
    job = workload(
        payload=Payload(
            image_bytes=3e9, fetches=(Fetch(ref="hf:a/b", kind="huggingface", n_bytes=11e9),)
        )
    )
    coldstart_facts = shipped().coldstart
    baked = shipped_as(job, "baked", coldstart_facts).payload.layers[-1]
    assert baked.compressed_bytes == 11e9
    limit = coldstart_facts.registry["docker.io"].layer_limit_bytes.expected
    assert baked.compressed_bytes > limit


def test_11_the_same_job_ranks_across_markets_and_a_volume_shows_its_place() -> None:
    both = Offers.of([offer("RTX 4090 $0.36/h"), offer("RTX 4090 $0.34/h", market="runpod")])
    known = assumptions(rules(pull_billed=False), rules(pull_billed=True, name="runpod"))
    assert np.isfinite(bills(both, workload(), known).run_usd).all()
