"""Renting as a durable state machine: every step is on disk before the next one begins.

    intended ─ create sent ─▶ creating ─ confirmed ─▶ waiting ─ one can log in ─▶ ready
        │                        │ refused ▶ refused      │                         │
        │                        │ unclear ▶ unclear ─ found by label ▶ waiting     │
        │                        │                   └ two complete listings without it ▶ refused
        └────────────────────────┴──────── destroy asked ▶ ending ─ absence proven ▶ ended

A create is sent once. Screens and commands only watch: whoever stops watching stops nothing here. A lease
knows the process that sends its create: when that is gone, `intended` was never sent, and `creating` is
looked up by its label.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from hunter.leases import owner as owners
from hunter.leases.asking import sentence
from hunter.leases.duds import find, shun
from hunter.leases.ender import ending
from hunter.leases.identity import label_of
from hunter.leases.lease import Caps, Lease
from hunter.leases.lookout import LOOK_EVERY_S
from hunter.leases.policy import NOT_SENT, decide
from hunter.leases.states import COSTLY, UNANSWERED
from hunter.markets.protocol import Guard, Order
from hunter.values.errors import CreateUnclear, HunterError, MarketError
from hunter.values.units import usd_h_from_gb_month

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.leases.ender import Ender
    from hunter.leases.ledger import Ledger
    from hunter.leases.lookout import Lookout
    from hunter.store.leases import Predicted
    from hunter.values.offers import Offer
    from hunter.values.workload import Workload


class Launcher:
    """From the intent to the contract; the rest of a lease's life is the supervisor's."""

    def __init__(self, ledger: Ledger, lookout: Lookout, ender: Ender) -> None:
        self.ledger = ledger
        self.lookout = lookout
        self.ender = ender
        self.clock = ledger.clock

    async def launch(
        self,
        offer: Offer,
        workload: Workload,
        caps: Caps,
        *,
        storage_usd_h: float | None,
        predicted: Sequence[Predicted] = (),
    ) -> Lease:
        """Rent a freshly quoted offer. Returns once the contract is read back and inside the caps.

        Args:
            offer: as its market quoted it just now.
            workload: what runs.
            caps: what the user agreed to.
            storage_usd_h: the workload's disk while it runs.
            predicted: what is expected of it; written down with the intent.

        Raises CapRefused where the budget has no room for it.
        Raises MarketError where nothing was rented, or where what was rented had to be ended at once.
        Cancelling it does not leave a create behind: the create is waited for and then ended.
        """
        lease_id = secrets.token_hex(4)
        owners.UNDER_WAY.add(lease_id)
        try:
            lease = self._meant(lease_id, offer, workload, caps, storage_usd_h)
            quoted = f"{offer.ref} at ${offer.price_usd_h:.4f}/h for GPU"
            self.ledger.intend(lease, quoted, predicted)
            work = asyncio.ensure_future(self._create(lease, offer, workload))
        except BaseException:
            owners.UNDER_WAY.discard(lease_id)
            raise
        work.add_done_callback(lambda done: owners.UNDER_WAY.discard(lease_id))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            if not work.cancelled() and work.exception() is None:
                await self.ender.destroy(work.result().lease_id)
            raise

    def _meant(
        self,
        lease_id: str,
        offer: Offer,
        workload: Workload,
        caps: Caps,
        storage_usd_h: float | None,
    ) -> Lease:
        """The lease as it is before anything was sent."""
        now = self.clock.now(offer.market)
        payload = workload.payload
        stopped = offer.storage_stopped_usd_gb_month
        month_h = self.lookout.meter.rules[offer.market].month_h
        return Lease(
            lease_id=lease_id,
            label=label_of(self.ledger.home, lease_id),
            market=offer.market,
            offer=offer.ref,
            workload=workload.name,
            image=workload.image,
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
            storage_stopped_usd_h=None
            if stopped is None
            else usd_h_from_gb_month(stopped, workload.disk_gb, month_h),
            inet_down_usd_gb=offer.inet_down_usd_gb,
            inet_up_usd_gb=offer.inet_up_usd_gb,
            bytes_in=(payload.image_bytes or 0.0) + (payload.weights_bytes or 0.0),
            owner=owners.write(self.lookout.me),
            guard=workload.guard,
        )

    async def _create(self, lease: Lease, offer: Offer, workload: Workload) -> Lease:
        market = await self.lookout.markets.open(lease.market)
        order = Order(
            offer=offer,
            label=lease.label,
            image=workload.image,
            disk_gb=workload.disk_gb,
            bid_usd_h=offer.price_usd_h if offer.tenancy == "interruptible" else None,
            env=workload.env,
            command=workload.command,
            ports=workload.ports,
            guard=None
            if lease.guard == "off"
            else Guard(ttl_s=lease.ttl_at - lease.intended_at, required=lease.guard == "required"),
        )
        lease = self.ledger.move_from(("intended",), lease, "create sent", state="creating")
        if lease.state != "creating":
            raise MarketError(f"{lease.offer} was not rented: {lease.note}.", remedy="Try again.")
        try:
            created = await market.create(order)
        except CreateUnclear as error:
            lease = await self._unclear(lease, error)
        except HunterError as error:
            self.lookout.refuse(lease, str(error))
            raise
        except Exception as error:  # noqa: BLE001  it was sent: whatever came of it may cost money
            lease = await self._unclear(lease, error)
        else:
            said = None if created.guarded or lease.guard == "off" else NOT_SENT
            lease = self.lookout.confirm(lease, created.instance_id, created.note, guard_said=said)
        return await self._read_back(lease)

    async def _unclear(self, lease: Lease, error: Exception) -> Lease:
        """Look up what became of a create that was sent and not answered."""
        text = sentence(error)
        lease = self.ledger.move_from(
            UNANSWERED, lease, "create unclear", text, state="unclear", note=text
        )
        if isinstance(error, CreateUnclear) and error.instance_id is not None:
            lease = self.lookout.confirm(lease, error.instance_id, "named by the unclear answer")
            if error.said_no:
                raise await self._unwanted(lease, text) from error
            return lease
        lease = await self.lookout.settle(lease)
        if lease.state == "refused":
            raise MarketError(text, remedy="Nothing was created; try again.") from error
        return lease

    async def _unwanted(self, lease: Lease, text: str) -> MarketError:
        """End what a market made in spite of its refusal; what to say of it. Raises where that fails."""
        ended = await self.ender.end(lease, text)
        return MarketError(
            f"{text} It was {ending(ended)} and cost ${ended.metered_usd:.4f}.",
            remedy="Bid more, or take another offer.",
        )

    async def _read_back(self, lease: Lease) -> Lease:
        """See the contract's price. A market that does not say it yet is asked again while it is kept."""
        for _ in range(3):
            if (action := decide(lease, self.clock.now(lease.market))).kind == "end":
                if dud := find(self.lookout.meter, lease, self.clock.now(lease.market)):
                    shun(self.lookout.meter, lease, dud, self.clock.now(lease.market))
                ended = await self.ender.end(lease, action.why)
                raise MarketError(
                    f"{lease.offer} was ended at once: {action.why}. It was {ending(ended)} and cost "
                    f"${ended.metered_usd:.4f}.",
                    remedy="Choose another offer, or other caps.",
                )
            if lease.contract_usd_h is not None or lease.state not in COSTLY:
                return lease
            try:
                lease = await self.lookout.look(lease)
            except HunterError as error:
                self.ledger.say(lease, "not read back", str(error))
            if lease.contract_usd_h is None:
                await self.clock.sleep(LOOK_EVERY_S)
        return lease
