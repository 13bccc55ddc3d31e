"""Leases on record: read, changed, and metered by our own arithmetic."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from hunter.errors import UsageError
from hunter.leases.lease import LIVE, Lease, Stay, burn_usd_h, metered_items
from hunter.store import leases as table

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.clock import Clock
    from hunter.rules import MarketRules
    from hunter.store import Store


class Records:
    """All leases of one home, as the database has them."""

    def __init__(
        self, store: Store, rules: dict[str, MarketRules], clock: Callable[[], Clock]
    ) -> None:
        self.store = store
        self.clock = clock
        self._rules = rules

    def all(self, *, live_only: bool = False) -> list[Lease]:
        """Leases on record, newest first."""
        return [Lease(**row) for row in table.rows(self.store, LIVE if live_only else ())]

    def get(self, lease_id: str) -> Lease:
        """One lease, by its id or by the market's id of its instance."""
        for lease in self.all():
            instance = f"{lease.market}:{lease.instance_id}"
            if lease_id in (lease.lease_id, lease.label, lease.instance_id, instance):
                return lease
        raise UsageError(
            f"No lease or instance of ours is called {lease_id!r}.",
            remedy="hunter ps lists what is running.",
        )

    def metered_now(self, lease: Lease) -> float:
        """What the lease has cost up to now by our own arithmetic, $."""
        return sum(self.metered_items(lease).values())

    def metered_items(self, lease: Lease) -> dict[str, float]:
        """The same by item, named as a market's charges are."""
        return metered_items(lease, self.stays(lease), self._rules[lease.market])

    def stays(self, lease: Lease) -> list[Stay]:
        """In which states an instance was seen, and from when to when."""
        looks = [e for e in table.events(self.store, lease.lease_id) if e.event == "seen"]
        end = lease.ended_at
        if end is None:
            end = self.clock().now()
        ends = [look.at for look in looks[1:]] + [end]
        return [
            Stay(state=look.phase, begin_s=look.at, end_s=max(until, look.at))
            for look, until in zip(looks, ends, strict=True)
        ]

    def add(self, lease: Lease) -> None:
        """A new lease; it is on disk when this returns."""
        table.insert(self.store, dataclasses.asdict(lease))

    def change(self, lease: Lease, **changes: Any) -> Lease:
        """The lease with these changes, which are on disk when this returns."""
        table.update(self.store, lease.lease_id, changes)
        return dataclasses.replace(lease, **changes)

    def tell(self, lease: Lease, event: str, detail: str = "", at: float | None = None) -> None:
        """Add to a lease's history."""
        table.add_event(
            self.store,
            lease.lease_id,
            self.clock().now() if at is None else at,
            event,
            state=lease.state,
            phase=lease.phase or "",
            detail=detail,
        )

    def history(self, lease: Lease) -> list[table.Event]:
        """What happened to a lease, oldest first."""
        return table.events(self.store, lease.lease_id)

    def burn_usd_h(self, lease: Lease) -> float | None:
        """What it costs an hour in the state it was last seen in; None before it was seen."""
        return burn_usd_h(lease, self._rules[lease.market])
