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
import secrets
from typing import TYPE_CHECKING

from hunter.errors import CreateUnclear, HunterError, MarketError
from hunter.leases.keeper import LOOK_EVERY_S, Keeper, ending
from hunter.leases.lease import Caps, Lease
from hunter.markets import Order

if TYPE_CHECKING:
    from hunter.offers import Offer
    from hunter.workload import Workload


class Rentals(Keeper):
    """From the intent to the contract; the rest of a lease's life is kept by the Keeper."""

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
        now = self.clock().now()
        payload = workload.payload
        month_h = self._rules[offer.market].month_h
        stopped = offer.storage_stopped_usd_gb_month
        lease = Lease(
            lease_id=secrets.token_hex(4),
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
            storage_stopped_usd_h=None if stopped is None else stopped * workload.disk_gb / month_h,
            inet_down_usd_gb=offer.inet_down_usd_gb,
            inet_up_usd_gb=offer.inet_up_usd_gb,
            bytes_in=(payload.image_bytes or 0.0) + (payload.weights_bytes or 0.0),
        )
        self.add(lease)
        self.tell(lease, "intended", f"{offer.ref} at ${offer.price_usd_h:.4f}/h for GPU")
        return lease

    async def _create(self, lease: Lease, offer: Offer, workload: Workload) -> Lease:
        market = await self.market(lease.market)
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
        lease = self.change(lease, state="creating")
        self.tell(lease, "create sent")
        try:
            created = await market.create(order)
        except CreateUnclear as error:
            lease = self.change(lease, state="unclear", note=str(error))
            self.tell(lease, "create unclear", str(error))
            lease = await self.settle(lease)
            if lease.state == "refused":
                raise MarketError(str(error), remedy="Nothing was created; try again.") from error
        except HunterError as error:
            lease = self.change(
                lease, state="refused", note=str(error), ended_at=self.clock().now()
            )
            self.tell(lease, "refused", str(error))
            raise
        else:
            lease = self.confirm(lease, created.instance_id, created.note)
        return await self._read_back(lease)

    async def _read_back(self, lease: Lease) -> Lease:
        """See the contract's price. A market that does not say it yet is asked again while it is kept."""
        for _ in range(3):
            try:
                lease = await self.look(lease)
            except MarketError as error:
                self.tell(lease, "not read back", str(error))
            if lease.contract_usd_h is not None:
                break
            await self.clock().sleep(LOOK_EVERY_S)
        why = self.breach(lease)
        if why is not None and lease.live:
            self.tell(lease, "ending", why)
            ended = await self.destroy(lease.lease_id, why)
            raise MarketError(
                f"{lease.offer} was ended at once: {why}. It was {ending(ended)} and cost "
                f"${ended.metered_usd:.4f}.",
                remedy="Choose another offer, or other caps.",
            )
        return lease
