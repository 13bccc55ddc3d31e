"""How far from this machine an address lies, and which addresses a name means: asked once, for good.

A name whose owner answers otherwise the second time (DNS rebinding) gains nothing: what was checked is what
`dial` dials. IPv6 has many ways to write an IPv4 address; each counts as the address that it leads to.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    import httpx

    Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]

Address: TypeAlias = "IPv4Address | IPv6Address"

NOWHERE, LOOPBACK, PRIVATE, GLOBAL = range(4)
"""Where nobody else may send us; this machine; its networks; the world."""
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16")
)
"""Where clouds answer a machine with its own secrets (AWS, GCP and Azure; AWS over IPv6; Alibaba; Azure)."""
_WORLD = IPv6Network("2000::/3")
"""All that is given out as global unicast (IANA, IPv6 address space, 2024); elsewhere is no server."""
_LAST_32_BITS = (
    IPv6Network("::/96"),  # compatible, RFC 4291 2.5.5.1
    IPv6Network("::ffff:0:0/96"),  # mapped, RFC 4291 2.5.5.2
    IPv6Network("::ffff:0:0:0/96"),  # translated, RFC 2765
    IPv6Network("64:ff9b::/96"),  # NAT64, RFC 6052
)
_ISATAP = (0x00005EFE, 0x02005EFE)
"""The upper half of an interface identifier that ends in an IPv4 address (RFC 5214 6.1)."""


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine sees them; none where it does not know the name."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError):
        return []
    return [str(entry[4][0]) for entry in found]


class Names:
    """The addresses of names. The first answer stays, also that there are none.

    Args:
        look_up: how names become addresses.
    """

    def __init__(self, look_up: Resolve = resolve) -> None:
        self._look_up = look_up
        self._known: dict[str, tuple[Address, ...]] = {}

    async def of(self, url: httpx.URL) -> tuple[Address, ...]:
        """The addresses that a web address may be dialled at, in the order of this machine's liking."""
        host = url.raw_host.decode("ascii")
        if (literal := _address(host)) is not None:
            return (literal,)
        if host not in self._known:
            port = url.port or (443 if url.scheme == "https" else 80)
            found = [_address(text) for text in await self._look_up(host, port)]
            known = tuple(dict.fromkeys(address for address in found if address is not None))
            self._known.setdefault(host, known)
        return self._known[host]


def closest(addresses: tuple[Address, ...]) -> int:
    """How far the closest address lies from this machine; a name that nobody knows is far."""
    return min(map(distance, addresses), default=GLOBAL)


def farthest(addresses: tuple[Address, ...]) -> int:
    """How far the farthest lies: a server of the world does not come closer by an address among ours."""
    return max(map(distance, addresses), default=GLOBAL)


def distance(address: Address) -> int:
    """How far an address lies from this machine, whichever way it is written."""
    if isinstance(address, IPv6Address):
        address = IPv6Address(int(address))  # without a zone
    unheard = address.is_link_local or address.is_multicast or address.is_unspecified
    if unheard or address in METADATA:
        return NOWHERE
    if address.is_loopback:
        return LOOPBACK
    if isinstance(address, IPv4Address):
        return GLOBAL if address.is_global else PRIVATE
    inner = [distance(led_to) for led_to in _led_to(address)]
    if address.teredo is not None or any(address in network for network in _LAST_32_BITS):
        return min(inner)
    own = GLOBAL if address in _WORLD and address.is_global else PRIVATE
    return min([own, *inner])


def _led_to(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses within an IPv6 address."""
    last = int(address) & 0xFFFFFFFF
    if any(address in network for network in _LAST_32_BITS):
        yield IPv4Address(last)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(last)


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
