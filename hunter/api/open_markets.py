"""The open_markets: every market that is open, and the one clock that they run by."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

from hunter.facts.config import SANDBOX_KEY, base_url, find_key, is_loopback, is_pointed_home
from hunter.markets.loading import adapter_of
from hunter.sandbox.facts import SERVED, mirrors
from hunter.store.settings import write_clock
from hunter.values.clock import Clock
from hunter.values.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from hunter.api.prices import Prices
    from hunter.markets.protocol import Market


class OpenMarkets:
    """Opens markets when they are first needed; simulated and real ones never in one home."""

    def __init__(
        self,
        prices: Prices,
        *,
        markets: dict[str, Market] | None = None,
        sandbox: Callable[[], AbstractContextManager[str]] | None = None,
    ) -> None:
        """Markets of a home, or those handed in; `sandbox` starts the embedded one when it is needed."""
        self.prices = prices
        self.home = prices.home
        self.facts = prices.facts
        self.given = tuple(markets or ())
        self._markets: dict[str, Market] = dict(markets or {})
        self._sandbox = sandbox
        self._sandbox_open: AbstractContextManager[str] | None = None
        self._sandbox_url: str | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        """Let go of markets, the embedded one included."""
        for market in self._markets.values():
            await market.close()
        self._markets.clear()
        if self._sandbox_open is not None:
            self._sandbox_open.__exit__(None, None, None)
            self._sandbox_open = None

    async def mirrors(self) -> dict[str, str]:
        """Servers to ask about payloads in place of the real ones, by host; none in a real home."""
        if not self.home.simulated:
            return {}
        embedded = await self._embedded()
        urls = [base_url(self.facts.market(name)) for name in SERVED]
        url = embedded or next((url for url in urls if is_loopback(url)), None)
        return {} if url is None else mirrors(url)

    async def open(self, name: str) -> Market:
        """The adapter of a market, opened when it is first needed."""
        if name not in self._markets:
            facts = self.facts.market(name)
            adapter = adapter_of(self.facts.plugins[name])
            embedded = await self._embedded() if name in SERVED else None
            url = embedded or base_url(facts)
            if self.home.simulated and not is_loopback(url):
                raise ConfigError(
                    f"{facts.title} is real and {facts.url_variable} does not point at this machine.",
                    remedy=f"Set {facts.url_variable} too: simulated and real never mix.",
                )
            key = self.key(name)
            if name not in self._markets:
                self._markets[name] = adapter(url, key, self.facts)
        return self._markets[name]

    async def _embedded(self) -> str | None:
        """The address of the embedded market, started now if it is to be; None where there is none."""
        async with self._opening:
            if self._sandbox is not None and self._sandbox_url is None:
                await asyncio.to_thread(self._open_sandbox)
        return self._sandbox_url

    def _open_sandbox(self) -> None:
        assert self._sandbox is not None
        self._sandbox_open = self._sandbox()
        self._sandbox_url = self._sandbox_open.__enter__()
        for name in SERVED:  # the vendors' own clients read their server from here
            os.environ[self.facts.market(name).url_variable] = self._sandbox_url

    def within_reach(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of these markets that a hunt may ask: beside the embedded one only others on this machine."""
        if self._sandbox is None:
            return names
        home = {n for n in names if n in SERVED or is_pointed_home(self.facts.market(n))}
        return tuple(name for name in names if name in home)

    def note_clock(self, market: Market) -> None:
        """Run by an embedded market's clock; refuse one that was not asked for."""
        simulation = market.simulation
        if simulation is None:
            return
        if not self.home.simulated:
            raise ConfigError(
                f"The server that {market.name} is pointed at is an embedded market.",
                remedy="Give --sandbox, or unset the variable that points there.",
            )
        off = abs(simulation.now - self.prices.clock.now())
        if simulation.speed == self.prices.clock.speed and off <= max(1.0, simulation.speed):
            return
        self.prices.clock = Clock(
            market_s=simulation.now, wall_s=time.time(), speed=simulation.speed
        )
        write_clock(self.prices.store, self.prices.clock)

    def key(self, name: str) -> str | None:
        """The key of a market. The embedded one that we start ourselves never gets a real one."""
        if self._sandbox is not None:
            return SANDBOX_KEY
        return find_key(self.facts.market(name), simulated=self.home.simulated)

    def has_key(self, name: str) -> bool:
        """Whether there is a key to rent with. A market handed in needs none."""
        return bool(self.given) or self.key(name) is not None
