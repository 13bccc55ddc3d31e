"""The clock that a hunt runs by: the wall's, or an embedded market's."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from hunter.values.clock import WALL, Pace, Told
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Callable


def steady_s() -> float:
    """Seconds that nobody sets, and that pass while the machine sleeps where it can tell."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


KEEP_EVERY_S = 60.0
"""What a market told is kept for the next process so often, in seconds of ours."""


class Memory(Protocol):
    """Keeps what markets told for later processes of the same home."""

    def read(self, market: str) -> Told | None:
        """What was kept last."""

    def write(self, market: str, told: Told) -> None:
        """Keep this."""


def _boot() -> str | None:
    from hunter.leases.owner import boot  # noqa: PLC0415  a ranking asks for no market's time

    return boot()


class MarketClock:
    """Reads the wall's clock and tells the markets' time by it.

    A market that has told its time is taken at its word, and from then on a clock that nobody sets counts:
    whatever becomes of the wall's, nothing that is rented there lives longer or ends sooner. With a memory
    that goes on from process to process, for as long as the machine is on: a timer's pass lives for seconds.
    """

    def __init__(
        self,
        pace: Pace = WALL,
        save: Callable[[Pace], None] | None = None,
        memory: Memory | None = None,
    ) -> None:
        """A clock of this pace; `save` is told of every other pace that it follows later."""
        self._pace = pace
        self._save = save
        self._begun_s = steady_s()
        self._told: dict[str, tuple[float, float]] = {}
        self._memory = memory
        self._recalled: dict[str, Told | None] = {}
        self._kept_s: dict[str, float] = {}

    @property
    def speed(self) -> float:
        """The markets' seconds for one of ours."""
        return self._pace.speed

    def now(self, market: str | None = None) -> float:
        """The markets' time, unix seconds; one market's own where it has told it."""
        told = self._told.get(market or "") or self._told_before(market)
        if told is None:
            return self._pace.at(time.time())
        at_s, then_s = told
        return at_s + (steady_s() - then_s) * self.speed

    def unsure_s(self, market: str) -> float:
        """Seconds of ours for which nothing but this machine told a market's time; 0 where it did."""
        if market in self._told or self._told_before(market) is not None:
            return 0.0
        recalled = self._recalled[market]
        if recalled is None:
            self._keep(market, None, self._begun_s)
        return steady_s() - (self._begun_s if recalled is None else recalled.steady_s)

    def heard(self, market: str, at_s: float) -> None:
        """A market has told its time: it is this, now. Time that it has told already never comes back."""
        at_s = max(at_s, self.now(market)) if market in self._told else at_s
        self._told[market] = at_s, steady_s()
        self._keep(market, *self._told[market])

    def _told_before(self, market: str | None) -> tuple[float, float] | None:
        """What an earlier process heard of a market while this machine was on."""
        if market is None or self._memory is None:
            recalled = None
        elif market in self._recalled:
            recalled = self._recalled[market]
        else:
            try:
                recalled = self._memory.read(market)
            except HunterError:
                recalled = None
            if recalled is not None and (
                recalled.boot != _boot() or recalled.steady_s > steady_s()
            ):
                recalled = None
        if market is not None:
            self._recalled[market] = recalled
        if recalled is None or recalled.market_s is None:
            return None
        return recalled.market_s, recalled.steady_s

    def _keep(self, market: str, at_s: float | None, then_s: float) -> None:
        boot = _boot()
        if self._memory is None or boot is None:
            return
        if market in self._kept_s and then_s - self._kept_s[market] < KEEP_EVERY_S:
            return
        self._kept_s[market] = then_s
        with suppress(HunterError):  # a disk that is full keeps no time, and nobody from his
            self._memory.write(market, Told(boot=boot, steady_s=then_s, market_s=at_s))

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
