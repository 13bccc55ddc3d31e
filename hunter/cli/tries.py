"""Trying again elsewhere: the next-best deal where one does not come up, within the same caps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from hunter.leases.duds import IMAGE
from hunter.leases.lease import most_usd
from hunter.leases.states import OVER
from hunter.values.errors import (
    BadKey,
    CapRefused,
    HunterError,
    MarketError,
    NoCredit,
    NoKey,
    NothingMatches,
    WaitRanOut,
)
from hunter.values.words import usd

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hunter.api.hunter import Hunter
    from hunter.leases.lease import Caps, Lease
    from hunter.values.workload import Workload

EVERYWHERE = (BadKey, NoCredit, NoKey)
"""Failures that another machine of the same account would meet too."""


class Attempt(Struct, frozen=True, kw_only=True):
    """One try."""

    offer: str
    lease: str | None
    """None where nothing was rented."""
    outcome: str
    """`ready`, `rented`, or why it failed."""
    usd: float


class Attempts:
    """Tries of one launch. The caps of money are of all of them together."""

    def __init__(self, hunter: Hunter, job: Workload, caps: Caps) -> None:
        self.hunter = hunter
        self.job = job
        self.caps = caps
        self.made: list[Attempt] = []

    async def run(
        self,
        rent: Callable[[str, Caps], Awaitable[Lease]],
        ref: str,
        tries: int,
        say: Callable[[str], None],
    ) -> Lease:
        """Rent this offer, else the next-best one, up to so many; what the last try raises.

        Args:
            rent: quotes an offer and rents it inside caps.
            ref: the offer to begin with.
            tries: how many in all.
            say: is told of each failure and of what comes next.
        """
        machines = set[tuple[str, str]]()
        while True:
            known = {lease.lease_id for lease in self.hunter.leases.all()}
            try:
                lease = await rent(ref, self._left())
            except (MarketError, WaitRanOut) as error:
                failed = self._new(known)
                self._note(ref, failed, str(error))
                if failed is not None and failed.machine_id is not None:
                    machines.add((failed.market, failed.machine_id))
                if not self._goes_on(error, failed, tries):
                    raise
                say(str(error))
                ref = self._next(machines)
                say(
                    f"try {len(self.made) + 1} of {tries}: {ref}, with ${usd(self._left().max_usd)} left"
                )
            else:
                self._note(ref, lease, "ready" if lease.state == "ready" else "rented")
                return lease

    def _left(self) -> Caps:
        """The caps less what was spent."""
        spent = sum(one.usd for one in self.made)
        if spent >= self.caps.max_usd:
            raise CapRefused(
                f"{len(self.made)} tries cost ${spent:.4f}: the cap of ${self.caps.max_usd:.2f} is used up.",
                remedy="Raise --max-usd.",
            )
        return replace(self.caps, max_usd=self.caps.max_usd - spent)

    def _new(self, known: set[str]) -> Lease | None:
        """The lease that a try made."""
        found = [one for one in self.hunter.leases.all() if one.lease_id not in known]
        return found[0] if found else None

    def _note(self, ref: str, lease: Lease | None, outcome: str) -> None:
        lease_id = None if lease is None else lease.lease_id
        cost_usd = 0.0 if lease is None else _cost_usd(lease)
        self.made.append(Attempt(offer=ref, lease=lease_id, outcome=outcome, usd=cost_usd))

    def _goes_on(self, error: HunterError, failed: Lease | None, tries: int) -> bool:
        """Whether another try is allowed, and may end otherwise; never beside one that may still run."""
        over = failed is None or failed.state in OVER
        mends = failed is None or failed.fault != IMAGE
        return over and mends and not isinstance(error, EVERYWHERE) and len(self.made) < tries

    def _next(self, machines: set[tuple[str, str]]) -> str:
        """The best deal of a machine that was not tried and is not left alone."""
        from hunter.cost.filters import Query  # noqa: PLC0415  numpy, 0.1 s

        tried, most = {one.offer for one in self.made}, self._left()
        for deal in self.hunter.deals(self.job, Query(avoid=("shunned",))):
            offer = deal.offer
            fits = deal.all_in_usd_h is not None and deal.all_in_usd_h <= most.max_usd_h
            new = offer.ref not in tried and (offer.market, offer.machine_id) not in machines
            if fits and new and self.hunter.markets.has_key(offer.market):
                return offer.ref
        raise NothingMatches(
            "There is no other deal within the caps.", remedy="Raise them, or wait."
        )


def _cost_usd(lease: Lease) -> float:
    """What a try cost: by the larger of both meters, and before there is a bill as much as it may be."""
    if lease.billed_usd is None:
        return most_usd(lease, lease.ended_at or lease.last_seen_at or lease.intended_at)
    return max(lease.metered_usd, lease.billed_usd)
