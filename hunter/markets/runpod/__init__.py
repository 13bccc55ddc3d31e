"""RunPod: its adapter and its wire format. Its facts are `data/markets/runpod.toml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hunter.markets.runpod.adapter import Runpod as MARKET

__all__ = ["MARKET"]


def __getattr__(name: str) -> Any:
    if name == "MARKET":
        from hunter.markets.runpod.adapter import Runpod  # noqa: PLC0415  httpx, 0.1 s

        return Runpod
    raise AttributeError(name)
