"""The markets of a hunt, each opened when it is first needed; simulated and real ones never in one home."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hunter.facts.config import SANDBOX_KEY, base_url, find_key, is_loopback
from hunter.markets.loading import adapter_of
from hunter.values.clock import Pace
from hunter.values.errors import ConfigError, HunterError
from hunter.values.keys import hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from contextlib import AbstractContextManager

    from hunter.facts.in_use import InUse
    from hunter.facts.shipped import Facts
    from hunter.markets.protocol import Market
    from hunter.values.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What a simulated home knows of the embedded market."""

    served: tuple[str, ...]
    """The markets that it plays."""
    mirrors: Callable[[str], dict[str, str]]
    """From its address: where it answers for each registry and hub."""
    start: Callable[[], AbstractContextManager[str]] | None = None
    """Starts it and gives its address; None where the environment points at one that runs."""


class OpenMarkets:
    """The markets in use, their keys, and the clock that they set."""

    def __init__(
        self,
        facts: Facts,
        clock: Clock,
        in_use: InUse,
        *,
        given: Mapping[str, Market] | None = None,
        embedded: Embedded | None = None,
    ) -> None:
        """Markets of `facts`, or those handed in; a home without an `embedded` one is real."""
        self._facts = facts
        self._clock = clock
        self._in_use = in_use
        self._given = bool(given)
        self._markets: dict[str, Market] = dict(given or {})
        self._embedded = embedded
        self._start = embedded.start if embedded else None
        self._started: AbstractContextManager[str] | None = None
        self._url: str | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        """Let go of markets, the embedded one included."""
        try:
            for market in self._markets.values():
                with suppress(Exception):  # one that cannot let go keeps no other from it
                    await market.close()
        finally:
            self._markets.clear()
            await self._end()

    async def _end(self) -> None:
        """End the embedded market; what opens now is opened wholly, and then closed."""
        async with self._opening:
            if self._started is not None:
                self._started.__exit__(None, None, None)
                self._started = None

    def names(self) -> tuple[str, ...]:
        """The markets in use."""
        return self._in_use.names()

    async def open(self, name: str) -> Market:
        """The adapter of a market, opened when it is first needed."""
        if name not in self._markets:
            facts = self._facts.market(name)
            adapter = adapter_of(self._facts.plugins[name])
            url = await self._address(name) or base_url(facts)
            if self._embedded is not None and not is_loopback(url):
                raise ConfigError(
                    f"{facts.title} is real and {facts.url_variable} does not point at this machine.",
                    remedy=f"Set {facts.url_variable} too: simulated and real never mix.",
                )
            key = self.key(name)
            if name not in self._markets:
                self._markets[name] = self._made(name, adapter, url, key)
        return self._markets[name]

    def _made(self, name: str, adapter: type[Market], url: str, key: str | None) -> Market:
        try:
            return adapter(url, key, self._facts)
        except HunterError:
            raise
        except Exception as error:  # another's adapter may fail in any way
            plugin = self._facts.plugins[name]
            raise plugin.unusable(f"{type(error).__name__}: {hidden(str(error), key)}") from error

    async def mirrors(self) -> dict[str, str]:
        """Servers to ask about payloads in place of the real ones, by host; none in a real home."""
        if self._embedded is None:
            return {}
        url = await self._running()
        if url is None:
            urls = [base_url(self._facts.market(name)) for name in self._embedded.served]
            url = next((url for url in urls if is_loopback(url)), None)
        return {} if url is None else self._embedded.mirrors(url)

    def note_clock(self, market: Market) -> None:
        """Run by the clock that a market tells; refuse an embedded one that was not asked for."""
        simulation = market.simulation
        if simulation is None:
            told_s = getattr(market, "told_s", None)  # a plug-in need not tell it
            if told_s is not None:
                self._clock.heard(market.name, told_s)
            return
        if self._embedded is None:
            raise ConfigError(
                f"The server that {market.name} is pointed at is an embedded market.",
                remedy="Give --sandbox, or unset the variable that points there.",
            )
        self._clock.follow(
            Pace(market_s=simulation.now, wall_s=time.time(), speed=simulation.speed)
        )
        self._clock.heard(market.name, simulation.now)

    def key(self, name: str) -> str | None:
        """The key of a market. The embedded one that we start ourselves never gets a real one."""
        if self._start is not None:
            return SANDBOX_KEY
        return find_key(self._facts.market(name), simulated=self._embedded is not None)

    def has_key(self, name: str) -> bool:
        """Whether there is a key to rent with. A market handed in needs none."""
        return self._given or self.key(name) is not None

    def why_not(self, name: str) -> str | None:
        """Why a market cannot be asked what it lists, with the remedy; None where it can.

        ConfigError where what is found cannot be a key.
        """
        if self.has_key(name):
            return None
        facts = self._facts.market(name)
        return f"there is no key: set {facts.key_variable}, or log in with the vendor's own command"

    async def _address(self, name: str) -> str | None:
        """Where the embedded market plays this one; None where none does."""
        plays = self._embedded is not None and name in self._embedded.served
        return await self._running() if plays else None

    async def _running(self) -> str | None:
        """The address of the embedded market, started now if it is to be; None where there is none."""
        async with self._opening:
            if self._start is not None and self._url is None:
                await _whole(asyncio.to_thread(self._begin))
        return self._url

    def _begin(self) -> None:
        assert self._start is not None
        self._started = self._start()
        self._url = self._started.__enter__()


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    """Wait for something that may not be left half done: called off meanwhile, it is finished first."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # nobody asks for it any more
        raise
