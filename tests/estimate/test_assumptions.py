"""What our launches taught, as an estimate uses it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from hunter.estimate.assumptions import Assumptions, learn_all
from hunter.estimate.beliefs import Observation
from hunter.estimate.coldstart import Phase, cold_start
from hunter.facts.shipped import shipped
from hunter.values.columns import Offers
from hunter.values.workload import Workload
from tests.builders import (
    NOW,
    assumptions,
    offer,
    rules,
    workload,
)

PLAIN = assumptions(rules(pull_billed=False))


def phases(
    job: Workload | None = None, on: Assumptions = PLAIN, **facts: Any
) -> dict[str, Phase]:  # fmt: skip
    offers = Offers.of([offer("RTX 4090 $0.36/h", **facts)])
    return {phase.name: phase for phase in cold_start(offers, job or workload(), on)}


def test_what_was_measured_on_a_machine_shortens_its_next_start() -> None:
    seen = [
        Observation(
            quantity="link_share", value=1.0, at=NOW, market="vast", host_id="h1", machine_id="m1"
        )
    ] * 10
    learned = learn_all(seen, shipped().coldstart.spread, NOW)
    taught = replace(PLAIN, learned=learned)
    assert phases(on=taught)["weights"].expected_s[0] < phases()["weights"].expected_s[0]


def test_evidence_is_kept_by_image_or_by_market_and_only_of_what_is_estimated() -> None:
    def seen(quantity: str, **where: str) -> Observation:
        place = {"market": "vast", "host_id": "h1", "machine_id": "m1", **where}
        return Observation(quantity=quantity, value=2.0, at=NOW, **place)  # type: ignore[arg-type]

    observations = [
        seen("boot_s", image="a:1"), seen("boot_s", image="a:1"), seen("boot_s", image="b:1"),
        seen("start_s", image="a:1"), seen("boot_s"), seen("boots good"), seen("phase of the moon"),
    ]  # fmt: skip
    learned = learn_all(observations, shipped().coldstart.spread, NOW)
    assert {key: one.n for key, one in learned.items()} == {
        ("boot_s", "a:1"): 2, ("boot_s", "b:1"): 1, ("start_s", "vast"): 1,
    }  # fmt: skip
