"""What runs now and costs money: our leases beside what the markets list.

Nothing that is unclear about one lease or one market hides the others: it is told as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hunter.leases.asking import asked, sentence
from hunter.markets.protocol import Instance
from hunter.values.errors import ConfigError, HunterError, MarketError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.leases.lease import Lease
    from hunter.leases.ledger import Ledger, Odd
    from hunter.leases.lookout import Lookout
    from hunter.markets.open import OpenMarkets

LISTINGS = 2
"""How many listings a look at everything spends on a create without an answer: the fewest that can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One rental as it is now: what we know of it, and what the market says."""

    lease: Lease | None
    """None: the market lists it, and it is not ours to explain; or its record cannot be read."""
    instance: Instance | None
    """None: the market did not answer, or does not list it (yet)."""
    spent_usd: float | None
    burn_usd_h: float | None
    ttl_left_s: float | None
    odd: Odd | None = None
    """Ours, with a record that cannot be read."""
    problem: str = ""
    """What is unclear about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything that may cost money now. `unknown` names markets that did not answer."""

    ours: tuple[Running, ...]
    unexplained: tuple[Running, ...]
    unknown: tuple[tuple[str, HunterError], ...]

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """Leases of ours about which something is unclear, and what."""
        named = (
            (run.odd.lease_id if run.odd else run.lease.lease_id if run.lease else "?", run.problem)
            for run in self.ours
        )
        return tuple((name, problem) for name, problem in named if problem)


async def running(ledger: Ledger, lookout: Lookout, markets: OpenMarkets) -> Fleet:
    """Ask every market that we have a key or a lease on. Silence is told as unknown, never as none."""
    live, odd = ledger.all(live_only=True), ledger.odd()
    names = markets.names()
    others = {lease.market for lease in live} | {lease.market for lease in odd}
    parts = []
    for name in (*names, *sorted(others.difference(names))):
        mine = [lease for lease in live if lease.market == name]
        unread = [lease for lease in odd if lease.market == name]
        try:
            known = bool(mine or unread) or markets.has_key(name)
        except ConfigError as error:  # a key that cannot be one: what runs there is not known
            parts.append(Fleet(ours=(), unexplained=(), unknown=((name, error),)))
            continue
        if known:
            parts.append(await _on(name, ledger, lookout, markets, mine, unread))
    return Fleet(
        ours=tuple(run for part in parts for run in part.ours),
        unexplained=tuple(run for part in parts for run in part.unexplained),
        unknown=tuple(silence for part in parts for silence in part.unknown),
    )


async def _on(
    name: str,
    ledger: Ledger,
    lookout: Lookout,
    markets: OpenMarkets,
    mine: Sequence[Lease],
    unread: Sequence[Odd],
) -> Fleet:
    """What may cost money on one market."""
    settled = [await _settled(lookout, lease) for lease in mine]
    listed, complete, unknown = await _listed(name, markets)
    found = {instance.instance_id: instance for instance in listed}
    ours = []
    for lease, unsettled in settled:
        instance = found.pop(lease.instance_id or "", None)
        seen, unclear = await _see(lookout, lease, instance, complete=complete)
        if seen.live:
            ours.append(_running(ledger, seen, instance, unsettled or unclear))
    ours += [_unread(lease, found) for lease in unread]
    strangers = tuple(_stranger(instance) for instance in found.values())
    return Fleet(ours=tuple(ours), unexplained=strangers, unknown=unknown)


async def _settled(lookout: Lookout, lease: Lease) -> tuple[Lease, str]:
    """A lease whose create nobody waits for any more is settled; why not, where that fails."""
    if not lookout.adrift(lease):
        return lease, ""
    try:
        return await lookout.settle(lease, LISTINGS), ""
    except HunterError as error:
        return lease, str(error)


async def _listed(
    name: str, markets: OpenMarkets
) -> tuple[tuple[Instance, ...], bool, tuple[tuple[str, HunterError], ...]]:
    """What a market lists, whether that is all, and what is unknown about it."""
    try:
        market = await markets.open(name)
        listing = await asked(name, market.instances())
        if not all(isinstance(found, Instance) for found in listing.instances):
            raise MarketError(f"{name} listed something that is no instance.")
        markets.note_clock(market)
    except HunterError as error:
        return (), False, ((name, error),)
    except Exception as surprise:  # noqa: BLE001  one market's surprise stays that market's
        failed = MarketError(f"{name}'s answer could not be used ({sentence(surprise)}).")
        return (), False, ((name, failed),)
    if listing.complete:
        return listing.instances, True, ()
    partly = MarketError(f"{name} listed its instances only in part.")
    return listing.instances, False, ((name, partly),)


async def _see(
    lookout: Lookout, lease: Lease, instance: Instance | None, *, complete: bool
) -> tuple[Lease, str]:
    """The lease with what was seen put on record; one that is not listed is asked for by name."""
    if instance is not None and instance.state == "unclear":
        return lease, instance.detail
    try:
        if instance is not None:
            return lookout.note(lease, instance), ""
        if complete and lease.instance_id is not None:
            return await lookout.look(lease), ""
    except HunterError as error:
        return lease, str(error)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        return lease, f"what the market says of it cannot be used ({sentence(error)})"
    return lease, ""


def _running(
    ledger: Ledger, lease: Lease, instance: Instance | None, problem: str
) -> Running:  # fmt: skip
    """A lease of ours with its numbers; what nobody can say is None."""
    if not problem:
        try:
            ledger.metered_items(lease)
        except HunterError as error:
            problem = str(error)
    return Running(
        lease=lease,
        instance=instance,
        spent_usd=ledger.spent_usd(lease),
        burn_usd_h=ledger.burn_usd_h(lease),
        ttl_left_s=lease.ttl_at - ledger.clock.now(),
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
