"""Ports as RunPod wants them: `22/tcp`, `8188/http`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.errors import UsageError
from hunter.values.ports import LOGIN, read_ports

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_HTTP = 10
"""Ports behind its HTTP proxy (docs pods/configuration/expose-ports, 2026-08)."""


def runpod_ports(ports: Sequence[str]) -> list[str]:
    """Each port with its protocol, that for logging in first; UsageError where RunPod opens no such port."""
    try:
        read = read_ports(ports)
    except ValueError as error:
        raise UsageError(f"RunPod: {error}.", remedy="Correct ports.") from error
    for port in read:
        if port.protocol == "udp":
            raise UsageError(
                f"RunPod opens no UDP ports, and ports names {port}.",
                remedy="Remove it, or rent on another market.",
            )
        if port.first != port.last:
            raise UsageError(
                f"RunPod opens no ranges of ports, and ports names {port}.",
                remedy="Name each port by itself, or rent on another market.",
            )
        if port.first == LOGIN and port.protocol == "http":
            raise UsageError(
                "RunPod's port 22 is the way in, and ports names 22/http.",
                remedy="Use another port.",
            )
    if sum(port.protocol == "http" for port in read) > MOST_HTTP:
        raise UsageError(
            f"RunPod opens {MOST_HTTP} HTTP ports at most.", remedy="Name fewer, or some as tcp."
        )
    return [f"{LOGIN}/tcp", *(str(port) for port in read if port.first != LOGIN)]
