"""What a launch teaches: how long each phase took, and whether the host was any good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.leases.lease import before
from hunter.leases.status import rented

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hunter.estimate.assumptions import Assumptions
    from hunter.estimate.measure import Went
    from hunter.leases.lease import Lease, Stay
    from hunter.leases.meter import Meter

DUD_AFTER_S = 8 * 60.0
"""No host counts as a dud before that, however short its start was predicted."""


class Lessons:
    """Keeps what leases measured, for the estimates to come."""

    def __init__(self, meter: Meter, assumptions: Callable[[], Assumptions]) -> None:
        """`assumptions` are those that estimates rest on when a lease ends."""
        self.meter = meter
        self.ledger = meter.ledger
        self.assumptions = assumptions

    def learn(self, lease: Lease, asked_at: float, log: str) -> None:
        """Keep what a launch measured until its end was asked for; its container printed this log."""
        from hunter.estimate.measure import Launch, marks, measured, outcome  # noqa: PLC0415  numpy
        from hunter.store import evidence  # noqa: PLC0415  with it
        from hunter.values.columns import Offers  # noqa: PLC0415  with it

        known = rented(self.ledger, lease)
        if known is None:
            return
        stays = before(self.meter.stays(lease), asked_at)
        seen = dict[str, float]()
        for stay in stays[:-1]:  # the last one was not over
            seen[stay.state] = seen.get(stay.state, 0.0) + stay.end_s - stay.begin_s
        launch = Launch(
            lease_id=lease.lease_id, at=lease.intended_at, states=seen, told=marks(log)
        )  # fmt: skip
        offers, assumptions = Offers.of([known.offer]), self.assumptions()
        found = measured(launch, offers, known.workload, assumptions)
        found += outcome(went(lease, stays, asked_at), offers, assumptions.rules)
        evidence.add(self.ledger.store, found)


def went(lease: Lease, stays: Sequence[Stay], asked_at: float) -> Went:
    """How a lease went whose end was asked for then."""
    from hunter.estimate.measure import Went  # noqa: PLC0415  numpy, and most passes end nothing

    booted: bool | None = lease.ready_at is not None
    waited_s = asked_at - (lease.created_at or lease.intended_at)
    last = stays[-1].state if stays else ""
    given_up = last in ("failed", "offline") or waited_s > DUD_AFTER_S
    ran_s = sum(stay.end_s - stay.begin_s for stay in stays if stay.state == "running")
    return Went(
        lease_id=lease.lease_id,
        at=lease.intended_at,
        booted=True if booted else False if given_up else None,
        waited_s=waited_s,
        ran_h=ran_s / 3600,
        cut=last in ("interrupted", "offline"),
    )
