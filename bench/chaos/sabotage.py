"""Mistakes planted one at a time: each has to turn the stories red, or the stories prove nothing."""

from __future__ import annotations

import random
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from msgspec.structs import replace

from bench.chaos.plans import MARKETS, drawn
from bench.chaos.runs import told
from bench.chaos.world import make_templates
from hunter.api.clock import MarketClock
from hunter.leases import census, ender, launch, ledger, lookout, policy, reap, supervise
from hunter.leases.lease import Lease
from hunter.markets.runpod.adapter import Runpod
from hunter.markets.vast.adapter import Vast
from hunter.store import leases as table
from hunter.values.errors import CreateUnclear

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.chaos.plans import Plan

MOST_STORIES = 60
"""So many stories of its kind of fault have to be enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """One planted mistake."""

    name: str
    plant: Callable[[ExitStack], None]
    faults: tuple[str, ...]
    """In stories with these it must show."""
    changes: dict[str, Any]


def _put(stack: ExitStack, where: Any, name: str, what: Any) -> None:
    stack.enter_context(patch.object(where, name, what))


def _skip_label_join(stack: ExitStack) -> None:
    """Listings are read by ids alone."""
    _put(stack, census, "by_label", lambda leases: {})
    _put(stack, census, "whose", lambda instance, home, leases: "foreign")

    async def settle(self: Any, lease: Lease, listings: int = 6) -> Lease:
        return self.refuse(lease, "nobody looked for its label")

    _put(stack, lookout.Lookout, "settle", settle)


def _drop_intent(stack: ExitStack) -> None:
    """The lease reaches the disk only once its create is answered."""
    add, move_from = ledger.Ledger.add, ledger.Ledger.move_from

    def intend(self: Any, lease: Lease, detail: str, predicted: Any) -> None:
        """Nothing yet."""

    def late(
        self: Any, states: Any, lease: Lease, event: str = "", *rest: Any, **changes: Any
    ) -> Lease:
        if event == "create sent":
            return replace(lease, state="creating")
        if event in ("created", "create unclear") and not any(
            known.lease_id == lease.lease_id for known in self.all()
        ):
            add(self, lease)
        return move_from(self, states, lease, event, *rest, **changes)

    _put(stack, ledger.Ledger, "intend", intend)
    _put(stack, ledger.Ledger, "move_from", late)


def _believe_empty_listing(stack: ExitStack) -> None:
    """What one listing leaves out has ended."""

    async def unlisted(lookout: Any, lease: Lease, *, complete: bool) -> census.Seen:
        if complete and lease.instance_id is not None:
            states = (lease.state,)
            now = lookout.clock.now(lease.market)
            lease = lookout.ledger.move_from(states, lease, "seen", state="ending", absent_at=now)
            lease = lookout.bury(lease)
        return census.Seen(lease=lease)

    _put(stack, census, "_unlisted", unlisted)


def _forget_reservation(stack: ExitStack) -> None:
    """What may still be spent counts for nothing."""
    _put(stack, ledger, "admit", lambda *figures: None)


def _resend_create(stack: ExitStack) -> None:
    """A create without an answer is sent again."""
    for adapter in (Vast, Runpod):
        once = adapter.create

        async def twice(self: Any, order: Any, once: Any = once) -> Any:
            try:
                return await once(self, order)
            except CreateUnclear:
                return await once(self, order)

        _put(stack, adapter, "create", twice)


def _ignore_wish(stack: ExitStack) -> None:
    """That somebody wished it gone is forgotten by the next process."""
    decide = policy.decide

    def without(lease: Lease, now: float, **known: Any) -> policy.Action:
        return decide(replace(lease, wish="running"), now, **known)

    for room in (reap, supervise, launch):
        _put(stack, room, "decide", without)


def _skip_version(stack: ExitStack) -> None:
    """The last writer wins."""

    def move(store: Any, lease_id: str, version: int, changes: Any, event: Any) -> bool:
        sets = ", ".join(f"{name} = ?" for name in (*changes, "version"))
        with store.writing() as db:
            db.execute(
                f"update lease set {sets} where lease_id = ?",
                [*changes.values(), version + 1, lease_id],
            )
            if event is not None:
                table._add(db, lease_id, event)
        return True

    _put(stack, table, "move", move)


def _trust_wall_clock(stack: ExitStack) -> None:
    """Time is what this machine says."""
    _put(
        stack,
        MarketClock,
        "now",
        lambda self, market=None: self._pace.at(__import__("time").time()),
    )
    _put(stack, MarketClock, "unsure_s", lambda self, market: 0.0)


def _believe_destroy(stack: ExitStack) -> None:
    """What was asked to end has ended."""
    prove = ender.Ender._prove

    async def at_once(self: Any, market: Any, lease: Lease, problem: Any, within_s: float) -> Lease:
        if problem is not None:
            return await prove(self, market, lease, problem, within_s)
        now = self.clock.now(lease.market)
        return self.lookout.bury(self.ledger.move_from(("ending",), lease, absent_at=now))

    _put(stack, ender.Ender, "_prove", at_once)


def _end_by_id(stack: ExitStack) -> None:
    """Nobody looks whose it is that an id names."""
    _put(stack, ender, "_is_anothers", lambda seen, lease: False)


def _forget_money(stack: ExitStack) -> None:
    """Dollars are not looked at, only time."""
    _put(stack, policy, "most_usd", lambda lease, now: 0.0)


def _sabotage(
    name: str, plant: Callable[[ExitStack], None], *faults: str, **changes: Any
) -> Sabotage:
    return Sabotage(name=name, plant=plant, faults=faults, changes=changes)


SABOTAGES = (
    _sabotage("skip the label join", _skip_label_join, "market:create-lost"),
    _sabotage("drop the intent", _drop_intent, "death"),
    _sabotage("believe an empty listing", _believe_empty_listing, "market:empty-list"),
    _sabotage("forget a reservation", _forget_reservation, "two-launches"),
    _sabotage("resend a create", _resend_create, "market:create-lost"),
    _sabotage(
        "ignore that it is wished gone",
        _ignore_wish,
        "market:create-lost",
        "market:empty-list",
        "regret",
    ),
    _sabotage("skip the version compare", _skip_version, "death", end="destroy"),
    _sabotage("trust the wall clock", _trust_wall_clock, "clock-forward", end="watch"),
    _sabotage("believe a destroy", _believe_destroy, "market:destroy-noop"),
    _sabotage("end what an id names", _end_by_id, "id-reused"),
    _sabotage("forget the money", _forget_money, "slow", end="walk-away", max_usd=0.03),
)


@contextmanager
def planted(sabotage: Sabotage) -> Iterator[None]:
    """The mistake, for as long as the block runs."""
    with ExitStack() as stack:
        sabotage.plant(stack)
        yield


def plans_of(sabotage: Sabotage) -> Iterator[Plan]:
    """Stories in which it has to show, over both markets."""
    from dataclasses import replace as changed

    for n in range(MOST_STORIES):
        market = MARKETS[n % 2]
        yield changed(drawn(n, market, sabotage.faults, random.Random(n)), **sabotage.changes)


def caught(sabotage: Sabotage, folder: Path, say: Callable[[str], None]) -> bool:
    """Whether a planted mistake turns some story red that is green without it."""
    make_templates(folder)
    for n, plan in enumerate(plans_of(sabotage), 1):
        with planted(sabotage):
            outcome = told(plan, folder)
        if outcome.wrong:
            sound = not told(plan, folder).wrong
            said = outcome.wrong[0].splitlines()[-1]
            say(
                f"{'red' if sound else 'RED WITHOUT IT TOO':<6} {sabotage.name}: {said} (story {n})"
            )
            return sound
    say(f"GREEN  {sabotage.name}: {MOST_STORIES} stories noticed nothing")
    return False
