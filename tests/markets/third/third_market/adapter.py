"""One adapter: every member of the protocol, over a service of four routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hunter.markets.http import HttpMarket
from hunter.markets.protocol import Charge, Created, Instance, Instances, Order, Progress, Scope
from hunter.values.columns import Listing, Offers
from hunter.values.errors import CreateUnclear, MarketError, OfferGone
from hunter.values.offers import Offer

if TYPE_CHECKING:
    from collections.abc import Callable


class Card(msgspec.Struct):
    """What the service sells."""

    id: str
    model: str
    memory_gb: float
    usd_h: float
    mbps: float


class Pod(msgspec.Struct):
    """What the service rents out."""

    id: str
    label: str
    card: Card
    disk_gb: float
    log: str = ""


class Third(HttpMarket):
    """A market that sells whole machines on demand."""

    name = "third"

    async def offers(self, scope: Scope, report: Callable[[Progress], None]) -> Listing:
        """Everything for sale; there is too little of it to search in."""
        cards = await self.http.read("GET", "/cards", _cards)
        report(Progress(market=self.name, done=len(cards), total=len(cards)))
        wanted = [c for c in cards if not scope.offer_ids or c.id in scope.offer_ids]
        offers = Offers.of([self._offer(card) for card in wanted])
        return Listing(market=self.name, offers=offers, complete=True)

    def _offer(self, card: Card) -> Offer:
        known = self.facts.gpu_of(self.name, card.model, card.memory_gb)
        return Offer(
            market=self.name,
            offer_id=card.id,
            machine_id=card.id,
            gpu=known.name if known else card.model,
            market_gpu=card.model,
            gpu_count=1,
            vram_gb=known.vram_gb if known else card.memory_gb,
            disk_gb=1000.0,
            inet_down_mbps=card.mbps,
            price_usd_h=card.usd_h,
            storage_usd_gb_month=self.market.storage_usd_gb_month,
            storage_stopped_usd_gb_month=self.market.storage_usd_gb_month,
            inet_down_usd_gb=self.market.inet_usd_gb,
            inet_up_usd_gb=self.market.inet_usd_gb,
            seen_at=self.now(),
        )

    async def create(self, order: Order) -> Created:
        """One request, sent once."""
        self.need_key()
        wish = {"card": order.offer.offer_id, "label": order.label, "disk_gb": order.disk_gb}
        reply = await self.http.send("POST", "/pods", json=wish)
        if reply.status_code == 409:
            raise OfferGone("Somebody else has it.", remedy="Take another offer.")
        if reply.status_code != 201:
            raise CreateUnclear(
                f"Third Market answered {reply.status_code}.",
                remedy="It is looked up by its label.",
            )
        return Created(instance_id=msgspec.json.decode(reply.content, type=Pod).id)

    async def instances(self) -> Instances:
        """Everything that the account rents, in one answer."""
        pods = await self.http.read("GET", "/pods", _pods)
        found = tuple(self._instance(pod) for pod in pods)
        return Instances(market=self.name, instances=found, complete=True)

    async def instance(self, instance_id: str) -> Instance:
        """One of them."""
        for found in (await self.instances()).instances:
            if found.instance_id == instance_id:
                return found
        return self.gone(instance_id)

    def _instance(self, pod: Pod) -> Instance:
        offer = self._offer(pod.card)
        return Instance(
            market=self.name,
            instance_id=pod.id,
            label=pod.label,
            state="running",
            tenancy=offer.tenancy,
            gpu=offer.gpu,
            gpu_count=1,
            price_usd_h=offer.price_usd_h,
            storage_usd_gb_month=offer.storage_usd_gb_month,
            disk_gb=pod.disk_gb,
            machine_id=offer.machine_id,
            reachable=True,
        )

    async def destroy(self, instance_id: str) -> None:
        """Ask for the end; what is not there any more is no error."""
        await self.http.send("DELETE", f"/pods/{instance_id}")

    async def stop(self, instance_id: str) -> None:
        """It cannot."""
        raise MarketError("Third Market stops nothing.", remedy="Destroy it.")

    async def logs(self, instance_id: str, lines: int) -> str:
        """What a pod printed."""
        pods = await self.http.read("GET", "/pods", _pods)
        texts = [pod.log for pod in pods if pod.id == instance_id]
        return "\n".join("".join(texts).splitlines()[-lines:])

    async def charges(self, instance_id: str) -> tuple[Charge, ...]:
        """It never says what it billed."""
        return ()


def _cards(body: bytes) -> list[Card]:
    return msgspec.json.decode(body, type=list[Card])


def _pods(body: bytes) -> list[Pod]:
    return msgspec.json.decode(body, type=list[Pod])
