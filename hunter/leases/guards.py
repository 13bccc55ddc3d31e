"""What keeps a lease from running on when nobody looks: four guards, each as far as it is proven.

A watcher is a process that keeps it now; reap is the timer's pass; machine is the dead-man switch that the
instance carries; provider is a time to live that the market itself keeps.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from hunter.leases import owner as owners
from hunter.leases.asking import asked
from hunter.leases.ledger import Moved
from hunter.leases.policy import NOT_SENT, PROVED
from hunter.store.settings import read_reaped
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.leases.lease import Lease
    from hunter.leases.lookout import Lookout

Proof = Literal["proved", "unproved", "off"]

REAP_WITHIN_S = 900.0
"""Seconds of ours in which a pass of reap has to have succeeded: three of the five minutes between two."""
LOG_LINES = 2000
LOG_WITHIN_S = 25.0
"""Seconds of ours for a log: Vast writes one some seconds after it is asked for."""
_SAID = re.compile(r"HUNTER_GUARD (proved|refused [a-z0-9-]{1,40})\b")


class Guards(msgspec.Struct, frozen=True, kw_only=True):
    """How far each guard of a lease is proven."""

    watcher: Proof
    reap: Proof
    machine: Proof
    provider: Proof = "off"
    """No market that ships keeps a time to live: Vast's end of a contract stops and does not end."""

    def __str__(self) -> str:
        """Four letters: a capital for what is proved, a small one for what is not, a dash for what is off.

        >>> str(Guards(watcher="proved", reap="unproved", machine="off"))
        'W r - -'
        """
        told: Mapping[str, Proof] = msgspec.structs.asdict(self)
        return " ".join(
            {"proved": name[0].upper(), "unproved": name[0], "off": "-"}[proof]
            for name, proof in told.items()
        )


def verdict(log: str) -> str | None:
    """What the switch said last of its key: `proved`, or `refused` and why; None where it said nothing.

    >>> verdict("HUNTER_GUARD refused no-answer\\nloading\\nHUNTER_GUARD proved\\n")
    'proved'
    """
    said = _SAID.findall(log)
    return said[-1] if said else None


def machine(lease: Lease) -> Proof:
    """How far the dead-man switch of a lease is proven."""
    if lease.guard == "off" or lease.guard_said == NOT_SENT:
        return "off"
    return "proved" if lease.guard_said == PROVED else "unproved"


def guards_of(lookout: Lookout, lease: Lease) -> Guards:
    """All guards of a lease, as they are known now."""
    return Guards(watcher=_watcher(lookout, lease), reap=_reap(lookout), machine=machine(lease))


def _watcher(lookout: Lookout, lease: Lease) -> Proof:
    if lease.watcher is None:
        return "off"
    owner = owners.read(lease.watcher)
    now = lookout.clock.now(lease.market)
    quiet_s = (now - (lease.last_seen_at or lease.intended_at)) / lookout.clock.speed
    found = None if owner is None else lookout.find_process(owner.pid)
    return "unproved" if owners.is_gone(owner, lookout.me, found, quiet_s) else "proved"


def _reap(lookout: Lookout) -> Proof:
    try:
        at = read_reaped(lookout.ledger.store)
    except HunterError:
        return "unproved"
    if at is None:
        return "off"
    ago_s = (lookout.clock.now() - at) / lookout.clock.speed
    return "proved" if ago_s <= REAP_WITHIN_S else "unproved"


async def hear(lookout: Lookout, lease: Lease) -> Lease:
    """Look for the switch's verdict in the log of an instance that runs, while it is not proved.

    Raises MarketError where there is no log.
    """
    if lease.state != "ready" or machine(lease) != "unproved" or lease.instance_id is None:
        return lease
    market = await lookout.markets.open(lease.market)
    log = await asked(lease.market, market.logs(lease.instance_id, LOG_LINES), LOG_WITHIN_S)
    said = verdict(log)
    if said is None or said == lease.guard_said:
        return lease
    try:
        return lookout.ledger.move(lease, "guard", said, guard_said=said)
    except Moved:
        return lookout.ledger.fresh(lease)
