"""A host described by hand."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hunter.estimate.by_hand import described
from hunter.estimate.coldstart import cold_start
from hunter.facts.shipped import shipped
from hunter.values.columns import Offers
from hunter.values.errors import UsageError
from hunter.values.workload import ImageLayer, Payload
from tests.builders import (
    coldstart_facts,
    workload,
)


def test_a_host_by_hand_pulls_as_it_is_described() -> None:
    host = {"down_mbps": "800", "unpack_mb_s": "1000", "write_mb_s": "200", "engine": "docker"}
    sold, on = described(host, coldstart_facts())
    one = ImageLayer(digest="a", compressed_bytes=10e9, unpacked_bytes=20e9)
    job = workload(payload=Payload(image_bytes=10e9, layers=(one,)))
    found = {p.name: p for p in cold_start(Offers.of([sold]), job, on)}
    # 10 GB at 100 MB/s, then 20 GB at the disk's 200 MB/s
    assert found["download"].expected_s[0] == pytest.approx(100)
    assert found["unpack"].expected_s[0] == pytest.approx(100)


def test_what_is_not_said_of_a_host_is_as_usual() -> None:
    usual = coldstart_facts()
    sold, on = described({"down_mbps": "200"}, usual)
    assert sold.inet_down_mbps == 200
    assert on.coldstart_facts.pull == usual.pull
    assert on.coldstart_facts.engine == usual.engine


def test_an_engine_takes_as_many_layers_at_once_as_is_said() -> None:
    _, on = described({"down_mbps": "200", "engine": "containerd", "slots": "5"}, coldstart_facts())
    assert on.coldstart_facts.engine == replace(shipped().coldstart.engines["containerd"], slots=5)


@pytest.mark.parametrize(
    "host",
    [{}, {"down_mbps": "fast"}, {"down_mbps": "-1"}, {"down_mbps": "1", "engine": "lxc"},
     {"down_mbps": "1", "slots": "2.5"}, {"down_mbps": "nan"}],
)  # fmt: skip
def test_a_host_that_cannot_be_is_a_mistake_of_usage(host: dict[str, str]) -> None:
    with pytest.raises(UsageError) as error:
        described(host, coldstart_facts())
    assert error.value.remedy
