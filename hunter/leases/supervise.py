"""Keeping leases: watch them, and hold them inside their caps whatever becomes of the watching."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from hunter.leases import owner as owners
from hunter.leases.asking import sentence
from hunter.leases.duds import Dud, find, shun
from hunter.leases.ender import ending
from hunter.leases.guards import hear, machine
from hunter.leases.lookout import LOOK_EVERY_S
from hunter.leases.policy import decide, is_late
from hunter.leases.states import COSTLY
from hunter.store import leases as table
from hunter.values.errors import HunterError, StoreError, WaitRanOut

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.leases.ender import Ender
    from hunter.leases.lease import Lease
    from hunter.leases.ledger import Ledger
    from hunter.leases.lookout import Lookout
    from hunter.store import Store

LOOK_AT_LEAST_EVERY_S = 60.0
"""The longest pause between two looks at an instance whose market fails."""
HEAR_EVERY_S, HEAR_FOR_S = 30.0, 600.0
"""How often and how long the log is looked through for what the dead-man switch says; later reap does it."""


class Supervisor:
    """Watches leases until their end."""

    def __init__(self, ledger: Ledger, lookout: Lookout, ender: Ender) -> None:
        self.ledger = ledger
        self.lookout = lookout
        self.ender = ender
        self.clock = ledger.clock
        self.troubles: dict[str, str] = {}
        """Why the last look at a lease failed, by lease id, while it is watched and does."""
        self._heard: dict[str, float] = {}

    async def keep(
        self,
        lease_id: str,
        *,
        until: tuple[str, ...] = ("ended", "refused"),
        give_up_s: float = 1e9,
    ) -> Lease:
        """Watch a lease and keep its caps until it reaches one of these states.

        A lease that fails, outlives its time or reaches its money is ended, and its end proven. What is
        known decides that before anybody is asked; looks that fail are told in `troubles`, and survived.
        One that has to carry a dead-man switch counts as ready once that has proved itself.
        Raises WaitRanOut, after ending it, where it was not ready within `give_up_s` of its create.
        """
        lease, failures, look_at = self.ledger.get(lease_id), 0, 0.0
        me = owners.write(self.lookout.me)
        self._tell(table.watch, lease_id, me)
        try:
            while lease.live and not _reached(lease, until):
                look = self.clock.now() >= look_at
                try:
                    lease = await self._keep_once(lease, give_up_s, look=look)
                    if look:
                        failures = 0
                        self.troubles.pop(lease_id, None)
                except WaitRanOut:
                    raise
                except Exception as error:  # noqa: BLE001  whatever a look raises, caps are kept
                    failures += 1
                    look_at = self.clock.now() + _pause_s(failures)
                    self._troubled(lease, error)
                if lease.live and not _reached(lease, until):
                    await self.clock.sleep(max(LOOK_EVERY_S, 0.25 * self.clock.speed))
                    lease = self.ledger.fresh(lease)
            return lease
        finally:
            self.troubles.pop(lease_id, None)
            self._tell(table.unwatch, lease_id, me)

    def _tell(self, watch: Callable[[Store, str, str], None], lease_id: str, me: str) -> None:
        """Write down who watches; a database that cannot be written keeps nobody from watching."""
        with suppress(StoreError):
            watch(self.ledger.store, lease_id, me)

    async def _keep_once(self, lease: Lease, give_up_s: float, *, look: bool) -> Lease:
        """Do what is to be done, first from what is known, then from what the market says."""
        known = await self.act(lease, give_up_s, settle=look)
        if not look or known.state not in COSTLY:
            return known
        seen = await self._hear(await self.lookout.look(known))
        return await self.act(seen, give_up_s, settle=look)

    async def _hear(self, lease: Lease) -> Lease:
        """Look for what the dead-man switch says, now and then while it has not proved itself."""
        now = self.clock.now(lease.market)
        due = now - self._heard.get(lease.lease_id, 0.0) >= HEAR_EVERY_S
        if not due or lease.ready_at is None or now - lease.ready_at > HEAR_FOR_S:
            return lease
        self._heard[lease.lease_id] = now
        try:
            return await hear(self.lookout, lease)
        except HunterError:
            return lease  # no log yet

    async def act(self, lease: Lease, give_up_s: float = 1e9, *, settle: bool = True) -> Lease:
        """Do what is to be done about a lease as it is known."""
        now, unsure_s = self.clock.now(lease.market), self.clock.unsure_s(lease.market)
        dud = find(self.lookout.meter, lease, now)
        slow = None if dud is None else dud.why
        action = decide(lease, now, unsure_s=unsure_s, give_up_s=give_up_s, dud=slow)
        if action.kind == "settle":
            settles = settle and (lease.state == "unclear" or self.lookout.adrift(lease))
            return await self.lookout.settle(lease) if settles else lease
        if action.kind == "keep":
            return lease
        late = action.kind == "end" and is_late(lease, give_up_s, now)
        if dud is None and late:
            dud = Dud(kind="slow", why=action.why)
        if dud is not None and action.why.startswith(dud.why):
            shun(self.lookout.meter, lease, dud, now)
        lease = await self.ender.end(lease, action.why)
        if late:
            raise WaitRanOut(
                f"{lease.offer} was {action.why}; it was {ending(lease)} and cost "
                f"${lease.metered_usd:.4f}.",
                remedy="Take the next offer of hunter deals.",
            )
        return lease

    def _troubled(self, lease: Lease, error: Exception) -> None:
        """A look failed: the same failure is put on record once."""
        text = sentence(error)
        if self.troubles.get(lease.lease_id) != text:
            self.ledger.say(lease, "look failed", text)
        self.troubles[lease.lease_id] = text


def _reached(lease: Lease, until: tuple[str, ...]) -> bool:
    unproved = lease.guard == "required" and machine(lease) != "proved"
    return lease.state in until and not (lease.state == "ready" and unproved)


def _pause_s(failures: int) -> float:
    return float(min(LOOK_EVERY_S * 2 ** min(failures, 10), LOOK_AT_LEAST_EVERY_S))
