"""What runs now and costs money: our leases beside what the markets list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hunter.errors import ConfigError, HunterError, MarketError

if TYPE_CHECKING:
    from hunter.exchange import Exchange
    from hunter.leases.lease import Lease
    from hunter.leases.rentals import Rentals
    from hunter.markets import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One rental as it is now: what we know of it, and what the market says."""

    lease: Lease | None
    """None: the market lists it, and it is not ours to explain."""
    instance: Instance | None
    """None: the market did not answer, or does not list it (yet)."""
    spent_usd: float | None
    burn_usd_h: float | None
    ttl_left_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that may cost money now. `unknown` names markets that did not answer."""

    ours: tuple[Running, ...]
    unexplained: tuple[Running, ...]
    unknown: tuple[tuple[str, HunterError], ...]


async def situation(exchange: Exchange, rentals: Rentals) -> Situation:
    """Ask every market that we have a key or a lease on. Silence is told as unknown, never as none."""
    live = rentals.all(live_only=True)
    ours: list[Running] = []
    unexplained: list[Running] = []
    unknown: list[tuple[str, HunterError]] = []

    def running(lease: Lease, instance: Instance | None) -> Running:
        return Running(
            lease=lease,
            instance=instance,
            spent_usd=rentals.metered_now(lease),
            burn_usd_h=rentals.burn_usd_h(lease),
            ttl_left_s=lease.ttl_at - exchange.prices.clock.now(),
        )

    for name in exchange.prices.market_names():
        mine = [lease for lease in live if lease.market == name]
        try:
            if not mine and not exchange.has_key(name):
                continue
            market = await exchange.open(name)
            listing = await market.instances()
            exchange.note_clock(market)
        except (MarketError, ConfigError) as error:
            unknown.append((name, error))
            ours += [running(lease, None) for lease in mine]
            continue
        if not listing.complete:
            unknown.append((name, MarketError(f"{name} listed its instances only in part.")))
        found = {instance.instance_id: instance for instance in listing.instances}
        for lease in mine:
            instance = found.pop(lease.instance_id or "", None)
            seen = await _see(rentals, lease, instance, complete=listing.complete)
            if seen.live:
                ours.append(running(seen, instance))
        unexplained += [_stranger(instance) for instance in found.values()]
    return Situation(ours=tuple(ours), unexplained=tuple(unexplained), unknown=tuple(unknown))


async def _see(
    rentals: Rentals, lease: Lease, instance: Instance | None, *, complete: bool
) -> Lease:
    """The lease with what was seen put on record; one that is not listed is asked for by name."""
    if instance is not None:
        return rentals.note(lease, instance)
    if complete and lease.instance_id is not None:
        try:
            return await rentals.look(lease)
        except MarketError:
            return lease
    return lease


def _stranger(instance: Instance) -> Running:
    return Running(
        lease=None,
        instance=instance,
        spent_usd=None,
        burn_usd_h=instance.price_usd_h if instance.state == "running" else None,
        ttl_left_s=None,
    )
