"""The clock that a hunt runs by: the wall's, or an embedded market's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hunter.values.clock import WALL, Pace

if TYPE_CHECKING:
    from collections.abc import Callable


def steady_s() -> float:
    """Seconds that nobody sets, and that pass while the machine sleeps where it can tell."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class MarketClock:
    """Reads the wall's clock and tells the markets' time by it.

    A market that has told its time is taken at its word, and from then on a clock that nobody sets counts:
    whatever becomes of the wall's, nothing that is rented there lives longer or ends sooner.
    """

    def __init__(self, pace: Pace = WALL, save: Callable[[Pace], None] | None = None) -> None:
        """A clock of this pace; `save` is told of every other pace that it follows later."""
        self._pace = pace
        self._save = save
        self._begun_s = steady_s()
        self._told: dict[str, tuple[float, float]] = {}

    @property
    def speed(self) -> float:
        """The markets' seconds for one of ours."""
        return self._pace.speed

    def now(self, market: str | None = None) -> float:
        """The markets' time, unix seconds; one market's own where it has told it."""
        told = self._told.get(market or "")
        if told is None:
            return self._pace.at(time.time())
        at_s, then_s = told
        return at_s + (steady_s() - then_s) * self.speed

    def unsure_s(self, market: str) -> float:
        """Seconds of ours for which nothing but this machine told a market's time; 0 where it did."""
        return 0.0 if market in self._told else steady_s() - self._begun_s

    def heard(self, market: str, at_s: float) -> None:
        """A market has told its time: it is this, now. Time that it has told already never comes back."""
        at_s = max(at_s, self.now(market)) if market in self._told else at_s
        self._told[market] = at_s, steady_s()

    async def sleep(self, seconds: float) -> None:
        """Wait so many of the markets' seconds."""
        import asyncio  # noqa: PLC0415  30 ms, and a ranking never waits

        await asyncio.sleep(seconds / self.speed)

    def follow(self, pace: Pace) -> None:
        """Run by this pace from now on, unless the clock shows its time already."""
        off_s = abs(pace.at(time.time()) - self.now())
        if pace.speed == self.speed and off_s <= max(1.0, pace.speed):
            return
        self._pace = pace
        if self._save is not None:
            self._save(pace)
