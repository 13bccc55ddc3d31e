"""A story: somebody launches, something goes wrong, a timer comes by every few minutes, and all ends well."""

from __future__ import annotations

import asyncio
import sqlite3
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.chaos.processes import Death, HomeLife
from bench.chaos.truth import judge
from bench.chaos.virtual import run
from bench.chaos.world import JOB, World
from hunter.cost.filters import Query
from hunter.leases.budget import Budget
from hunter.leases.lease import Caps
from hunter.sandbox.life import cut
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bench.chaos.plans import Plan
    from hunter.api.hunter import Hunter
    from hunter.leases.lease import Lease

HOMES = ("aaaaaa", "bbbbbb")
PASSES_AFTER = 8
"""Of `reap`, once all faults are over: as many as may be needed until nothing is left."""
QUIET_PASSES = 3
"""So many find nothing more to do, and all is over; late bills need them."""
LATEST_S = 120.0
"""Whatever comes late has come by then."""
START_WITHIN_S = 600.0
TRIES = 3
AGAIN_AFTER_S = 45.0
MAX_USD_H = 3.0
CLOSE = 1.05
"""The cap of an hour, of what it costs."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a story."""

    plan: Plan
    wrong: list[str] = field(default_factory=list)
    """What must never be."""
    ready: bool = False
    launched: bool = False
    events: int = 0
    deaths: int = 0
    passes: int = 0
    ends: list[str] = field(default_factory=list)
    """How each lease came to its end, in the words of its note."""
    off: list[float] = field(default_factory=list)
    """What our meter was off from the market's bill, as a share, of each lease that ended."""


class Story:
    """One home's part of it."""

    def __init__(self, world: World, home: HomeLife, outcome: Outcome) -> None:
        self.world = world
        self.plan = world.plan
        self.home = home
        self.outcome = outcome

    async def process(self, act: Callable[[Hunter], Awaitable[None]]) -> None:
        """One process from its start to its end or its death. HunterErrors are said, all else is a crash."""
        life = self.home.begin()
        hunter = None
        try:
            hunter = self.world.hunter(self.home, life)
            self.check()
            await act(hunter)
            self.check()
        except Death:
            pass
        except HunterError:
            pass
        except Exception:  # noqa: BLE001  whatever it is, it is wrong
            self.outcome.wrong.append("crash: " + traceback.format_exc(limit=-3))
        finally:
            life.alive = False
            if hunter is not None:
                hunter.store.close()

    def check(self) -> None:
        """What is on record as ended must be gone by the market's book."""
        with sqlite3.connect(self.home.database) as db:
            ended = {row[0] for row in db.execute("select label from lease where state = 'ended'")}
        db.close()
        for rental in self.world.of_home(self.home.name):
            runs = rental.label in ended and rental.destroyed_at is None
            if runs and not self._twin(rental.label):
                self.outcome.wrong.append("ended without proof: the market still runs it")

    def _twin(self, label: str | None) -> bool:
        """Whether the wire has made two of one create: of these one may be ended before the other."""
        return self.plan.has("create-duplicated", "id-reused") and bool(label)

    # ── who does what ────────────────────────────────────────────────────────────────────────

    async def launch(self, hunter: Hunter) -> None:
        """Rent, wait until ready, and end it as the plan says; what fails is tried on the next offer."""
        lease = None
        for turn in range(TRIES):
            try:
                lease = await self._try(hunter, turn)
            except HunterError:
                lease = None
            if lease is not None or hunter.leases.all(live_only=True):
                break
            await asyncio.sleep(AGAIN_AFTER_S)
        if lease is not None and lease.state == "ready":
            self.outcome.ready = True
            await self._finish(hunter, lease)

    async def _try(self, hunter: Hunter, turn: int) -> Lease:
        plan = self.plan
        quote = await hunter.quote(self._choose(hunter, turn), JOB)
        agreed = CLOSE * (quote.deal.all_in_usd_h or MAX_USD_H)
        caps = Caps(max_usd_h=agreed, max_usd=plan.max_usd, ttl_s=plan.ttl_s)
        lease = await hunter.launch(quote, JOB, caps)
        self.outcome.launched = True
        return await hunter.leases.keep(
            lease.lease_id, until=("ready", "ended", "refused"), give_up_s=START_WITHIN_S
        )

    async def _finish(self, hunter: Hunter, lease: Lease) -> None:
        if self.plan.end == "walk-away":
            return
        if self.plan.end == "watch":
            await hunter.leases.keep(lease.lease_id)
            return
        await asyncio.sleep(self.plan.work_s)
        await hunter.destroy(lease.lease_id)

    def _choose(self, hunter: Hunter, turn: int) -> str:
        tenancy = "interruptible" if self.plan.interruptible else "on-demand"
        query = Query(tenancy=tenancy)
        deals = [
            d for d in hunter.deals(JOB, query, top=12) if 0 < (d.all_in_usd_h or 0) < MAX_USD_H
        ]
        return deals[(self.plan.choice + turn) % len(deals)].offer.ref

    async def regret(self, hunter: Hunter) -> None:
        """Somebody ends in another terminal whatever there is."""
        for lease in hunter.leases.all(live_only=True):
            await hunter.destroy(lease.lease_id)

    async def reap(self, hunter: Hunter) -> None:
        """What the timer runs, and what somebody then asks."""
        self.outcome.passes += 1
        await hunter.reap()
        try:
            await hunter.running()
        except HunterError as error:
            self.outcome.wrong.append(f"ps did not answer: {error}")

    # ── together ─────────────────────────────────────────────────────────────────────────────

    async def tell(self) -> None:
        """All of this home."""
        if self.plan.has("two-launches"):
            budget = Budget(day_usd=self.plan.max_usd * 1.4)
            await self.process(lambda hunter: _set(hunter, budget))
        users = [self.process(self.launch)]
        if self.plan.has("two-launches"):
            users.append(self._after(2.0, self.launch))
        if self.plan.has("regret"):
            users.append(self._after(self.plan.work_s / 20, self.regret))
        timer = asyncio.ensure_future(self._timer())
        await asyncio.gather(*users)
        await timer

    async def _after(self, seconds: float, act: Callable[[Hunter], Awaitable[None]]) -> None:
        await asyncio.sleep(seconds)
        await self.process(act)

    async def _timer(self) -> None:
        plan, world = self.plan, self.world
        await asyncio.sleep(plan.offset_s)
        quiet = after = 0
        while after < PASSES_AFTER and quiet < QUIET_PASSES:
            begun = world.time.passed_s
            await self.process(self.reap)
            calm = begun > max(plan.over_s, LATEST_S) and not self._at_work()
            quiet = quiet + 1 if calm and not self._unfinished() else 0
            after += begun > self.over_s()
            await asyncio.sleep(max(1.0, plan.cron_s - (world.time.passed_s - begun)))

    def _at_work(self) -> bool:
        return any(life.alive for life in self.home.lives.values())

    def over_s(self) -> float:
        """When both the faults and the leases' own time are over."""
        return self.plan.over_s + self.plan.ttl_s + TRIES * START_WITHIN_S

    def _unfinished(self) -> bool:
        return any(r.destroyed_at is None for r in self.world.of_home(self.home.name))


async def _set(hunter: Hunter, budget: Budget) -> None:
    hunter.leases.ledger.set_budget(budget)


def tell(plan: Plan, folder: Path) -> Outcome:
    """The whole story of a plan, and what was wrong in it."""
    world, outcome = World(plan, folder), Outcome(plan=plan)
    names = HOMES if plan.has("two-homes") else HOMES[:1]
    stories = [
        Story(world, world.home(name, plan.dies_at if name == HOMES[0] else None), outcome)
        for name in names
    ]

    async def all_of_it() -> None:
        scene = asyncio.ensure_future(_scene(world))
        await asyncio.gather(*(story.tell() for story in stories))
        scene.cancel()
        for story in stories:
            story.check()
            judge(world, story.home, outcome)
        outcome.wrong += world.unmeant

    run(world.time, all_of_it())
    first = stories[0].home
    outcome.events, outcome.deaths = first.events, sum(story.home.deaths for story in stories)
    return outcome


async def _scene(world: World) -> None:
    """What goes wrong by itself."""
    await asyncio.gather(_market(world), _troubles(world), _instances(world))


async def _market(world: World) -> None:
    await asyncio.sleep(world.plan.sandbox_begin_s)
    if world.time.passed_s < world.plan.over_s:
        world.begin()
    await asyncio.sleep(world.plan.over_s - world.time.passed_s)
    world.calm()


async def _troubles(world: World) -> None:
    """Clocks and disks."""
    plan = world.plan
    begin, end = plan.trouble_s
    await asyncio.sleep(begin)
    if plan.has("clock-forward"):
        world.time.off_s = 7200.0
    if plan.has("clock-back"):
        world.time.off_s = -7200.0
    trouble = [n for n in ("database-locked", "disk-full", "commit-fails") if plan.has(n)]
    for home in world.homes.values():
        home.trouble = trouble[0] if trouble else ""
    await asyncio.sleep(end - begin)
    for home in world.homes.values():
        home.trouble = ""


async def _instances(world: World) -> None:
    """Strangers, hosts that die, ids that are met again."""
    plan = world.plan
    if not plan.has("strangers", "host-dies", "id-reused"):
        return
    mine = []
    for _ in range(2000):
        await asyncio.sleep(1.0)
        mine = [r for r in world.of_home(HOMES[0]) if r.destroyed_at is None]
        if mine:
            break
    else:
        return
    if plan.has("strangers"):
        for i, label in enumerate((None, "my own box", "hunter-cccccc-00c0ffee", "hunter-mine")):
            world.stranger(mine[0], 90_000_000 + i, label)
    await asyncio.sleep(max(60.0, plan.work_s))  # no id comes back at once
    if mine[0].destroyed_at is not None:
        return
    if plan.has("host-dies"):
        cut(mine[0], world.time.now(), "offline", "host")
    if plan.has("id-reused"):
        world.take_back(mine[0])
        world.stranger(mine[0], mine[0].number, "somebody else's")
