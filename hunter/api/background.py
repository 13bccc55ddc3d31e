"""Work behind an app: verbs on the hunt's own thread, so that no screen's end can end a rental's step.

A screen asks and may stop listening; what it asked for goes on. Live leases are kept inside their caps
for as long as this runs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from hunter.leases.asking import sentence
from hunter.leases.owner import UNDER_WAY
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from hunter.api.hunter import Hunter

T = TypeVar("T")

AGAIN_S = 5.0
"""Seconds of ours until what failed is tried again, at first."""
AGAIN_AT_LEAST_EVERY_S = 60.0
"""The longest pause between two tries."""


class Background:
    """Runs one Hunter's verbs behind an app, and keeps what is rented."""

    def __init__(self, hunter: Hunter, *, again_s: float = AGAIN_S) -> None:
        """`again_s` passes before what failed is tried again; each further failure doubles it."""
        self.hunter = hunter
        self._leases = hunter.leases
        self._runner = hunter.runner
        self._again_s = again_s
        self._failed: dict[str, str] = {}
        self._kept: dict[str, asyncio.Task[None]] = {}

    @property
    def problems(self) -> dict[str, str]:
        """The last failure of each kept lease while it lasts, by lease id; of all of them under ``""``."""
        return {**self._leases.troubles, **self._failed}

    async def ask(self, verb: Coroutine[Any, Any, T]) -> T:
        """The result of a verb. Cancelling the wait leaves the verb running."""
        return await self._runner.ask(verb)

    def keep_live(self) -> None:
        """Begin to watch every live lease that is not watched yet, and to keep its caps.

        A record that cannot be read now is read again later: nothing stays unwatched for it.
        """
        try:
            live = self._leases.all(live_only=True)
        except HunterError as error:
            self._failed[""] = _words(error)
            self._runner.soon(self._runner.loop.call_later, self._again_s, self.keep_live)
            return
        self._failed.pop("", None)
        for lease in live:
            if lease.lease_id not in UNDER_WAY:
                self._runner.soon(self._keep, lease.lease_id)

    def _keep(self, lease_id: str) -> None:
        task = self._kept.get(lease_id)
        if task is None or task.done():
            self._kept[lease_id] = self._runner.loop.create_task(self._keeping(lease_id))

    async def _keeping(self, lease_id: str) -> None:
        """Keep a lease until its end; whatever goes wrong, it is told and tried again."""
        pause_s = self._again_s
        while True:
            try:
                await self._leases.keep(lease_id)
            except Exception as error:  # noqa: BLE001  what is not watched costs money unseen
                self._failed[lease_id] = _words(error)
            else:
                self._failed.pop(lease_id, None)
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, AGAIN_AT_LEAST_EVERY_S)

    def close(self, give_s: float = 60.0) -> None:
        """Stop. A create that is under way is waited for; watching just ends."""

        async def end() -> None:
            for task in self._kept.values():
                task.cancel()
            mine = asyncio.current_task()
            rest = [task for task in asyncio.all_tasks() if task is not mine]
            paying = [task for task in rest if task.get_name().startswith("paid")]
            if paying:
                await asyncio.wait(paying, timeout=give_s)
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            await self.hunter.close()

        self._runner.run(end(), timeout_s=give_s + 10)
        self._runner.close()

    async def spend(self, verb: Coroutine[Any, Any, T]) -> T:
        """Ask for a verb that creates or destroys: `close` waits for its end."""

        async def paid() -> T:
            task = asyncio.current_task()
            assert task is not None
            task.set_name("paid " + task.get_name())
            try:
                return await verb
            finally:
                self.keep_live()  # whatever came of it, what lives is watched

        return await self.ask(paid())


def _words(error: Exception) -> str:
    remedy = error.remedy if isinstance(error, HunterError) else ""
    return f"{sentence(error)} {remedy}".strip()
