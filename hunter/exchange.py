"""The exchange: every market that is open, and the one clock that they run by."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import time
from typing import TYPE_CHECKING

from hunter.clock import WALL, Clock
from hunter.config import SANDBOX_KEY, base_url, find_key, is_loopback
from hunter.errors import ConfigError, UsageError
from hunter.markets import Market, market_class, market_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from hunter.config import Home
    from hunter.facts import Facts
    from hunter.store import Store


class Exchange:
    """Opens markets when they are first needed; simulated and real ones never in one home."""

    def __init__(
        self,
        home: Home,
        facts: Facts,
        store: Store,
        *,
        markets: dict[str, Market] | None = None,
        sandbox: Callable[[], AbstractContextManager[str]] | None = None,
    ) -> None:
        self.home = home
        self.facts = facts
        self.store = store
        self._markets: dict[str, Market] = dict(markets or {})
        self._given = markets is not None
        self._sandbox = sandbox
        self._sandbox_open: AbstractContextManager[str] | None = None
        self._sandbox_url: str | None = None
        self._opening = asyncio.Lock()
        self.clock = self._recorded_clock()

    async def close(self) -> None:
        """Let go of markets, the embedded one included."""
        for market in self._markets.values():
            await market.close()
        self._markets.clear()
        if self._sandbox_open is not None:
            self._sandbox_open.__exit__(None, None, None)
            self._sandbox_open = None

    def names(self) -> tuple[str, ...]:
        """The markets in use: all, or those that config.toml names."""
        if self._given:
            return tuple(self._markets)
        every = market_names()
        wanted = self.home.config.markets
        if wanted is None:
            return every
        for name in wanted:
            self.check(name, every)
        return tuple(wanted)

    def check(self, name: str, every: tuple[str, ...] | None = None) -> None:
        """Refuse a market that there is not."""
        every = every if every is not None else self.names()
        if name not in every:
            raise UsageError(
                f"No market is called {name!r}.", remedy=f"Known markets: {', '.join(every)}."
            )

    async def open(self, name: str) -> Market:
        """The adapter of a market, opened when it is first needed."""
        if name not in self._markets:
            self.check(name, market_names())
            async with self._opening:
                if self._sandbox is not None and self._sandbox_url is None:
                    await asyncio.to_thread(self._open_sandbox)
            table = self.facts.market(name)
            url = self._sandbox_url or base_url(table)
            if self.home.simulated and not is_loopback(url):
                raise ConfigError(
                    f"{table['title']} is real and {table['url_variable']} does not point at the "
                    "embedded market.",
                    remedy=f"Set {table['url_variable']} too: simulated and real never mix.",
                )
            key = self.key(name)
            if name not in self._markets:
                self._markets[name] = market_class(name)(url, key, self.facts)
        return self._markets[name]

    def _open_sandbox(self) -> None:
        assert self._sandbox is not None
        self._sandbox_open = self._sandbox()
        self._sandbox_url = self._sandbox_open.__enter__()
        for name in self.names():  # the vendors' own clients read their server from here
            os.environ[self.facts.market(name)["url_variable"]] = self._sandbox_url

    def _recorded_clock(self) -> Clock:
        with self.store.errors():
            sql = "select value from setting where name = 'simulation'"
            row = self.store.db.execute(sql).fetchone()
        if row is None:
            return WALL
        if not self.home.simulated:
            raise ConfigError(
                f"{self.store.path} holds an embedded market's data.",
                remedy="Give --sandbox, or another --home: simulated and real never mix.",
            )
        return Clock(**json.loads(row["value"]))

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
        off = abs(simulation.now - self.clock.now())
        if simulation.speed == self.clock.speed and off <= max(1.0, simulation.speed):
            return
        self.clock = Clock(market_s=simulation.now, wall_s=time.time(), speed=simulation.speed)
        with self.store.writing() as db:
            db.execute(
                "insert or replace into setting (name, value) values ('simulation', ?)",
                [json.dumps(dataclasses.asdict(self.clock))],
            )

    def key(self, name: str) -> str | None:
        """The key of a market. The embedded one that we start ourselves never gets a real one."""
        if self._sandbox is not None:
            return SANDBOX_KEY
        return find_key(self.facts.market(name), simulated=self.home.simulated)

    def has_key(self, name: str) -> bool:
        """Whether there is a key to rent with. A market handed in needs none."""
        return self._given or self.key(name) is not None
