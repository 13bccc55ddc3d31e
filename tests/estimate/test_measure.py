"""What a launch teaches: phases of its log, speeds behind them, and how it went."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hunter.cost.bill import bills
from hunter.estimate.assumptions import Assumptions, learn_all
from hunter.estimate.measure import Launch, Mark, Went, lasted, marks, measured, outcome
from hunter.facts.shipped import shipped
from hunter.values.billing import Tier
from hunter.values.columns import Offers
from hunter.values.gpus import GpuSpeed
from hunter.values.offers import Offer
from hunter.values.workload import ImageLayer, Run, Workload
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


def test_a_phase_lasts_until_the_next_mark() -> None:
    log = (
        "noise\nHUNTER_PHASE boot 100\nHUNTER_PHASE weights 130 5000\nHUNTER_PHASE load 180 5000\n"
    )
    assert lasted(marks(log)) == {"boot": (30.0, 0.0), "weights": (50.0, 5000.0)}


def test_marks_of_one_moment_say_nothing_of_how_long_a_phase_lasts() -> None:
    log = "HUNTER_PHASE boot 100\nHUNTER_PHASE weights 100\nHUNTER_PHASE load 90\n"
    assert lasted(marks(log)) == {}


def teach(
    told: tuple[Mark, ...] = (),
    on: Assumptions = PLAIN,
    job: Workload | None = None,
    deal: Offer | None = None,
    **states: float,
) -> dict[str, float]:
    launch = Launch(lease_id="l1", at=NOW, states=states, told=told)
    found = measured(launch, Offers.of([deal or offer("A $1/h")]), job or workload(), on)
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


def took(seconds: float, n_bytes: float = 20e9, phase: str = "weights") -> tuple[Mark, ...]:
    """A log in which one phase moved so many bytes in so many seconds."""
    after = "load" if phase == "weights" else "warmup"
    return (
        Mark(phase=phase, at=50.0, n_bytes=n_bytes),
        Mark(phase=after, at=50.0 + seconds, n_bytes=0),
    )


def test_bytes_and_seconds_of_loading_are_a_speed() -> None:
    # 16 GB in 8 s
    assert teach(took(8.0, 16e9, "load")) == {"load_gb_s": pytest.approx(2.0)}
    assert teach(took(8.0, 0.0, "load")) == {}


def test_where_no_link_is_advertised_the_link_itself_is_learnt() -> None:
    # 20 GB in 800 s are 25 MB/s, which are 200 Mbps
    silent = offer("A $1/h", inet_down_mbps=None)
    assert teach(took(800.0), deal=silent) == {"link_mbps": pytest.approx(200)}


@pytest.mark.parametrize(
    ("client_mb_s", "seconds", "taught"),
    [
        (60.0, 800.0, {"link_share": 0.25}),  # 25 MB/s, and the downloader takes 60: the link
        (60.0, 400.0, {"link_share": 0.5}),  # 50 MB/s, the link is believed to be no faster
        (25.0, 800.0, {"client_mb_s": 25.0}),  # as much as it takes, from a link of 50
        (25.0, 500.0, {"client_mb_s": 40.0, "link_share": 0.4}),  # it takes more than was believed
    ],
)
def test_weights_that_their_downloader_held_up_say_nothing_of_the_link(
    client_mb_s: float, seconds: float, taught: dict[str, float]
) -> None:
    facts = coldstart_facts(client=exactly(client_mb_s))
    on = assumptions(rules(pull_billed=False), coldstart_facts=facts)
    assert teach(took(seconds), on) == pytest.approx(taught)


def test_a_pull_that_unpacks_at_once_tells_the_link() -> None:
    # 10 GB in 400 s: 25 MB/s of 100 advertised
    assert teach(pulling=400.0) == {"link_share": pytest.approx(0.25, rel=1e-3)}


def test_without_weights_to_fetch_no_downloader_is_in_the_way() -> None:
    baked = workload(payload=payload(10e9, 0.0))
    assert teach(took(800.0), job=baked) == {"link_share": pytest.approx(0.25)}


def test_a_pull_of_an_unknown_image_teaches_nothing() -> None:
    assert teach(job=workload(payload=payload(None, 20e9)), pulling=400.0) == {}


def test_a_pull_that_no_speed_explains_teaches_nothing() -> None:
    # 10 GB at the slowest that is believed, 0.05 MB/s, take 200 000 s
    assert teach(pulling=1e9) == {}


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
