"""Vast.ai: its adapter and its wire format. Its facts are `data/markets/vast.toml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hunter.markets.vast.adapter import Vast as MARKET

__all__ = ["MARKET"]


def __getattr__(name: str) -> Any:
    if name == "MARKET":
        from hunter.markets.vast.adapter import Vast  # noqa: PLC0415  httpx, 0.1 s

        return Vast
    raise AttributeError(name)
