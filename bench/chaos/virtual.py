"""Time that passes only while everybody sleeps, for the loop and for all that reads the machine's clocks."""

from __future__ import annotations

import asyncio
import selectors
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

BEGIN_S = 1_790_000_000.0
"""The market's time at which every story begins: an afternoon, so that no day ends within one."""


class Time:
    """The true time, and how far this machine's wall clock is off."""

    def __init__(self, begin_s: float = BEGIN_S) -> None:
        self.begin_s = begin_s
        self.passed_s = 0.0
        self.off_s = 0.0
        """What somebody has set the wall clock by."""

    def now(self) -> float:
        """The true time, unix seconds."""
        return self.begin_s + self.passed_s

    def wall(self) -> float:
        """What this machine's clock shows."""
        return self.now() + self.off_s

    def steady(self) -> float:
        """What a clock counts that nobody sets; to read it takes a microsecond."""
        self.passed_s += 1e-6
        return 1000.0 + self.passed_s

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        """In place of the machine's own clocks, for whoever asks them."""
        with (
            patch.object(time, "time", self.wall),
            patch.object(time, "monotonic", self.steady),
            patch.object(time, "clock_gettime", lambda which: self.steady()),
        ):
            yield


class Loop(asyncio.SelectorEventLoop):
    """A loop on this time; what is given to a thread runs at once, so that a seed is always the same story."""

    def __init__(self, of: Time) -> None:
        super().__init__(_NoWaiting(of))
        self._of = of

    def time(self) -> float:
        """Seconds of the steady clock."""
        return self._of.steady()

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Here and now."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except BaseException as error:  # noqa: BLE001  a death too is the waiting one's
            done.set_exception(error)
        return done


class _NoWaiting(selectors.SelectSelector):
    """Where a loop would wait for something to happen, nothing can: the time passes at once."""

    def __init__(self, of: Time) -> None:
        super().__init__()
        self._of = of

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everybody waits for somebody else")
        self._of.passed_s += max(0.0, timeout)
        return []


def run(of: Time, story: Coroutine[Any, Any, None]) -> None:
    """Tell a story to its end; whoever is still at something then is cut off."""
    loop = Loop(of)
    loop.set_exception_handler(lambda _, context: None)  # the dead leave unread failures behind
    try:
        with of.everywhere():
            loop.run_until_complete(story)
            rest = asyncio.all_tasks(loop)
            for task in rest:
                task.cancel()
            if rest:
                loop.run_until_complete(asyncio.wait(rest, timeout=60))
    finally:
        loop.close()
