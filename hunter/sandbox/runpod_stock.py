"""RunPod's side of the embedded market: what is in stock where, at what price, and who rents it out."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any

from hunter.sandbox.chance import one
from hunter.sandbox.facts import runpod_facts
from hunter.sandbox.market import Refused
from hunter.sandbox.rental import Rental

if TYPE_CHECKING:
    from hunter.sandbox.book import Page
    from hunter.sandbox.market import SandboxMarket

NO_STOCK = (
    "There are no longer any instances available with the requested specifications. "
    "Please refresh and try again."
)
NO_SPOT = (
    "There are no instances available with the request specifications. Please try again later."
)
CLOUDS = ("SECURE", "COMMUNITY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a create asks for."""

    gpu_id: str
    count: int
    cloud: str
    """SECURE, COMMUNITY or ALL."""
    place: str | None
    """A data centre or a country."""
    image: str
    name: str
    disk_gb: float
    volume_gb: float
    env: dict[str, str]
    ports: str
    args: str
    bid_per_gpu: float | None = None


class Stock:
    """Prices and stock as functions of seed and time."""

    def __init__(self, market: SandboxMarket) -> None:
        self.market = market
        facts = runpod_facts()
        self.facts: dict[str, Any] = facts
        self.gpus: dict[str, dict[str, Any]] = {gpu["id"]: gpu for gpu in facts["gpus"]}
        self.centers: list[list[str]] = facts["centers"]
        self.countries: list[str] = facts["countries"]

    def listed(self, gpu: dict[str, Any], cloud: str) -> bool:
        """Whether a model is sold on a cloud."""
        return bool(gpu["secure" if cloud == "SECURE" else "community"])

    def usd_h(self, gpu: dict[str, Any], cloud: str) -> float:
        """List price of one GPU."""
        return float(gpu["usd_h"][CLOUDS.index(cloud)])

    def spot_usd_h(self, gpu: dict[str, Any], cloud: str) -> float | None:
        """Lowest bid for one GPU: the list price since 2026-08, a real discount in 2025."""
        if self.market.settings.spot != "historic":
            return self.usd_h(gpu, cloud) or None
        return float(gpu["spot_2025_usd_h"][CLOUDS.index(cloud)]) or None

    def places(self, cloud: str) -> list[str]:
        """Where a cloud has machines: data centres, or countries."""
        return [row[0] for row in self.centers] if cloud == "SECURE" else self.countries

    def level(self, gpu: dict[str, Any], count: int, cloud: str, place: str) -> str | None:
        """High, Medium, Low or nothing for pods of so many GPUs in one place."""
        widest = gpu["max"][1 if cloud == "SECURE" else 2]
        if not self.listed(gpu, cloud) or count > widest or place not in self.places(cloud):
            return None
        pool = zlib.crc32(f"{gpu['id']}/{cloud}/{place}".encode())
        seed = self.market.seed
        if one(seed, pool, 301) < 0.55:  # most models are not in most places
            return None
        length = self.facts["stock_epoch_s"]
        epoch = int(self.market.now() / length + one(seed, pool, 302))
        left = one(seed, pool, epoch, 303) - 0.14 * log2(count)
        if left < 0.15:
            return None
        return "Low" if left < 0.45 else "Medium" if left < 0.75 else "High"

    def best(
        self, gpu: dict[str, Any], count: int, cloud: str, place: str | None
    ) -> tuple[str | None, str | None]:
        """The highest stock word of a cloud, and where; of one place where one is named."""
        order = (None, "Low", "Medium", "High")
        levels = [
            (self.level(gpu, count, cloud, where), where)
            for where in ([place] if place else self.places(cloud))
        ]
        return max(levels, key=lambda pair: order.index(pair[0]), default=(None, None))

    def lowest(
        self, gpu: dict[str, Any], count: int, clouds: tuple[str, ...], place: str | None
    ) -> dict[str, Any]:
        """The answer to lowestPrice: prices of the whole pod, nothing where nothing is in stock."""
        found: dict[str, Any] = {"gpuName": gpu["name"], "gpuTypeId": gpu["id"], "compliance": None}
        offers = []
        for cloud in clouds:
            level, where = self.best(gpu, count, cloud, place)
            if level is not None:
                offers.append((self.usd_h(gpu, cloud) * count, cloud, level, where))
        if not offers:
            return found
        price, cloud, level, where = min(offers)
        spot = self.spot_usd_h(gpu, cloud)
        return found | {
            "uninterruptablePrice": round(price, 6),
            "minimumBidPrice": None if spot is None else round(spot * count, 6),
            "stockStatus": level,
            "minVcpu": self.facts["vcpu_per_gpu"] * count,
            "minMemory": self.facts["memory_gb_per_gpu"] * count,
            "countryCode": where if cloud == "COMMUNITY" else None,
            "supportPublicIp": True,
        }

    # ── renting ──────────────────────────────────────────────────────────────────────────────

    def rent(self, page: Page, key: str, wish: Wish) -> Rental:
        """A pod where the wish can be met; Refused where it cannot."""
        market, facts = self.market, self.market.facts["runpod"]
        gpu = self.gpus.get(wish.gpu_id)
        if gpu is None:
            raise Refused("capacity", NO_STOCK)
        if not wish.image:
            raise Refused("image", "imageName is required")
        if "missing" in wish.image:
            text = f'create pod: Container image "{wish.image}" was not found on the registry.'
            raise Refused("image", text)
        cloud, place = self._where(gpu, wish)
        unlucky = one(market.seed, page.next_number, 304) < facts["create_fails_share"]
        if unlucky or market.faults.active("no-such-ask", "runpod"):
            raise Refused("capacity", NO_STOCK)
        rate = self.usd_h(gpu, cloud) * wish.count
        if market.faults.active("dearer", "runpod"):
            rate *= 1.1
        hourly = (
            rate
            + (wish.disk_gb + wish.volume_gb) * facts["container_usd_gb_month"] / facts["month_h"]
        )
        if market.balance_usd(page, key, market.now()) < hourly or market.faults.active(
            "no-credit", "runpod"
        ):
            raise Refused("balance", "Your balance is too low to deploy this pod.")
        if self.spend_usd_h(page, key) + hourly > facts["spend_limit_usd_h"]:
            raise Refused("limit", "This pod would exceed your spend limit.")
        now = market.now()
        bid = None if wish.bid_per_gpu is None else wish.bid_per_gpu * wish.count
        return market.add(page, Rental(
            number=page.next_number, market="runpod", account=key,
            machine=zlib.crc32(f"{wish.gpu_id}/{cloud}/{place}/{page.next_number % 7}".encode()),
            gpu=wish.gpu_id, gpu_count=wish.count, place=place, cloud=cloud, image=wish.image,
            label=wish.name, env=wish.env, onstart=wish.args, ports=wish.ports,
            disk_gb=wish.disk_gb, volume_gb=wish.volume_gb, bid_usd_h=bid, gpu_usd_h=rate,
            storage_usd_gb_month=facts["container_usd_gb_month"],
            storage_stopped_usd_gb_month=facts["volume_stopped_usd_gb_month"],
            created_at=now, end_at=now + 10 * 365 * 86400,
            bids=[] if bid is None else [(now, bid)],
        ))  # fmt: skip

    def _where(self, gpu: dict[str, Any], wish: Wish) -> tuple[str, str]:
        clouds = CLOUDS if wish.cloud == "ALL" else (wish.cloud,)
        offers = []
        for cloud in clouds:
            level, place = self.best(gpu, wish.count, cloud, wish.place)
            if level is not None and place is not None:
                offers.append((self.usd_h(gpu, cloud), cloud, place))
        if not offers:
            raise Refused("capacity", NO_STOCK)
        _, cloud, place = min(offers)
        if wish.bid_per_gpu is not None:
            floor = self.spot_usd_h(gpu, cloud)
            real = self.market.settings.spot == "historic"
            if not real or floor is None or wish.bid_per_gpu < floor - 1e-9:
                raise Refused("capacity", NO_SPOT)
        return cloud, place

    def spend_usd_h(self, page: Page, key: str) -> float:
        """What an account's pods cost an hour now."""
        facts = self.market.facts["runpod"]
        total = 0.0
        for r in page.rentals:
            if r.account != key or r.market != "runpod" or r.destroyed_at is not None:
                continue
            stopped = r.state == "stopped"
            disk = r.volume_gb * 2 if stopped else r.disk_gb + r.volume_gb
            total += disk * facts["container_usd_gb_month"] / facts["month_h"]
            total += 0.0 if stopped else r.bid_usd_h or r.gpu_usd_h
        return total
