"""The pull as an engine schedules it: identities, hand-worked examples, a recorded image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.estimate.pull import Hosts, Layers, pull, totals, turns
from hunter.values.coldstart_facts import Puller

DOCKER = Puller(slots=3)
TRAINING_IMAGE = [
    26692096, 35365, 852, 163, 403170736, 81117097, 6868, 144376365, 1551901872, 467065, 324, 450, 197,
    198, 213, 213, 526, 457, 21089124, 109595420, 278052229, 207937873, 96474602, 108017609, 1026760786,
    74960560, 46047534, 59099875, 394268011, 46394470, 105264597, 890007815, 179780476, 10624167,
    1845197, 79287306, 3261, 2161, 1268, 643, 2048, 873, 379, 213,
]  # fmt: skip
"""Recorded compressed bytes of a training image's 44 layers, the base first (cold-start notes of 2026-11)."""


def layers(*mb: float, ratio: float = 2.0, ease: float = 1.0) -> Layers:
    packed = np.array(mb, dtype=float) * 1e6
    n = len(mb)
    return Layers(
        compressed_bytes=packed,
        unpacked_bytes=packed * ratio,
        ease=np.full(n, ease),
        files=np.zeros(n),
    )


def host(down: float = 100.0, unpack: float = 1e12, **changes: Any) -> Hosts:
    speeds = {"connection_mb_s": 1e12, "write_mb_s": 1e12, **changes}
    return Hosts(
        down_mb_s=np.array([down]),
        connection_mb_s=np.array([speeds["connection_mb_s"]]),
        unpack_mb_s=np.array([unpack]),
        write_mb_s=np.array([speeds["write_mb_s"]]),
        layer_s=speeds.get("layer_s", 0.0),
        file_s=speeds.get("file_s", 0.0),
    )


def seconds(image: Layers, where: Hosts, engine: Puller = DOCKER) -> float:
    whole = float(totals(image, where, engine)[1][0])
    assert pull(image, where, engine).seconds[0] == pytest.approx(whole)
    return whole


def test_one_layer_is_downloaded_and_then_unpacked() -> None:
    # 100 MB at 100 MB/s = 1 s; 200 MB out at 50 MB/s = 4 s
    assert seconds(layers(100), host(100, 50)) == pytest.approx(1 + 4)


def test_where_unpacking_takes_no_time_only_the_bytes_count() -> None:
    assert seconds(layers(100, 250, 50), host(100)) == pytest.approx(4.0)


def test_where_the_link_takes_no_time_only_the_unpacking_counts() -> None:
    # (100 + 250 + 50) × 2 MB at 50 MB/s
    assert seconds(layers(100, 250, 50), host(1e12, 50)) == pytest.approx(16.0)


def test_layers_are_unpacked_while_the_next_ones_come() -> None:
    # three at once share 30 MB/s: all three of 10 MB are there after 1 s; then 20 MB each at 20 MB/s
    assert seconds(layers(10, 10, 10), host(30, 20)) == pytest.approx(1 + 3)
    # one at a time: there after 1/3, 2/3 and 1 s; unpacked at 1.333, 2.333 and 3.333 s
    alone = Puller(slots=1)
    assert seconds(layers(10, 10, 10), host(30, 20), alone) == pytest.approx(1 / 3 + 3)


def test_a_layer_waits_for_the_one_below_it() -> None:
    # the small upper layer is there first (10 MB of 20 at half of 20 MB/s: 1 s), but the lower one
    # comes after 1 + 30/20 = 2.5 s, takes 80/40 = 2 s, and then the upper takes 20/40 = 0.5 s
    found = pull(layers(40, 10), host(20, 40), DOCKER)
    assert found.downloaded_s[0].tolist() == pytest.approx([2.5, 1.0])
    assert found.unpacked_s[0].tolist() == pytest.approx([4.5, 5.0])


def test_one_giant_layer_is_slower_than_the_same_bytes_in_ten() -> None:
    giant, split = layers(10, 10, 10, 300), layers(10, 10, 10, *[30] * 10)
    assert seconds(split, host(100, 100)) < seconds(giant, host(100, 100))


def test_one_connection_has_a_limit_of_its_own() -> None:
    # alone at 20 MB/s, whatever the link: 5 s; three together get 60 of 100 MB/s
    assert seconds(layers(100), host(100, connection_mb_s=20.0)) == pytest.approx(5.0)
    assert seconds(layers(100, 100, 100), host(100, connection_mb_s=20.0)) == pytest.approx(5.0)


def test_stored_layers_only_have_to_be_written() -> None:
    image = layers(100, ratio=1.0, ease=np.inf)
    assert seconds(image, host(1e12, 1.0, write_mb_s=200.0)) == pytest.approx(0.5)


def test_layers_that_are_there_cost_nothing() -> None:
    image, cached = layers(100, 100, 40), np.array([True, True, False])
    assert totals(image, host(20, 40), DOCKER, cached)[1][0] == pytest.approx(2 + 2)
    both = Hosts(**{name: np.repeat(getattr(host(20, 40), name), 2) for name in
                    ("down_mb_s", "connection_mb_s", "unpack_mb_s", "write_mb_s")},
                 layer_s=0.0, file_s=0.0)  # fmt: skip
    each = pull(image, both, DOCKER, np.array([[True, True, True], [True, True, False]]))
    assert each.seconds.tolist() == pytest.approx([0.0, 4.0])


def test_several_unpackers_take_what_is_there() -> None:
    # all there at once; two workers, four layers of 1 s each: 2 s instead of 4
    parallel = Puller(slots=4, unpack_at_once=2)
    assert seconds(layers(10, 10, 10, 10), host(1e12, 20), parallel) == pytest.approx(2.0)


@pytest.mark.parametrize(("mbps", "expected_s"), [(200, 291), (500, 174), (1000, 135), (5000, 109)])
def test_a_recorded_image_takes_what_an_independent_simulation_says(
    mbps: float, expected_s: float
) -> None:
    # 2.6 bytes out for one in, 150 MB/s out, 0.1 s a layer, three slots (cold-start notes of 2026-11)
    image = layers(*[size / 1e6 for size in TRAINING_IMAGE], ratio=2.6)
    assert seconds(image, host(mbps / 8, 150, layer_s=0.1)) == pytest.approx(expected_s, abs=3)


def test_the_order_in_which_downloads_end_does_not_depend_on_the_link() -> None:
    ends, moved, active = turns([30.0, 10.0, 20.0, 5.0], slots=2)
    # 0 and 1 begin; 1 ends after 10 each; 2 joins and ends with 0 after 20 more; 3 is last, alone
    assert (ends, moved, active) == ([1, 0, 2, 3], [10.0, 20.0, 0.0, 5.0], [2, 2, 2, 1])


sizes = st.lists(st.floats(0.1, 500), min_size=1, max_size=12)
speed = st.floats(1, 1000)


@given(sizes, speed, speed, st.integers(1, 6))
def test_a_pull_is_bounded_by_its_parts_and_the_short_way_agrees(
    mb: list[float], down: float, unpack: float, slots: int
) -> None:
    image, where = layers(*mb), host(down, unpack)
    took = seconds(image, where, Puller(slots=slots))
    travel, effort = sum(mb) / down, sum(mb) * 2 / unpack
    assert max(travel, effort) <= took * (1 + 1e-9)
    assert took <= (travel + effort) * (1 + 1e-9)


@given(sizes, speed, speed, st.floats(0.1, 500))
def test_a_layer_more_never_shortens_a_pull(
    mb: list[float], down: float, unpack: float, more: float
) -> None:
    where = host(down, unpack)
    assert seconds(layers(*mb), where) <= seconds(layers(*mb, more), where) * (1 + 1e-9)


@given(sizes, speed, speed, st.floats(1, 3))
def test_a_faster_host_is_never_slower(
    mb: list[float], down: float, unpack: float, by: float
) -> None:
    image = layers(*mb)
    slow = seconds(image, host(down, unpack))
    assert seconds(image, host(down * by, unpack)) <= slow * (1 + 1e-9)
    assert seconds(image, host(down, unpack * by)) <= slow * (1 + 1e-9)
