"""What a container is asked for at Vast: its variables, and its ports as variables of a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.errors import UsageError
from hunter.values.ports import LOGIN, read_ports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_PORTS = 64
"""Of an instance, that for logging in included (docs guides/instances/connect/networking, 2026-08)."""
MOST_VALUE, MOST_ENV, MOST_ONSTART = 256, 32_768, 4096
"""Characters of one value, of all names and values, of the command (OpenAPI of 2026-08-07)."""


def vast_env(ports: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """Variables and ports as one mapping: `-p 8188:8188` opens TCP, `-p 9000:9000/udp` UDP.

    UsageError where Vast takes no such thing. HTTP has no form of its own there: it is TCP.
    """
    try:
        read = read_ports(ports)
    except ValueError as error:
        raise UsageError(f"Vast.ai: {error}.", remedy="Correct ports.") from error
    if sum(len(port.numbers) for port in read) > MOST_PORTS - 1:
        raise UsageError(
            f"Vast.ai opens {MOST_PORTS} ports at most, that for logging in included.",
            remedy="Name fewer in ports.",
        )
    opened = {
        f"-p {number}:{number}{'/udp' if port.over == 'udp' else ''}": "1"
        for port in read
        for number in port.numbers
        if (number, port.over) != (LOGIN, "tcp")
    }
    whole = dict(env) | opened
    for name, value in env.items():
        if len(value) > MOST_VALUE:
            raise UsageError(
                f"Vast.ai takes values of {MOST_VALUE} characters at most, and {name} has {len(value):,}.",
                remedy="Shorten it, or fetch it in the command.",
            )
    if sum(len(name) + len(value) for name, value in whole.items()) > MOST_ENV:
        raise UsageError(
            f"Vast.ai takes {MOST_ENV:,} characters of variables and ports at most.",
            remedy="Set fewer in env.",
        )
    return whole


def check_command(command: str | None) -> None:
    """UsageError where a command is longer than Vast takes."""
    if command is not None and len(command) > MOST_ONSTART:
        raise UsageError(
            f"Vast.ai takes commands of {MOST_ONSTART:,} characters at most, and this has {len(command):,}.",
            remedy="Put it into the image, or fetch it.",
        )
