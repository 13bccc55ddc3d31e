"""What all leases of a home together may cost: reserved before each create, so that nobody overspends. Pure.

A lease takes all that it may cost until it is gone *and* its bill is read; then what the bill says. Whoever
reserves does so in the transaction that writes the intent, so that two processes can never do it at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec

from hunter.leases.policy import DEARER
from hunter.values.amounts import MOST_USD
from hunter.values.errors import CapRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hunter.leases.lease import Lease

WARN_AT = 0.8
"""Share of a cap from which on it is told."""
Usd = Annotated[float, msgspec.Meta(gt=0, le=MOST_USD)]


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Caps over all leases of a home; None caps nothing."""

    day_usd: Usd | None = None
    month_usd: Usd | None = None
    running_usd_h: Usd | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against one cap."""

    cap: float | None
    spent: float
    """By bills, and by our own meter for what runs."""
    reserved: float
    """What may come to it."""

    @property
    def taken(self) -> float:
        """Both."""
        return self.spent + self.reserved


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against each cap now."""

    day_usd: Used
    month_usd: Used
    running_usd_h: Used
    count: Used


NAMES = {
    "day_usd": ("the day's budget", "${:.2f}"),
    "month_usd": ("the month's budget", "${:.2f}"),
    "running_usd_h": ("the cap on everything that runs", "${:.4f}/h"),
    "count": ("the cap on leases at once", "{:.0f}"),
}
"""Each cap in words, and how its figures are written."""


def windows(now: float) -> tuple[float, float]:
    """When the day and the month began, unix seconds, by the time zone of this machine's user."""
    local = datetime.fromtimestamp(now).astimezone()
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp(), day.replace(day=1).timestamp()


def use(budget: Budget, leases: Iterable[Lease], now: float, begun: tuple[float, float]) -> Use:
    """What the leases of a home take of its budget.

    Args:
        budget: the caps.
        leases: all on record, whatever their state.
        now: unix seconds.
        begun: when the day and the month began.
    """
    kept = [lease for lease in leases if lease.state != "refused"]
    live = [lease for lease in kept if lease.live]
    day, month = (_since(kept, since, now) for since in begun)
    return Use(
        day_usd=Used(cap=budget.day_usd, spent=day[0], reserved=day[1]),
        month_usd=Used(cap=budget.month_usd, spent=month[0], reserved=month[1]),
        running_usd_h=Used(
            cap=budget.running_usd_h,
            spent=sum(_rate_usd_h(lease) for lease in live if lease.contract_usd_h is not None),
            reserved=sum(_rate_usd_h(lease) for lease in live if lease.contract_usd_h is None),
        ),
        count=Used(cap=budget.count, spent=len(live), reserved=0),
    )


def admit(budget: Budget, leases: Iterable[Lease], new: Lease, begun: tuple[float, float]) -> None:
    """Refuse a lease that a cap has no room for; CapRefused names the cap, and what stands against it."""
    taken = use(budget, leases, new.intended_at, begun)
    wants = {
        "day_usd": new.max_usd,
        "month_usd": new.max_usd,
        "running_usd_h": _rate_usd_h(new),
        "count": 1.0,
    }
    for name, wanted in wants.items():
        used: Used = getattr(taken, name)
        if used.cap is not None and used.taken + wanted > used.cap * (1 + 1e-9):
            what, figure = NAMES[name]
            raise CapRefused(
                f"{what.capitalize()} is {figure.format(used.cap)}: {figure.format(used.spent)} is spent, "
                f"{figure.format(used.reserved)} reserved, and this may take {figure.format(wanted)}.",
                remedy="hunter budget show says what takes it; hunter budget set changes it.",
            )


def warnings(taken: Use) -> tuple[str, ...]:
    """Caps that are nearly used up, in sentences."""
    found = []
    for name, (what, figure) in NAMES.items():
        used: Used = getattr(taken, name)
        if used.cap is not None and used.taken >= WARN_AT * used.cap:
            share = used.taken / used.cap
            found.append(f"{share:.0%} of {what} of {figure.format(used.cap)} is taken.")
    return tuple(found)


def _since(leases: Iterable[Lease], since: float, now: float) -> tuple[float, float]:
    """Spent and reserved since a time, $. A bill that began earlier counts by the share of its time."""
    spent = reserved = 0.0
    for lease in leases:
        begin, end = lease.created_at or lease.intended_at, lease.ended_at or now
        if end < since:
            continue
        if lease.live or lease.billed_usd is None:
            metered = min(lease.metered_usd, lease.max_usd)
            spent += metered
            reserved += lease.max_usd - metered
        else:
            share = 1.0 if begin >= since or end <= begin else (end - since) / (end - begin)
            spent += lease.billed_usd * share
    return spent, reserved


def _rate_usd_h(lease: Lease) -> float:
    """What an hour of it costs at most, disk included."""
    if lease.contract_usd_h is None:
        return min(lease.max_usd_h, lease.quoted_usd_h * DEARER + (lease.storage_usd_h or 0.0))
    return lease.contract_usd_h + (lease.storage_usd_h or 0.0)
