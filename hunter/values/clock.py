"""Time as markets tell it: a pace, and what everybody holds to read it by."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Unix seconds of a market. On a real one they are the wall's; an embedded one may run faster.

    `market_s` seconds had passed there when `wall_s` had passed here; since then it has run at `speed`.
    """

    market_s: float = 0.0
    wall_s: float = 0.0
    speed: float = 1.0

    def at(self, wall_s: float) -> float:
        """The market's time when the wall's is this, unix seconds.

        >>> Pace(market_s=1000.0, wall_s=10.0, speed=30.0).at(12.0)
        1060.0
        """
        return self.market_s + (wall_s - self.wall_s) * self.speed


WALL = Pace()
"""The pace of every real market."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a market's time was, by a clock that nobody sets and that counts on until this machine is off."""

    boot: str
    """Names the machine's run: in another one that clock began anew."""
    steady_s: float
    market_s: float | None
    """Unix seconds; None where nobody has told it, and `steady_s` is since when."""


class Clock(Protocol):
    """The markets' time. A hunt has one clock, and everybody in it holds that one."""

    @property
    def speed(self) -> float:
        """The markets' seconds for one of ours."""

    def now(self, market: str | None = None) -> float:
        """The markets' time, unix seconds; one market's own where it has told it."""

    def unsure_s(self, market: str) -> float:
        """Seconds of ours for which nothing but this machine told a market's time; 0 where it did."""

    def heard(self, market: str, at_s: float) -> None:
        """A market has told its time: it is this, now."""

    async def sleep(self, seconds: float) -> None:
        """Wait so many of the markets' seconds."""

    def follow(self, pace: Pace) -> None:
        """Run by an embedded market's pace from now on."""
