"""The cold start on every offer, phase by phase."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from hunter.estimate.assumptions import Assumptions, Held
from hunter.estimate.coldstart import Phase, cold_start, common_prefix, spread
from hunter.values.billing import Popular
from hunter.values.coldstart_facts import Load
from hunter.values.columns import Offers
from hunter.values.figures import Share
from hunter.values.workload import ImageLayer, Payload, Start, Workload
from tests.builders import (
    assumptions,
    coldstart_facts,
    exactly,
    offer,
    payload,
    rules,
    workload,
)

PLAIN = assumptions(rules(pull_billed=False))
FREE = Start(boot_s=0.0, load_gb_s=1e9, warmup_s=0.0)


def phases(
    job: Workload | None = None, on: Assumptions = PLAIN, **facts: Any
) -> dict[str, Phase]:  # fmt: skip
    offers = Offers.of([offer("RTX 4090 $0.36/h", **facts)])
    return {phase.name: phase for phase in cold_start(offers, job or workload(), on)}


def test_the_phases_are_those_of_a_start_in_their_order() -> None:
    assert list(phases()) == [
        "allocate", "download", "unpack", "start", "boot", "weights", "load", "warmup",
    ]  # fmt: skip


def test_what_the_user_states_about_the_start_is_taken_as_it_is() -> None:
    job = workload(start=Start(boot_s=12.0, load_gb_s=2.0, warmup_s=3.0))
    found = phases(job)
    # 20 GB of weights at 2 GB/s
    assert [found[name].expected_s[0] for name in ("boot", "load", "warmup")] == [12.0, 10.0, 3.0]
    assert found["boot"].low_s[0] == found["boot"].high_s[0] == 12.0


def test_the_unpacking_is_what_is_left_when_the_last_byte_has_come() -> None:
    one = ImageLayer(digest="a", compressed_bytes=5e9, unpacked_bytes=10e9)
    job = workload(payload=Payload(image_bytes=5e9, layers=(one,)))
    found = phases(
        job,
        assumptions(
            rules(pull_billed=False), coldstart_facts=coldstart_facts(unpack_mb_s=exactly(200))
        ),
    )
    # 5 GB at 50 MB/s = 100 s, then 10 GB at 200 MB/s = 50 s
    assert found["download"].expected_s[0] == pytest.approx(100)
    assert found["unpack"].expected_s[0] == pytest.approx(50)
    assert found["download"].bytes_in[0] == 5e9


def test_weights_come_no_faster_than_their_downloader_takes_them() -> None:
    slow = coldstart_facts(client=exactly(20.0))
    # 20 GB at 20 MB/s, although 50 arrive
    assert phases(on=assumptions(rules(pull_billed=False), coldstart_facts=slow))[
        "weights"
    ].expected_s[0] == pytest.approx(1000)


def test_baked_weights_are_loaded_though_nobody_fetches_them() -> None:
    baked = replace(payload(10e9, 0), baked_bytes=8e9)
    found = phases(workload(payload=baked, start=replace(FREE, load_gb_s=2.0)))
    assert (found["weights"].expected_s[0], found["load"].expected_s[0]) == (0.0, 4.0)


def test_an_unknown_size_makes_its_phase_unknown_and_no_other() -> None:
    found = phases(workload(payload=payload(None, 20e9)))
    assert np.isnan(found["download"].expected_s[0])
    assert found["weights"].expected_s[0] == pytest.approx(400)


def test_phases_of_one_link_are_slow_together_and_the_rest_independently() -> None:
    def phase(name: str, above: float) -> Phase:
        ten = np.array([10.0])
        return Phase(name=name, low_s=ten, expected_s=ten, high_s=ten + above, bytes_in=ten * 0)

    parts = [phase("download", 3.0), phase("weights", 1.0), phase("boot", 3.0)]
    # (3 + 1) by the link and 3 alone: the root of 16 + 9
    assert spread(parts, [1.0] * 3)[1][0] == pytest.approx(5.0)


# ── what is there already ───────────────────────────────────────────────────────────────────────
def layered(*digests: str) -> Workload:
    layers = tuple(ImageLayer(digest=d, compressed_bytes=1e9, unpacked_bytes=2e9) for d in digests)
    return workload(payload=Payload(image_bytes=1e9 * len(layers), layers=layers))


def holding(image: str, *digests: str, chance: float = 1.0) -> Assumptions:
    held = Held(market="vast", machine_id="m1", image=image, digests=digests)
    return assumptions(
        rules(pull_billed=False), coldstart_facts=coldstart_facts(held=chance), held=(held,)
    )


def test_an_image_that_we_launched_there_lately_is_not_fetched_again() -> None:
    job = layered("a", "b", "c")
    assert phases(job, holding(job.image))["download"].bytes_in[0] == 0.0
    assert phases(job, holding(job.image), machine_id="m2")["download"].bytes_in[0] == 3e9
    unsure = phases(job, holding(job.image, chance=0.75))["download"]
    # a quarter of 3 GB at 50 MB/s; at best nothing, at worst all
    assert unsure.expected_s[0] == pytest.approx(15)
    assert (unsure.low_s[0], unsure.high_s[0]) == pytest.approx((0, 60))


def test_layers_are_shared_only_from_the_base_up() -> None:
    # measured on docker 20.10: weights above another base are fetched again, below it they are not
    assert common_prefix(["w", "m1"], ["w", "m0"]) == 1
    assert common_prefix(["m1", "w"], ["m0", "w"]) == 0
    job = layered("w", "new")
    assert phases(job, holding("other/image", "w", "old"))["download"].bytes_in[0] == 1e9


def test_images_that_a_market_keeps_ready_cost_their_share_of_a_pull() -> None:
    ours = Popular(images=("somebody/", "example/"), chance=Share(expected=0.5))
    others = Popular(images=("somebody/",), chance=Share(expected=1.0))
    for ready, seconds in ((ours, 100), (others, 200)):
        on = assumptions(rules(pull_billed=False, popular=ready))
        assert phases(on=on)["download"].expected_s[0] == pytest.approx(seconds)


def test_where_we_launched_ourselves_we_know_better_than_the_market_does() -> None:
    ready = rules(
        pull_billed=False, popular=Popular(images=("example/",), chance=Share(expected=0.5))
    )
    sure = coldstart_facts(held=1.0)
    held = Held(market="vast", machine_id="m1", image=workload().image, digests=())
    on = assumptions(ready, coldstart_facts=sure, held=(held,))
    assert phases(on=on)["download"].expected_s[0] == 0.0
    assert phases(on=on, machine_id="m2")["download"].expected_s[0] == pytest.approx(100)
    other = replace(held, image="another/image")
    on = assumptions(ready, coldstart_facts=sure, held=(other,))
    assert phases(on=on)["download"].expected_s[0] == pytest.approx(200)


def test_weights_just_fetched_are_loaded_from_memory_and_large_ones_from_the_disk() -> None:
    speeds = replace(
        coldstart_facts(),
        load=Load(
            from_memory_gb_s=exactly(4.0),
            from_disk_gb_s=exactly(1.0),
            cached_below_ram_share=Share(expected=0.5),
        ),
    )
    on = assumptions(rules(pull_billed=False), coldstart_facts=speeds)
    job = workload(start=replace(FREE, load_gb_s=None))
    # 20 GB: in 48 GB of memory they still are, in 32 GB they are not; the narrow link takes 2 GB/s
    assert phases(job, on, ram_gb=48.0)["load"].expected_s[0] == pytest.approx(5)
    assert phases(job, on, ram_gb=32.0)["load"].expected_s[0] == pytest.approx(20)
    assert phases(job, on, ram_gb=48.0, pcie_gb_s=2.0)["load"].expected_s[0] == pytest.approx(10)


def test_an_image_known_by_its_sizes_alone_is_unpacked_to_what_it_says() -> None:
    on = assumptions(
        rules(pull_billed=False), coldstart_facts=coldstart_facts(unpack_mb_s=exactly(200))
    )
    # 10 GB come in 200 s; 100 GB at 200 MB/s take 500 s, whatever of it happens meanwhile
    job = workload(payload=replace(payload(10e9, 0), image_unpacked_bytes=100e9))
    whole = phases(job, on)["download"].expected_s + phases(job, on)["unpack"].expected_s
    assert 500 < whole[0] < 500 + 200
