"""What RunPod sells in the embedded market, as GraphQL and as its second REST interface tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hunter.sandbox.runpod.stock import CLOUDS, Needs, version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunter.sandbox.runpod.stock import Pool, Stock

LEVELS = {None: "NONE", "Low": "LOW", "Medium": "MEDIUM", "High": "HIGH"}
CLUSTER_FACTOR = 1.2
"""clusterPrice ÷ securePrice on every recorded row."""


def _maker(gpu: dict[str, Any]) -> str:
    return "AMD" if gpu["id"].startswith("AMD") else "Nvidia"


def needs_of(wish: dict[str, Any]) -> Needs:
    """What a GraphQL input asks of a host."""
    disks = [wish[name] for name in ("minDisk", "totalDisk") if wish.get(name)]
    return Needs(
        disk_gb=max(disks, default=None),
        vcpus=wish.get("minVcpuCount"),
        memory_gb=wish.get("minMemoryInGb"),
        cuda_any_of=tuple(wish.get("allowedCudaVersions") or ()),
        cuda_at_least=wish.get("minCudaVersion") or None,
    )


class GraphqlCatalog:
    """The resolvers of the lists that need no key."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock

    def fields(self) -> dict[str, Any]:
        """Root fields by name."""
        return {
            "gpuTypes": lambda _, input=None: self.gpu_types(input or {}),
            "dataCenters": lambda _: [self._center(row) for row in self.stock.centers],
            "countryCodes": lambda _: [*self.stock.countries, None],
            "cpuFlavors": lambda _, input=None: [self._flavor(cpu) for cpu in self.stock.cpus],
            "serverlessGpuPools": lambda _: [],
        }

    @staticmethod
    def _flavor(cpu: dict[str, Any]) -> dict[str, Any]:
        """A CPU flavour at the price of its smallest pod; never in stock here."""
        price = cpu["usd_h_vcpu"] * cpu["vcpus"][0]
        return {
            "id": cpu["id"], "displayName": cpu["name"], "groupId": cpu["id"][:4],
            "groupName": cpu["group"], "minVcpu": cpu["vcpus"][0], "maxVcpu": cpu["vcpus"][1],
            "ramMultiplier": cpu["ram_gb_vcpu"], "diskLimitPerVcpu": cpu["disk_gb_vcpu"],
            "specifics": lambda _, input=None: {"stockStatus": None, "securePrice": price},
        }  # fmt: skip

    def gpu_types(self, wish: dict[str, Any]) -> list[dict[str, Any]]:
        """Models, all of them or those that are named."""
        named = {*(wish.get("ids") or ()), *filter(None, [wish.get("id")])}
        narrow = wish.get("id") is not None or wish.get("ids") is not None
        return [self._gpu(g) for g in self.stock.gpus.values() if not narrow or g["id"] in named]

    def _gpu(self, gpu: dict[str, Any]) -> dict[str, Any]:
        stock, plan = self.stock, gpu["plan_usd_h"]
        secure, community = (stock.usd_h(gpu, cloud) for cloud in CLOUDS)
        return {
            "id": gpu["id"],
            "displayName": gpu["name"],
            "manufacturer": _maker(gpu),
            "memoryInGb": gpu["memory_gb"],
            "cudaCores": 0,
            "maxGpuCount": gpu["max"][0],
            "maxGpuCountSecureCloud": gpu["max"][1],
            "maxGpuCountCommunityCloud": gpu["max"][2],
            "minPodGpuCount": 1,
            "secureCloud": gpu["secure"],
            "communityCloud": gpu["community"],
            "securePrice": secure,
            "communityPrice": community,
            "secureSpotPrice": stock.listed_spot_usd_h(gpu, "SECURE"),
            "communitySpotPrice": stock.listed_spot_usd_h(gpu, "COMMUNITY"),
            "threeMonthPrice": plan[0] or None,
            "sixMonthPrice": plan[1] or None,
            "clusterPrice": secure * CLUSTER_FACTOR,
            "nodeGroupDatacenters": [],
            "lowestPrice": lambda _, input=None: self._lowest(gpu, input or {"gpuCount": 1}),
        }

    def _lowest(self, gpu: dict[str, Any], wish: dict[str, Any]) -> dict[str, Any]:
        stock, count, secure = self.stock, int(wish["gpuCount"]), wish.get("secureCloud")
        clouds = CLOUDS if secure is None else (CLOUDS[0],) if secure else (CLOUDS[1],)
        found = stock.search(
            gpu, count, clouds, center=wish.get("dataCenterId"), country=wish.get("countryCode"),
            needs=needs_of(wish),
        )  # fmt: skip
        named = {"gpuName": gpu["name"], "gpuTypeId": gpu["id"]}
        if found is None:
            return named
        floor = stock.floor_usd_h(found.pool, stock.market.now())
        vcpus, memory_gb = stock.share_of_host(gpu, count)
        return named | {
            "uninterruptablePrice": round(found.usd_h * count, 6),
            "minimumBidPrice": None if floor is None else round(floor * count, 6),
            "stockStatus": found.word,
            "minVcpu": vcpus,
            "minMemory": memory_gb,
            "countryCode": stock.country(found.pool),
            "supportPublicIp": True,
            "compliance": [],
            "availableGpuCounts": lambda _: stock.widths(gpu, clouds),
        }

    def _center(self, row: list[Any]) -> dict[str, Any]:
        return {
            "id": row[0],
            "name": row[0],
            "location": row[1],
            "listed": True,
            "storageSupport": row[4],
            "compliance": [],
            "gpuAvailability": lambda _, input=None: list(self._available(row[0], input or {})),
        }

    def _available(self, center: str, wish: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The models that a data centre has at all, each with its stock."""
        count = int(wish.get("gpuCount") or 1)
        for gpu in self.stock.gpus.values():
            if self.stock.sold(gpu, "SECURE") and self.stock.pool(gpu, "SECURE", center).exists:
                word = self.stock.level(gpu, count, "SECURE", center)
                yield {"id": gpu["id"], "gpuTypeId": gpu["id"], "displayName": gpu["name"],
                       "gpuTypeDisplayName": gpu["name"], "available": word is not None,
                       "stockStatus": word}  # fmt: skip


class RestCatalog:
    """The documents of the REST catalogue."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock

    def gpus(self) -> list[dict[str, Any]]:
        """Models that have a name."""
        return [gpu for gpu in self.stock.gpus.values() if gpu["memory_gb"] > 0]

    def gpu(self, gpu: dict[str, Any]) -> dict[str, Any]:
        """One model with its list prices of one GPU, whatever the width."""
        return {
            "id": gpu["id"],
            "name": gpu["name"],
            "pool": None,
            "manufacturer": _maker(gpu).upper(),
            "memory": gpu["memory_gb"],
            "secure": gpu["secure"],
            "community": gpu["community"],
            "price": {
                cloud.lower(): self.stock.usd_h(gpu, cloud) for cloud in CLOUDS
            },
            "maxCount": {cloud.lower(): self.stock.widest(gpu, cloud) for cloud in CLOUDS},
        }  # fmt: skip

    def availability(
        self, gpu: dict[str, Any], count: int, cloud: str, countries: list[str], needs: Needs
    ) -> dict[str, Any]:
        """Stock of a model on one cloud; only places that have it, and nothing where none has."""
        stock = self.stock
        pools = [
            stock.pool(gpu, cloud, place)
            for place in stock.places(cloud)
            if not countries or stock.country(stock.pool(gpu, cloud, place)) in countries
        ]
        words = {p: stock.level(gpu, count, cloud, p.place, needs) for p in pools}
        order = list(LEVELS)
        best = max(words.values(), key=order.index, default=None)
        found: dict[str, Any] = {"availability": LEVELS[best]}
        centers = [
            {"id": p.place, "name": self._name(p.place), "availability": LEVELS[word]}
            for p, word in words.items() if word is not None and cloud == "SECURE"
        ]  # fmt: skip
        if centers:
            found["dataCenters"] = centers
        versions = self._versions(gpu, count, pools, needs)
        if versions:
            found["cudaVersions"] = versions
        return found

    def _versions(
        self, gpu: dict[str, Any], count: int, pools: list[Pool], needs: Needs
    ) -> list[dict[str, Any]]:
        offered: dict[str, bool] = {}
        for pool in pools:
            if pool.exists and pool.cuda is not None and self.stock.fits(gpu, count, pool, needs):
                word = self.stock.level(gpu, count, pool.cloud, pool.place, needs)
                offered[pool.cuda] = offered.get(pool.cuda, False) or word is not None
        return [{"version": v, "available": offered[v]} for v in sorted(offered, key=version)]

    def cpus(self) -> list[dict[str, Any]]:
        """CPU flavours."""
        return [
            {"id": cpu["id"], "name": cpu["name"], "group": cpu["group"],
             "vcpu": dict(zip(("min", "max"), cpu["vcpus"], strict=True)),
             "ramGbPerVcpu": cpu["ram_gb_vcpu"],
             "price": {"securePerVcpu": cpu["usd_h_vcpu"], "serverlessPerVcpu": cpu["usd_h_vcpu"]}}
            for cpu in self.stock.cpus
        ]  # fmt: skip

    def _name(self, center: str) -> str:
        row = next(row for row in self.stock.centers if row[0] == center)
        return f"{row[1]} ({center})"

    def centers(self) -> list[dict[str, Any]]:
        """Data centres."""
        return [
            {"id": row[0], "name": self._name(row[0]), "region": row[3], "globalNetwork": bool(row[4]),
             "networkVolumeTypes": ["STANDARD"] if row[4] else [], "compliance": []}
            for row in self.stock.centers
        ]  # fmt: skip

    def center_gpus(self, center: str) -> list[dict[str, Any]]:
        """The models that a data centre has at all, with the stock of single GPUs."""
        return [
            {"id": gpu["id"], "name": gpu["name"],
             "availability": LEVELS[self.stock.level(gpu, 1, "SECURE", center)]}
            for gpu in self.gpus()
            if gpu["secure"] and self.stock.pool(gpu, "SECURE", center).exists
        ]  # fmt: skip
