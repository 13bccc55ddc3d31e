"""Speeds as they are believed on an offer, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from hunter.estimate.assumptions import Assumptions, learn_all
from hunter.estimate.beliefs import Observation
from hunter.estimate.speeds import BeliefLine, app_of, beliefs_of, client_mb_s, link_mb_s, run_share
from hunter.facts.shipped import shipped
from hunter.values.columns import Offers
from hunter.values.workload import Fetch, Payload, Run
from tests.builders import (
    NOW,
    assumptions,
    coldstart_facts,
    exactly,
    offer,
    payload,
    rules,
    workload,
)

PLAIN = assumptions(rules(pull_billed=False))


def lines(on: Assumptions = PLAIN, **facts: Any) -> dict[str, BeliefLine]:
    sold = Offers.of([offer("A $1/h", **facts)])
    return {line.quantity: line for line in beliefs_of(sold, workload(), on)}


def test_everything_that_a_cold_start_rests_on_is_told_with_its_source() -> None:
    told = lines()
    assert list(told) == [
        "allocate_s", "link_mbps", "unpack_mb_s", "start_s", "boot_s", "client_mb_s", "load_gb_s",
        "warmup_s",
    ]  # fmt: skip
    # half of the 800 Mbps that are advertised, without any doubt
    link = told["link_mbps"]
    assert (link.prior, link.median, link.low, link.high) == pytest.approx((400, 400, 400, 400))
    assert (told["allocate_s"].median, told["start_s"].median) == (10.0, 20.0)
    assert all(line.source and (line.n, line.n_machine) == (0, 0) for line in told.values())


def test_a_link_that_is_not_advertised_is_the_markets_usual_one() -> None:
    rule = rules(pull_billed=False)
    on = assumptions(replace(rule, priors=replace(rule.priors, link_mbps=exactly(240))))
    assert lines(on, inet_down_mbps=None)["link_mbps"].median == pytest.approx(240)
    both = Offers.of([offer("A $1/h"), offer("A $1/h", inet_down_mbps=None)])
    # 800 × 0.5 and 240 Mbps as MB/s
    assert link_mb_s(both, on).median.tolist() == pytest.approx([50, 30])


def test_what_was_measured_is_counted_on_the_market_and_on_the_machine() -> None:
    def seen(machine: str) -> Observation:
        return Observation(quantity="start_s", value=80.0, at=NOW, market="vast", host_id="h1",
                           machine_id=machine)  # fmt: skip

    spreads = shipped().coldstart.spread
    taught = replace(PLAIN, learned=learn_all([*[seen("m1")] * 3, seen("m2")], spreads, NOW))
    found = lines(taught)["start_s"]
    assert (found.prior, found.n, found.n_machine) == (20.0, 4, 3)
    assert 20 < found.median < 80
    assert found.low < found.median < found.high


def test_the_largest_of_the_weights_decides_which_downloader_counts() -> None:
    clients = {"url": exactly(100), "s3": exactly(400), "huggingface": exactly(200)}
    on = assumptions(rules(pull_billed=False), coldstart_facts=coldstart_facts(clients=clients))

    def slowest(*fetches: tuple[str, float | None]) -> float | None:
        each = tuple(Fetch(ref=kind, kind=kind, n_bytes=size) for kind, size in fetches)
        job = workload(payload=Payload(image_bytes=1e9, fetches=each))
        return client_mb_s(Offers.of([offer("A $1/h")]), job, on)

    assert slowest(("s3", 2e9), ("huggingface", 9e9), ("url", None)) == pytest.approx(200)
    assert slowest(("ftp", 2e9)) == pytest.approx(100)  # of an unknown kind: as from any address
    assert client_mb_s(Offers.of([offer("A $1/h")]), workload(payload=payload(1e9, 0)), on) is None


def test_hours_that_are_no_promise_of_a_gpu_last_as_long_as_they_say() -> None:
    sold = Offers.of([offer("A $1/h"), offer("B $1/h"), offer("C $1/h")])
    facts = coldstart_facts(
        run_share=replace(exactly(1), low=0.9, high=1.1),
        run_share_scaled=replace(exactly(1), low=0.5, high=2.0),
    )
    on = assumptions(rules(pull_billed=False), coldstart_facts=facts)
    assert run_share(sold, workload(), on).log_sd.tolist() == [0, 0, 0]
    # A is the reference and B was measured; what the figures promise of C is less sure
    run = Run(hours=1.0, reference_gpu="A", speed={"B": 0.5})
    found = run_share(sold, workload(run=run), on)
    sure, unsure = facts.run_share.reference.log_sd, facts.run_share.scaled.log_sd
    assert found.log_sd.tolist() == pytest.approx([sure, sure, unsure])
    assert np.all(found.median == 1)


@pytest.mark.parametrize(
    ("image", "named", "app"),
    [
        ("docker.io/vllm/vllm-openai:v1", None, "vllm"),
        ("docker.io/vllm/vllm-openai:v1", "script", "script"),
        ("docker.io/vllm/vllm-openai:v1", "never heard of", "vllm"),
        ("Somebody/VLLM-fork", None, "vllm"),
    ],
)
def test_what_starts_is_what_the_user_says_and_else_what_the_image_is_called(
    image: str, named: str | None, app: str
) -> None:
    facts = shipped().coldstart
    assert app_of(facts, image, named) is facts.app[app]
