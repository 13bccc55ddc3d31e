"""Ways to ship the weights: what each makes of a workload, and what moves again after a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from hunter.cost.deals import rank
from hunter.cost.filters import Query
from hunter.cost.shipping import WAYS, Change, changes, parts, plans, shipped_as
from hunter.values.coldstart_facts import PlanFacts
from hunter.values.columns import Offers
from hunter.values.workload import Fetch, ImageLayer, Payload, Run
from tests.builders import (
    NOW,
    assumptions,
    coldstart_facts,
    figure,
    offer,
    payload,
    rules,
    workload,
)

if TYPE_CHECKING:
    from hunter.cost.shipping import Way
    from hunter.values.workload import Workload

FACTS = coldstart_facts(
    plan=PlanFacts(layer_bytes=figure(12e9), code_bytes=figure(0.3e9), lora_bytes=figure(0.15e9))
)
MODEL = Fetch(
    ref="hf:org/model", kind="huggingface", n_bytes=20e9, files=(("x", 8e9), ("y", 7e9), ("z", 5e9))
)
EXTRA = Fetch(ref="https://host/extra", kind="url", n_bytes=2e9)


def layer(digest: str, packed_gb: float) -> ImageLayer:
    return ImageLayer(
        digest=digest, compressed_bytes=packed_gb * 1e9, unpacked_bytes=packed_gb * 2e9
    )


def job(*fetches: Fetch, layers: tuple[ImageLayer, ...] | None = None) -> Workload:
    """An image of three layers, the code last, on a disk of 10 GB."""
    image = (layer("base", 1), layer("torch", 1), layer("code", 0.5)) if layers is None else layers
    travels = Payload(image_bytes=2.5e9, layers=image, fetches=fetches, baked_bytes=1e9)
    return workload(payload=travels, disk_gb=10.0, weights=tuple(fetch.ref for fetch in fetches))


def sizes(shipped: Workload) -> list[float]:
    return [one.compressed_bytes / 1e9 for one in shipped.payload.layers]


def test_fetching_is_what_the_workload_says_already() -> None:
    assert shipped_as(job(MODEL), "fetch", FACTS) == job(MODEL)


def test_a_store_changes_only_where_the_weights_come_from() -> None:
    stored = shipped_as(job(MODEL, EXTRA), "store", FACTS)
    assert [fetch.kind for fetch in stored.payload.fetches] == ["s3", "s3"]
    same = tuple(replace(fetch, kind="s3") for fetch in (MODEL, EXTRA))
    assert stored == replace(job(), payload=replace(job().payload, fetches=same),
                             weights=job(MODEL, EXTRA).weights)  # fmt: skip


def test_baked_weights_are_one_layer_above_the_code_as_large_packed_as_not() -> None:
    baked = shipped_as(job(MODEL, EXTRA), "baked", FACTS)
    assert sizes(baked) == [1, 1, 0.5, 22]
    above = baked.payload.layers[-1]
    assert (above.digest, above.unpacked_bytes) == (None, 22e9)
    assert baked.payload.image_bytes == 24.5e9
    assert baked.payload.image_unpacked_bytes == 27e9
    assert (baked.payload.fetches, baked.weights) == ((), ())
    assert baked.payload.baked_bytes == 23e9
    assert baked.disk_gb == 27  # what is unpacked has to lie somewhere
    assert shipped_as(replace(job(MODEL), disk_gb=80.0), "baked", FACTS).disk_gb == 80


def test_weights_as_layers_lie_between_runtime_and_code_in_parts_of_whole_files() -> None:
    layered = shipped_as(job(MODEL, EXTRA), "layers", FACTS)
    # 8 alone, for 7 more would be above 12; 7 and 5 together; the other source for itself
    assert sizes(layered) == pytest.approx([1, 1, 8, 12, 2, 0.5])
    assert layered.payload.layers[-1].digest == "code"
    assert layered.payload.image_bytes == pytest.approx(24.5e9)


def test_files_that_add_up_to_something_else_are_scaled_to_what_is_fetched() -> None:
    half = replace(MODEL, n_bytes=10e9)
    assert sizes(shipped_as(job(half), "layers", FACTS)) == pytest.approx([1, 1, 4, 6, 0.5])


def test_an_image_without_known_layers_has_those_that_images_usually_have() -> None:
    bare = job(MODEL, layers=())
    baked = shipped_as(bare, "baked", FACTS)
    assert len(baked.payload.layers) == FACTS.pull.default_layers.expected + 1
    assert sum(sizes(baked)) == pytest.approx(22.5)
    unknown = workload(payload=payload(None, 20e9))
    assert sizes(shipped_as(unknown, "layers", FACTS)) == [20]


@pytest.mark.parametrize("way", WAYS)
def test_without_weights_every_way_is_the_same(way: Way) -> None:
    assert shipped_as(job(), way, FACTS) == job()
    unknown = job(replace(EXTRA, n_bytes=None))
    assert shipped_as(unknown, way, FACTS) == unknown


def test_a_file_that_fits_into_no_part_is_a_part_of_its_own() -> None:
    assert parts(MODEL, 4e9) == [[("x", 8e9)], [("y", 7e9)], [("z", 5e9)]]
    assert parts(MODEL, 13e9) == [[("x", 8e9), ("z", 5e9)], [("y", 7e9)]]
    assert parts(MODEL, 20e9) == [[("x", 8e9), ("y", 7e9), ("z", 5e9)]]
    assert parts(EXTRA, 20e9) == []


@pytest.mark.parametrize(
    ("way", "code", "adapter"),
    [
        # gigabytes to the registry, and to a host that held the image: code 0.3, adapter 0.15, weights 22
        ("fetch", (0.3, 22.3), (0.15, 22.0)),
        ("store", (0.3, 22.3), (0.15, 22.0)),
        ("baked", (22.3, 22.3), (22.0, 22.0)),
        ("layers", (0.3, 0.3), (0.15, 0.45)),
    ],
)
def test_what_moves_again_after_a_change(
    way: Way, code: tuple[float, float], adapter: tuple[float, float]
) -> None:
    found = changes(job(MODEL, EXTRA), way, FACTS)
    for change, (push_gb, pull_gb) in zip(found, (code, adapter), strict=True):
        assert change.push == pytest.approx(push_gb * 1e9)
        assert change.pull == pytest.approx(pull_gb * 1e9)


def test_without_weights_only_the_code_moves() -> None:
    assert changes(job(), "fetch", FACTS) == (
        Change(push=0.3e9, pull=0.3e9), Change(push=0.15e9, pull=0.0),
    )  # fmt: skip


def test_every_way_is_planned_on_the_best_offer_of_each_market_where_one_fits() -> None:
    known = assumptions(
        rules(pull_billed=True), rules(pull_billed=True, name="runpod"),
        rules(pull_billed=True, name="closed"), coldstart_facts=FACTS,
    )  # fmt: skip
    offers = Offers.of([
        offer("A $0.9/h #pod", market="runpod"), offer("A $0.5/h #dear"), offer("A $0.2/h #cheap"),
        offer("A $0.1/h #small", disk_gb=5.0),
    ])  # fmt: skip
    wanted = replace(job(MODEL), run=Run(hours=1.0, interruptible=True), disk_gb=40.0)
    found = plans(offers, wanted, known, NOW)
    assert {(plan.market, plan.offer) for plan in found} == {
        ("vast", "vast:cheap"), ("runpod", "runpod:pod"),
    }  # fmt: skip
    assert [plan.market for plan in found] == ["vast"] * 4 + ["runpod"] * 4
    for market in ("vast", "runpod"):
        costs = [plan.run_usd or 0.0 for plan in found if plan.market == market]
        assert costs == sorted(costs)
    assert {plan.way for plan in found} == set(WAYS)
    for plan in found:
        shipped = shipped_as(wanted, plan.way, FACTS)
        best = rank(offers, shipped, Query(market=plan.market), known, NOW)[0]
        assert (plan.cold_start_s, plan.cold_start_low_s, plan.cold_start_high_s) == (
            best.cold_start_s, best.cold_start_low_s, best.cold_start_high_s,
        )  # fmt: skip
        assert (plan.cold_start_usd, plan.run_usd) == (best.cold_start_usd, best.run_usd)
        assert (plan.image_bytes, plan.fetched_bytes) == (
            shipped.payload.image_bytes, shipped.payload.weights_bytes,
        )  # fmt: skip
        assert (plan.code, plan.adapter) == changes(wanted, plan.way, FACTS)
