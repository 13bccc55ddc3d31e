"""The cold start on every offer, what our launches teach about it, and the sizes it rests on."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from hunter.cost.bill import bills
from hunter.estimate.assumptions import Assumptions, Held, learn_all
from hunter.estimate.beliefs import Observation
from hunter.estimate.by_hand import described
from hunter.estimate.coldstart import Phase, cold_start, common_prefix, spread
from hunter.estimate.measure import Launch, Mark, Went, lasted, marks, measured, outcome
from hunter.facts.shipped import shipped
from hunter.payload.remembered import sized
from hunter.payload.sizes import PayloadSize, Piece
from hunter.values.billing import Popular, Tier
from hunter.values.columns import Offers
from hunter.values.errors import UsageError
from hunter.values.figures import Prior, Share
from hunter.values.gpus import GpuSpeed
from hunter.values.references import size_key
from hunter.values.workload import Fetch, ImageLayer, Payload, Run, Start, Workload
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
    ready = Popular(images=("example/",), chance=Share(expected=0.5))
    on = assumptions(rules(pull_billed=False, popular=ready))
    assert phases(on=on)["download"].expected_s[0] == pytest.approx(100)


# ── what a launch teaches ───────────────────────────────────────────────────────────────────────
def test_a_phase_lasts_until_the_next_mark() -> None:
    log = (
        "noise\nHUNTER_PHASE boot 100\nHUNTER_PHASE weights 130 5000\nHUNTER_PHASE load 180 5000\n"
    )
    assert lasted(marks(log)) == {"boot": (30.0, 0.0), "weights": (50.0, 5000.0)}


def teach(
    told: tuple[Mark, ...] = (),
    on: Assumptions = PLAIN,
    job: Workload | None = None,
    **states: float,
) -> dict[str, float]:
    launch = Launch(lease_id="l1", at=NOW, states=states, told=told)
    found = measured(launch, Offers.of([offer("A $1/h")]), job or workload(), on)
    return {one.quantity: one.value for one in found}


def test_weights_tell_the_link_and_the_rest_of_the_pull_tells_the_unpacking() -> None:
    one = ImageLayer(digest="a", compressed_bytes=5e9, unpacked_bytes=10e9)
    job = replace(workload(), payload=replace(payload(5e9, 20e9), layers=(one,)))
    on = assumptions(
        rules(pull_billed=False), coldstart_facts=coldstart_facts(unpack_mb_s=exactly(200))
    )
    told = (Mark(phase="weights", at=0.0, n_bytes=20e9), Mark(phase="load", at=800.0, n_bytes=0))
    found = teach(told, on, job, pulling=300.0)
    # 20 GB in 800 s are 25 MB/s of 100 advertised; 5 GB then take 200 s, so 10 GB were unpacked in 100 s
    assert found["link_share"] == pytest.approx(0.25)
    assert found["unpack_mb_s"] == pytest.approx(100, rel=1e-3)


def test_a_pull_that_found_the_image_there_says_nothing_of_speeds() -> None:
    assert teach(pulling=10.0) == {}


def test_durations_are_learnt_as_they_were_seen() -> None:
    told = (Mark(phase="boot", at=5.0, n_bytes=0), Mark(phase="warmup", at=25.0, n_bytes=0),
            Mark(phase="ready", at=29.0, n_bytes=0))  # fmt: skip
    found = teach(told, allocating=7.0, starting=11.0)
    assert found == {"allocate_s": 7.0, "start_s": 11.0, "boot_s": 20.0, "warmup_s": 4.0}


def test_a_finished_job_tells_how_long_it_takes_on_its_gpu() -> None:
    # stated: 2 h on a B, and an A is half as fast: 4 h; it took 5 h
    speeds = {
        name: GpuSpeed(fp16_tflops=t, mem_bw_gb_s=1) for name, t in (("A", 50.0), ("B", 100.0))
    }
    on = replace(PLAIN, gpus=speeds)
    job = workload(run=Run(hours=2.0, reference_gpu="B"))
    told = (Mark(phase="ready", at=0.0, n_bytes=0), Mark(phase="done", at=5 * 3600.0, n_bytes=0))
    assert teach(told, on, job) == {"run_share": 1.25}
    assert teach(told, on) == {}  # hours that are not scaled are a decision and no measurement
    seen = measured(
        Launch(lease_id="l", at=NOW, states={}, told=told), Offers.of([offer("A $1/h")]), job, on
    )
    spreads = shipped().coldstart.spread
    taught = replace(on, learned=learn_all(seen * 20, spreads, NOW))
    bill = bills(Offers.of([offer("A $1/h"), offer("B $1/h")]), job, taught)
    # what was learnt on an A holds for it, and in part for other GPUs of the same job
    assert bill.run_h[0] == pytest.approx(5.0, rel=0.05)
    assert 2.0 < bill.run_h[1] < 2.5


@pytest.mark.parametrize(
    ("booted", "cut", "taught"),
    [
        (True, False, {"boots good": 1.0, "ran interruptible": 2.0, "lost interruptible": 0.0}),
        (True, True, {"boots good": 1.0, "ran interruptible": 2.0, "lost interruptible": 1.0}),
        (False, False, {"boots good": 0.0, "dud_s": 600.0}),
        (None, False, {}),
    ],
)
def test_how_a_lease_went_teaches_chances_and_rates(
    booted: bool | None, cut: bool, taught: dict[str, float]
) -> None:
    tier = Tier(name="good", chance=0.6, launches=6, source="test")
    ran_h = 2.0 if booted else 0.0
    went = Went(lease_id="l1", at=NOW, booted=booted, waited_s=600.0, ran_h=ran_h, cut=cut)
    found = outcome(
        went, Offers.of([offer("A $1/h bid")]), {"vast": rules(pull_billed=False, boot=(tier,))}
    )
    assert {one.quantity: one.value for one in found} == taught


def test_what_was_measured_on_a_machine_shortens_its_next_start() -> None:
    seen = [
        Observation(
            quantity="link_share", value=1.0, at=NOW, market="vast", host_id="h1", machine_id="m1"
        )
    ] * 10
    learned = learn_all(seen, shipped().coldstart.spread, NOW)
    taught = replace(PLAIN, learned=learned)
    assert phases(on=taught)["weights"].expected_s[0] < phases()["weights"].expected_s[0]


# ── sizes ───────────────────────────────────────────────────────────────────────────────────────
class Kept(dict[str, bytes]):
    def get(self, key: str, default: Any = None) -> Any:  # type: ignore[override]
        return (self[key], 60.0) if key in self else None


def known(n_bytes: int, cuda: float | None = None) -> bytes:
    layer = Piece(
        digest="sha256:a", compressed_bytes=n_bytes, media_type="x.tar+gzip", unpacked_bytes=2 * n_bytes
    )  # fmt: skip
    size = PayloadSize(
        ref="x", kind="image", digest="sha256:b", compressed_bytes=n_bytes, unpacked_bytes=2 * n_bytes,
        unpacked_is_estimate=False, layers=(layer,), cuda=cuda,
    )  # fmt: skip
    return msgspec.json.encode(size)


def test_sizes_that_were_learnt_fill_what_the_workload_leaves_open() -> None:
    fetch = Fetch(ref="hf:a/b", kind="huggingface", n_bytes=None)
    job = workload(payload=Payload(fetches=(fetch,)))
    memory = Kept({size_key(job.image): known(100, 12.4), size_key("hf:a/b"): known(7)})
    found = sized(job, memory)
    assert (found.payload.image_bytes, found.payload.weights_bytes) == (100, 7)
    assert found.gpu.cuda == 12.4  # what the image asks for becomes a need
    assert len(found.payload.layers) == 1


def test_a_size_given_by_hand_stands() -> None:
    job = workload(payload=payload(500, 9))
    found = sized(job, Kept({size_key(job.image): known(100), size_key("hf:org/model"): known(7)}))
    assert (found.payload.image_bytes, found.payload.layers) == (500, ())
    assert found.payload.weights_bytes == 9


# ── hosts described by hand ─────────────────────────────────────────────────────────────────────
def test_a_host_by_hand_pulls_as_it_is_described() -> None:
    host = {"down_mbps": "800", "unpack_mb_s": "1000", "write_mb_s": "200", "engine": "docker"}
    sold, on = described(host, coldstart_facts())
    one = ImageLayer(digest="a", compressed_bytes=10e9, unpacked_bytes=20e9)
    job = workload(payload=Payload(image_bytes=10e9, layers=(one,)))
    found = {p.name: p for p in cold_start(Offers.of([sold]), job, on)}
    # 10 GB at 100 MB/s, then 20 GB at the disk's 200 MB/s
    assert found["download"].expected_s[0] == pytest.approx(100)
    assert found["unpack"].expected_s[0] == pytest.approx(100)


@pytest.mark.parametrize(
    "host",
    [{}, {"down_mbps": "fast"}, {"down_mbps": "-1"}, {"down_mbps": "1", "engine": "lxc"},
     {"down_mbps": "1", "slots": "2.5"}, {"down_mbps": "nan"}],
)  # fmt: skip
def test_a_host_that_cannot_be_is_a_mistake_of_usage(host: dict[str, str]) -> None:
    with pytest.raises(UsageError) as error:
        described(host, coldstart_facts())
    assert error.value.remedy


def test_a_prior_of_one_value_has_no_spread() -> None:
    assert Prior(low=5, expected=5, high=5, source="x").log_sd == 0.0
