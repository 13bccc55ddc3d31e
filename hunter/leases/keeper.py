"""Keeping leases: watch them, hold them inside their caps, end them, and prove that they are gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hunter.errors import HunterError, MarketError, WaitRanOut
from hunter.leases.records import Records
from hunter.store import leases as table
from hunter.workload import duration

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hunter.clock import Clock
    from hunter.leases.lease import Lease
    from hunter.markets import Instance, Market
    from hunter.rules import MarketRules
    from hunter.store import Store

LOOK_EVERY_S = 5.0
"""The market's seconds between two looks at an instance: Vast answers a list once a second."""
PROVE_WITHIN_S = 300.0
"""How long to go on asking for proof that an instance is gone."""
DEARER = 1.02
"""A contract above the quote by more than this is ended."""
COSTLY_STATES = ("waiting", "ready", "stopped")


class Keeper(Records):
    """Leases and the markets they are on."""

    def __init__(
        self,
        store: Store,
        market: Callable[[str], Awaitable[Market]],
        rules: dict[str, MarketRules],
        clock: Callable[[], Clock],
    ) -> None:
        super().__init__(store, rules, clock)
        self.market = market
        self.before_end: Callable[[Lease], Awaitable[None]] | None = None
        """Told of a lease just before it is destroyed; its failures end nothing."""
        self._ending: dict[str, asyncio.Lock] = {}

    def confirm(self, lease: Lease, instance_id: str, note: str = "") -> Lease:
        """The market has created it."""
        now = self.clock().now()
        lease = self.change(
            lease, state="waiting", instance_id=instance_id, created_at=now, phase="allocating"
        )
        self.tell(lease, "created", note)
        self.tell(lease, "seen", at=now)
        return lease

    async def settle(self, lease: Lease) -> Lease:
        """Find out what became of a create whose answer was lost, by its label."""
        market = await self.market(lease.market)
        absences = 0
        while absences < 2:
            listing = await market.instances()
            for instance in listing.instances:
                if instance.label == lease.label:
                    return self.confirm(lease, instance.instance_id, "found by its label")
            absences += listing.complete
            if absences < 2:
                await self.clock().sleep(2 * LOOK_EVERY_S)
        lease = self.change(lease, state="refused", ended_at=self.clock().now())
        self.tell(lease, "refused", "two complete listings without it")
        return lease

    # ── watching ─────────────────────────────────────────────────────────────────────────────

    async def look(self, lease: Lease) -> Lease:
        """See how one instance is now, and put it on record."""
        if lease.instance_id is None:
            return lease
        market = await self.market(lease.market)
        return self.note(lease, await market.instance(lease.instance_id))

    def note(self, lease: Lease, instance: Instance) -> Lease:
        """Record what the market says of a lease's instance."""
        now = self.clock().now()
        changes: dict[str, Any] = {}
        if instance.state == "gone":
            changes = {"state": "ended", "ended_at": now, "phase": "gone"}
        else:
            state = lease.state
            if state in COSTLY_STATES:
                stopped = instance.state in ("stopped", "interrupted")
                ready = instance.reachable or lease.ready_at is not None
                state = "stopped" if stopped else "ready" if ready else "waiting"
            changes = {"state": state, "phase": instance.state}
            if instance.reachable and lease.ready_at is None:
                changes["ready_at"] = now
            if instance.price_usd_h is not None and lease.contract_usd_h is None:
                changes["contract_usd_h"] = instance.price_usd_h
        changed = {key: value for key, value in changes.items() if getattr(lease, key) != value}
        if changed:
            moved = "phase" in changed
            lease = self.change(lease, **changed)
            if moved:
                since = now - (
                    instance.running_s or 0.0
                )  # the market's word beats our looking late
                self.tell(lease, "seen", instance.detail, at=max(since, lease.intended_at))
            if "ready_at" in changed:
                way_in = instance.login.command if instance.login else ""
                self.tell(lease, "ready", way_in, at=now)
        return self.change(lease, metered_usd=self.metered_now(lease))

    async def keep(
        self,
        lease_id: str,
        *,
        until: tuple[str, ...] = ("ended", "refused"),
        give_up_s: float = 1e9,
    ) -> Lease:
        """Watch a lease and keep its caps until it reaches one of these states.

        A lease that fails, outlives its time or reaches its money is ended, and its end proven.
        Raises WaitRanOut, after ending it, where it was not ready within `give_up_s` of its create.
        """
        while True:
            lease = self.get(lease_id)
            if lease.state in until or not lease.live:
                return lease
            try:
                lease = await self._keep_once(lease, give_up_s)
            except MarketError as error:
                self.tell(lease, "market failed", str(error))
            if lease.state not in until and lease.live:
                await self.clock().sleep(max(LOOK_EVERY_S, 0.25 * self.clock().speed))

    async def _keep_once(self, lease: Lease, give_up_s: float) -> Lease:
        if lease.state == "unclear":
            return await self.settle(lease)
        if lease.state == "ending":
            return await self.destroy(lease.lease_id)
        lease = await self.look(lease)
        why = self.breach(lease)
        late = (
            lease.ready_at is None
            and self.clock().now() - (lease.created_at or lease.intended_at) > give_up_s
        )
        if why is None and late:
            why = f"not ready after {duration(give_up_s)}"
        if why is not None and lease.live:
            self.tell(lease, "ending", why)
            lease = await self.destroy(lease.lease_id, why)
            if late:
                raise WaitRanOut(
                    f"{lease.offer} was {why}; it was {ending(lease)} and cost "
                    f"${lease.metered_usd:.4f}.",
                    remedy="Take the next offer of hunter deals.",
                )
        return lease

    def breach(self, lease: Lease) -> str | None:
        """Why a lease must end now; None while it is inside its caps."""
        if lease.state not in COSTLY_STATES:
            return None
        contract = lease.contract_usd_h
        if contract is not None:
            dear = contract + (lease.storage_usd_h or 0.0) > lease.max_usd_h
            if dear or contract > lease.quoted_usd_h * DEARER:
                quoted = f"quoted ${lease.quoted_usd_h:.4f}/h, contracted ${contract:.4f}/h"
                return f"it is dearer than agreed: {quoted}"
        if lease.phase == "failed":
            return "the host did not bring it up"
        if self.clock().now() >= lease.ttl_at:
            return "its time to live is over"
        if self.metered_now(lease) >= lease.max_usd:
            return f"it reached its cap of ${lease.max_usd:.2f}"
        return None

    # ── the end ──────────────────────────────────────────────────────────────────────────────

    async def destroy(self, lease_id: str, why: str = "asked by the user") -> Lease:
        """End a lease and prove that it is gone; the market's bill is read where it has one.

        Raises MarketError where the proof did not come: the lease stays `ending` and is not forgotten.
        """
        async with self._ending.setdefault(self.get(lease_id).lease_id, asyncio.Lock()):
            return await self._destroy(lease_id, why)

    async def _destroy(self, lease_id: str, why: str) -> Lease:
        lease = self.get(lease_id)
        if lease.state == "unclear":
            lease = await self.settle(lease)
        if not lease.live:
            return lease
        if lease.instance_id is None:
            raise MarketError(
                f"The create of {lease.offer} has not been answered yet.",
                remedy="Wait for it; hunter ps shows what became of it.",
            )
        if self.before_end is not None and lease.state != "ending":
            try:
                await self.before_end(lease)
            except HunterError as error:
                self.tell(lease, "not measured", str(error))
        market = await self.market(lease.market)
        lease = self.change(lease, state="ending", destroy_asked_at=self.clock().now(), note=why)
        self.tell(lease, "destroy asked", why)
        deadline = self.clock().now() + PROVE_WITHIN_S
        problem: MarketError | None = None
        while self.clock().now() < deadline:
            try:
                await market.destroy(str(lease.instance_id))
                lease = await self.look(lease)
                if lease.state == "ended":
                    return await self._close(lease)
                problem = None
            except MarketError as error:
                problem = error
            await self.clock().sleep(LOOK_EVERY_S)
        raise MarketError(
            f"{lease.market}:{lease.instance_id} may still be running and costing money: "
            f"{problem or 'the market still lists it'}.",
            remedy=f"Run hunter destroy {lease.lease_id} again, or end it on the market's own page.",
        ) from problem

    async def _close(self, lease: Lease) -> Lease:
        self.tell(lease, "ended", "the market says that it is gone")
        try:
            return await self.reconcile(lease)
        except MarketError as error:
            self.tell(lease, "bill not read", str(error))
            return lease

    async def reconcile(self, lease: Lease) -> Lease:
        """Read the market's own bill for a lease."""
        market = await self.market(lease.market)
        charges = await market.charges(str(lease.instance_id))
        if not charges:
            return lease
        now = self.clock().now()
        lines = [(charge.item, charge.usd, charge.detail) for charge in charges]
        table.put_charges(self.store, lease.lease_id, lines, now)
        return self.change(lease, billed_usd=sum(charge.usd for charge in charges))


def ending(lease: Lease) -> str:
    """How far the end of a lease has come, for a sentence."""
    return "destroyed, its absence proven," if lease.state == "ended" else "asked to end"
