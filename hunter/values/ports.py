"""Ports of a container, as a workload writes them: `8188`, `8188/http`, `9000/udp`, `8000-8010`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

Protocol = Literal["tcp", "udp", "http"]
LAST_PORT = 65535
LOGIN = 22
"""Open wherever one logs in, named or not."""
_PORT = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/([A-Za-z]{1,8}))?")


class Port(Struct, frozen=True, kw_only=True):
    """A port, or a range of them."""

    first: int
    last: int
    protocol: Protocol = "tcp"
    """What travels there; `http` is TCP that a market may put behind a proxy of its own."""

    @property
    def numbers(self) -> range:
        """Every port of it."""
        return range(self.first, self.last + 1)

    @property
    def over(self) -> str:
        """The transport: tcp or udp."""
        return "udp" if self.protocol == "udp" else "tcp"

    def __str__(self) -> str:
        span = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"{span}/{self.protocol}"


def read_port(text: str) -> Port:
    """A port as it is written; ValueError says what is wrong with it.

    >>> str(read_port("8188")), str(read_port("8000-8010/UDP"))
    ('8188/tcp', '8000-8010/udp')
    """
    found = _PORT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:40]!r} is no port: write 8188, 8188/http, 9000/udp or 8000-8010")
    first = int(found[1])
    last = int(found[2] or first)
    for number in (first, last):
        if not 1 <= number <= LAST_PORT:
            raise ValueError(f"{text[:40]!r} is no port: they go from 1 to {LAST_PORT}")
    if last < first:
        raise ValueError(f"{text[:40]!r} is no range: it ends before it begins")
    protocol = (found[3] or "tcp").lower()
    for known in get_args(Protocol):
        if protocol == known:
            return Port(first=first, last=last, protocol=known)
    raise ValueError(f"{text[:40]!r} names no protocol that is known: tcp, udp or http")


def read_ports(texts: Iterable[str]) -> tuple[Port, ...]:
    """Ports as they are written; ValueError where one is none, or named twice."""
    ports = tuple(read_port(text) for text in texts)
    for i, port in enumerate(ports):
        for other in ports[:i]:
            if port.over == other.over and port.first <= other.last and other.first <= port.last:
                raise ValueError(f"{port} and {other} name the same port twice")
    return ports
