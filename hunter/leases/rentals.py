"""Renting as a durable state machine: every step is on disk before the next one begins.

    intended ─ create sent ─▶ creating ─ confirmed ─▶ waiting ─ one can log in ─▶ ready
        │                        │ refused ▶ refused      │                         │
        │                        │ unclear ▶ unclear ─ found by label ▶ waiting     │
        │                        │                   └ two complete listings without it ▶ refused
        └────────────────────────┴──────── destroy asked ▶ ending ─ absence proven ▶ ended

A create is sent once. Screens and commands only watch: whoever stops watching stops nothing here.
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from typing import TYPE_CHECKING, Any

from hunter.errors import CreateUnclear, HunterError, MarketError, UsageError, WaitRanOut
from hunter.leases.lease import LIVE, Caps, Lease, Stay, metered_usd
from hunter.markets import Order
from hunter.store import leases as table
from hunter.workload import duration

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hunter.clock import Clock
    from hunter.markets import Instance, Market
    from hunter.offers import Offer
    from hunter.rules import MarketRules
    from hunter.store import Store
    from hunter.workload import Workload

LOOK_EVERY_S = 5.0
"""The market's seconds between two looks at an instance: Vast answers a list once a second."""
DEARER = 1.02
"""A contract above the quote by more than this is ended at once."""
PROVE_WITHIN_S = 300.0
"""How long to go on asking for proof that an instance is gone."""
COSTLY_STATES = ("waiting", "ready", "stopped")


class Rentals:
    """All leases of one home."""

    def __init__(
        self,
        store: Store,
        market: Callable[[str], Awaitable[Market]],
        rules: dict[str, MarketRules],
        clock: Callable[[], Clock],
    ) -> None:
        self.store = store
        self._market = market
        self._rules = rules
        self._clock = clock

    # ── what is on record ────────────────────────────────────────────────────────────────────

    def all(self, *, live_only: bool = False) -> list[Lease]:
        """Leases on record, newest first."""
        return [Lease(**row) for row in table.rows(self.store, LIVE if live_only else ())]

    def get(self, lease_id: str) -> Lease:
        """One lease, by its id or by the market's id of its instance."""
        for lease in self.all():
            instance = f"{lease.market}:{lease.instance_id}"
            if lease_id in (lease.lease_id, lease.label, lease.instance_id, instance):
                return lease
        raise UsageError(
            f"No lease or instance of ours is called {lease_id!r}.",
            remedy="hunter ps lists what is running.",
        )

    def metered_now(self, lease: Lease) -> float:
        """What the lease has cost up to now by our own arithmetic, $."""
        return metered_usd(lease, self._stays(lease), self._rules[lease.market])

    def _stays(self, lease: Lease) -> list[Stay]:
        looks = [e for e in table.events(self.store, lease.lease_id) if e.event == "seen"]
        end = lease.ended_at
        if end is None:
            end = self._clock().now()
        ends = [look.at for look in looks[1:]] + [end]
        return [
            Stay(state=look.phase, begin_s=look.at, end_s=max(until, look.at))
            for look, until in zip(looks, ends, strict=True)
        ]

    def _change(self, lease: Lease, **changes: Any) -> Lease:
        table.update(self.store, lease.lease_id, changes)
        return dataclasses.replace(lease, **changes)

    def _tell(self, lease: Lease, event: str, detail: str = "", at: float | None = None) -> None:
        table.add_event(
            self.store,
            lease.lease_id,
            self._clock().now() if at is None else at,
            event,
            state=lease.state,
            phase=lease.phase or "",
            detail=detail,
        )

    # ── from intent to contract ──────────────────────────────────────────────────────────────

    async def launch(
        self, offer: Offer, workload: Workload, caps: Caps, *, storage_usd_h: float | None
    ) -> Lease:
        """Rent a freshly quoted offer. Returns once the contract is read back and inside the caps.

        Raises MarketError where nothing was rented, or where what was rented had to be ended at once.
        Cancelling it does not leave a create behind: the create is waited for and then ended.
        """
        lease = self._intend(offer, workload, caps, storage_usd_h)
        work = asyncio.ensure_future(self._create(lease, offer, workload))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            if not work.cancelled() and work.exception() is None:
                await self.destroy(work.result().lease_id)
            raise

    def _intend(
        self, offer: Offer, workload: Workload, caps: Caps, storage_usd_h: float | None
    ) -> Lease:
        now = self._clock().now()
        payload = workload.payload
        month_h = self._rules[offer.market].month_h
        stopped = offer.storage_stopped_usd_gb_month
        lease = Lease(
            lease_id=secrets.token_hex(4),
            market=offer.market,
            offer=offer.ref,
            workload=workload.name,
            state="intended",
            gpu=offer.gpu,
            gpu_count=offer.gpu_count,
            tenancy=offer.tenancy,
            machine_id=offer.machine_id,
            host_id=offer.host_id,
            disk_gb=workload.disk_gb,
            intended_at=now,
            ttl_at=now + caps.ttl_s,
            max_usd_h=caps.max_usd_h,
            max_usd=caps.max_usd,
            quoted_usd_h=offer.price_usd_h,
            storage_usd_h=storage_usd_h,
            storage_stopped_usd_h=None if stopped is None else stopped * workload.disk_gb / month_h,
            inet_down_usd_gb=offer.inet_down_usd_gb,
            inet_up_usd_gb=offer.inet_up_usd_gb,
            bytes_in=(payload.image_bytes or 0.0) + (payload.weights_bytes or 0.0),
        )
        table.insert(self.store, dataclasses.asdict(lease))
        self._tell(lease, "intended", f"{offer.ref} at ${offer.price_usd_h:.4f}/h for GPU")
        return lease

    async def _create(self, lease: Lease, offer: Offer, workload: Workload) -> Lease:
        market = await self._market(lease.market)
        order = Order(
            offer=offer,
            label=lease.label,
            image=workload.image,
            disk_gb=workload.disk_gb,
            bid_usd_h=offer.price_usd_h if offer.tenancy == "interruptible" else None,
            env=workload.env,
            command=workload.command,
            ports=workload.ports,
        )
        lease = self._change(lease, state="creating")
        self._tell(lease, "create sent")
        try:
            created = await market.create(order)
        except CreateUnclear as error:
            lease = self._change(lease, state="unclear", note=str(error))
            self._tell(lease, "create unclear", str(error))
            lease = await self.settle(lease)
            if lease.state == "refused":
                raise MarketError(str(error), remedy="Nothing was created; try again.") from error
        except HunterError as error:
            lease = self._change(lease, state="refused", note=str(error), ended_at=self._clock().now())
            self._tell(lease, "refused", str(error))
            raise
        else:
            lease = self._confirm(lease, created.instance_id, created.note)
        return await self._read_back(lease)

    def _confirm(self, lease: Lease, instance_id: str, note: str = "") -> Lease:
        now = self._clock().now()
        lease = self._change(
            lease, state="waiting", instance_id=instance_id, created_at=now, phase="allocating"
        )
        self._tell(lease, "created", note)
        self._tell(lease, "seen", at=now)
        return lease

    async def settle(self, lease: Lease) -> Lease:
        """Find out what became of a create whose answer was lost, by its label."""
        market = await self._market(lease.market)
        absences = 0
        while absences < 2:
            listing = await market.instances()
            for instance in listing.instances:
                if instance.label == lease.label:
                    return self._confirm(lease, instance.instance_id, "found by its label")
            absences += listing.complete
            if absences < 2:
                await self._clock().sleep(2 * LOOK_EVERY_S)
        lease = self._change(lease, state="refused", ended_at=self._clock().now())
        self._tell(lease, "refused", "two complete listings without it")
        return lease

    async def _read_back(self, lease: Lease) -> Lease:
        lease = await self.look(lease)
        contract = lease.contract_usd_h
        if contract is None:
            return lease
        dear = contract + (lease.storage_usd_h or 0.0)
        if contract > lease.quoted_usd_h * DEARER or dear > lease.max_usd_h:
            was = f"quoted ${lease.quoted_usd_h:.4f}/h, contracted ${contract:.4f}/h"
            self._tell(lease, "too dear", was)
            ended = await self.destroy(lease.lease_id)
            raise MarketError(
                f"{lease.market} rented it dearer than agreed: {was}. It was {_ending(ended)}.",
                remedy="Choose another offer, or raise --max-usd-h.",
            )
        return lease

    # ── watching ─────────────────────────────────────────────────────────────────────────────

    async def look(self, lease: Lease) -> Lease:
        """See how one instance is now, and put it on record."""
        if lease.instance_id is None:
            return lease
        market = await self._market(lease.market)
        return self.note(lease, await market.instance(lease.instance_id))

    def note(self, lease: Lease, instance: Instance) -> Lease:
        """Record what the market says of a lease's instance."""
        now = self._clock().now()
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
            lease = self._change(lease, **changed)
            if moved:
                self._tell(lease, "seen", instance.detail, at=now)
            if "ready_at" in changed:
                self._tell(lease, "ready", instance.ssh or "", at=now)
        return self._change(lease, metered_usd=self.metered_now(lease))

    async def keep(
        self, lease_id: str, *, until: tuple[str, ...] = ("ended", "refused"), give_up_s: float = 1e9
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
                self._tell(lease, "market failed", str(error))
            if lease.state not in until and lease.live:
                await self._clock().sleep(max(LOOK_EVERY_S, 0.25 * self._clock().speed))

    async def _keep_once(self, lease: Lease, give_up_s: float) -> Lease:
        if lease.state == "unclear":
            return await self.settle(lease)
        if lease.state == "ending":
            return await self.destroy(lease.lease_id)
        lease = await self.look(lease)
        why = self.breach(lease)
        late = lease.ready_at is None and self._clock().now() - (
            lease.created_at or lease.intended_at
        ) > give_up_s
        if why is None and late:
            why = f"not ready after {duration(give_up_s)}"
        if why is not None and lease.live:
            self._tell(lease, "ending", why)
            lease = await self.destroy(lease.lease_id, why)
            if late:
                raise WaitRanOut(
                    f"{lease.offer} was {why}; it was {_ending(lease)} and cost "
                    f"${lease.metered_usd:.4f}.",
                    remedy="Take the next offer of hunter deals.",
                )
        return lease

    def breach(self, lease: Lease) -> str | None:
        """Why a lease must end now; None while it is inside its caps."""
        if lease.state not in COSTLY_STATES:
            return None
        if lease.phase == "failed":
            return "the host did not bring it up"
        if self._clock().now() >= lease.ttl_at:
            return "its time to live is over"
        if self.metered_now(lease) >= lease.max_usd:
            return f"it reached its cap of ${lease.max_usd:.2f}"
        return None

    # ── the end ──────────────────────────────────────────────────────────────────────────────

    async def destroy(self, lease_id: str, why: str = "asked by the user") -> Lease:
        """End a lease and prove that it is gone; the market's bill is read where it has one.

        Raises MarketError where the proof did not come: the lease stays `ending` and is not forgotten.
        """
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
        market = await self._market(lease.market)
        lease = self._change(lease, state="ending", destroy_asked_at=self._clock().now(), note=why)
        self._tell(lease, "destroy asked", why)
        deadline = self._clock().now() + PROVE_WITHIN_S
        problem: MarketError | None = None
        while self._clock().now() < deadline:
            try:
                await market.destroy(str(lease.instance_id))
                lease = await self.look(lease)
                if lease.state == "ended":
                    return await self._close(lease)
                problem = None
            except MarketError as error:
                problem = error
            await self._clock().sleep(LOOK_EVERY_S)
        raise MarketError(
            f"{lease.market}:{lease.instance_id} may still be running and costing money: "
            f"{problem or 'the market still lists it'}.",
            remedy=f"Run hunter destroy {lease.lease_id} again, or end it on the market's own page.",
        ) from problem

    async def _close(self, lease: Lease) -> Lease:
        self._tell(lease, "ended", "the market says that it is gone")
        try:
            return await self.reconcile(lease)
        except MarketError as error:
            self._tell(lease, "bill not read", str(error))
            return lease

    async def reconcile(self, lease: Lease) -> Lease:
        """Read the market's own bill for a lease."""
        market = await self._market(lease.market)
        charges = await market.charges(str(lease.instance_id))
        if not charges:
            return lease
        now = self._clock().now()
        lines = [(charge.item, charge.usd, charge.detail) for charge in charges]
        table.put_charges(self.store, lease.lease_id, lines, now)
        return self._change(lease, billed_usd=sum(charge.usd for charge in charges))


def _ending(lease: Lease) -> str:
    return "destroyed, its absence proven," if lease.state == "ended" else "asked to end"
