"""How far addresses lie, however they are written; a name means what it meant the first time."""

from __future__ import annotations

from ipaddress import ip_address

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.payload.reach import (
    GLOBAL,
    LOOPBACK,
    NOWHERE,
    PRIVATE,
    Names,
    closest,
    distance,
    farthest,
)

WRITTEN_IN_IPV6 = {
    "mapped": "::ffff:{}",
    "compatible": "::{}",
    "translated": "::ffff:0:{}",
    "NAT64": "64:ff9b::{}",
}


@pytest.mark.parametrize("form", WRITTEN_IN_IPV6)
@pytest.mark.parametrize(
    ("address", "far"),
    [
        ("127.0.0.1", LOOPBACK),
        ("127.8.8.8", LOOPBACK),
        ("10.1.2.3", PRIVATE),
        ("192.168.1.1", PRIVATE),
        ("100.64.0.1", PRIVATE),
        ("169.254.169.254", NOWHERE),
        ("100.100.100.200", NOWHERE),
        ("224.0.0.1", NOWHERE),
        ("93.184.216.34", GLOBAL),
    ],
)
def test_an_ipv4_address_is_as_far_in_whichever_ipv6_form(
    address: str, far: int, form: str
) -> None:
    assert distance(ip_address(address)) == far
    assert distance(ip_address(WRITTEN_IN_IPV6[form].format(address))) == far


@pytest.mark.parametrize(
    ("address", "far"),
    [
        ("2002:7f00:0001::1", LOOPBACK),  # 6to4
        ("2002:c0a8:0101::", PRIVATE),
        ("2002:a9fe:a9fe::", NOWHERE),
        ("2002:5db8:d822::", GLOBAL),
        ("2001:0:5db8:d822:0:0:80ff:fffe", LOOPBACK),  # Teredo: its client's address is inverted
        ("2001:0:0a00:0001:0:0:a247:27dd", PRIVATE),  # and its server's is not
        ("2001:0:5db8:d822:0:0:a247:27dd", GLOBAL),
        ("2606:2800:220:1::5efe:10.0.0.1", PRIVATE),  # ISATAP
        ("2606:2800:220:1:200:5efe:127.0.0.1", LOOPBACK),
        ("fe80::5efe:8.8.8.8", NOWHERE),
        ("64:ff9b:1::8.8.8.8", PRIVATE),  # NAT64 of one's own network
        ("fec0::1", PRIVATE),  # site-local, as it was
        ("fc00::1", PRIVATE),
        ("fd12:3456::1", PRIVATE),
        ("fd00:ec2::254", NOWHERE),
        ("fe80::1%eth0", NOWHERE),
        ("fd00:ec2::254%eth0", NOWHERE),
        ("ff02::1", NOWHERE),
        ("::", NOWHERE),
        ("::1", LOOPBACK),
        ("0.0.0.0", NOWHERE),
        ("0.1.2.3", PRIVATE),
        ("240.0.0.1", PRIVATE),
        ("100::1", PRIVATE),
        ("5f00::1", PRIVATE),
        ("2001:db8::1", PRIVATE),
        ("2606:2800:220:1:248:1893:25c8:1946", GLOBAL),
    ],
)
def test_every_other_form_of_a_private_address_is_private(address: str, far: int) -> None:
    assert distance(ip_address(address)) == far


@given(st.ip_addresses(v=4), st.sampled_from(sorted(WRITTEN_IN_IPV6)))
def test_no_form_of_an_address_is_farther_than_the_address(address: object, form: str) -> None:
    within = ip_address(WRITTEN_IN_IPV6[form].format(address))
    assert distance(within) <= distance(ip_address(str(address)))


def test_a_server_with_addresses_here_and_in_the_world_counts_as_the_worse_of_both() -> None:
    mixed = (ip_address("10.0.0.1"), ip_address("93.184.216.34"))
    assert closest(mixed) == PRIVATE  # where somebody sends us
    assert farthest(mixed) == GLOBAL  # who sends us


@pytest.mark.parametrize("later", [["127.0.0.1"], [], ["10.0.0.1", "93.184.216.34"]])
@pytest.mark.parametrize("first", [["93.184.216.34"], []])
async def test_a_name_is_looked_up_once(first: list[str], later: list[str]) -> None:
    answers = [first, later]

    async def look_up(host: str, port: int) -> list[str]:
        return answers.pop(0)

    names = Names(look_up)
    for url in ("https://h.example/a", "http://h.example:8080/b", "https://H.EXAMPLE/c"):
        assert [str(address) for address in await names.of(httpx.URL(url))] == first


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.1"])
async def test_odd_spellings_of_an_address_are_names_for_the_system_to_read(host: str) -> None:
    found = await Names().of(httpx.URL(f"http://{host}/"))
    assert closest(found) == LOOPBACK
