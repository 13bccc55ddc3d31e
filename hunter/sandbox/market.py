"""The embedded market: a world, a book, and what renters may do. Both vendors' interfaces stand on it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from math import exp, log1p
from typing import TYPE_CHECKING, Any

import numpy as np

from hunter.sandbox import faults as fault_names
from hunter.sandbox.book import Account, Book, Page
from hunter.sandbox.chance import between, geometric_between, one
from hunter.sandbox.life import Host, advance, cut, end_flows, plan_start, reachable
from hunter.sandbox.meter import RUNPOD, VAST, Bill, Tariff, bill, volume_usd
from hunter.sandbox.rental import Rental, Turn
from hunter.sandbox.world import Asks, World
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TICK_S = 60.0
"""Prices and availability move once a simulated minute."""
EXPIRED_KEPT_S = 48 * 3600.0
LATE_BILL_S = 600.0
"""How long a charge is not told of, where bills come late."""


def account_name(key: str) -> str:
    """The account that a key opens. The key itself is kept nowhere: somebody may use a real one."""
    return sha256(key.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: an account, or one rental of it with a key of its own."""

    account: str
    only: int | None = None
    """The rental whose own key was shown; None for the account's key."""


class Refused(HunterError):
    """The market says no; `code` is what an interface answers by."""

    def __init__(self, code: str, message: str, rental: Rental | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.rental = rental


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


class SandboxMarket:
    """One embedded market. `open()` gives the book for a request, advanced to now."""

    def __init__(self, settings: Settings, facts: dict[str, Any]) -> None:
        self.settings = settings
        self.facts = facts
        self.faults = fault_names.parse(settings.faults)
        now = time.time()
        fresh = Page(
            seed=settings.seed,
            offers=settings.offers,
            speed=settings.speed,
            market_s=now,
            wall_s=now,
        )
        self.book = Book(settings.state, fresh)
        self.world = World(facts, self.book.page.seed, self.book.page.offers)
        vast = VAST
        if self.faults.active("loading-billed", "vast"):
            vast = replace(vast, gpu_states=vast.gpu_states | {"starting"})
        if self.faults.active("pull-free", "vast"):
            vast = replace(vast, image_pull_counts=False)
        self.tariffs: dict[str, Tariff] = {"vast": vast, "runpod": RUNPOD}
        self._cached: tuple[float, tuple[tuple[int, int], ...], Asks] | None = None

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
                self._advance(rental, now)
            for name in {r.account for r in page.rentals if r.destroyed_at is None}:
                self._stop_the_broke(page, name, now)
            yield page

    # ── offers ───────────────────────────────────────────────────────────────────────────────

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

    # ── accounts ─────────────────────────────────────────────────────────────────────────────

    def account(self, page: Page, key: str) -> Account:
        """The account of a key, opened at its first use."""
        if key not in page.accounts:
            credit = self.settings.credit_usd
            page.accounts[key] = Account(
                number=100_000 + len(page.accounts),
                credit_usd=self.facts["vast"]["credit_usd"] if credit is None else credit,
                opened_at=self.now(),
            )
        return page.accounts[key]

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

    def balance_usd(self, page: Page, key: str, at: float, market: str | None = None) -> float:
        """What is left of an account's money."""
        spent = sum(
            self.bill(rental, at).usd
            for rental in page.rentals
            if rental.account == key and market in (None, rental.market)
        )
        account = self.account(page, key)
        kept = sum(volume_usd(volume, at, self.tariffs["runpod"]) for volume in account.volumes)
        return account.credit_usd - spent - kept

    def _stop_the_broke(self, page: Page, key: str, now: float) -> None:
        if self.balance_usd(page, key, now) > 0:
            return
        mine = [r for r in page.rentals if r.account == key and r.destroyed_at is None]
        early, late = max(r.turn.at for r in mine), now
        for _ in range(40):  # the moment at which the money ran out, to the microsecond
            middle = (early + late) / 2
            early, late = (
                (early, middle) if self.balance_usd(page, key, middle) <= 0 else (middle, late)
            )
        for rental in mine:
            if rental.state == "stopped":
                continue
            if rental.market == "runpod" and not rental.network_volume:
                self._gone(rental, late)  # terminated, its data lost
            else:
                self._stop_at(rental, late, "credit")

    # ── renting ──────────────────────────────────────────────────────────────────────────────

    def add(self, page: Page, rental: Rental) -> Rental:
        """Begin a rental whose rates and machine are decided."""
        if "missing" not in rental.image and not rental.image.strip():
            raise Refused("bad-image", "The image has no name.")
        page.rentals.append(rental)
        page.next_number += 1
        plan_start(rental, rental.created_at, self.host(rental), self.facts, self.seed, self.faults)
        self._expect_outbid(rental, rental.created_at)
        self._advance(rental, self.now())
        return rental

    def host(self, rental: Rental) -> Host:
        """The hidden truths of a rental's machine, as of its next start."""
        at = self.now()
        host = (
            self._runpod_host(rental) if rental.market == "runpod" else self._vast_host(rental, at)
        )
        return replace(host, cached_share=1.0) if self._kept(rental, at) else host

    def _kept(self, rental: Rental, at: float) -> bool:
        """Whether the machine still holds the image from an earlier rental."""
        hidden = self.facts["hidden"]
        since = at - hidden["image_kept_days"] * 86400
        pulled = any(
            turn.state == "starting" and turn.at > since
            for other in self.book.page.rentals
            if other is not rental
            and (other.market, other.machine, other.image)
            == (rental.market, rental.machine, rental.image)
            for turn in other.history
        )
        kept: bool = one(self.seed, rental.number, 71) < hidden["image_kept_share"]
        return pulled and kept

    def _vast_host(self, rental: Rental, at: float) -> Host:
        truths, i = self.world.truths, rental.machine
        return Host(
            link_mbps=self.world.link_mbps(i, at),
            unpack_mb_s=float(truths.unpack_mb_s[i]),
            write_mb_s=float(truths.write_mb_s[i]),
            parallel_unpack=bool(truths.parallel_unpack[i]),
            cached_share=float(truths.cached_share[i]),
            boot_success=float(truths.boot_success[i]),
            failures_per_day=float(truths.failures_per_day[i]),
        )

    def _runpod_host(self, rental: Rental) -> Host:
        hidden, n = self.facts["hidden"], rental.machine
        community = rental.cloud == "COMMUNITY"
        draw = [one(self.seed, n, key) for key in range(200, 206)]
        link = geometric_between(self.facts["runpod"]["link_mbps"], draw[0])
        return Host(
            link_mbps=link * (0.6 if community else 1.0),
            unpack_mb_s=geometric_between(hidden["unpack_mb_s"], draw[1]),
            write_mb_s=between([500.0, 2000.0], draw[2]),
            parallel_unpack=draw[3] < hidden["parallel_unpack_share"],
            cached_share=hidden["layer_cache_share"] * draw[4] * 2,
            boot_success=0.85 if community else hidden["boot_success_datacenter"],
            failures_per_day=0.005,
        )

    def find(self, page: Page, key: str, number: int, market: str) -> Rental | None:
        """A rental of an account that still exists."""
        for rental in page.rentals:
            mine = (rental.account, rental.number, rental.market) == (key, number, market)
            if mine and rental.destroyed_at is None:
                return rental
        return None

    def listed(self, rentals: list[Rental], market: str) -> list[Rental]:
        """What a listing of an account's rentals shows of them."""
        if self.faults.active("empty-list", market):
            return []
        if self.faults.active("partial-list", market):
            return rentals[-2::-2][::-1]  # the newest is missing, and every second before it
        return rentals

    def destroy(self, rental: Rental) -> None:
        """End it now."""
        if not self.faults.active("destroy-noop", rental.market):
            self._gone(rental, self.now())

    def _gone(self, rental: Rental, at: float) -> None:
        cut(rental, at, "gone", "user")
        advance(rental, at)
        rental.destroyed_at = at

    def stop(self, rental: Rental) -> None:
        """Free the GPU and keep the disk."""
        rental.intended = "stopped"
        if rental.state != "stopped":
            self._stop_at(rental, self.now(), "user")

    def _stop_at(self, rental: Rental, at: float, why: str) -> None:
        cut(rental, at, "stopped", why)
        advance(rental, at)

    def start(self, page: Page, rental: Rental) -> bool:
        """Run a stopped rental again; False where its GPU is taken and the wish is queued."""
        now = self.now()
        if rental.state == "exited":
            self.reboot(rental)
        if rental.state != "stopped":
            return True
        if now >= rental.end_at:
            raise Refused("expired", "The contract is over.")
        if self.balance_usd(page, rental.account, now) <= 0:
            raise Refused("no-credit", "Your account lacks credit; see the billing page.")
        rental.intended = "running"
        hidden = self.facts["hidden"]
        idle_h = (now - rental.turn.at) / 3600
        taken = one(self.seed, rental.number, rental.starts, 51)
        if taken < 1 - exp(-idle_h / hidden["stop_taken_after_h"]):
            wait_h = (
                -log1p(-one(self.seed, rental.number, rental.starts, 52)) * hidden["taken_for_h"]
            )
            self._start_at(rental, now + wait_h * 3600)
            return False
        self._start_at(rental, now)
        return True

    def _start_at(self, rental: Rental, at: float) -> None:
        plan_start(rental, at, self.host(rental), self.facts, self.seed, self.faults)
        self._expect_outbid(rental, at)
        advance(rental, self.now())

    def change_bid(self, rental: Rental, bid_usd_h: float) -> None:
        """Pay another price from now on."""
        now = self.now()
        rental.bid_usd_h = bid_usd_h
        rental.bids.append((now, bid_usd_h))
        if rental.state == "stopped":
            self._resume_if_it_wins(rental, now)
        else:
            rental.plan = [turn for turn in rental.plan if turn.why != "outbid"]
            self._expect_outbid(rental, now)
        advance(rental, now)

    def reboot(self, rental: Rental) -> None:
        """Start the container again on the same disk."""
        now = self.now()
        end_flows(rental, now)
        self._start_at(rental, now)

    # ── what the market does by itself ───────────────────────────────────────────────────────

    def floor_usd_h(self, rental: Rental, at: float) -> float:
        """The bid to beat for a rental's GPUs."""
        machine = np.array([rental.machine])
        return float(self.world.floor(at // TICK_S * TICK_S, machine)[0]) * rental.gpu_count

    def _expect_outbid(self, rental: Rental, since: float) -> None:
        """Plan the moment at which the floor passes the bid."""
        if rental.bid_usd_h is None or rental.market != "vast":
            return
        at = since
        while at < since + 30 * 86400:
            at = self.world.floor_changes_at(rental.machine, at) + 1
            if self.floor_usd_h(rental, at + TICK_S) > rental.bid_usd_h:
                cut(rental, at, "stopped", "outbid")
                return

    def _resume_if_it_wins(self, rental: Rental, now: float) -> None:
        at = rental.turn.at
        while at <= now:
            at = self.world.floor_changes_at(rental.machine, at) + 1
            moment = min(at, now)
            if self.floor_usd_h(rental, moment) <= (rental.bid_usd_h or 0.0):
                self._start_at(rental, moment)
                return

    def _advance(self, rental: Rental, now: float) -> None:
        if rental.destroyed_at is not None:
            return
        advance(rental, min(now, rental.end_at))
        if now >= rental.end_at and rental.turn.why != "contract":
            self._stop_at(rental, max(rental.end_at, rental.turn.at), "contract")
        if now >= rental.end_at + EXPIRED_KEPT_S:
            self._gone(rental, rental.end_at + EXPIRED_KEPT_S)
            return
        outbid = rental.state == "stopped" and rental.turn.why == "outbid"
        if outbid and rental.market == "vast" and rental.intended == "running" and not rental.plan:
            self._resume_if_it_wins(rental, now)

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
        return "\n".join(lines) + "\n"


__all__ = ["Refused", "SandboxMarket", "Settings", "Turn"]
