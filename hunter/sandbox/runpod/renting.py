"""What renters may do at RunPod in the embedded market; both of its interfaces stand on this.

Lives and bills are the market's. What is decided here is where a pod goes, at which rate, and when a
reclaim is due.
"""

from __future__ import annotations

import secrets
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hunter.sandbox.callers import Refused
from hunter.sandbox.chance import one
from hunter.sandbox.life import cut, end_flows
from hunter.sandbox.rental import Rental, Volume
from hunter.sandbox.runpod.stock import ANY, CLOUDS, Found, Needs, Pool, Stock

if TYPE_CHECKING:
    from hunter.sandbox.book import Page
    from hunter.sandbox.market import SandboxMarket

# What the service says, word for word: clients match these texts.
NO_STOCK = (
    "There are no longer any instances available with the requested specifications. "
    "Please refresh and try again."
)
NO_DISK = "There are no longer any instances available with enough disk space."
NO_SPOT = (
    "There are no instances available with the request specifications. Please try again later."
)
NO_GPUS = "There are not enough free GPUs on the host machine to start this pod."
NO_IMAGE = 'create pod: Container image "{image}" was not found on the registry.'
LEASE_S = 10 * 365 * 86400.0
"""Pods have no end of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a create asks for."""

    gpu_ids: tuple[str, ...]
    """In the order of preference."""
    count: int
    image: str
    name: str
    clouds: tuple[str, ...] = CLOUDS
    center: str | None = None
    """One data centre, or several with commas between."""
    country: str | None = None
    disk_gb: float
    volume_gb: float = 0.0
    mount_path: str = ""
    network_volume: str = ""
    env: dict[str, str] = field(default_factory=dict)
    ports: str = ""
    """As "8888/http,22/tcp"."""
    args: str = ""
    entrypoint: tuple[str, ...] = ()
    """In place of the image's own."""
    cmd: tuple[str, ...] = ()
    template: str | None = None
    registry: str = ""
    needs: Needs = ANY
    bid_per_gpu: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What an account's things cost an hour now, $."""

    gpu: float
    disk: float
    network: float

    @property
    def total(self) -> float:
        """All of them."""
        return self.gpu + self.disk + self.network


class Renting:
    """Creates, stops, resumes and ends pods."""

    def __init__(self, market: SandboxMarket, stock: Stock) -> None:
        self.market = market
        self.stock = stock

    def pods(self, page: Page, key: str) -> list[Rental]:
        """The pods that an account's listing shows."""
        mine = [
            r for r in page.rentals
            if r.account == key and r.market == "runpod" and r.destroyed_at is None
        ]  # fmt: skip
        return self.market.renting.listed(mine, "runpod")

    def rent(self, page: Page, key: str, wish: Wish) -> Rental:
        """A pod where the wish can be met; Refused where it cannot."""
        self._check_image(wish.image)
        volume = self._volume(page, key, wish)
        found = self._place(wish, volume)
        gpu = self.stock.gpus[found.pool.gpu_id]
        market, pool, facts = self.market, found.pool, self.market.facts["runpod"]
        rate = found.usd_h * wish.count
        if market.faults.active("dearer", "runpod"):
            rate *= 1.1
        bid = None if wish.bid_per_gpu is None else wish.bid_per_gpu * wish.count
        disk_usd_h = (
            (wish.disk_gb + wish.volume_gb) * facts["container_usd_gb_month"] / facts["month_h"]
        )
        self._check_money(page, key, (bid or rate) + disk_usd_h)
        now, number = market.now(), page.next_number
        host = int(one(market.seed, number, 305) * self.stock.facts["stock"]["hosts"])
        rental = market.renting.add(page, Rental(
            number=number, market="runpod", account=key,
            machine=zlib.crc32(f"{pool.number}/{host}".encode()),
            gpu=gpu["id"], gpu_count=wish.count, place=pool.place, cloud=pool.cloud,
            image=wish.image, label=wish.name, env=wish.env, onstart=wish.args, ports=wish.ports,
            disk_gb=wish.disk_gb, volume_gb=wish.volume_gb, bid_usd_h=bid, gpu_usd_h=rate,
            storage_usd_gb_month=facts["container_usd_gb_month"],
            storage_stopped_usd_gb_month=facts["volume_stopped_usd_gb_month"],
            created_at=now, end_at=now + LEASE_S, bids=[] if bid is None else [(now, bid)],
            mount_path=wish.mount_path, network_volume=wish.network_volume, cuda=pool.cuda,
            entrypoint=list(wish.entrypoint), args=list(wish.cmd), template=wish.template,
            registry=wish.registry, own_key=f"rpa_{secrets.token_hex(20).upper()}",
        ))  # fmt: skip
        self._expect_reclaim(rental, now)
        return rental

    @staticmethod
    def _check_image(image: str) -> None:
        if not image.strip():
            raise Refused("image", "imageName is required")
        if "missing" in image:
            raise Refused("image", NO_IMAGE.format(image=image))

    def _volume(self, page: Page, key: str, wish: Wish) -> Volume | None:
        if not wish.network_volume:
            return None
        for volume in self.market.accounts.of(page, key).volumes:
            if volume.volume_id == wish.network_volume and volume.deleted_at is None:
                return volume
        raise Refused("volume", f"network volume {wish.network_volume} not found")

    def _place(self, wish: Wish, volume: Volume | None) -> Found:
        """Where the pod goes; the first model of the wish that is in stock."""
        clouds, center = wish.clouds, wish.center
        if volume is not None:  # a network volume is on the secure cloud, and cannot travel
            clouds = tuple(cloud for cloud in clouds if cloud == "SECURE")
            center = volume.center if center in (None, volume.center) else "nowhere"

        def search(gpu: dict[str, Any], needs: Needs) -> Found | None:
            return self.stock.search(
                gpu, wish.count, clouds, center=center, country=wish.country, needs=needs
            )

        gpus = [self.stock.gpus[name] for name in wish.gpu_ids if name in self.stock.gpus]
        roomy = replace(wish.needs, disk_gb=wish.disk_gb + wish.volume_gb)
        found = next((f for gpu in gpus if (f := search(gpu, roomy)) is not None), None)
        if found is None and any(search(gpu, wish.needs) is not None for gpu in gpus):
            raise Refused("capacity", NO_DISK)
        if found is None or self._phantom(found):
            raise Refused("capacity", NO_STOCK)
        if wish.bid_per_gpu is not None:
            self._check_bid(found.pool, wish.bid_per_gpu)
        return found

    def _phantom(self, found: Found) -> bool:
        """Whether the stock that is stated is not really there just now."""
        market = self.market
        moment = int(market.now() // self.stock.facts["stock"]["phantom_s"])
        share = market.facts["runpod"]["create_fails_share"]
        unlucky = one(market.seed, found.pool.number, moment, 304) < share
        return unlucky or market.faults.active("no-such-ask", "runpod")

    def _check_bid(self, pool: Pool, bid_per_gpu: float) -> None:
        floor = self.stock.floor_usd_h(pool, self.market.now())
        real = self.market.settings.spot == "historic"
        if not real or floor is None or bid_per_gpu < floor - 1e-9:
            raise Refused("capacity", NO_SPOT)

    def _check_money(self, page: Page, key: str, usd_h: float) -> None:
        """An hour of it must be paid for already, and all together stay within the spend limit."""
        market = self.market
        broke = market.accounts.balance_usd(page, key, market.now()) < usd_h
        if broke or market.faults.active("no-credit", "runpod"):
            raise Refused("balance", "Your balance is too low to deploy this pod.")
        if self.spend(page, key).total + usd_h > market.facts["runpod"]["spend_limit_usd_h"]:
            raise Refused("limit", "This pod would exceed your spend limit.")

    def spend(self, page: Page, key: str) -> Spend:
        """What an account pays an hour as things stand."""
        month_h = self.market.facts["runpod"]["month_h"]
        gpu = disk = 0.0
        for r in page.rentals:
            if r.account != key or r.market != "runpod" or r.destroyed_at is not None:
                continue
            if r.state == "stopped":
                disk += r.volume_gb * r.storage_stopped_usd_gb_month / month_h
                continue
            gpu += r.gpu_usd_h if r.bid_usd_h is None else r.bid_usd_h
            disk += (r.disk_gb + r.volume_gb) * r.storage_usd_gb_month / month_h
        network = sum(
            v.size_gb * v.usd_gb_month / month_h
            for v in self.market.accounts.of(page, key).volumes if v.deleted_at is None
        )  # fmt: skip
        return Spend(gpu=gpu, disk=disk, network=network)

    # ── a pod's later life ───────────────────────────────────────────────────────────────────

    def stop(self, rental: Rental) -> None:
        """Free the GPUs, wipe the container's disk, keep the volume."""
        if rental.locked:
            raise Refused("locked", "This pod is locked.")
        self.market.renting.stop(rental)

    def resume(
        self, page: Page, rental: Rental, count: int | None = None, bid_per_gpu: float | None = None
    ) -> None:
        """Run a pod again on its own host; Refused where its GPUs are taken."""
        if count is not None and count < rental.gpu_count:
            raise Refused("count", "The sandbox resumes a pod with all of its GPUs, or not at all.")
        if count is not None and count > rental.gpu_count:
            raise Refused("gpus", NO_GPUS)
        if bid_per_gpu is not None:
            self._rebid(rental, bid_per_gpu)
        if rental.state == "error":
            self.restart(rental)
        elif not self.market.renting.start(page, rental):
            rental.plan.clear()  # the service keeps no queue of wishes
            rental.intended, rental.reachable_at = "stopped", None
            end_flows(rental, self.market.now())
            raise Refused("gpus", NO_GPUS)
        self._expect_reclaim(rental, self.market.now())

    def _rebid(self, rental: Rental, bid_per_gpu: float) -> None:
        if rental.bid_usd_h is None:
            raise Refused("capacity", NO_SPOT)
        self._check_bid(self._pool(rental), bid_per_gpu)
        rental.bid_usd_h = bid_per_gpu * rental.gpu_count
        rental.bids.append((self.market.now(), rental.bid_usd_h))

    def edit(
        self, rental: Rental, *, image: str | None = None, args: str | None = None,
        env: dict[str, str] | None = None, ports: str | None = None,
        entrypoint: list[str] | None = None, cmd: list[str] | None = None,
    ) -> None:  # fmt: skip
        """Change what the container is, which starts it again where it runs; None leaves a thing."""
        if image is not None:
            self._check_image(image)
        said = {"image": image, "onstart": args, "env": env, "ports": ports,
                "entrypoint": entrypoint, "args": cmd}  # fmt: skip
        changes = {name: value for name, value in said.items() if value is not None}
        changed = any(getattr(rental, name) != value for name, value in changes.items())
        for name, value in changes.items():
            setattr(rental, name, value)
        if changed and rental.state != "stopped":
            self.restart(rental)

    def restart(self, rental: Rental) -> None:
        """Start the container again on its disk."""
        self.market.renting.reboot(rental)
        self._expect_reclaim(rental, self.market.now())

    def terminate(self, rental: Rental) -> None:
        """End it, whatever state it is in."""
        self.market.renting.destroy(rental)

    def _pool(self, rental: Rental) -> Pool:
        return self.stock.pool(self.stock.gpus[rental.gpu], rental.cloud, rental.place)

    def _expect_reclaim(self, rental: Rental, since: float) -> None:
        """Plan the moment at which the floor passes an interruptible pod's bid, or its pool is empty."""
        if rental.bid_usd_h is None or rental.destroyed_at is not None:
            return
        pool, facts = self._pool(rental), self.stock.facts
        epoch_s = facts["stock"]["epoch_s"]
        per_gpu = rental.bid_usd_h / rental.gpu_count
        epoch = int(since / epoch_s + pool.phase) + 1
        while (at := (epoch - pool.phase) * epoch_s) < since + facts["spot"]["horizon_s"]:
            floor = self.stock.floor_usd_h(pool, at + 1)
            empty = self.stock.fill(pool, at + 1) < facts["spot"]["empty"]
            if empty or floor is None or floor > per_gpu:
                cut(rental, at, "stopped", "reclaimed")
                return
            epoch += 1
