"""Vast's searches on the embedded market, and its lists of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hunter.sandbox.callers import Refused
from hunter.sandbox.vast import columns
from hunter.sandbox.vast.doors import reply
from hunter.sandbox.vast.params import asked_json
from hunter.sandbox.vast.query import search

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from hunter.sandbox.book import Page
    from hunter.sandbox.vast.doors import VastDoors
    from hunter.sandbox.world import Asks


class VastOffers:
    """The paths that need no key."""

    def __init__(self, doors: VastDoors) -> None:
        self.doors = doors
        self.market = doors.market
        self._columns: tuple[Asks, dict[str, Any]] | None = None

    def shown(self, page: Page) -> dict[str, Any]:
        """The offers of this minute as columns."""
        asks = self.market.asks(page)
        if self._columns is None or self._columns[0] is not asks:
            now = self.market.now()
            self._columns = (asks, columns.columns(self.market.world, asks, now))
        return self._columns[1]

    def found(self, query: Any) -> Response:
        """The reply to a query."""
        if self.market.faults.active("quota", "vast"):
            raise Refused("quota", "Daily search quota exceeded.")
        with self.market.open() as page:
            found = search(self.shown(page), query, self.market.settings.row_cap)
            rows = columns.rows(found.columns, found.rows, bid=found.bid)
        if self.market.faults.active("bad-record", "vast") and rows:
            rows[0]["dph_base"] = "free"
        return reply({"offers": rows})

    async def search(self, request: Request) -> Response:
        """POST bundles: the search that every client uses."""
        self.doors.pace(request, "search")
        return self.found(await self.doors.body(request))

    async def search_new(self, request: Request) -> Response:
        """PUT search/asks: the same with the query one level down."""
        self.doors.pace(request, "search")
        return self.found((await self.doors.body(request)).get("q") or {})

    async def search_get(self, request: Request) -> Response:
        """GET bundles?q=: what old clients send."""
        self.doors.pace(request, "search")
        return self.found(asked_json(request.query_params, "q", dict[str, Any], {}))

    async def gpu_names(self, request: Request) -> Response:
        """The models that the market knows."""
        return reply({"gpu_names": sorted(self.market.world.gpu_names)})

    async def gpu_types(self, request: Request) -> Response:
        """The same with the memory of one card."""
        facts = zip(self.market.world.gpu_names, self.market.world.gpu_facts, strict=True)
        return reply({"gpu_types": [
            {"canonical_name": name, "gpu_ram_mb": gpu["mib"]} for name, gpu in sorted(facts)
        ]})  # fmt: skip
