"""Ports in RunPod's form, or a sentence before anything is asked."""

from __future__ import annotations

import pytest

from hunter.facts.shipped import shipped
from hunter.markets.runpod.adapter import Runpod
from hunter.markets.runpod.ports import runpod_ports
from hunter.values.errors import UsageError
from tests.builders import workload


@pytest.mark.parametrize(
    ("ports", "form"),
    [
        ([], ["22/tcp"]), (["8188"], ["22/tcp", "8188/tcp"]), (["8188/http"], ["22/tcp", "8188/http"]),
        (["22"], ["22/tcp"]), (["22/tcp", "8888/HTTP"], ["22/tcp", "8888/http"]),
        (["80-80"], ["22/tcp", "80/tcp"]),
    ],
)  # fmt: skip
def test_each_port_has_its_protocol_and_the_way_in_comes_first(
    ports: list[str], form: list[str]
) -> None:
    assert runpod_ports(ports) == form


@pytest.mark.parametrize(
    ("ports", "says"),
    [
        (("9000/udp",), "opens no UDP ports, and ports names 9000/udp"), (("8000-8010",), "opens no ranges"),
        (("22/http",), "port 22 is the way in"), (("x",), "'x' is no port"), (("0",), "'0' is no port"),
        (("80", "80/http"), "same port twice"), (tuple(f"{n}/http" for n in range(80, 91)), "10 HTTP ports"),
    ],
)  # fmt: skip
def test_what_runpod_opens_not_is_refused_in_one_sentence_that_names_it(
    ports: tuple[str, ...], says: str
) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        Runpod("http://market.invalid", None, shipped()).check(workload(ports=ports))
    assert str(caught.value).startswith("RunPod")
    assert caught.value.remedy
