"""RunPod's records as they travel, over GraphQL and over its second REST interface, as our offers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from hunter.markets.protocol import Instance
from hunter.values.login import Login, login_at
from hunter.values.offers import Offer, Tenancy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hunter.facts.shipped import Facts
    from hunter.values.market_facts import MarketFacts

SECURE, COMMUNITY = "secure", "community"
LEVELS = {"LOW": "Low", "MEDIUM": "Medium", "HIGH": "High"}


class Lowest(msgspec.Struct, kw_only=True):
    """Price and stock of one width on one cloud; all null where nothing is in stock."""

    uninterruptablePrice: float | None = None
    minimumBidPrice: float | None = None
    stockStatus: str | None = None
    minVcpu: int | None = None
    minMemory: int | None = None


class Availability(msgspec.Struct, kw_only=True):
    """Stock of one model in one data centre."""

    gpuTypeId: str
    available: bool | None = None
    stockStatus: str | None = None


class Center(msgspec.Struct, kw_only=True):
    """A data centre."""

    id: str
    name: str | None = None
    location: str | None = None
    listed: bool | None = None
    storageSupport: bool | None = None
    gpuAvailability: list[Availability] | None = None


class GpuType(msgspec.Struct, kw_only=True):
    """A model with its list prices, $ per GPU-hour."""

    id: str
    displayName: str
    memoryInGb: int
    manufacturer: str | None = None
    maxGpuCount: int | None = None
    maxGpuCountSecureCloud: int | None = None
    maxGpuCountCommunityCloud: int | None = None
    secureCloud: bool | None = None
    communityCloud: bool | None = None
    securePrice: float | None = None
    communityPrice: float | None = None
    secureSpotPrice: float | None = None
    communitySpotPrice: float | None = None
    clusterPrice: float | None = None
    oneWeekPrice: float | None = None
    oneMonthPrice: float | None = None
    threeMonthPrice: float | None = None
    sixMonthPrice: float | None = None
    nodeGroupDatacenters: list[Any] | None = None
    secure: Lowest | None = None
    community: Lowest | None = None
    lowestPrice: Lowest | None = None


class Catalogue(msgspec.Struct, kw_only=True):
    """What a poll over GraphQL asks for."""

    gpuTypes: list[GpuType]
    dataCenters: list[Center] | None = None
    countryCodes: list[str | None] | None = None


class V2Price(msgspec.Struct, kw_only=True):
    """List prices of one GPU."""

    secure: float | None = None
    community: float | None = None
    serverless: float | None = None


class V2Center(msgspec.Struct, kw_only=True):
    """Stock in one data centre."""

    id: str
    availability: str
    name: str | None = None


class V2Gpu(msgspec.Struct, kw_only=True):
    """A model in the REST catalogue."""

    id: str
    name: str
    memory: int
    secure: bool = False
    community: bool = False
    price: V2Price = msgspec.field(default_factory=V2Price)
    maxCount: dict[str, int] = {}
    availability: str | None = None
    dataCenters: list[V2Center] = []


class V2Gpus(msgspec.Struct, kw_only=True):
    """The REST catalogue."""

    gpus: list[V2Gpu]


class GraphqlError(ValueError):
    """GraphQL answered with errors, which it does at HTTP 200."""


def parse_data(body: bytes) -> Any:
    """The data of a GraphQL reply; GraphqlError where there are errors, also beside partial data."""
    document = msgspec.json.decode(body)
    if not isinstance(document, dict):
        raise GraphqlError("the reply is no object")
    if document.get("errors"):
        raise GraphqlError(str(document["errors"][0].get("message", "an error without a message")))
    if not isinstance(document.get("data"), dict):
        raise GraphqlError(str(document.get("error") or "the reply has no data"))
    return document["data"]


def slug(text: str) -> str:
    """A name as part of an offer's id: each sign that is no letter or digit becomes a hyphen.

    >>> slug("NVIDIA  RTX A4500")
    'nvidia--rtx-a4500'
    """
    return re.sub(r"[^a-z0-9]", "-", text.lower())


class Shelf:
    """Builds offers of one poll: what they share, and how an offer is named."""

    def __init__(self, facts: Facts, market: MarketFacts, seen_at: float) -> None:
        self.facts = facts
        self.market = market
        self.seen_at = seen_at

    def offer(
        self, gpu: GpuType | V2Gpu, count: int, cloud: str, place: str | None, *,
        usd_h: float, stock: str, tenancy: Tenancy = Tenancy.ON_DEMAND,
        on_demand_usd_h: float | None = None,
    ) -> Offer:  # fmt: skip
        """One offer: so many GPUs of a model, on a cloud, in a data centre or country."""
        memory = float(gpu.memoryInGb if isinstance(gpu, GpuType) else gpu.memory)
        known = self.facts.gpu_of("runpod", gpu.id, memory)
        country = None
        if place and cloud == SECURE:
            country = "IS" if place.startswith("EUR-IS") else None
            second = place.split("-")[1] if "-" in place else ""
            if place.startswith("EU-") and len(second) == 2:
                country = second
            elif len(place.split("-")[0]) == 2 and place[:2] in ("US", "CA"):
                country = place[:2]
        elif place:
            country = place
        return Offer(
            market="runpod",
            offer_id=f"{slug(gpu.id)}.{count}.{cloud}.{slug(place or 'any')}",
            tenancy=tenancy.value,
            gpu=known.name if known else gpu.displayName if isinstance(gpu, GpuType) else gpu.name,
            market_gpu=gpu.id,
            location=place,
            country=country,
            region=self.facts.countries.get(country or ""),
            stock=stock,
            datacenter=cloud == SECURE,
            gpu_count=count,
            vram_gb=known.vram_gb if known else memory,
            price_usd_h=usd_h,
            on_demand_usd_h=on_demand_usd_h if on_demand_usd_h is not None else usd_h,
            storage_usd_gb_month=self.market.storage_usd_gb_month,
            storage_stopped_usd_gb_month=self.market.storage_stopped_usd_gb_month,
            inet_down_usd_gb=self.market.inet_usd_gb,
            inet_up_usd_gb=self.market.inet_usd_gb,
            seen_at=self.seen_at,
        )


def graphql_offers(catalogue: Catalogue, extra: dict[str, Any], count: int, shelf: Shelf,
                   *, spot: bool) -> list[Offer]:  # fmt: skip
    """The offers of one width in a GraphQL reply.

    Args:
        catalogue: the typed part of the reply.
        extra: by GPU id, the community prices by country, as they came.
        count: GPUs a pod.
        shelf: what the offers share.
        spot: whether this market has been seen to have a spot price below the fixed one.
    """
    found: list[Offer] = []
    for gpu in catalogue.gpuTypes:
        if gpu.id == "unknown" or gpu.memoryInGb <= 0:
            continue
        for center in catalogue.dataCenters or []:
            for stock in center.gpuAvailability or []:
                if (
                    stock.gpuTypeId == gpu.id
                    and stock.stockStatus
                    and gpu.secureCloud
                    and gpu.securePrice
                ):
                    usd_h = gpu.securePrice * count
                    place = shelf.offer(
                        gpu, count, SECURE, center.id, usd_h=usd_h, stock=stock.stockStatus
                    )
                    found += _both(place, gpu.secure, spot)
        countries = extra.get(gpu.id) or {}
        if gpu.communityCloud:
            for country, lowest in countries.items():
                found += _priced(gpu, count, COMMUNITY, country, lowest, shelf, spot)
            if not countries:
                found += _priced(gpu, count, COMMUNITY, None, gpu.community, shelf, spot)
        if not catalogue.dataCenters and gpu.secureCloud:
            found += _priced(gpu, count, SECURE, None, gpu.secure, shelf, spot)
    return found


def _priced(
    gpu: GpuType, count: int, cloud: str, place: str | None, lowest: Lowest | None,
    shelf: Shelf, spot: bool,
) -> list[Offer]:  # fmt: skip
    """Offers of one lowestPrice; none where it is not in stock or has no price."""
    if lowest is None or not lowest.stockStatus or not lowest.uninterruptablePrice:
        return []
    usd_h = lowest.uninterruptablePrice
    offer = shelf.offer(gpu, count, cloud, place, usd_h=usd_h, stock=lowest.stockStatus)
    return _both(offer, lowest, spot)


def _both(offer: Offer, lowest: Lowest | None, spot: bool) -> list[Offer]:
    """The offer, and its interruptible side where a bid below its price is known to be taken."""
    if not spot or lowest is None or not lowest.minimumBidPrice:
        return [offer]
    if lowest.minimumBidPrice >= offer.price_usd_h:
        return [offer]
    bid = msgspec.structs.replace(
        offer, tenancy=Tenancy.INTERRUPTIBLE.value, price_usd_h=lowest.minimumBidPrice
    )
    return [offer, bid]


def has_spot(replies: Iterable[Catalogue]) -> bool:
    """Whether any row in stock takes a bid below its fixed price: spot is probed, never assumed."""
    return any(
        lowest is not None
        and lowest.stockStatus is not None
        and (lowest.minimumBidPrice or 0) > 0
        and (lowest.uninterruptablePrice or 0) > (lowest.minimumBidPrice or 0) + 1e-9
        for reply in replies
        for gpu in reply.gpuTypes
        for lowest in (gpu.secure, gpu.community)
    )


def v2_offers(gpus: list[V2Gpu], count: int, cloud: str, shelf: Shelf) -> list[Offer]:
    """The offers of one width and cloud in a reply of the REST catalogue."""
    found: list[Offer] = []
    for gpu in gpus:
        price = gpu.price.secure if cloud == SECURE else gpu.price.community
        sold = gpu.secure if cloud == SECURE else gpu.community
        level = LEVELS.get(gpu.availability or "")
        if not sold or not price or level is None:
            continue
        places: list[tuple[str | None, str]] = [
            (c.id, LEVELS[c.availability]) for c in gpu.dataCenters if c.availability in LEVELS
        ]
        for place, stock in places or [(None, level)]:
            found.append(shelf.offer(gpu, count, cloud, place, usd_h=price * count, stock=stock))
    return found


def instance_of(pod: dict[str, Any], facts: Facts, market: MarketFacts) -> Instance:
    """A pod as GraphQL describes it. Its status says what is wanted; only `runtime` says what runs."""
    runtime = pod.get("runtime")
    exited = pod.get("desiredStatus") in ("EXITED", "PAUSED", "DEAD")
    ended = pod.get("desiredStatus") == "TERMINATED"
    login = _login(runtime)
    interruptible = pod.get("podType") in ("INTERRUPTABLE", "BID")
    by_user = "user" in str(pod.get("lastStatusChange") or "").lower()
    if ended:
        state = "gone"
    elif exited:
        state = "stopped" if by_user else "interrupted"
    else:
        state = "running" if runtime else "pulling"
    machine = pod.get("machine") or {}
    name = str(machine.get("gpuDisplayName") or "?")
    known = next((gpu for gpu in facts.gpus if name in (gpu, *market.names_of(gpu))), name)
    price = pod.get("costPerHr")
    return Instance(
        market="runpod",
        instance_id=str(pod["id"]),
        label=pod.get("name"),
        state=state,
        detail=str(pod.get("lastStatusChange") or ""),
        tenancy=Tenancy.INTERRUPTIBLE if interruptible else Tenancy.ON_DEMAND,
        gpu=known,
        gpu_count=int(pod.get("gpuCount") or 1),
        price_usd_h=float(price) if price else None,  # zero was seen for live pods: unknown
        storage_usd_gb_month=market.storage_usd_gb_month,
        storage_stopped_usd_gb_month=market.storage_stopped_usd_gb_month,
        inet_down_usd_gb=market.inet_usd_gb,
        inet_up_usd_gb=market.inet_usd_gb,
        disk_gb=float(pod.get("containerDiskInGb") or 0) + float(pod.get("volumeInGb") or 0),
        machine_id=pod.get("machineId"),
        location=machine.get("location"),
        reachable=login is not None,
        login=login,
    )


def rest_instance_of(pod: dict[str, Any], facts: Facts, market: MarketFacts) -> Instance:
    """A pod as the REST interface describes it: RUNNING from the create on, so `runtime` decides."""
    status, gpu = str(pod.get("status")), pod.get("gpu") or {}
    login = _direct_login(pod.get("ssh"))
    state = {"EXITED": "stopped", "ERROR": "failed", "TERMINATED": "gone"}.get(status)
    known = next((ours for ours in facts.gpus if gpu.get("id") in market.names_of(ours)), None)
    persistent = (pod.get("mounts") or {}).get("persistent") or {}
    price = pod.get("cost")
    return Instance(
        market="runpod",
        instance_id=str(pod["id"]),
        label=pod.get("name"),
        state=state or ("running" if pod.get("runtime") else "pulling"),
        detail=status,
        tenancy=Tenancy.ON_DEMAND,
        gpu=known or str(gpu.get("id") or "?"),
        gpu_count=int(gpu.get("count") or 1),
        price_usd_h=float(price) if price else None,
        storage_usd_gb_month=market.storage_usd_gb_month,
        storage_stopped_usd_gb_month=market.storage_stopped_usd_gb_month,
        inet_down_usd_gb=market.inet_usd_gb,
        inet_up_usd_gb=market.inet_usd_gb,
        disk_gb=float(pod.get("disk") or 0) + float(persistent.get("size") or 0),
        location=pod.get("dataCenterId"),
        reachable=login is not None,
        login=login,
    )


def _login(runtime: Any) -> Login | None:
    """The first public port that leads to the container's 22 and can be one."""
    match runtime:
        case {"ports": [*ports]}:
            ways = (
                login_at(port.get("ip"), port.get("publicPort"))
                for port in ports
                if isinstance(port, dict)
                and port.get("privatePort") == 22
                and port.get("isIpPublic")
            )
            return next((login for login in ways if login is not None), None)
    return None


def _direct_login(ssh: Any) -> Login | None:
    match ssh:
        case {"direct": {"host": host, "port": port}}:
            return login_at(host, port)
    return None
