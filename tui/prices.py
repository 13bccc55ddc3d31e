"""Keeping prices fresh while the app is open, and knowing how each market's last poll went."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.api.polling import Polled
    from hunter.markets.protocol import Progress
    from hunter.values.workload import Workload
    from tui.desk import Desk

POLLS_A_FRESHNESS = 3
"""Markets are polled so often that a price grows no older than this part of what counts as stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """How things stand with one market."""

    market: str
    offers: int | None = None
    """That its last poll brought; None before the first one."""
    polled_at: float | None = None
    """Unix seconds by the market's clock, failed polls included."""
    error: str | None = None
    doing: str | None = None
    """How far a poll is that runs now."""


class Prices:
    """The polls of one app. Nothing here waits for a screen: the engine polls, this only asks it to."""

    @dataclass
    class Moved(Message):
        """There is news of a market."""

        def can_replace(self, message: Message) -> bool:
            """News are read from the board, so that one message stands for many."""
            return isinstance(message, Prices.Moved)

    @dataclass
    class Came(Message):
        """A poll has ended: other prices may be recorded."""

    def __init__(self, desk: Desk, stale_after_s: float, tell: Callable[[Message], object]) -> None:
        """`tell` must be safe to call from any thread."""
        self.desk = desk
        self.stale_after_s = stale_after_s
        self.tell = tell
        self.news: dict[str, News] = {}
        self.polling = False

    async def remember(self) -> None:
        """What is on record of earlier polls."""
        polls = await self.desk.read(self.desk.hunter.prices.last_polls) or []
        names = await self.desk.read(self.desk.hunter.prices.market_names) or ()
        known = {poll["market"]: poll for poll in polls}
        for name in sorted({*names, *known}):
            before = self.news.get(name, News(market=name))
            poll = known.get(name)
            if poll is not None:
                before = replace(
                    before,
                    offers=poll["offers"],
                    polled_at=poll["finished_at"],
                    error=poll["error"],
                )
            self.news[name] = before
        self.tell(self.Moved())

    def due(self) -> bool:
        """Whether the record has grown old, or holds nothing of some market."""
        limit_s = self.stale_after_s / POLLS_A_FRESHNESS
        now = self.desk.now()
        return any(
            news.polled_at is None or now - news.polled_at > limit_s for news in self.news.values()
        )

    @property
    def missing(self) -> bool:
        """Whether some market was never polled."""
        return any(news.polled_at is None for news in self.news.values())

    async def begin(self, workload: Workload) -> None:
        """Ask for what was never asked, first of all for what this workload could use."""
        await self.remember()
        if self.missing:
            await self.poll(workload)
            await self.poll()
        elif self.due():
            await self.poll()

    async def poll(self, workload: Workload | None = None) -> tuple[Polled, ...]:
        """Poll every market now: all of it, or what a workload could use, which is quicker.

        Each market's prices are told of as soon as it has answered: a slow one delays no other.
        """
        if self.polling:
            return ()
        self.polling = True
        names = tuple(self.news)
        for name in names:
            self.news[name] = replace(self.news[name], doing="asking")
        self.tell(self.Moved())
        try:
            answers = await asyncio.gather(*(self._poll_one(name, workload) for name in names))
        finally:
            self.polling = False
        self.tell(self.Came())
        return tuple(polled for answer in answers for polled in answer)

    async def _poll_one(self, name: str, workload: Workload | None) -> tuple[Polled, ...]:
        try:
            polled = await self.desk.ask(
                self.desk.hunter.scrape((name,), workload=workload, report=self._progress)
            )
        finally:
            self.news[name] = replace(self.news[name], doing=None)
        await self.remember()
        for poll in polled or ():
            if poll.error is not None and self.news[name].error is None:
                # it could not even be asked, and so there is no poll of it on record
                asked_at = self.news[name].polled_at or self.desk.now()
                self.news[name] = replace(
                    self.news[name], error=str(poll.error), polled_at=asked_at
                )
        self.tell(self.Came())
        return polled or ()

    def _progress(self, progress: Progress) -> None:
        """Called from the engine's thread."""
        of = f"/{progress.total:,}" if progress.total else ""
        doing = f"{progress.done:,}{of} {progress.text}".strip()
        known = self.news.get(progress.market, News(market=progress.market))
        self.news[progress.market] = replace(known, doing=doing)
        self.tell(self.Moved())
