"""RunPod's prices: over GraphQL, which needs no key, or from the REST catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hunter.markets.protocol import Progress
from hunter.markets.records import UNNAMED, Unread, records
from hunter.markets.runpod.graphql import FieldGone, ask
from hunter.markets.runpod.rest import listed
from hunter.markets.runpod.wire import (
    COMMUNITY,
    SECURE,
    Places,
    Poll,
    Read,
    Shelf,
    V2Gpu,
    graphql_offers,
    has_spot,
    read_poll,
    v2_offers,
)
from hunter.values.errors import MarketError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.markets.http import HttpMarket
    from hunter.values.offers import Offer

PRICE = "{ uninterruptablePrice minimumBidPrice stockStatus minVcpu minMemory }"
GPU_FIELDS = """
id displayName manufacturer memoryInGb maxGpuCount maxGpuCountSecureCloud maxGpuCountCommunityCloud
secureCloud communityCloud securePrice communityPrice"""
PLACES = "query { countryCodes gpuTypes { id displayName memoryInGb } }"


@dataclass(slots=True, kw_only=True)
class Found:
    """What a poll brought, and what it did not."""

    offers: list[Offer] = field(default_factory=list)
    unread: dict[str, Unread] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    complete: bool = True

    def miss(self, unread: list[Unread], *, whole: bool) -> None:
        """Remember records that cannot be read. Of one that is `whole` it is known which offers it was."""
        self.unread |= {row.name: row for row in unread}
        if not whole or any(row.name.startswith(UNNAMED) for row in unread):
            self.complete = self.complete and not unread

    def lack(self, trouble: str | None) -> None:
        """The service complained of something beside its data: part of it is not there."""
        if trouble is None:
            return
        self.complete = False
        note = f"incomplete: RunPod answered in part ({trouble})"
        if note not in self.notes:
            self.notes.append(note)


async def over_graphql(
    market: HttpMarket, counts: list[int], report: Callable[[Progress], None]
) -> Found:
    """Every pod in stock, asked for width by width."""
    found = Found()
    places, trouble = await ask(market.http, Places, PLACES)
    found.lack(trouble)
    countries = places.codes
    if places.odd:
        found.lack("a country without a code")
    reads: list[Read] = []
    for done, count in enumerate(counts, 1):
        try:
            poll, trouble = await _width(market, count, countries)
        except MarketError as error:  # the widths before it are there, whatever is with this one
            if not reads:
                raise
            found.lack(str(error))
            break
        read = read_poll(poll, count, countries)
        found.lack(trouble)
        found.miss(read.unread, whole=True)
        found.miss(read.partly, whole=False)
        reads.append(read)
        report(Progress(market=market.name, done=done, total=len(counts), text="widths"))
        await market.pause()
    spot = has_spot(read.catalogue for read in reads)
    shelf = Shelf(market.facts, market.market, market.now())
    for read in reads:
        found.offers += graphql_offers(read, shelf, spot=spot)
    return found


async def _width(market: HttpMarket, count: int, countries: list[str]) -> tuple[Poll, str | None]:
    """The poll of one width, and what the service complained of beside it."""
    variables = {"n": count}
    try:
        poll, trouble = await ask(market.http, Poll, _poll(countries), variables)
    except FieldGone:  # the service removes fields silently: ask for less
        poll, trouble = await ask(market.http, Poll, _poll([]), variables)
    if poll.gpuTypes is None:
        raise MarketError(
            f"RunPod listed no models: {trouble or 'and said nothing of them'}.",
            remedy="Try again in a minute.",
        )
    return poll, trouble


async def over_rest(
    market: HttpMarket, counts: list[int], report: Callable[[Progress], None]
) -> Found:
    """The same from the REST catalogue, which asks for a key."""
    found = Found()
    for done, count in enumerate(counts, 1):
        for cloud in (SECURE, COMMUNITY):
            params = {"include": "AVAILABILITY", "product": "POD", "count": str(count),
                      "cloud": cloud.upper()}  # fmt: skip
            rows, whole = await listed(market.http, "/v2/catalog/gpus", "gpus", params)
            gpus, unread = records(rows, V2Gpu)
            found.complete &= whole
            found.miss(unread, whole=True)
            shelf = Shelf(market.facts, market.market, market.now())
            found.offers += v2_offers(gpus, count, cloud, shelf)
        report(Progress(market=market.name, done=done, total=len(counts), text="widths"))
    return found


def _poll(countries: list[str]) -> str:
    """The poll of one width: one request for prices, stock by data centre and community stock by country."""
    by_country = " ".join(
        f'c_{code}: lowestPrice(input: {{gpuCount: $n, secureCloud: false, countryCode: "{code}"}}) {PRICE}'
        for code in countries
    )
    return f"""query Poll($n: Int!) {{
  gpuTypes {{ {GPU_FIELDS}
    secure: lowestPrice(input: {{gpuCount: $n, secureCloud: true}}) {PRICE}
    community: lowestPrice(input: {{gpuCount: $n, secureCloud: false}}) {PRICE} {by_country} }}
  dataCenters {{ id name location listed storageSupport
    gpuAvailability(input: {{gpuCount: $n}}) {{ gpuTypeId available stockStatus }} }} }}"""
