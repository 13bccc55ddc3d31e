"""The clock that a hunt runs by: the wall's, or an embedded market's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hunter.values.clock import WALL, Pace

if TYPE_CHECKING:
    from collections.abc import Callable


class MarketClock:
    """Reads the wall's clock and tells the markets' time by it."""

    def __init__(self, pace: Pace = WALL, save: Callable[[Pace], None] | None = None) -> None:
        """A clock of this pace; `save` is told of every other pace that it follows later."""
        self._pace = pace
        self._save = save

    @property
    def speed(self) -> float:
        """The markets' seconds for one of ours."""
        return self._pace.speed

    def now(self) -> float:
        """The markets' time, unix seconds."""
        return self._pace.at(time.time())

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
