"""An event loop on a thread of its own: verbs go on there, whoever asked for them and stopped listening."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

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
        held = _Held(verb)
        try:
            return asyncio.run_coroutine_threadsafe(held.work(), self.loop).result(timeout_s)
        except KeyboardInterrupt:
            held.given_up = True
            if held.task is not None:
                self.soon(held.task.cancel)
                held.over.wait()
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


class _Held(Generic[T]):
    """A verb that somebody waits for: given up before it began, it never begins."""

    def __init__(self, verb: Awaitable[T]) -> None:
        self.verb = verb
        self.task: asyncio.Task[Any] | None = None
        self.given_up = False
        self.over = threading.Event()

    async def work(self) -> T:
        self.task = asyncio.current_task()  # before the look: either side sees the other
        try:
            if self.given_up:
                if asyncio.iscoroutine(self.verb):
                    self.verb.close()
                raise asyncio.CancelledError
            return await self.verb
        finally:
            self.over.set()
