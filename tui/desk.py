"""The desk: where screens ask. Every failure of the engine becomes words in this one place."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from textual.screen import Screen

    from hunter.api.background import Background
    from hunter.api.hunter import Hunter
    from hunter.leases.status import Burning

T = TypeVar("T")


def standing(screen: Screen[Any]) -> bool:
    """Whether there is still something to draw on: an answer may come after a screen was left."""
    return screen.is_running and screen.display


class Desk:
    """Asks the engine for screens; None is the answer where it failed, and `tell` has said why."""

    def __init__(self, background: Background, tell: Callable[[HunterError], None]) -> None:
        self.background = background
        self.tell = tell
        self.burning: Burning | None = None
        """What ran when it was last looked at."""

    @property
    def hunter(self) -> Hunter:
        """The verbs."""
        return self.background.hunter

    @property
    def banner(self) -> str:
        """What has to be read on every screen where nothing is real."""
        if not self.hunter.home.simulated:
            return ""
        speed = self.hunter.clock.speed
        times = f" {speed:g}×" if speed != 1 else ""  # 1 also before the market was first asked
        return f"SANDBOX{times}: simulated market, no real money"

    def now(self) -> float:
        """The markets' time."""
        return self.hunter.clock.now()

    async def read(
        self, verb: Callable[..., T], *args: Any, tell: Callable[[HunterError], None] | None = None
    ) -> T | None:
        """The answer of a verb that reads the record: it may take a while, on a thread of its own."""
        return await self._answer(asyncio.to_thread(verb, *args), tell)

    async def ask(
        self, verb: Coroutine[Any, Any, T], *, tell: Callable[[HunterError], None] | None = None
    ) -> T | None:
        """The answer of a verb that asks markets. Who stops waiting does not stop the verb."""
        return await self._answer(self.background.ask(verb), tell)

    async def spend(
        self, verb: Coroutine[Any, Any, T], *, tell: Callable[[HunterError], None] | None = None
    ) -> T | None:
        """The answer of a verb that creates or destroys; the engine finishes it whatever happens."""
        return await self._answer(self.background.spend(verb), tell)

    async def _answer(
        self, answer: Awaitable[T], tell: Callable[[HunterError], None] | None
    ) -> T | None:
        try:
            return await answer
        except HunterError as error:
            (tell or self.tell)(error)
            return None
