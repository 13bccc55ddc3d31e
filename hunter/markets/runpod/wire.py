"""RunPod's catalogues as they travel, over GraphQL and over its second REST interface, as our offers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from hunter.markets.records import Number, Rows, Unread, decode, records
from hunter.markets.runpod.places import country_of
from hunter.values.offers import Offer, Tenancy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hunter.facts.shipped import Facts
    from hunter.values.market_facts import MarketFacts

SECURE, COMMUNITY = "secure", "community"
MOST_COUNTRIES = 300
"""There are 249 codes (ISO 3166); each is a field of the question."""
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Memory = Annotated[float, msgspec.Meta(ge=0, le=1e4)]
"""GB of one GPU; zero for the placeholder called `unknown`."""
LEVELS = {"LOW": "Low", "MEDIUM": "Medium", "HIGH": "High"}


class Lowest(msgspec.Struct, kw_only=True):
    """Price and stock of one width on one cloud; all null where nothing is in stock."""

    uninterruptablePrice: Number | None = None
    minimumBidPrice: Number | None = None
    stockStatus: str | None = None
    minVcpu: Number | None = None
    minMemory: Number | None = None


class Availability(msgspec.Struct, kw_only=True):
    """Stock of one model in one data centre."""

    gpuTypeId: Id
    available: bool | None = None
    stockStatus: str | None = None


class Center(msgspec.Struct, kw_only=True):
    """A data centre."""

    id: Id
    name: str | None = None
    location: str | None = None
    listed: bool | None = None
    storageSupport: bool | None = None
    gpuAvailability: list[Availability] | None = None


class GpuType(msgspec.Struct, kw_only=True):
    """A model with its list prices, $ per GPU-hour."""

    id: Id
    displayName: str | None = None
    memoryInGb: Memory
    manufacturer: str | None = None
    maxGpuCount: Number | None = None
    maxGpuCountSecureCloud: Number | None = None
    maxGpuCountCommunityCloud: Number | None = None
    secureCloud: bool | None = None
    communityCloud: bool | None = None
    securePrice: Number | None = None
    communityPrice: Number | None = None
    secureSpotPrice: Number | None = None
    communitySpotPrice: Number | None = None
    clusterPrice: Number | None = None
    oneWeekPrice: Number | None = None
    oneMonthPrice: Number | None = None
    threeMonthPrice: Number | None = None
    sixMonthPrice: Number | None = None
    nodeGroupDatacenters: Any = None
    secure: Lowest | None = None
    community: Lowest | None = None
    lowestPrice: Lowest | None = None


class Catalogue(msgspec.Struct, kw_only=True):
    """What a poll over GraphQL brings."""

    gpuTypes: list[GpuType]
    dataCenters: list[Center] | None = None


class Poll(msgspec.Struct, kw_only=True):
    """The same, its records unread."""

    gpuTypes: Rows | None = None
    dataCenters: Rows | None = None


class Places(msgspec.Struct, kw_only=True):
    """Where community pods are."""

    countryCodes: list[Any] | None = None

    @property
    def codes(self) -> list[str]:
        """The codes of countries among what is listed."""
        codes = [code for code in self.countryCodes or () if isinstance(code, str)]
        return [code for code in codes if re.fullmatch("[A-Za-z]{2}", code)][:MOST_COUNTRIES]

    @property
    def odd(self) -> bool:
        """Whether one of what is listed is no country: its pods are not asked for."""
        return any(code not in self.codes for code in self.countryCodes or () if code is not None)


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One width of the catalogue, read record by record."""

    count: int
    """GPUs a pod."""
    catalogue: Catalogue
    by_country: dict[str, dict[str, Lowest]]
    """By GPU id, the community's prices by country."""
    unread: list[Unread]
    """Models that cannot be read."""
    partly: list[Unread]
    """Data centres and prices by country that cannot be read: what they lack is not known."""


def read_poll(poll: Poll, count: int, countries: list[str]) -> Read:
    """The records of a poll, each read by itself."""
    gpus: list[GpuType] = []
    by_country: dict[str, dict[str, Lowest]] = {}
    unread: list[Unread] = []
    centers, partly = records(poll.dataCenters or (), Center)
    for raw in poll.gpuTypes or ():
        read, bad = records([raw], GpuType)
        unread += bad
        for gpu in read:
            gpus.append(gpu)
            prices, odd = _by_country(raw, gpu, countries)
            by_country[gpu.id] = prices
            partly += odd
    found = Catalogue(gpuTypes=gpus, dataCenters=centers)
    return Read(count=count, catalogue=found, by_country=by_country, unread=unread, partly=partly)


def _by_country(
    raw: msgspec.Raw, gpu: GpuType, countries: list[str]
) -> tuple[dict[str, Lowest], list[Unread]]:
    fields = decode(raw, dict[str, msgspec.Raw])
    found: dict[str, Lowest] = {}
    odd: list[Unread] = []
    for code in countries:
        told = fields.get(f"c_{code}")
        if told is None or bytes(told) == b"null":
            continue
        read, bad = records([told], Lowest)
        if read:
            found[code] = read[0]
        odd += [Unread(raw=raw, reason=f"its price in {code}: {row.reason}") for row in bad]
    return found, odd


class V2Price(msgspec.Struct, kw_only=True):
    """List prices of one GPU."""

    secure: Number | None = None
    community: Number | None = None
    serverless: Number | None = None


class V2Center(msgspec.Struct, kw_only=True):
    """Stock in one data centre."""

    id: Id
    availability: str | None = None
    name: str | None = None


class V2Gpu(msgspec.Struct, kw_only=True):
    """A model in the REST catalogue."""

    id: Id
    name: str | None = None
    memory: Memory
    secure: bool | None = False
    community: bool | None = False
    price: V2Price | None = None
    availability: str | None = None
    dataCenters: list[V2Center] | None = None


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
        if isinstance(gpu, GpuType):
            memory, told = gpu.memoryInGb, gpu.displayName
        else:
            memory, told = gpu.memory, gpu.name
        known = self.facts.gpu_of("runpod", gpu.id, memory)
        country = None
        if place:
            country = (
                country_of(place, self.facts) if cloud == SECURE else self.facts.country(place)
            )
        return Offer(
            market="runpod",
            offer_id=f"{slug(gpu.id)}.{count}.{cloud}.{slug(place or 'any')}",
            tenancy=tenancy.value,
            gpu=known.name if known else (told or gpu.id),
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


def graphql_offers(read: Read, shelf: Shelf, *, spot: bool) -> list[Offer]:
    """The offers of one width in a GraphQL reply.

    Args:
        read: the reply.
        shelf: what the offers share.
        spot: whether this market has been seen to have a spot price below the fixed one.
    """
    catalogue, count = read.catalogue, read.count
    found: list[Offer] = []
    stocked: dict[str, list[tuple[str, str]]] = {}
    for center in catalogue.dataCenters or []:
        for seen in center.gpuAvailability or []:
            if seen.stockStatus:
                stocked.setdefault(seen.gpuTypeId, []).append((center.id, seen.stockStatus))
    for gpu in {gpu.id: gpu for gpu in catalogue.gpuTypes}.values():
        if gpu.id == "unknown" or gpu.memoryInGb <= 0:
            continue
        if gpu.secureCloud and gpu.securePrice is not None:
            usd_h = gpu.securePrice * count
            for place, stock in stocked.get(gpu.id, ()):
                offer = shelf.offer(gpu, count, SECURE, place, usd_h=usd_h, stock=stock)
                found += _both(offer, gpu.secure, spot)
        countries = read.by_country.get(gpu.id) or {}
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
    if lowest is None or not lowest.stockStatus or lowest.uninterruptablePrice is None:
        return []
    usd_h = lowest.uninterruptablePrice
    offer = shelf.offer(gpu, count, cloud, place, usd_h=usd_h, stock=lowest.stockStatus)
    return _both(offer, lowest, spot)


def _both(offer: Offer, lowest: Lowest | None, spot: bool) -> list[Offer]:
    """The offer, and its interruptible side where a bid below its price is known to be taken."""
    if not spot or lowest is None or lowest.minimumBidPrice is None:
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
        listed = gpu.price or V2Price()
        price = listed.secure if cloud == SECURE else listed.community
        sold = gpu.secure if cloud == SECURE else gpu.community
        level = LEVELS.get(gpu.availability or "")
        if not sold or price is None or level is None:
            continue
        places: list[tuple[str | None, str]] = [
            (c.id, LEVELS[c.availability])
            for c in gpu.dataCenters or ()
            if c.availability in LEVELS
        ]
        for place, stock in places or [(None, level)]:
            found.append(shelf.offer(gpu, count, cloud, place, usd_h=price * count, stock=stock))
    return found
