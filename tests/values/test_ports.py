"""Ports are read once, strictly: what is none, or is named twice, is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.values.ports import LAST_PORT, read_port, read_ports


@pytest.mark.parametrize(
    ("text", "read", "over"),
    [
        ("8188", "8188/tcp", "tcp"), ("8188/http", "8188/http", "tcp"), ("9000/udp", "9000/udp", "udp"),
        ("22/TCP", "22/tcp", "tcp"), (" 80 ", "80/tcp", "tcp"), ("8000-8010", "8000-8010/tcp", "tcp"),
        ("5000-5000/udp", "5000/udp", "udp"), ("65535", "65535/tcp", "tcp"), ("0080", "80/tcp", "tcp"),
    ],
)  # fmt: skip
def test_a_port_is_a_number_or_a_range_with_a_protocol(text: str, read: str, over: str) -> None:
    port = read_port(text)
    assert (str(port), port.over) == (read, over)
    assert port.numbers[0] == port.first
    assert port.numbers[-1] == port.last


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("abc", "is no port"), ("", "is no port"), ("-1", "is no port"), ("80,81", "is no port"),
        ("8188:8188", "is no port"), ("80/", "is no port"), ("8.5", "is no port"), ("٨٠", "is no port"),
        ("80\n81", "is no port"), ("9" * 5000, "is no port"), ("0", "from 1 to 65535"),
        ("70000", "from 1 to 65535"), ("80-70000", "from 1 to 65535"), ("8010-8000", "ends before"),
        ("80/sctp", "no protocol"), ("80/https", "no protocol"), ("-p 80:80", "is no port"),
    ],
)  # fmt: skip
def test_what_is_no_port_is_refused_and_named(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        read_port(text)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    "texts",
    [
        ["80", "80"],
        ["80", "80/tcp"],
        ["8188/http", "8188"],
        ["8000-8010", "8005"],
        ["9/udp", "1-9/udp"],
    ],
)
def test_a_port_that_is_named_twice_is_refused(texts: list[str]) -> None:
    with pytest.raises(ValueError, match="name the same port twice"):
        read_ports(texts)


def test_tcp_and_udp_of_one_number_are_two_ports() -> None:
    assert [str(port) for port in read_ports(["53", "53/udp", "54"])] == [
        "53/tcp",
        "53/udp",
        "54/tcp",
    ]
    assert read_ports([]) == ()


@given(st.text(max_size=20))
def test_any_text_is_a_port_or_is_refused(text: str) -> None:
    try:
        port = read_port(text)
    except ValueError:
        return
    assert 1 <= port.first <= port.last <= LAST_PORT
    assert read_port(str(port)) == port
