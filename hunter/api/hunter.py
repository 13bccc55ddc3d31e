"""The verbs. The command line, the terminal app, cron and Python users call these and nothing below.

    async with Hunter() as hunter:
        await hunter.scrape()
        deals = hunter.deals("comfyui-flux")

Where nothing is asynchronous, `wait` runs a verb to its end:

    with Hunter() as hunter:
        hunter.wait(hunter.scrape())
        deals = hunter.deals("comfyui-flux")
"""

from __future__ import annotations

import os
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from hunter.api.clock import MarketClock
from hunter.facts.config import Home, find_home
from hunter.facts.in_use import InUse
from hunter.facts.shipped import Facts, shipped
from hunter.store import Store
from hunter.store.settings import ClockMemory, read_clock, write_clock
from hunter.values.errors import UsageError
from hunter.values.keys import remember, secrets_in
from hunter.values.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from hunter.api.advice import Advice
    from hunter.api.polling import Polled
    from hunter.api.prices import Prices
    from hunter.api.renting import Quote, Renting
    from hunter.api.runner import Runner
    from hunter.api.scheduling import Scheduling
    from hunter.cost.deal import Deal
    from hunter.cost.deals import Deals
    from hunter.cost.filters import Missed, Query
    from hunter.leases.extending import Extended
    from hunter.leases.fleet import Fleet
    from hunter.leases.lease import Caps, Lease
    from hunter.leases.leases import Leases
    from hunter.leases.reap import Reaped
    from hunter.markets.open import OpenMarkets
    from hunter.markets.protocol import Market, Progress
    from hunter.payload.sizes import PayloadSize
    from hunter.values.clock import Clock
    from hunter.values.errors import ConfigError, PayloadError

T = TypeVar("T")


class Hunter:
    """One hunt: a home with its recorded prices, the markets, and what is rented there.

    Opening it reads the record and nothing else. Markets, leases and all that needs a network are loaded
    when they are first used.
    """

    def __init__(
        self,
        home: Home | Path | str | None = None,
        *,
        sandbox: bool | Callable[[], AbstractContextManager[str]] = False,
        markets: dict[str, Market] | None = None,
        facts: Facts | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Open a home.

        Args:
            home: its folder; the platform's own, or HUNTER_HOME, where None.
            sandbox: use the embedded market, or what starts another one: no account, no money.
            markets: use these and no others.
            facts: what is known of markets and hardware; what ships where None.
            clock: tells the markets' time; the wall's, or the embedded market's, where None.
        """
        if not isinstance(home, Home):
            home = find_home(None if home is None else str(home), sandbox=bool(sandbox))
        if sandbox and not home.simulated:
            raise UsageError(
                f"{home.data_folder} is a real home, and the embedded market was asked for.",
                remedy="Name the home by its folder: the embedded market gets one of its own in it.",
            )
        self.home = home
        self.facts = facts or shipped()
        remember(secrets_in(os.environ))
        self.store = Store(home.database, private=home.folders)
        pace = read_clock(self.store, simulated=home.simulated)
        told = None if home.simulated else ClockMemory(self.store)
        self.clock: Clock = clock or MarketClock(pace, partial(write_clock, self.store), told)
        """The markets' time; everybody in this hunt holds this one."""
        self._sandbox = sandbox
        self._given = markets
        self._closed = False
        self._in_use = InUse(
            facts=self.facts,
            given=tuple(markets or ()),
            wanted=home.config.markets,
            embedded=_served() if sandbox else None,
        )

    # ── parts ────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def prices(self) -> Prices:
        """What is recorded, priced."""
        from hunter.api.prices import Prices  # noqa: PLC0415  numpy, 0.1 s, and no lease needs it

        return Prices(self.home, self.store, self.clock, self.facts, self._in_use)

    @cached_property
    def advice(self) -> Advice:
        """Where to keep weights, how to ship and to serve them, and why nothing was found."""
        from hunter.api.advice import Advice  # noqa: PLC0415  a ranking needs none

        return Advice(self.prices)

    @cached_property
    def markets(self) -> OpenMarkets:
        """The markets in use, each opened when it is first needed."""
        from hunter.markets.open import OpenMarkets  # noqa: PLC0415  asyncio, 30 ms

        embedded = None
        if self.home.simulated:
            from hunter.api.embedded import embedded_of  # noqa: PLC0415  subprocess, 15 ms

            embedded = embedded_of(self.home, self._sandbox)
        return OpenMarkets(
            self.facts, self.clock, self._in_use, given=self._given, embedded=embedded
        )

    @cached_property
    def leases(self) -> Leases:
        """What is rented: on record, and at the markets."""
        from hunter.api.leasing import leases_of  # noqa: PLC0415  asyncio, 30 ms

        return leases_of(self.home, self.store, self.clock, self.facts, self.markets,
                         lambda: self.prices.assumptions())  # fmt: skip

    @cached_property
    def schedule(self) -> Scheduling:
        """The timers that call Hunter for this home."""
        from hunter.api.scheduling import Scheduling  # noqa: PLC0415  subprocess, 15 ms

        return Scheduling(self.home, self.store, self.facts, self._in_use)

    @cached_property
    def runner(self) -> Runner:
        """The event loop of this hunt's own, started when somebody first waits on it."""
        from hunter.api.runner import Runner  # noqa: PLC0415  asyncio, 30 ms

        return Runner()

    @cached_property
    def _renting(self) -> Renting:
        from hunter.api.renting import Renting  # noqa: PLC0415  asyncio, 30 ms

        return Renting(self.prices, self.markets, self.leases)

    # ── opening and closing ──────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Hunter:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def __enter__(self) -> Hunter:
        return self

    def __exit__(self, *exc: object) -> None:
        if {"markets", "runner"} & vars(self).keys():
            self.wait(self.close())
        else:
            self.store.close()

    async def close(self) -> None:
        """Let go of markets, the embedded one included, and of the database."""
        if "markets" in vars(self):
            await self.markets.close()
        self.store.close()
        self._closed = True
        if "runner" in vars(self) and not self.runner.is_here():
            import asyncio  # noqa: PLC0415  30 ms, and a ranking never waits

            await asyncio.to_thread(self.runner.close)

    def wait(self, verb: Awaitable[T]) -> T:
        """Run one of the asynchronous verbs to its end, and give its result: the way in without async.

        The verb runs on a loop and a thread of this hunt's own, so that this works inside a notebook too.
        Ctrl-C cancels the verb, which cleans up before KeyboardInterrupt is raised. Stay with it: markets
        that were opened here are used here, and not by `await` on another loop.
        """
        try:
            return self.runner.run(verb)
        finally:
            if self._closed:
                self.runner.close()

    # ── prices ───────────────────────────────────────────────────────────────────────────────

    async def scrape(
        self,
        markets: Iterable[str] = (),
        *,
        workload: Workload | str | None = None,
        report: Callable[[Progress], None] | None = None,
    ) -> tuple[Polled, ...]:
        """Poll markets once and record what changed; all of each, or what a workload could use.

        One market failing leaves the others' results as they are; its `error` says why.
        """
        from hunter.api.polling import Polling, unwatched  # noqa: PLC0415  asyncio, 30 ms

        names = tuple(markets) or self._in_use.names()
        for name in names:
            self._in_use.check(name)
        job = None if workload is None else self._job(workload)
        polling = Polling(self.store, self.markets, self.clock)
        return await polling.poll(names, job, report or unwatched)

    def deals(
        self,
        workload: Workload | str | None = None,
        query: Query | None = None,
        *,
        top: int | None = None,
    ) -> Deals:
        """The recorded offers that fit a workload, cheapest run first; only the best few with `top`.

        A workload is a value, or the name or file of one; where None, the one that config.toml names.
        """
        return self.prices.deals(self._job(workload), query, top=top)

    def explain(
        self, ref: str, workload: Workload | str | None = None
    ) -> tuple[Deal, tuple[Missed, ...]]:
        """One recorded offer with its bill, and each rule that it breaks."""
        return self.prices.explain(ref, self._job(workload))

    def _job(self, workload: Workload | str | None) -> Workload:
        if isinstance(workload, Workload):
            return self.prices.named(workload)
        from hunter.facts import workload_file  # noqa: PLC0415  only where one is named

        return workload_file.load(str(self.home.config.workload if workload is None else workload))

    # ── payloads ─────────────────────────────────────────────────────────────────────────────

    async def size(self, ref: str, *, offline: bool = False, refresh: bool = False) -> PayloadSize:
        """How much has to travel for a reference, learnt without pulling it."""
        from hunter.payload.learn import weigh  # noqa: PLC0415  httpx, 0.1 s, and no ranking needs it

        mirrors = {} if offline else await self.markets.mirrors()
        return await weigh(ref, self.prices.memory, mirrors, offline=offline, refresh=refresh)

    async def learn_sizes(self, workload: Workload | str) -> list[PayloadError | ConfigError]:
        """Learn all sizes of a workload; what could not be learnt, and why."""
        from hunter.payload.learn import weigh_workload  # noqa: PLC0415  with it

        mirrors = await self.markets.mirrors()
        return await weigh_workload(self._job(workload), self.prices.memory, mirrors)

    # ── renting ──────────────────────────────────────────────────────────────────────────────

    async def quote(self, ref: str, workload: Workload | str | None = None) -> Quote:
        """Ask the market for one offer's price of now, with the workload's disk."""
        return await self._renting.quote(ref, self._job(workload))

    async def launch(self, quote: Quote, workload: Workload | str | None, caps: Caps) -> Lease:
        """Rent a quoted deal inside the caps. The user has said yes before this is called."""
        return await self._renting.launch(quote, self._job(workload), caps)

    async def running(self) -> Fleet:
        """Everything that may cost money: our leases, and what the markets list beside them."""
        return await self.leases.running()

    async def logs(self, lease_id: str, lines: int = 100) -> str:
        """The last that an instance's container printed."""
        return await self.leases.logs(lease_id, lines)

    async def extend(self, lease_id: str, ttl_s: float) -> Extended:
        """Let a lease live for so long from now on, its dead-man switch told first where it is proved."""
        from hunter.leases.extending import extend  # noqa: PLC0415  with leases

        return await extend(self.leases, lease_id, ttl_s)

    async def destroy(
        self, lease_id: str, why: str = "asked by the user", *, proof: bool = True
    ) -> Lease:
        """End a lease and prove that it is gone; the market's bill is read where it has one.

        Without `proof` it returns once its end is asked for, and `reap` proves it later.
        Raises MarketError where the proof did not come: the lease stays `ending` and is not forgotten.
        """
        return await self.leases.destroy(lease_id, why, proof=proof)

    async def reap(self, *, proof: bool = True) -> Reaped:
        """One pass for a timer: settle, adopt, end what is past its limits, finish ends, read bills."""
        return await self.leases.reap(proof=proof)


def _served() -> tuple[str, ...]:
    from hunter.sandbox.facts import SERVED  # noqa: PLC0415  a real hunt knows no sandbox

    return SERVED
