"""Leases on record: read, changed, and metered by our own arithmetic.

What is on record may have been written by an older Hunter or by hand. One lease that cannot be read is told
as such and never hides the others.
"""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from hunter.leases.lease import LIVE, OVER, Lease, Stay, burn_usd_h, metered_items
from hunter.store import leases as table
from hunter.values.errors import HunterError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hunter.store import Store
    from hunter.values.billing import MarketRules
    from hunter.values.clock import Clock

UNWRITABLE = (StoreError, ValueError, TypeError, ArithmeticError)
"""What writing raises: the database's failures, and those of values that it cannot take."""
UNSAID = 100
"""How many events wait for a database that cannot be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """A lease on record that cannot be read: it may cost money, and nobody can say how much."""

    lease_id: str
    market: str
    instance_id: str | None
    problem: str

    @property
    def label(self) -> str:
        """The name it would carry at the market."""
        return f"hunter-{self.lease_id}"


class Ledger:
    """All leases of one home, as the database has them."""

    def __init__(self, store: Store, rules: Mapping[str, MarketRules], clock: Clock) -> None:
        self.store = store
        self.rules = rules
        self.clock = clock
        self.lost: dict[str, str] = {}
        """Why something about a lease could not be written, by lease id."""
        self._unsaid: list[tuple[Lease, str, str, float]] = []

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def all(self, *, live_only: bool = False) -> list[Lease]:
        """Leases on record, newest first; those that cannot be read are `odd`."""
        rows = table.rows(self.store, LIVE if live_only else ())
        return [lease for row in rows if isinstance(lease := _read(row), Lease)]

    def odd(self) -> list[Odd]:
        """Leases on record that cannot be read and whose end is not on record."""
        rows = table.rows(self.store)
        return [lease for row in rows if isinstance(lease := _read(row), Odd)]

    def get(self, lease_id: str) -> Lease:
        """One lease, by its id or by the market's id of its instance."""
        for lease in self.all():
            if _called(lease, lease_id):
                return lease
        for odd in self.odd():
            if _called(odd, lease_id):
                raise StoreError(
                    f"The record of lease {odd.lease_id} cannot be read: {odd.problem}.",
                    remedy=f"Look for {odd.label} on the market's own page and end it there.",
                )
        raise UsageError(
            f"No lease or instance of ours is called {lease_id!r}.",
            remedy="hunter ps lists what is running.",
        )

    def fresh(self, lease: Lease) -> Lease:
        """The lease as it is on record now; as it was known where the record cannot be read."""
        try:
            return self.get(lease.lease_id)
        except HunterError:
            return lease

    def history(self, lease: Lease) -> list[table.Event]:
        """What happened to a lease, oldest first."""
        return table.events(self.store, lease.lease_id)

    # ── money ────────────────────────────────────────────────────────────────────────────────

    def metered_now(self, lease: Lease) -> float:
        """What the lease has cost up to now by our own arithmetic, $; StoreError where it is unclear."""
        return sum(self.metered_items(lease).values())

    def metered_items(self, lease: Lease) -> dict[str, float]:
        """The same by item, named as a market's charges are."""
        rules = self.rules.get(lease.market)
        if rules is None:
            raise StoreError(f"How {lease.market} bills is not known.", remedy="Update Hunter.")
        with self._readable(lease):
            return metered_items(lease, self.stays(lease), rules)

    def spent_usd(self, lease: Lease) -> float | None:
        """What the lease has cost up to now, $; None where nobody can say."""
        if lease.state in ("creating", "unclear"):
            return None  # it may exist since the create was sent
        try:
            return self.metered_now(lease)
        except HunterError:
            return None

    def stays(self, lease: Lease) -> list[Stay]:
        """In which states an instance was seen, and from when to when."""
        with self._readable(lease):
            looks = [(e.phase, e.at) for e in self.history(lease) if e.event == "seen"]
            if not looks and lease.phase and lease.created_at is not None:
                looks = [(lease.phase, lease.created_at)]
            end = lease.ended_at
            if end is None:
                end = self.clock.now()
            return [
                Stay(state=state, begin_s=at, end_s=max(until, at))
                for (state, at), (_, until) in pairwise([*looks, ("", end)])
            ]

    def burn_usd_h(self, lease: Lease) -> float | None:
        """What it costs an hour in the state it was last seen in; None where nobody can say."""
        rules = self.rules.get(lease.market)
        return None if rules is None else burn_usd_h(lease, rules)

    @contextmanager
    def _readable(self, lease: Lease) -> Iterator[None]:
        """Whatever is odd in the record of a lease, as one sentence."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise StoreError(
                f"The history of lease {lease.lease_id} cannot be read "
                f"({type(error).__name__}: {error}).",
                remedy="What it costs is on the market's own page.",
            ) from error

    # ── writing ──────────────────────────────────────────────────────────────────────────────

    def add(self, lease: Lease) -> None:
        """A new lease; it is on disk when this returns."""
        table.insert(self.store, dataclasses.asdict(lease))

    def change(self, lease: Lease, **changes: Any) -> Lease:
        """The lease with these changes, which are on disk when this returns."""
        table.update(self.store, lease.lease_id, changes)
        return dataclasses.replace(lease, **changes)

    def put(self, lease: Lease, **changes: Any) -> Lease:
        """The lease with these changes, also where they cannot be written: `lost` says so then."""
        try:
            return self.change(lease, **changes)
        except UNWRITABLE as error:
            self.lost[lease.lease_id] = str(error)
            return dataclasses.replace(lease, **changes)

    def tell(self, lease: Lease, event: str, detail: str = "", at: float | None = None) -> None:
        """Add to a lease's history."""
        table.add_event(
            self.store,
            lease.lease_id,
            self.clock.now() if at is None else at,
            event,
            state=lease.state,
            phase=lease.phase or "",
            detail=detail.encode(errors="replace").decode(),
        )

    def say(self, lease: Lease, event: str, detail: str = "", at: float | None = None) -> None:
        """Add to a lease's history, now or as soon as the database can be written again."""
        self._unsaid.append((lease, event, detail, self.clock.now() if at is None else at))
        while self._unsaid:
            try:
                self.tell(*self._unsaid[0])
            except StoreError as error:
                self.lost[lease.lease_id] = str(error)
                del self._unsaid[:-UNSAID]
                return
            except UNWRITABLE as error:
                self.lost[lease.lease_id] = str(error)
            self._unsaid.pop(0)


def _called(lease: Lease | Odd, name: str) -> bool:
    instance = f"{lease.market}:{lease.instance_id}"
    return name in (lease.lease_id, lease.label, lease.instance_id, instance)


def _read(row: dict[str, Any]) -> Lease | Odd | None:
    """The lease in a row; None where it is odd and over."""
    try:
        lease = msgspec.convert(row, Lease)
        if lease.state in LIVE or lease.state in OVER:
            return lease
        problem = f"its state is {lease.state!r}"
    except msgspec.ValidationError as error:
        if row["state"] in OVER:
            return None
        problem = str(error)
    instance_id = row["instance_id"]
    return Odd(
        lease_id=str(row["lease_id"]),
        market=str(row["market"] or "?"),
        instance_id=None if instance_id is None else str(instance_id),
        problem=problem,
    )
