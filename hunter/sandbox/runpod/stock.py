"""RunPod's storage_prices in the embedded market: what is in stock where, and at what price.

Everything here is a function of seed and time. A pool is the hosts of one model, on one cloud, in one place.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any

from hunter.sandbox.chance import geometric_between, one
from hunter.sandbox.facts import runpod_facts

if TYPE_CHECKING:
    from hunter.sandbox.market import SandboxMarket

CLOUDS = ("SECURE", "COMMUNITY")
WORDS = (None, "Low", "Medium", "High")
"""What the service calls stock, in rising order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The hosts of one model, on one cloud, in one place: what of them never changes."""

    number: int
    gpu_id: str
    cloud: str
    place: str
    exists: bool
    phase: float
    disk_gb: float
    """Room for a pod's disks, a GPU."""
    cuda: str | None
    """None where the hosts report no version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a pod asks of its host. Nothing asked for is None."""

    disk_gb: float | None = None
    vcpus: float | None = None
    memory_gb: float | None = None
    cuda_any_of: tuple[str, ...] = ()
    cuda_at_least: str | None = None


ANY = Needs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Stock in one pool now."""

    usd_h: float
    """One GPU, on demand."""
    word: str
    pool: Pool


class Stock:
    """Prices and stock."""

    def __init__(self, market: SandboxMarket) -> None:
        self.market = market
        facts = runpod_facts()
        self.facts: dict[str, Any] = facts
        self.gpus: dict[str, dict[str, Any]] = {
            name: {"id": name, **gpu} for name, gpu in facts["gpus"].items()
        }
        self.cpus: list[dict[str, Any]] = [
            {"id": name, **cpu} for name, cpu in facts["cpus"].items()
        ]
        self.centers: list[list[Any]] = facts["centers"]
        self.countries: list[str] = facts["countries"]
        self._country_of: dict[str, str] = {row[0]: row[2] for row in self.centers}
        self._pools: dict[tuple[str, str, str], Pool] = {}
        self._draws: dict[int, tuple[int, float]] = {}

    # ── prices ───────────────────────────────────────────────────────────────────────────────

    def usd_h(self, gpu: dict[str, Any], cloud: str) -> float:
        """List price of one GPU, $/h; 0 and 0.5 are what the service lists where it sells none."""
        return float(gpu["usd_h"][CLOUDS.index(cloud)])

    def listed_spot_usd_h(self, gpu: dict[str, Any], cloud: str) -> float | None:
        """Lowest bid for one GPU as the catalogue lists it: since 2026-08 the on-demand price itself."""
        price = self.usd_h(gpu, cloud)
        if self.market.settings.spot != "historic":
            return price or None
        share = float(gpu["spot_share"][CLOUDS.index(cloud)])
        return price * share or None

    def floor_usd_h(self, pool: Pool, at: float) -> float | None:
        """Lowest bid for one GPU of a pool at a time; None where it takes no bids."""
        gpu = self.gpus[pool.gpu_id]
        listed = self.listed_spot_usd_h(gpu, pool.cloud)
        if listed is None or self.market.settings.spot != "historic":
            return listed
        draw = one(self.market.seed, pool.number, self._epoch(pool, at), 306)
        swing = float(self.facts["spot"]["swing"])
        moved = listed * (1 + swing * (2 * draw - 1))
        return min(round(moved, 4), self.usd_h(gpu, pool.cloud))

    # ── stock ────────────────────────────────────────────────────────────────────────────────

    def sold(self, gpu: dict[str, Any], cloud: str) -> bool:
        """Whether a model is sold on a cloud at all."""
        return bool(gpu["secure" if cloud == "SECURE" else "community"])

    def widest(self, gpu: dict[str, Any], cloud: str) -> int:
        """GPUs of the widest pod."""
        return int(gpu["max"][1 + CLOUDS.index(cloud)])

    def places(
        self, cloud: str, center: str | None = None, country: str | None = None
    ) -> list[str]:
        """Where a cloud has hosts: data centres, or countries.

        Args:
            cloud: SECURE or COMMUNITY.
            center: one data centre, or several with commas between; no community host is in one.
            country: a country's code.
        """
        if cloud == "SECURE":
            named = center.split(",") if center else None
            return [
                row[0]
                for row in self.centers
                if (named is None or row[0] in named) and country in (None, row[2])
            ]
        return [] if center else [code for code in self.countries if country in (None, code)]

    def pool(self, gpu: dict[str, Any], cloud: str, place: str) -> Pool:
        """The pool of a model in a place."""
        key = (gpu["id"], cloud, place)
        if key not in self._pools:
            self._pools[key] = self._new_pool(gpu, cloud, place)
        return self._pools[key]

    def _new_pool(self, gpu: dict[str, Any], cloud: str, place: str) -> Pool:
        facts, seed = self.facts["stock"], self.market.seed
        number = zlib.crc32(f"{gpu['id']}/{cloud}/{place}".encode())
        common = 2 * one(seed, zlib.crc32(gpu["id"].encode()), 300)  # some models are rarer
        versions = facts["cuda"]
        cuda = versions[int(one(seed, number, 308) ** 0.5 * len(versions))]
        return Pool(
            number=number,
            gpu_id=gpu["id"],
            cloud=cloud,
            place=place,
            exists=one(seed, number, 301) < (1 - facts["absent_share"]) * common,
            phase=one(seed, number, 302),
            disk_gb=round(geometric_between(facts["disk_gb"], one(seed, number, 307))),
            cuda=None if gpu["id"].startswith("AMD") else cuda,
        )

    def _epoch(self, pool: Pool, at: float) -> int:
        return int(at / self.facts["stock"]["epoch_s"] + pool.phase)

    def fill(self, pool: Pool, at: float) -> float:
        """How full a pool is at a time, in [0, 1)."""
        epoch = self._epoch(pool, at)
        known = self._draws.get(pool.number)
        if known is None or known[0] != epoch:
            known = (epoch, one(self.market.seed, pool.number, epoch, 303))
            self._draws[pool.number] = known
        return known[1]

    def level(self, gpu: dict[str, Any], count: int, cloud: str, place: str,
              needs: Needs = ANY) -> str | None:  # fmt: skip
        """High, Medium, Low or nothing for pods of so many GPUs in one place now."""
        if not self.sold(gpu, cloud) or not 1 <= count <= self.widest(gpu, cloud):
            return None
        pool = self.pool(gpu, cloud, place)
        if not pool.exists or not self.fits(gpu, count, pool, needs):
            return None
        facts = self.facts["stock"]
        left = self.fill(pool, self.market.now()) - facts["per_doubling"] * log2(count)
        return WORDS[sum(left >= facts[bound] for bound in ("low", "medium", "high"))]

    def fits(self, gpu: dict[str, Any], count: int, pool: Pool, needs: Needs) -> bool:
        """Whether a pool's hosts have what a pod of so many GPUs asks for."""
        vcpus, memory_gb = self.share_of_host(gpu, count)
        return (
            (needs.disk_gb or 0) <= pool.disk_gb * count
            and (needs.vcpus or 0) <= vcpus
            and (needs.memory_gb or 0) <= memory_gb
            and (not needs.cuda_any_of or pool.cuda in needs.cuda_any_of)
            and (
                not needs.cuda_at_least
                or (pool.cuda is not None and version(pool.cuda) >= version(needs.cuda_at_least))
            )
        )

    def share_of_host(self, gpu: dict[str, Any], count: int) -> tuple[int, int]:
        """vCPUs and GB of memory of a pod."""
        facts, vram_gb = self.facts["host"], gpu["memory_gb"]
        vcpus = round(facts["vcpus"] + facts["vcpus_per_vram_gb"] * vram_gb)
        memory_gb = max(facts["memory_gb"], round(facts["memory_per_vram_gb"] * vram_gb))
        return vcpus * count, memory_gb * count

    def search(
        self, gpu: dict[str, Any], count: int, clouds: tuple[str, ...] = CLOUDS, *,
        center: str | None = None, country: str | None = None, needs: Needs = ANY,
    ) -> Found | None:  # fmt: skip
        """The cheapest cloud's best stocked pool; None where nothing is in stock."""
        best: Found | None = None
        for cloud in clouds:
            price = self.usd_h(gpu, cloud)
            if best is not None and price >= best.usd_h:
                continue
            inside: Found | None = None
            for place in self.places(cloud, center, country):
                word = self.level(gpu, count, cloud, place, needs)
                if word and (inside is None or WORDS.index(word) > WORDS.index(inside.word)):
                    inside = Found(usd_h=price, word=word, pool=self.pool(gpu, cloud, place))
            best = inside or best
        return best

    def best(
        self, gpu: dict[str, Any], count: int, cloud: str, place: str | None
    ) -> tuple[str | None, str | None]:
        """The highest stock word of a cloud, and where; of one place where one is named."""
        if place is not None:
            word = self.level(gpu, count, cloud, place) if place in self.places(cloud) else None
            return word, place
        found = self.search(gpu, count, (cloud,))
        return (None, None) if found is None else (found.word, found.pool.place)

    def widths(self, gpu: dict[str, Any], clouds: tuple[str, ...]) -> list[int]:
        """How many GPUs a pod can have now."""
        widest = max(self.widest(gpu, cloud) for cloud in clouds)
        return [n for n in range(1, widest + 1) if self.search(gpu, n, clouds) is not None]

    def country(self, pool: Pool) -> str:
        """The code of a pool's country."""
        return self._country_of.get(pool.place, pool.place)


def version(text: str) -> tuple[int, ...]:
    """A version as numbers that compare: 12.11 is above 12.2."""
    return tuple(int(part) for part in text.split("."))
