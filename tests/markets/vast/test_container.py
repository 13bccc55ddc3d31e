"""Ports and variables in Vast's form, or a sentence before anything is asked."""

from __future__ import annotations

import pytest

from hunter.facts.shipped import shipped
from hunter.markets.vast.adapter import Vast
from hunter.markets.vast.container import vast_env
from hunter.values.errors import UsageError
from tests.builders import workload


@pytest.mark.parametrize(
    ("ports", "keys"),
    [
        (["8188"], ["-p 8188:8188"]), (["8188/http"], ["-p 8188:8188"]), (["9000/udp"], ["-p 9000:9000/udp"]),
        (["53", "53/udp"], ["-p 53:53", "-p 53:53/udp"]), (["22", "80/tcp"], ["-p 80:80"]),
        (["7000-7002/udp"], ["-p 7000:7000/udp", "-p 7001:7001/udp", "-p 7002:7002/udp"]), ([], []),
    ],
)  # fmt: skip
def test_each_port_is_a_variable_of_its_own(ports: list[str], keys: list[str]) -> None:
    assert vast_env(ports, {"A": "b"}) == {"A": "b"} | dict.fromkeys(keys, "1")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ports": ("abc",)}, "'abc' is no port"), ({"ports": ("70000",)}, "'70000' is no port"),
        ({"ports": ("80", "80/http")}, "same port twice"), ({"ports": ("8000-8063",)}, "64 ports at most"),
        ({"ports": ("1-65535",)}, "64 ports at most"), ({"env": {"A": "x" * 257}}, "256 characters at most, and A"),
        ({"env": {f"A{i}": "x" * 250 for i in range(140)}}, "32,768 characters"),
        ({"command": "x" * 4097}, "commands of 4,096 characters"),
    ],
)  # fmt: skip
def test_what_vast_takes_not_is_refused_in_one_sentence_that_names_it(
    changes: dict[str, object], says: str
) -> None:
    market = Vast("http://market.invalid", None, shipped())
    with pytest.raises(UsageError, match=says) as caught:
        market.check(workload(**changes))  # type: ignore[arg-type]
    assert str(caught.value).startswith("Vast.ai")
    assert caught.value.remedy


def test_what_vast_takes_passes() -> None:
    fits = workload(ports=("8000-8062", "22"), env={"A": "x" * 256}, command="x" * 4096)
    with pytest.raises(UsageError, match="64 ports"):
        vast_env(fits.ports, {})
    Vast("http://market.invalid", None, shipped()).check(workload(ports=("8000-8062",)))
