"""One world: the embedded market, the wire to it, and the homes of those who rent there."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from bench.chaos.plans import PASSING, Kind, Plan
from bench.chaos.processes import HomeLife, Life
from bench.chaos.virtual import Time, run
from bench.chaos.wire import Wire
from hunter.api.hunter import Hunter
from hunter.facts.config import Config, Home
from hunter.facts.shipped import shipped
from hunter.leases.identity import read_label
from hunter.markets.runpod.adapter import Runpod
from hunter.markets.vast.adapter import Vast
from hunter.sandbox.facts import sandbox_facts
from hunter.sandbox.life import end
from hunter.sandbox.market import SandboxMarket, Settings
from hunter.sandbox.runpod.pods import pod_id
from hunter.sandbox.server import application
from hunter.values.workload import GpuNeed, Payload, Run, Workload

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from hunter.sandbox.meter import Bill
    from hunter.sandbox.rental import Rental

ADDRESS = "https://market.test"
KEY = "chaos-key"
OFFERS = 250
SILENT = ("rate-limited", "server-error", "html", "truncate", "down")
"""The embedded market's faults with which no read is answered."""
JOB = Workload(
    name="chaos", image="example/job:1", disk_gb=20.0, gpu=GpuNeed(count=1),
    run=Run(hours=0.5, interruptible=True), payload=Payload(image_bytes=4e9, image_unpacked_bytes=10e9),
)  # fmt: skip


@dataclass(slots=True)
class Sent:
    """One request that leaves a Hunter."""

    at: float
    home: str
    kind: Kind
    number: int | None
    """The rental that it names."""
    label: str | None
    """Whose it is, by the market's book, at that moment."""


class World:
    """Everything outside Hunter."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.time = Time()
        self.market = market_of(plan, self.time)
        self.direct = httpx.ASGITransport(application(self.market))
        self.requests: list[Sent] = []
        self.unmeant: list[str] = []
        """Creates without an intent on disk, and ends of what is somebody else's."""
        self._background: set[asyncio.Task[Any]] = set()
        self.homes: dict[str, HomeLife] = {}

    # ── homes ────────────────────────────────────────────────────────────────────────────────

    def home(self, name: str, dies_at: int | None) -> HomeLife:
        """A new home that has polled its market; `name` is in its labels."""
        folder = self.folder / name
        shutil.copytree(template(self.plan.market, self.plan.market_seed), folder)
        with sqlite3.connect(folder / "hunter.db") as db:
            db.execute("insert or replace into setting (name, value) values ('home', ?)", [name])
        db.close()
        self.homes[name] = HomeLife(folder, name, dies_at)
        return self.homes[name]

    def hunter(self, home: HomeLife, life: Life) -> Hunter:
        """Hunter as one of its processes runs it."""
        name = self.plan.market
        wire = Wire(self, life, random.Random(f"{self.plan.seed}/{life.pid}"))
        adapter = {"vast": Vast, "runpod": Runpod}[name](ADDRESS, KEY, shipped(), wire)
        hunter = Hunter(
            Home(
                config_folder=home.folder, data_folder=home.folder, config=Config(reading="cheaper")
            ),
            markets={name: adapter},
        )
        home.mortal(hunter.store, life)
        lookout = hunter.leases.lookout
        lookout.me, lookout._find_process = life.owner, life.find
        return hunter

    # ── the wire ─────────────────────────────────────────────────────────────────────────────

    def fault(self, kind: Kind, dice: random.Random) -> str:
        """What befalls a request of this kind now; empty where nothing does."""
        passed = self.time.passed_s
        for spell in self.plan.spells:
            on = kind in spell.kinds and spell.begin_s <= passed < spell.end_s
            if on and dice.random() < spell.chance:
                return spell.name
        return ""

    def sent(self, life: Life, kind: Kind, target: str, body: bytes) -> None:
        """Keep who asked for what; what nobody may ask for is unmeant."""
        rental = self._named(target) if kind == "destroy" else None
        label = rental.label if rental is not None else None
        self.requests.append(
            Sent(self.time.now(), life.home.name, kind, rental.number if rental else None, label)
        )
        if rental is not None and _home_of(label) != life.home.name and not self._reads_fail():
            self.unmeant.append(f"an end was asked for of {label or 'a nameless one'}")
        if kind == "create":
            self._check_intent(life, body)

    def _reads_fail(self) -> bool:
        """Whether nobody can be told now whose it is that an id names; an end does not wait for it then."""
        now = self.time.passed_s
        if now > self.plan.over_s:
            return False
        spells = [s for s in self.plan.spells if s.begin_s <= now < s.end_s]
        return any("show" in s.kinds for s in spells) or any(f in SILENT for f in self.plan.sandbox)

    def _check_intent(self, life: Life, body: bytes) -> None:
        with sqlite3.connect(life.home.database) as db:
            labels = [
                row[0] for row in db.execute("select label from lease where state = 'creating'")
            ]
        db.close()
        if not any(label.encode() in body for label in labels):
            self.unmeant.append("a create was sent without an intent on disk")

    def _named(self, target: str) -> Rental | None:
        for rental in self.rentals():
            known = pod_id(rental.number) if rental.market == "runpod" else str(rental.number)
            if known == target and rental.destroyed_at is None:
                return rental
        return None

    def later(self, seconds: float, work: Coroutine[Any, Any, Any]) -> None:
        """Let something happen after a while, whoever has died meanwhile."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            await work

        task = asyncio.ensure_future(wait())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def numbers(self) -> set[int]:
        """Of all rentals that there ever were."""
        return {rental.number for rental in self.rentals()}

    def hide(self, known: set[int], seconds: float) -> None:
        """Keep what was created since from all that is told, for a while."""
        new = [rental for rental in self.rentals() if rental.number not in known]
        for rental in new:
            account, rental.account = rental.account, "nobody sees it yet"

            async def show(rental: Rental = rental, account: str = account) -> None:
                rental.account = account

            self.later(seconds, show())

    # ── the market ───────────────────────────────────────────────────────────────────────────

    def rentals(self) -> list[Rental]:
        """Everything that was ever rented, brought up to now."""
        with self.market.open() as page:
            return list(page.rentals)

    def of_home(self, name: str) -> list[Rental]:
        """Those whose label names a home."""
        return [rental for rental in self.rentals() if _home_of(rental.label) == name]

    def bill(self, rental: Rental, until: float | None = None) -> Bill:
        """The market's own bill for one, up to a time."""
        return self.market.bill(rental, self.time.now() if until is None else until)

    def first_end(self, rental: Rental) -> float | None:
        """When the first DELETE of it was sent."""
        return next(
            (s.at for s in self.requests if s.number == rental.number and s.label == rental.label), None
        )  # fmt: skip

    def stranger(self, like: Rental, number: int, label: str | None) -> Rental:
        """Somebody else's rental on the same account."""
        other = msgspec.json.decode(msgspec.json.encode(like), type=type(like))
        other.number, other.label, other.destroyed_at = number, label, None
        now = self.time.now()
        other.created_at = now
        other.history, other.plan = [type(like.turn)(now, "running", "", "plan")], []
        other.flows, other.reachable_at, other.bids = [], now, [(now, b) for _, b in like.bids[-1:]]
        self.market.book.page.rentals.append(other)
        return other

    def take_back(self, rental: Rental) -> None:
        """The market itself ends one."""
        end(rental, self.time.now())

    def begin(self) -> None:
        """The market's own faults begin."""
        object.__setattr__(self.market.faults, "specs", self.plan.sandbox)

    def calm(self) -> None:
        """Whatever went wrong is over."""
        kept = tuple(name for name in self.plan.sandbox if name not in PASSING)
        object.__setattr__(self.market.faults, "specs", kept)
        self.time.off_s = 0.0
        for home in self.homes.values():
            home.trouble = ""


def market_of(plan: Plan, of: Time) -> SandboxMarket:
    """The embedded market of a plan."""
    settings = Settings(
        offers=OFFERS, seed=plan.market_seed, faults=plan.sandbox if not plan.sandbox_begin_s else (),
        credit_usd=0.04 if plan.has("balance-zero") else 1000.0,
        page_rows=1 if "page-two-fails" in plan.sandbox else None,
    )  # fmt: skip
    return SandboxMarket(settings, _facts(), of.now)


@cache
def _facts() -> dict[str, Any]:
    return sandbox_facts()


_TEMPLATES: dict[tuple[str, int], Path] = {}


def template(market: str, seed: int) -> Path:
    """A home that has polled one market; made by `make_templates`."""
    return _TEMPLATES[market, seed]


def make_templates(folder: Path, seeds: tuple[int, ...] = (1, 2, 3)) -> None:
    """Poll each market once, so that no story has to."""
    for market in ("vast", "runpod"):
        for seed in seeds:
            path = folder / f"{market}-{seed}"
            if not path.exists():
                _poll(market, seed, path, folder)
            _TEMPLATES[market, seed] = path


def _poll(market: str, seed: int, path: Path, folder: Path) -> None:
    world = World(Plan(seed=0, market=market, market_seed=seed), folder)
    home = HomeLife(path, "template", None)
    path.mkdir(parents=True)

    async def story() -> None:
        async with world.hunter(home, home.begin()) as hunter:
            polled = await hunter.scrape()
            assert polled[0].offers, polled
            hunter.deals(JOB, top=1)

    run(world.time, story())
    with sqlite3.connect(home.database) as db:
        db.execute("create table moved (lease_id, before, after, version_before, version_after)")
        db.execute(
            "create trigger keep_moves after update of version on lease begin insert into moved values "
            "(old.lease_id, old.state, new.state, old.version, new.version); end"
        )
        db.execute("pragma wal_checkpoint(truncate)")
    db.close()


def _home_of(label: str | None) -> str | None:
    found = read_label(label)
    return found.home if found else None
