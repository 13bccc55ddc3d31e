"""A market made of plain values, for tests of what stands above markets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hunter.markets.protocol import (
    Charge,
    Created,
    Instance,
    Instances,
    Order,
    Progress,
    Scope,
    Simulation,
)
from hunter.values.columns import Listing, Offers
from hunter.values.errors import MarketError, OfferGone
from hunter.values.login import Login
from hunter.values.offers import Offer, Tenancy

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.values.clock import Pace


@dataclass(kw_only=True)
class SteppedClock:
    """Time that passes only while somebody sleeps."""

    market_s: float = 0.0
    speed: float = 1.0
    held: bool = False
    """Time stands still: who sleeps by it sleeps until the test is over."""

    unsure: float = 0.0
    """For how long no market has told its time."""

    def now(self, market: str | None = None) -> float:
        return self.market_s

    def unsure_s(self, market: str) -> float:
        return self.unsure

    def heard(self, market: str, at_s: float) -> None:
        raise AssertionError("a fake market tells no time")

    async def sleep(self, seconds: float) -> None:
        if self.held:
            await asyncio.Event().wait()
        self.market_s += seconds

    def follow(self, pace: Pace) -> None:
        raise AssertionError("a fake market sets no clock beside a fake clock")


@dataclass
class FakeMarket:
    """Sells what it is given. Each look at an instance moves it one step along `life`."""

    name: str = "vast"
    stock: list[Offer] = field(default_factory=list)
    life: tuple[str, ...] = ("allocating", "pulling", "starting", "running")
    contract_factor: float = 1.0
    create_error: Exception | None = None
    create_happens: bool = True
    listing_complete: bool = True
    list_error: Exception | None = None
    look_errors: list[Exception] = field(default_factory=list)
    look_fails: Exception | None = None
    """Fails every look, not only the next."""
    log: str = "hello"
    log_error: Exception | None = None
    log_hangs: bool = False
    bill_error: Exception | None = None
    destroys: int = 0
    refuses_to_end: int = 0
    bill: tuple[Charge, ...] = ()
    rented: dict[str, Instance] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    creates: int = 0
    simulation: Simulation | None = None

    async def offers(self, scope: Scope, report: Callable[[Progress], None]) -> Listing:
        if self.list_error:
            raise self.list_error
        wanted = [o for o in self.stock if not scope.offer_ids or o.offer_id in scope.offer_ids]
        report(Progress(market=self.name, done=len(wanted)))
        return Listing(market=self.name, offers=Offers.of(wanted), complete=self.listing_complete)

    async def create(self, order: Order) -> Created:
        self.creates += 1
        if order.offer.offer_id not in {o.offer_id for o in self.stock}:
            raise OfferGone("gone", remedy="take another")
        instance_id = f"i{len(self.rented) + 1}"
        if self.create_happens:
            self.rented[instance_id] = Instance(
                market=self.name,
                instance_id=instance_id,
                label=order.label,
                state=self.life[0],
                tenancy=order.offer.tenancy or Tenancy.ON_DEMAND,
                gpu=order.offer.gpu,
                gpu_count=order.offer.gpu_count,
                price_usd_h=order.offer.price_usd_h * self.contract_factor,
                disk_gb=order.disk_gb,
            )
            self.steps[instance_id] = 0
        if self.create_error:
            raise self.create_error
        return Created(instance_id=instance_id)

    async def instances(self) -> Instances:
        if self.list_error:
            raise self.list_error
        return Instances(
            market=self.name,
            instances=tuple(self.rented.values()),
            complete=self.listing_complete,
        )

    async def instance(self, instance_id: str) -> Instance:
        if self.look_errors:
            raise self.look_errors.pop(0)
        if self.look_fails:
            raise self.look_fails
        now = self.rented.get(instance_id)
        if now is None:
            return Instance(
                market=self.name, instance_id=instance_id, label=None, state="gone",
                tenancy="on-demand", gpu="?", gpu_count=1, price_usd_h=None,
            )  # fmt: skip
        step = min(self.steps[instance_id], len(self.life) - 1)
        self.steps[instance_id] += 1
        state = self.life[step]
        now = replace(
            now, state=state, reachable=state == "running",
            login=Login(host="host", port=22) if state == "running" else None,
        )  # fmt: skip
        self.rented[instance_id] = now
        return now

    async def destroy(self, instance_id: str) -> None:
        self.destroys += 1
        if self.refuses_to_end:
            self.refuses_to_end -= 1
            raise MarketError("busy", remedy="again")
        self.rented.pop(instance_id, None)

    async def stop(self, instance_id: str) -> None:
        self.rented[instance_id] = replace(self.rented[instance_id], state="stopped")

    async def start(self, instance_id: str) -> None:
        self.steps[instance_id] = 0

    async def logs(self, instance_id: str, lines: int) -> str:
        if self.log_error:
            raise self.log_error
        if self.log_hangs:
            await asyncio.Event().wait()
        return self.log

    async def charges(self, instance_id: str) -> tuple[Charge, ...]:
        if self.bill_error:
            raise self.bill_error
        return self.bill

    async def balance_usd(self) -> float | None:
        return 100.0

    async def close(self) -> None:
        """Nothing is open."""
