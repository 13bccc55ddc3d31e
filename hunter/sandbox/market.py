"""The embedded market: a world, a book, and what renters may do. Both vendors' interfaces stand on it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hunter.sandbox import faults as fault_names
from hunter.sandbox.accounts import Accounts
from hunter.sandbox.book import Book, Page
from hunter.sandbox.callers import Caller
from hunter.sandbox.course import Course
from hunter.sandbox.floors import TICK_S, Floors
from hunter.sandbox.hosts import Hosts
from hunter.sandbox.life import reachable
from hunter.sandbox.meter import RUNPOD, VAST, Bill, Tariff, bill
from hunter.sandbox.renting import Renting
from hunter.sandbox.starts import Starts
from hunter.sandbox.world import Asks, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hunter.sandbox.faults import Faults
    from hunter.sandbox.rental import Rental

LATE_BILL_S = 600.0
"""How long a charge is not told of, where bills come late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one embedded market is set up."""

    offers: int = 2000
    seed: int = 1
    speed: float = 1.0
    limits: bool = False
    row_cap: int = 64
    faults: tuple[str, ...] = ()
    spot: str = "none"
    """RunPod's spot market: none (as of 2026-08), historic or gone."""
    state: Path | None = None
    credit_usd: float | None = None
    page_rows: int | None = None
    """Rows of a page of a list; None is 25 at Vast, and no pages at all at RunPod."""
    slow_s: float = 5.0
    """Seconds of the caller's own clock that a slow list takes."""
    run_guards: bool = False
    """Rented machines really run Hunter's dead-man switch where they are rented with it."""


class SandboxMarket:
    """One embedded market. `open()` gives the book for a request, advanced to now."""

    def __init__(
        self, settings: Settings, facts: dict[str, Any], clock: Callable[[], float] = time.time
    ) -> None:
        """Begin it, or go on with its state; `clock` tells our own seconds, by which its own pass."""
        self.settings = settings
        self.facts = facts
        self.faults = faults = fault_names.parse(settings.faults)
        self.book = Book(settings.state, _fresh(settings, clock()), clock)
        self.world = World(facts, self.seed, self.book.page.offers)
        self.tariffs: dict[str, Tariff] = {"vast": _vast_tariff(faults), "runpod": RUNPOD}
        self.guard_lines: Callable[[Rental], list[str]] = lambda rental: []
        """What the dead-man switch of a rental has printed."""
        self._cached: tuple[float, tuple[tuple[int, int], ...], Asks] | None = None
        credit_usd = settings.credit_usd
        if credit_usd is None:
            credit_usd = facts["vast"]["credit_usd"]
        self.accounts = Accounts(credit_usd=credit_usd, tariffs=self.tariffs, now=self.now)
        self.floors = Floors(self.world)
        starts = Starts(
            hosts=Hosts(book=self.book, world=self.world, facts=facts), floors=self.floors,
            facts=facts, seed=self.seed, faults=faults, now=self.now,
        )  # fmt: skip
        self._course = Course(accounts=self.accounts, starts=starts)
        self.renting = Renting(
            accounts=self.accounts, floors=self.floors, starts=starts, course=self._course,
            facts=facts, seed=self.seed, faults=faults, now=self.now,
        )  # fmt: skip

    @property
    def seed(self) -> int:
        """What everything is drawn from."""
        return self.book.page.seed

    def now(self) -> float:
        """Simulated unix seconds."""
        return self.book.now()

    @contextmanager
    def open(self) -> Iterator[Page]:
        """The book with every rental's life carried out up to now."""
        with self.book.open() as page:
            now = self.now()
            for rental in page.rentals:
                self._course.carry_on(rental, now)
            for name in {r.account for r in page.rentals if r.destroyed_at is None}:
                self._course.stop_the_broke(page, name, now)
            yield page

    def asks(self, page: Page) -> Asks:
        """Vast's offers of this minute, without what renters of this market hold."""
        tick = self.now() // TICK_S * TICK_S
        held: dict[int, int] = {}
        for rental in page.rentals:
            if rental.market == "vast" and rental.holds_gpus:
                held[rental.machine] = held.get(rental.machine, 0) + rental.gpu_count
        key = tuple(sorted(held.items()))
        if self._cached is None or self._cached[:2] != (tick, key):
            self._cached = (tick, key, self.world.asks(tick, held))
        return self._cached[2]

    def rental_of_key(self, key: str) -> Caller | None:
        """The rental whose own key this is, ended ones too. Not to be called with the book open."""
        with self.open() as page:
            for rental in page.rentals:
                if key and rental.own_key == key:
                    return Caller(account=rental.account, only=rental.number)
        return None

    def bill(self, rental: Rental, until: float, since: float = 0.0) -> Bill:
        """What a rental has been charged between two times."""
        return bill(rental, until, self.tariffs[rental.market], since)

    def booked_until(self, market: str) -> float:
        """Up to when an itemised bill tells of charges. Balances are always up to date."""
        late = self.faults.active("late-bills", market)
        return self.now() - (LATE_BILL_S if late else 0.0)

    def reachable(self, rental: Rental) -> bool:
        """Whether one can log in now."""
        return reachable(rental, self.now())

    def logs(self, rental: Rental) -> str:
        """What the container has printed, with the entrypoint's own phase marks."""
        now = self.now()
        lines = [f"== {rental.image} =="]
        for mark in rental.marks:
            if mark.at <= now:
                lines.append(f"HUNTER_PHASE {mark.phase} {mark.at:.3f} {mark.n_bytes:.0f}")
        lines += self.guard_lines(rental)
        return "\n".join(lines) + "\n"


def _fresh(settings: Settings, now: float) -> Page:
    """The book of a market that begins now."""
    return Page(
        seed=settings.seed,
        offers=settings.offers,
        speed=settings.speed,
        market_s=now,
        wall_s=now,
    )


def _vast_tariff(faults: Faults) -> Tariff:
    """What Vast charges for, with whatever faults of its meter are on."""
    tariff = VAST
    if faults.active("loading-billed", "vast"):
        tariff = replace(tariff, gpu_states=tariff.gpu_states | {"starting"})
    if faults.active("pull-free", "vast"):
        tariff = replace(tariff, image_pull_counts=False)
    return tariff
