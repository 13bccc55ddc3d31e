"""An event loop on a thread of its own: verbs go on there, whoever asked for them and stopped listening."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")


class Runner:
    """Runs one Hunter's asynchronous verbs, for callers that block and for an app with a loop of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="hunter", daemon=True)
        self._thread.start()

    def run(self, verb: Awaitable[T], *, timeout_s: float | None = None) -> T:
        """The result of a verb; the caller's thread waits for it.

        Ctrl-C cancels the verb, which cleans up before this raises KeyboardInterrupt.
        """
        if self.is_here():
            raise RuntimeError("A verb that waits for another one on the same loop waits for ever.")
        task: list[asyncio.Task[Any]] = []

        async def held() -> T:
            mine = asyncio.current_task()
            assert mine is not None
            task.append(mine)
            return await verb

        future = asyncio.run_coroutine_threadsafe(held(), self.loop)
        try:
            return future.result(timeout_s)
        except KeyboardInterrupt:
            self.soon(lambda: [one.cancel() for one in task])
            with suppress(concurrent.futures.CancelledError, Exception):
                future.result()
            raise

    async def ask(self, verb: Coroutine[Any, Any, T]) -> T:
        """The result of a verb. Cancelling the wait leaves the verb running."""
        future = asyncio.run_coroutine_threadsafe(verb, self.loop)
        return await asyncio.shield(asyncio.wrap_future(future))

    def soon(self, act: Callable[..., object], *args: object) -> None:
        """Do something on the loop's thread."""
        self.loop.call_soon_threadsafe(act, *args)

    def is_here(self) -> bool:
        """Whether this is the loop's own thread."""
        return threading.current_thread() is self._thread

    def close(self) -> None:
        """Stop the loop and its thread; once is enough, and twice does no harm."""
        if self.loop.is_closed():
            return
        self.soon(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
