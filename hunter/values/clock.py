"""The clock that Hunter runs by: the wall's, or an embedded market's."""

from __future__ import annotations

import time

import msgspec


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Unix seconds of a market. On a real one this is the wall clock; an embedded one may run faster.

    `market_s` seconds had passed there when `wall_s` had passed here; since then it has run at `speed`.
    """

    market_s: float = 0.0
    wall_s: float = 0.0
    speed: float = 1.0

    def now(self) -> float:
        """The market's time, unix seconds."""
        return self.market_s + (time.time() - self.wall_s) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait so many of the market's seconds."""
        import asyncio  # noqa: PLC0415  30 ms, and a ranking never waits

        await asyncio.sleep(seconds / self.speed)


WALL = Clock()
