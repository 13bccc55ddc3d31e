"""The status of a lease: all that a watcher wants to know of it, from one read of the record.

What the cold start was expected to take is written down at the launch, so that a Hunter that is opened
later can still say whether an instance is late.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import asdict, replace

from hunter.leases.ender import MEASURED
from hunter.leases.lease import PHASE_OF_STATE, Stay
from hunter.store import leases as table
from hunter.store.leases import Predicted
from hunter.values.errors import StoreError
from hunter.values.login import Login, login_told
from hunter.values.offers import Offer
from hunter.values.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.cost.deal import Deal, PhaseLine
    from hunter.leases.lease import Lease
    from hunter.leases.ledger import Ledger
    from hunter.leases.meter import Meter
    from hunter.store.leases import Event

EXPECTED = "expected"
"""The event that carries the cold start as it was predicted."""
RENTED = "rented"
"""The event that carries offer and workload as they were at the launch: what is learnt later needs both."""
READY = "ready"
"""The event that carries the way in."""
FOR_US = (EXPECTED, RENTED, MEASURED)
"""Events that are no lines for people."""
SEEN_PHASES = ("allocate", "download", "start")
"""Phases that a market's states tell apart. What the container does by itself is not seen from outside."""

Mark = Literal["done", "now", "cut short", "ahead", "unseen"]


class _Expected(msgspec.Struct, array_like=True):
    """How an older Hunter wrote a phase down, as an event."""

    phase: str
    seconds: float | None
    low_s: float | None
    high_s: float | None


class Rented(msgspec.Struct):
    """What was rented, and for what."""

    offer: Offer
    workload: Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One phase of a cold start: as it was expected, and as it goes. Seconds; None is unknown."""

    phase: str
    expected_s: float | None
    low_s: float | None
    high_s: float | None
    elapsed_s: float | None
    mark: Mark

    @property
    def late(self) -> bool:
        """Whether it takes longer than the longest that was expected."""
        return bool(self.elapsed_s and self.high_s and self.elapsed_s > self.high_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseStatus:
    """One lease as of `now`. Dollars and seconds; None is unknown."""

    lease: Lease
    now: float
    steps: tuple[Step, ...]
    log: tuple[Event, ...]
    metered: dict[str, float]
    """By our own arithmetic, by item; empty where nobody can say."""
    billed: dict[str, float]
    """As the market's bill says, by item; empty before it says anything."""
    burn_usd_h: float | None
    login: Login | None
    """As it was when it became ready."""

    @property
    def metered_usd(self) -> float | None:
        """What it has cost so far by our own arithmetic."""
        return sum(self.metered.values()) if self.metered else None

    @property
    def spent_usd(self) -> float | None:
        """The market's bill where there is one, else our own arithmetic."""
        billed = self.lease.billed_usd
        return self.metered_usd if billed is None else billed

    @property
    def waited_s(self) -> float:
        """From the intent until one could log in, or until now, or until the end."""
        until = self.lease.ready_at or self.lease.ended_at or self.now
        return max(0.0, until - self.lease.intended_at)

    @property
    def expected_ready_s(self) -> float | None:
        """How long it was expected to take until one can log in."""
        seconds = [step.expected_s for step in self.steps if step.phase in SEEN_PHASES]
        known = [value for value in seconds if value is not None]
        return sum(known) if known and len(known) == len(seconds) else None

    @property
    def ttl_left_s(self) -> float:
        """Until its time to live is over; below zero when that has passed."""
        return self.lease.ttl_at - self.now

    @property
    def over_quote(self) -> float | None:
        """By what share the contract is above the quote; below zero where it is under it."""
        contract = self.lease.contract_usd_h
        if contract is None or not self.lease.quoted_usd_h:
            return None
        return contract / self.lease.quoted_usd_h - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Burning:
    """What all live leases cost an hour now, by the record."""

    live: frozenset[str]
    """Their ids."""
    ready: frozenset[str]
    """Those of them that one can log in to."""
    usd_h: float
    unseen: int
    """How many nobody has seen yet, or can read the record of: what they cost is not in `usd_h`."""


def expected_of(deal: Deal) -> tuple[Predicted, ...]:
    """What is expected of a deal that is about to be rented: its phases in order, then its dollars."""
    rows: list[Predicted] = []
    for p in deal.phases:
        if p.phase == "unpack" and rows:  # from outside a pull is one thing
            rows[-1] = _together(rows[-1], p)
        else:
            rows.append(
                Predicted(
                    quantity=p.phase, low=p.low_s, expected=p.seconds, high=p.high_s, unit="s"
                )
            )
    dollars = (
        ("run", deal.run_low_usd, deal.run_usd, deal.run_high_usd),
        ("cold start", None, deal.cold_start_usd, None),
    )
    return (
        *rows,
        *(
            Predicted(quantity=name, low=low, expected=expected, high=high, unit="$")
            for name, low, expected, high in dollars
        ),
    )


def remember(ledger: Ledger, lease: Lease, known: Rented) -> None:
    """Write down offer and workload as they were, without what may be a secret."""
    ledger.say(lease, RENTED, msgspec.json.encode(_without_secrets(known)).decode())


def _without_secrets(rented: Rented) -> Rented:
    """Of the environment the names alone, and no command: neither teaches anything, both may hold a key."""
    workload = rented.workload
    names = dict.fromkeys(workload.env, "")
    return Rented(offer=rented.offer, workload=replace(workload, env=names, command=None))


def lease_status(meter: Meter, lease_id: str) -> LeaseStatus:
    """Everything on record about one lease; UsageError where there is no such lease."""
    ledger = meter.ledger
    lease = ledger.get(lease_id)
    now = ledger.clock.now(lease.market)
    events = [_checked(event) for event in ledger.history(lease) if _legible(event)]
    ready = [event for event in events if event.event == READY]
    stays, metered = list[Stay](), dict[str, float]()
    with suppress(StoreError):  # what cannot be read stays unknown; the rest is told
        stays = meter.stays(lease)
        metered = meter.items(lease)
    if meter.spent_usd(lease) is None:
        metered = {}
    return LeaseStatus(
        lease=lease,
        now=now,
        steps=_steps(lease, stays, _expected(ledger, lease, events)),
        log=tuple(event for event in events if event.event not in FOR_US),
        metered=metered,
        billed=table.charges(ledger.store, lease.lease_id),
        burn_usd_h=meter.burn_usd_h(lease) if lease.live else 0.0,
        login=login_told(ready[-1].detail) if ready else None,
    )


def _checked(event: Event) -> Event:
    """The event, without a way in that cannot be one: what a database holds is no more to be believed."""
    if event.event != READY:
        return event
    login = login_told(event.detail)
    return replace(event, detail=login.command if login else "")


def _legible(event: Event) -> bool:
    """Whether an event is what an event should be: the record may have been written by hand."""
    try:
        msgspec.convert(asdict(event), type(event))
    except msgspec.ValidationError:
        return False
    return True


def _together(first: Predicted, second: PhaseLine) -> Predicted:
    def both(a: float | None, b: float | None) -> float | None:
        return None if a is None or b is None else a + b

    return Predicted(
        quantity=first.quantity,
        low=both(first.low, second.low_s),
        expected=both(first.expected, second.seconds),
        high=both(first.high, second.high_s),
        unit="s",
    )


def rented(ledger: Ledger, lease: Lease) -> Rented | None:
    """What was rented and for what; None for leases of an older Hunter, and where nobody can read it."""
    for event in ledger.history(lease):
        if event.event == RENTED:
            with suppress(ValueError, RecursionError):
                return msgspec.json.decode(event.detail, type=Rented)
    return None


def burning(meter: Meter) -> Burning:
    """What runs now and what it costs an hour, without asking any market."""
    ledger = meter.ledger
    live = ledger.all(live_only=True)
    known = [burn for lease in live if (burn := meter.burn_usd_h(lease)) is not None]
    return Burning(
        live=frozenset(lease.lease_id for lease in live),
        ready=frozenset(lease.lease_id for lease in live if lease.state == "ready"),
        usd_h=sum(known),
        unseen=len(live) - len(known) + len(ledger.odd()),
    )


def _expected(
    ledger: Ledger, lease: Lease, events: Sequence[Event]
) -> tuple[Predicted, ...]:  # fmt: skip
    """The phases as they were expected; without figures where nobody wrote them down."""
    rows = [row for row in table.predicted(ledger.store, lease.lease_id) if row.unit == "s"]
    if rows:
        return tuple(rows)
    old = [_Expected(phase, None, None, None) for phase in SEEN_PHASES]
    for event in events:
        if event.event == EXPECTED:
            with suppress(ValueError, RecursionError):  # as if nothing had been expected
                old = msgspec.json.decode(event.detail, type=list[_Expected])
    return tuple(
        Predicted(quantity=o.phase, low=o.low_s, expected=o.seconds, high=o.high_s, unit="s")
        for o in old
    )


def _steps(
    lease: Lease, stays: Sequence[Stay], expected: Sequence[Predicted]
) -> tuple[Step, ...]:  # fmt: skip
    """The phases in order, with the seconds that the instance was seen in each."""
    last = PHASE_OF_STATE.get(stays[-1].state) if stays else None
    steps = []
    for line in expected:
        spans = [s.end_s - s.begin_s for s in stays if PHASE_OF_STATE.get(s.state) == line.quantity]
        mark: Mark = "done" if spans or lease.ready_at is not None else "ahead"
        if line.quantity not in SEEN_PHASES:
            mark = "unseen"
        elif lease.ready_at is None and last == line.quantity:
            mark = "now" if lease.live else "cut short"
        steps.append(
            Step(
                phase=line.quantity,
                expected_s=line.expected,
                low_s=line.low,
                high_s=line.high,
                elapsed_s=sum(spans) if spans else None,
                mark=mark,
            )
        )
    return tuple(steps)
