"""Leases on record: read, and moved from state to state by one at a time.

What is on record may have been written by an older Hunter or by hand. One lease that cannot be read is told
as such and never hides the others.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import asdict, replace

from hunter.leases.budget import Budget, Use, admit, use, windows
from hunter.leases.identity import new_home
from hunter.leases.lease import Lease
from hunter.leases.states import LIVE, MOVES, OVER, may_move
from hunter.store import leases as table
from hunter.store.settings import home_id, read_budget, write_budget
from hunter.values.errors import CapRefused, HunterError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from hunter.store import Store
    from hunter.store.leases import Predicted
    from hunter.values.clock import Clock

UNWRITABLE = (StoreError, ValueError, TypeError, ArithmeticError)
"""What writing raises: the database's failures, and those of values that it cannot take."""
UNSAID = 100
"""How many events wait for a database that cannot be written."""


class Moved(HunterError):
    """Somebody else has changed the lease since it was read: look again, and decide again."""


class Odd(msgspec.Struct, frozen=True, kw_only=True):
    """A lease on record that cannot be read: it may cost money, and nobody can say how much."""

    lease_id: str
    label: str
    market: str
    instance_id: str | None
    problem: str


class Ledger:
    """All leases of one home, as the database has them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.lost: dict[str, str] = {}
        """Why something about a lease could not be written, by lease id."""
        self._unsaid: list[tuple[str, table.Event]] = []

    @cached_property
    def home(self) -> str:
        """The name of this home, in the label of everything that it rents."""
        return home_id(self.store, new_home())

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
        """The lease as it is on record now; as it was known where that cannot be read, or was not written."""
        try:
            recorded = self.get(lease.lease_id)
        except HunterError:
            return lease
        unwritten = lease.lease_id in self.lost and lease.version == recorded.version
        return lease if unwritten else recorded

    def history(self, lease: Lease) -> list[table.Event]:
        """What happened to a lease, oldest first."""
        return table.events(self.store, lease.lease_id)

    def budget(self) -> Budget:
        """The caps over all leases of this home; StoreError where nobody can read them."""
        text = read_budget(self.store)
        try:
            return msgspec.json.decode(text, type=Budget) if text else Budget()
        except (ValueError, RecursionError) as error:
            raise StoreError(
                f"The budget in {self.store.path} cannot be read: {error}.",
                remedy="Set it anew: hunter budget set.",
            ) from error

    def set_budget(self, budget: Budget) -> None:
        """Change them."""
        write_budget(self.store, msgspec.json.encode(budget).decode())

    def used(self) -> Use:
        """What the leases of this home take of the budget now."""
        now = self.clock.now()
        return use(self.budget(), self.all(), now, windows(now))

    # ── writing ──────────────────────────────────────────────────────────────────────────────

    def add(
        self,
        lease: Lease,
        event: str = "intended",
        detail: str = "",
        predicted: Sequence[Predicted] = (),
    ) -> None:
        """A new lease with what was predicted for it; it is on disk when this returns."""
        told = self._event(lease, event, detail, lease.intended_at)
        table.insert(self.store, asdict(lease), [told], predicted)

    def intend(self, lease: Lease, detail: str, predicted: Sequence[Predicted]) -> None:
        """The same for one that is about to be rented; CapRefused where the budget has no room for it.

        Leases whose record cannot be read may cost anything: while there are some, a budget admits none.
        """

        def room() -> None:
            budget = self.budget()
            if budget != Budget() and (odd := self.odd()):
                raise CapRefused(
                    f"Lease {odd[0].lease_id} cannot be read, and so nobody knows what is left of the "
                    "budget.",
                    remedy="hunter ps shows it.",
                )
            admit(budget, self.all(), lease, windows(lease.intended_at))

        told = self._event(lease, "intended", detail, lease.intended_at)
        table.insert(self.store, asdict(lease), [told], predicted, room)

    def move(
        self,
        lease: Lease,
        event: str = "",
        detail: str = "",
        at: float | None = None,
        **changes: Any,
    ) -> Lease:
        """The lease with these changes and what is told of them, which are on disk when this returns.

        Raises Moved where somebody else has changed the lease since it was read, ValueError for a change
        that the table of states forbids. Where the database cannot be written the lease is changed all the
        same, for whoever holds it, and `lost` says so: no disk may keep what costs money.
        """
        after = replace(lease, **changes)
        if not may_move(lease.state, after.state):
            raise ValueError(f"a lease that is {lease.state} cannot become {after.state}")
        told = self._event(after, event, detail, at) if event else None
        try:
            if table.move(self.store, lease.lease_id, lease.version, changes, told):
                self._say_all()
                return replace(after, version=lease.version + 1)
        except UNWRITABLE as error:
            self.lost[lease.lease_id] = str(error)
            if told is not None:
                self._unsaid.append((lease.lease_id, told))
            return after
        raise Moved(f"Somebody else is at work on {lease.label}.", remedy="hunter ps shows it.")

    def move_from(
        self,
        states: Collection[str],
        lease: Lease,
        event: str = "",
        detail: str = "",
        at: float | None = None,
        **changes: Any,
    ) -> Lease:
        """The same for as long as the lease is in one of these states, whoever else moves it meanwhile."""
        while lease.state in states:
            try:
                return self.move(lease, event, detail, at, **changes)
            except Moved:
                lease = self.get(lease.lease_id)
        return lease

    def grow(self, lease: Lease, **figures: float) -> Lease:
        """The lease with figures that only ever grow: last_seen_at, metered_usd."""
        grown = {name: max(value, getattr(lease, name) or 0.0) for name, value in figures.items()}
        try:
            table.grow(self.store, lease.lease_id, grown)
        except UNWRITABLE as error:
            self.lost[lease.lease_id] = str(error)
        return replace(lease, **grown)

    def say(self, lease: Lease, event: str, detail: str = "", at: float | None = None) -> None:
        """Add to a lease's history, now or as soon as the database can be written again."""
        self._unsaid.append((lease.lease_id, self._event(lease, event, detail, at)))
        self._say_all()

    def _say_all(self) -> None:
        while self._unsaid:
            lease_id, event = self._unsaid[0]
            try:
                table.add_event(self.store, lease_id, event)
            except StoreError as error:
                self.lost[lease_id] = str(error)
                del self._unsaid[:-UNSAID]
                return
            except UNWRITABLE as error:
                self.lost[lease_id] = str(error)
            self._unsaid.pop(0)

    def _event(self, lease: Lease, event: str, detail: str, at: float | None) -> table.Event:
        return table.Event(
            at=self.clock.now(lease.market) if at is None else at,
            event=event,
            state=lease.state,
            phase=lease.phase or "",
            detail=detail.encode(errors="replace").decode(),
        )


def _called(lease: Lease | Odd, name: str) -> bool:
    instance = f"{lease.market}:{lease.instance_id}"
    return name in (lease.lease_id, lease.label, lease.instance_id, instance)


def _read(row: dict[str, Any]) -> Lease | Odd | None:
    """The lease in a row; None where it is odd and over."""
    try:
        lease = msgspec.convert({k: v for k, v in row.items() if v is not None}, Lease)
        if lease.state in MOVES:
            return lease
        problem = f"its state is {lease.state!r}"
    except msgspec.ValidationError as error:
        if row["state"] in OVER:
            return None
        problem = str(error)
    instance_id = row["instance_id"]
    return Odd(
        lease_id=str(row["lease_id"]),
        label=str(row["label"] or f"hunter-{row['lease_id']}"),
        market=str(row["market"] or "?"),
        instance_id=None if instance_id is None else str(instance_id),
        problem=problem,
    )
