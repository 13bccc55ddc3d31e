"""One pass over everything that may cost money, for a timer: nothing has to have been open before.

What is known decides first, then each market is asked once, then what that showed decides again. It may run
beside any other Hunter: moves are compared and set, and a DELETE that comes twice does no harm.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from hunter.leases.asking import asked, sentence
from hunter.leases.census import census
from hunter.leases.duds import find, shun
from hunter.leases.guards import hear
from hunter.leases.policy import decide
from hunter.store.settings import write_reaped
from hunter.values.errors import ConfigError, HunterError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hunter.leases.census import Census
    from hunter.leases.lease import Lease
    from hunter.leases.leases import Leases

PROOF_WITHIN_S = 90.0
"""The market's seconds that a pass waits for proof; what is not proven then is the next one's."""
NEXT_PASS_S = 330.0
"""A timer comes every five minutes, and a pass takes its time: what would be overspent by then ends now."""
BILLS_MOVE_S = 86400.0
"""A bill is read again for so long after an end: they come late and change."""
BILLS_COME_S = 7 * 86400.0
"""And for so long where there was none yet."""


class Reaped(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass found and did. Lease ids, but for `unknown`."""

    checked: int
    adopted: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    """Proven to be gone in this pass."""
    ending: tuple[str, ...] = ()
    """Asked to end, not proven yet."""
    running: tuple[str, ...] = ()
    billed: tuple[str, ...] = ()
    """Whose bill was read."""
    unknown: tuple[tuple[str, str], ...] = ()
    """Markets, leases and instances about which something is unclear, and what."""
    not_asked: tuple[tuple[str, str], ...] = ()
    """Markets without a key and without a lease of ours, and what to do."""


async def reap(leases: Leases, *, proof: bool = True) -> Reaped:
    """Settle, adopt, enforce, finish, and read bills; without `proof` nothing waits for an end."""
    before = leases.all(live_only=True)
    troubles = dict[str, str]()
    await _each(leases, before, troubles)
    not_asked = dict[str, str]()
    counted = await _count(leases, before, troubles, not_asked)
    await _hear(leases)
    live = _known(leases, counted)
    await _each(leases, live, troubles)
    await _doubles(leases, counted, troubles)
    if proof:
        await _prove(leases, troubles)
    billed = await _bills(leases, troubles)
    after = leases.all(live_only=True)
    left = {lease.lease_id for lease in after}
    seen = {lease.lease_id for lease in (*before, *live)}
    for lease in after:
        if lease.state in ("creating", "unclear") and lease.lease_id not in troubles:
            troubles[lease.lease_id] = f"its create is {lease.state}"
    for odd in leases.odd():
        troubles[odd.lease_id] = f"its record cannot be read: {odd.problem}"
    if not troubles:
        with suppress(HunterError):  # what could not be written down counts as not done
            write_reaped(leases.ledger.store, leases.clock.now())
    return Reaped(
        checked=len(seen),
        adopted=tuple(s.lease.lease_id for one in counted for s in one.ours if s.adopted),
        ended=tuple(sorted(seen - left)),
        ending=tuple(lease.lease_id for lease in after if lease.state == "ending"),
        running=tuple(lease.lease_id for lease in after if lease.state != "ending"),
        billed=billed,
        unknown=tuple(troubles.items()),
        not_asked=tuple(not_asked.items()),
    )


def _known(leases: Leases, counted: Iterable[Census]) -> list[Lease]:
    """What may cost money as it is on record, or as it was seen where that could not be written down."""
    live = {lease.lease_id: lease for lease in leases.all(live_only=True)}
    for one in counted:
        for seen in one.ours:
            if seen.lease.lease_id in leases.ledger.lost:
                live[seen.lease.lease_id] = leases.fresh(seen.lease)
    return list(live.values())


async def _each(leases: Leases, live: Iterable[Lease], troubles: dict[str, str]) -> None:
    """End what has to end; nobody waits for another one's answer."""

    async def one(lease: Lease) -> None:
        now, unsure_s = leases.clock.now(lease.market), leases.clock.unsure_s(lease.market)
        dud = find(leases.meter, lease, now)
        why = None if dud is None else dud.why
        action = decide(lease, now, unsure_s=unsure_s, ahead_s=NEXT_PASS_S, dud=why)
        denied = action.kind == "finish" and lease.absent_at is not None
        if action.kind not in ("end", "finish") or denied:
            return
        if dud is not None and action.why.startswith(dud.why):
            shun(leases.meter, lease, dud, now)
        try:
            await leases.ender.end(lease, action.why, proof=False)
        except Exception as error:  # noqa: BLE001  one that cannot be ended keeps no other
            troubles[lease.lease_id] = sentence(error)
        else:
            troubles.pop(lease.lease_id, None)

    await asyncio.gather(*(one(lease) for lease in live))


async def _count(
    leases: Leases, live: Iterable[Lease], troubles: dict[str, str], not_asked: dict[str, str]
) -> tuple[Census, ...]:
    """Ask every market that is in use, or that a lease is on; note those that cannot be asked."""
    markets = leases.lookout.markets
    on = {lease.market for lease in live} | {odd.market for odd in leases.odd()}
    names = list[str]()
    for name in dict.fromkeys((*markets.names(), *sorted(on))):
        try:
            why = None if name in on else markets.why_not(name)
            if why is None:
                names.append(name)
            else:
                not_asked[name] = why
        except ConfigError as error:
            troubles[name] = str(error)
    counted = await asyncio.gather(*(census(name, leases.lookout, leases.adopt) for name in names))
    for one in counted:
        if one.problem is not None:
            troubles[one.market] = str(one.problem)
        for seen in one.ours:
            if seen.problem:
                troubles[seen.lease.lease_id] = seen.problem
            else:
                troubles.pop(seen.lease.lease_id, None)
    return tuple(counted)


async def _hear(leases: Leases) -> None:
    """Read what the dead-man switches say that have not proved themselves."""

    async def one(lease: Lease) -> None:
        with suppress(HunterError):  # no log yet
            await hear(leases.lookout, lease)

    await asyncio.gather(*(one(lease) for lease in leases.all(live_only=True)))


async def _doubles(leases: Leases, counted: Iterable[Census], troubles: dict[str, str]) -> None:
    """End second instances of one label: nobody ever meant them, and no lease will."""
    for one in counted:
        for instance in one.doubles:
            name = f"{one.market}:{instance.instance_id}"
            try:
                market = await leases.lookout.markets.open(one.market)
                await asked(one.market, market.destroy(instance.instance_id))
                troubles[name] = "a second instance under one label: asked to end"
            except HunterError as error:
                troubles[name] = f"a second instance under one label: {error}"


async def _prove(leases: Leases, troubles: dict[str, str]) -> None:
    """Go on with ends until they are proven, or the pass has waited enough."""

    async def one(lease: Lease) -> None:
        try:
            await leases.ender.end(lease, lease.note, within_s=PROOF_WITHIN_S)
        except Exception as error:  # noqa: BLE001  one that is not proven keeps no other
            troubles[lease.lease_id] = sentence(error)
        else:
            troubles.pop(lease.lease_id, None)

    ending = [lease for lease in leases.all(live_only=True) if lease.state == "ending"]
    await asyncio.gather(*(one(lease) for lease in ending))


async def _bills(leases: Leases, troubles: dict[str, str]) -> tuple[str, ...]:
    """Read again the bills that may still move."""
    read = list[str]()
    for lease in leases.all():
        if lease.state != "ended" or lease.instance_id is None or lease.ended_at is None:
            continue
        since_s = leases.clock.now(lease.market) - lease.ended_at
        if since_s > (BILLS_COME_S if lease.billed_usd is None else BILLS_MOVE_S):
            continue
        try:
            await leases.ender.reconcile(lease)
            read.append(lease.lease_id)
        except Exception as error:  # noqa: BLE001  a bill is worth knowing, and no more
            troubles[f"the bill of {lease.lease_id}"] = sentence(error)
    return tuple(read)
