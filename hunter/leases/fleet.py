"""What runs now and costs money: our leases beside what the markets list.

Nothing that is unclear about one lease or one market hides the others: it is told as unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hunter.leases.census import census
from hunter.leases.guards import guards_of
from hunter.values.errors import ConfigError, HunterError

if TYPE_CHECKING:
    from hunter.leases.census import Census
    from hunter.leases.guards import Guards
    from hunter.leases.lease import Caps, Lease
    from hunter.leases.ledger import Odd
    from hunter.leases.lookout import Lookout
    from hunter.markets.protocol import Instance


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """One rental as it is now: what we know of it, and what the market says."""

    lease: Lease | None
    """None: the market lists it, and it is not ours to explain; or its record cannot be read."""
    instance: Instance | None
    """None: the market did not answer, or does not list it (yet)."""
    spent_usd: float | None
    burn_usd_h: float | None
    ttl_left_s: float | None
    guards: Guards | None = None
    """None where it is not a lease of ours that can be read."""
    odd: Odd | None = None
    """Ours, with a record that cannot be read."""
    problem: str = ""
    """What is unclear about it."""


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that may cost money now."""

    ours: tuple[Running, ...]
    elsewhere: tuple[Running, ...]
    """Rented by other homes of Hunter's."""
    unexplained: tuple[Running, ...]
    """Not Hunter's."""
    unknown: tuple[tuple[str, HunterError], ...]
    """Markets that did not answer, or only in part."""
    not_asked: tuple[tuple[str, str], ...] = ()
    """Markets in use that could not be asked for want of a key, and what to do."""
    asked: bool = True
    """Whether any market was asked: where none was, nothing is known of what runs."""

    @property
    def known(self) -> bool:
        """Whether silence means that nothing runs, on the markets that there are keys for."""
        return self.asked and not self.unknown

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """Leases of ours about which something is unclear, and what."""
        named = (
            (run.odd.lease_id if run.odd else run.lease.lease_id if run.lease else "?", run.problem)
            for run in self.ours
        )
        return tuple((name, problem) for name, problem in named if problem)


async def running(lookout: Lookout, adopt: Caps) -> Fleet:
    """Ask every market that is in use, or that a lease of ours is on; `adopt` caps what is found there."""
    ledger, markets = lookout.ledger, lookout.markets
    live, odd = ledger.all(live_only=True), ledger.odd()
    names = markets.names()
    others = {lease.market for lease in live} | {lost.market for lost in odd}
    counted: list[Census] = []
    unknown: list[tuple[str, HunterError]] = []
    not_asked: list[tuple[str, str]] = []
    for name in (*names, *sorted(others.difference(names))):
        try:
            why = None if name in others else markets.why_not(name)
        except ConfigError as error:  # a key that cannot be one: what runs there is not known
            unknown.append((name, error))
            continue
        if why is None:
            counted.append(await census(name, lookout, adopt))
        else:
            not_asked.append((name, why))
    parts = [
        _part(found, [lost for lost in odd if lost.market == found.market], lookout)
        for found in counted
    ]
    return Fleet(
        ours=tuple(run for part in parts for run in part.ours),
        elsewhere=tuple(run for part in parts for run in part.elsewhere),
        unexplained=tuple(run for part in parts for run in part.unexplained),
        unknown=(*unknown, *(silence for part in parts for silence in part.unknown)),
        not_asked=tuple(not_asked),
        asked=bool(counted),
    )


def _part(found: Census, unread: list[Odd], lookout: Lookout) -> Fleet:
    """What may cost money on one market."""
    rest = {instance.instance_id: instance for instance in found.foreign}
    ours = [_running(lookout, seen.lease, seen.instance, seen.problem) for seen in found.ours]
    ours += [_unread(lease, rest) for lease in unread]
    ours += [_double(instance) for instance in found.doubles]
    return Fleet(
        ours=tuple(ours),
        elsewhere=tuple(_stranger(instance) for instance in found.elsewhere),
        unexplained=tuple(_stranger(instance) for instance in rest.values()),
        unknown=() if found.problem is None else ((found.market, found.problem),),
    )


def _running(
    lookout: Lookout, lease: Lease, instance: Instance | None, problem: str
) -> Running:  # fmt: skip
    """A lease of ours with its numbers; what nobody can say is None."""
    meter = lookout.meter
    if not problem:
        try:
            meter.items(lease)
        except HunterError as error:
            problem = str(error)
    return Running(
        lease=lease,
        instance=instance,
        spent_usd=meter.spent_usd(lease),
        burn_usd_h=meter.burn_usd_h(lease),
        ttl_left_s=lease.ttl_at - meter.clock.now(lease.market),
        guards=guards_of(lookout, lease),
        problem=problem,
    )


def _unread(lease: Odd, found: dict[str, Instance]) -> Running:
    """A lease whose record cannot be read, with its instance taken out of what was found."""
    same = [
        instance_id
        for instance_id, instance in found.items()
        if instance_id == lease.instance_id or instance.label == lease.label
    ]
    return Running(
        lease=None,
        instance=found.pop(same[0]) if same else None,
        spent_usd=None,
        burn_usd_h=None,
        ttl_left_s=None,
        odd=lease,
        problem=f"its record cannot be read: {lease.problem}",
    )


def _stranger(instance: Instance) -> Running:
    return Running(
        lease=None,
        instance=instance,
        spent_usd=None,
        burn_usd_h=instance.price_usd_h if instance.state == "running" else None,
        ttl_left_s=None,
    )


def _double(instance: Instance) -> Running:
    """A second instance of one lease: hunter reap ends it."""
    return msgspec.structs.replace(
        _stranger(instance), problem="a second instance under one label: hunter reap ends it"
    )
