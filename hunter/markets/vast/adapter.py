"""Vast.ai: asks of thousands of hosts, searched without a key and rented with one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from hunter.markets.answers import document_of, without_secrets
from hunter.markets.failures import NotThere
from hunter.markets.guard import with_guard
from hunter.markets.http import HttpMarket, own_facts
from hunter.markets.protocol import (
    Balance,
    Charge,
    Created,
    Instance,
    Instances,
    Order,
    Progress,
    Scope,
)
from hunter.markets.records import UNNAMED, Number, Rows, decode, records
from hunter.markets.vast.account import ROUTES, balance_of
from hunter.markets.vast.container import check_command, vast_env
from hunter.markets.vast.creating import carrier, create_body, outcome
from hunter.markets.vast.instances import Row, instance_of, unclear
from hunter.markets.vast.walk import Stopped, Walk
from hunter.values.errors import CreateUnclear, MarketError, OfferGone, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.facts.shipped import Facts
    from hunter.markets.http import Http
    from hunter.markets.vast.wire import Ask
    from hunter.values.columns import Listing
    from hunter.values.offers import Rejected
    from hunter.values.workload import Workload

CHARGE_ITEMS = {"gpu": "gpu", "disk": "disk", "bwd": "download", "bwu": "upload"}
MOST_OFFERS = 150_000
"""Of one poll: eight times the whole market of 2025-07."""
MOST_PAGES = 200
"""Of a list: 5,000 instances, or 40,000 lines of a bill."""
LOG_WITHIN_S, LOG_EVERY_S = 20.0, 0.5
"""A log is written to an address that is told at once and answers some seconds later; the vendor's own client
asks for nine seconds."""
LOG_BYTES = 4 * 2**20


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `adapter` of its facts."""

    search_page: int
    """Rows asked for in one search."""


class InstancePage(msgspec.Struct):
    """A page of the list of instances."""

    instances: Rows
    total_instances: int | None = None
    next_token: str | int | None = None


class OneInstance(msgspec.Struct):
    """The reply to a question for one instance: null where there is none."""

    instances: msgspec.Raw


class ChargeItem(msgspec.Struct):
    """A component of a bill's line."""

    type: str
    amount: Number
    description: str | None = None


class ChargeLine(msgspec.Struct):
    """What one instance was billed."""

    source: str | None = None
    items: list[ChargeItem] | None = None


class ChargePage(msgspec.Struct):
    """A page of the bill."""

    results: list[ChargeLine] | None
    next_token: str | int | None = None


class Vast(HttpMarket):
    """Vast.ai.

    Everything goes over httpx. The vendor's SDK repeats the create on time-outs and 5xx although each
    repetition may rent again, drops whether a list is complete, and waits 120 s for each of three tries,
    in a thread that nobody can end.
    """

    name = "vast"
    routes = ROUTES

    def __init__(
        self,
        base_url: str,
        key: str | None,
        facts: Facts,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(base_url, key, facts, transport)
        self.own = own_facts(self.market, Own)

    # ── offers ───────────────────────────────────────────────────────────────────────────────

    async def offers(self, scope: Scope, report: Callable[[Progress], None]) -> Listing:
        """Every rentable ask that the scope covers, verified or not, on demand and as a bid.

        One search for on-demand offers brings both: each carries its `min_bid`, the price that a search
        for bids would show. The service answers a limited number of rows, so the market is walked up
        its prices: each search begins at the last price seen, until one brings nothing new.
        """
        from hunter.markets.plausible import plausible  # noqa: PLC0415  numpy: leases need none
        from hunter.markets.vast.wire import columns, parse_asks  # noqa: PLC0415  with it
        from hunter.values.columns import Listing, concat  # noqa: PLC0415  with it

        query = self._query(scope)
        found: dict[int, Ask] = {}
        rejected: dict[str, Rejected] = {}
        notes: list[str] = []
        walk: Walk | None = Walk()
        while walk is not None:
            page = dict(query, **walk.filters())
            try:
                seen = await self.http.read("POST", "/api/v0/bundles/", parse_asks, json=page)
                found |= {ask.id: ask for ask in seen.asks}
                rejected |= {row.name: row.rejected for row in seen.unread}
                report(Progress(market=self.name, done=len(found), text="offers"))
                walk = walk.onward(seen)
                if walk is not None and len(found) + len(rejected) > MOST_OFFERS:
                    raise Stopped(f"stopped after {len(found):,} offers, and there were more")
            except (
                MarketError
            ) as error:  # what came before is there, whatever is on the pages behind
                if not found:
                    raise
                notes.append(f"stopped early: {error}")
                break
            except Stopped as error:
                notes.append(str(error))
                break
            if walk is not None:
                await self.pause()
        kept = [ask for ask in found.values() if _wanted(ask, scope)]
        if not kept and not rejected and scope.whole:
            raise MarketError(
                "Vast.ai answered without a single offer.",
                remedy="That is no empty market but a fault; try again in a minute.",
            )
        seen_at = self.now()
        both = concat([columns(kept, self.facts, seen_at, bids=bids) for bids in (False, True)])
        return plausible(Listing(
            market=self.name,
            offers=both,
            complete=walk is None and not any(name.startswith(UNNAMED) for name in rejected),
            rejected=tuple(rejected.values()),
            notes=tuple(notes),
        ))  # fmt: skip

    def _query(self, scope: Scope) -> dict[str, Any]:
        query: dict[str, Any] = {
            "rentable": {"eq": True},
            "allocated_storage": scope.disk_gb,
            "type": "on-demand",
            "limit": self.own.search_page,
        }
        names = [n for gpu in scope.gpus for n in self.market.names_of(gpu)]
        if names:
            query["gpu_name"] = {"in": names}
        if scope.gpu_count is not None:
            query["num_gpus"] = {"eq": scope.gpu_count}
        if scope.min_vram_gb:
            # drivers report up to 4% less than the box says; 0.9 leaves room and is checked again here
            query["gpu_ram"] = {"gte": scope.min_vram_gb * 1024 * 0.9}
        if scope.offer_ids:
            query["ask_contract_id"] = {"in": [int(i) for i in scope.offer_ids if _is_id(i)]}
        return query

    # ── renting ──────────────────────────────────────────────────────────────────────────────

    def check(self, workload: Workload) -> None:
        """UsageError where Vast takes no such container."""
        vast_env(workload.ports, workload.env)
        check_command(workload.command)

    async def create(self, order: Order) -> Created:
        """PUT the ask, once. A reply that never came leaves the outcome unknown: CreateUnclear."""
        self.need_key()
        offer_id = order.offer.offer_id
        if not _is_id(offer_id):
            raise OfferGone(f"Vast.ai has no offer {offer_id!r}.", remedy="Take another offer.")
        guard = with_guard(order, self.facts.guard, carrier(self.base_url))
        body = create_body(order, guard)
        try:
            response = await self.http.send("PUT", f"/api/v0/asks/{offer_id}/", json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self.http.failures.unreachable(error) from error  # nothing was sent
        except httpx.HTTPError as error:
            raise CreateUnclear(
                f"Vast.ai did not answer the create: {self.http.failures.why(error)}.",
                remedy="Nothing is sent again; the instance is looked up by its label.",
            ) from error
        return replace(outcome(response, self.http), guarded=guard is not None)

    async def instances(self) -> Instances:
        """Every instance, page by page; complete only if as many came as the service counts."""
        self.need_key()
        found: list[Instance] = []
        token: str | int | None = None
        tokens: set[str | int] = set()
        total = None
        complete = True
        while True:
            params = {"select_filters": "{}", "limit": "25",
                      "order_by": '[{"col":"id","dir":"asc"}]'} | (
                          {} if token is None else {"after_token": str(token)})  # fmt: skip
            try:
                page = await self.http.read("GET", "/api/v1/instances/", _page, params=params)
            except MarketError:
                if not found:
                    raise
                complete = False  # what came is there, whatever is on the pages behind
                break
            rows, unread = records(page.instances, Row)
            found += [instance_of(row, self.facts) for row in rows]
            odd = [unclear(row) for row in unread]
            found += odd
            complete &= all(one.label is not None and one.instance_id[0] != UNNAMED for one in odd)
            total = page.total_instances if page.total_instances is not None else total
            token = page.next_token or None
            if token is None:
                break
            if token in tokens or len(tokens) == MOST_PAGES:
                complete = False
                break
            tokens.add(token)
        return Instances(
            market=self.name, instances=tuple(found), complete=complete and total == len(found)
        )

    async def instance(self, instance_id: str) -> Instance:
        """One instance; Vast says null of one that does not exist."""
        try:
            raw = await self.http.read("GET", self._path(instance_id), _one, params={"owner": "me"})
        except NotThere as error:
            if b"no_such_instance" in error.body:
                return self.gone(instance_id)
            raise
        if bytes(raw) == b"null":
            return self.gone(instance_id)
        rows, unread = records([raw], Row)
        if unread or str(rows[0].id) != instance_id:
            raise self.unclear(unread[0].reason if unread else "it is another one")
        return instance_of(rows[0], self.facts)

    async def destroy(self, instance_id: str) -> None:
        """Ask for the end; an instance that is not there is no error."""
        try:
            _yes(self.http, await self.http.act("DELETE", self._path(instance_id), json={}))
        except NotThere:
            return

    async def stop(self, instance_id: str) -> None:
        """Free the GPU, keep the disk."""
        path = self._path(instance_id)
        _yes(self.http, await self.http.act("PUT", path, json={"state": "stopped"}))

    def _path(self, instance_id: str) -> str:
        self.need_key()
        if not _is_id(instance_id):
            raise UsageError(
                f"{instance_id!r} is no instance of Vast.ai.", remedy="hunter ps lists what runs."
            )
        return f"/api/v0/instances/{instance_id}/"

    async def logs(self, instance_id: str, lines: int) -> str:
        """What the container printed last. It is written elsewhere, where no key is needed nor sent."""
        path = self._path(instance_id).replace("/instances/", "/instances/request_logs/")
        told = _yes(self.http, await self.http.act("PUT", path, json={"tail": str(lines)}))
        url = told.get("result_url")
        with suppress(TimeoutError):
            async with asyncio.timeout(LOG_WITHIN_S):
                while isinstance(url, str):
                    text = await self.http.fetch(url, LOG_BYTES)
                    if text is not None:
                        return text.decode("utf-8", "replace")
                    await asyncio.sleep(LOG_EVERY_S)
        raise MarketError("Vast.ai has no log of it yet.", remedy="Try again in a minute.")

    async def balance(self) -> Balance:
        """What is left on the account."""
        self.need_key()
        return await balance_of(self.http)

    async def charges(self, instance_id: str) -> tuple[Charge, ...]:
        """The itemised bill of one instance, over all days."""
        self.need_key()
        params = {"select_filters": '{"day":{"gte":0}}', "latest_first": "true", "limit": "200",
                  "format": "tree"}  # fmt: skip
        lines: list[ChargeLine] = []
        tokens: set[str | int] = set()
        while True:
            page = await self.http.read("GET", "/api/v0/charges/", _charges, params=params)
            lines += page.results or []
            if not page.next_token:
                break
            if page.next_token in tokens or len(tokens) == MOST_PAGES:
                raise MarketError(
                    "Vast.ai's bill has no end, and a part of it is none.",
                    remedy="Look at it on the market's own page.",
                )
            tokens.add(page.next_token)
            params = params | {"after_token": str(page.next_token)}
        return tuple(
            Charge(
                item=CHARGE_ITEMS.get(item.type, item.type),
                usd=item.amount,
                detail=without_secrets(item.description or "", self.key),
            )
            for line in lines
            if line.source == f"instance-{instance_id}"
            for item in line.items or []
        )


def _is_id(text: str) -> bool:
    """Whether a text can be an id of Vast's."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def _page(body: bytes) -> InstancePage:
    return decode(body, InstancePage)


def _one(body: bytes) -> msgspec.Raw:
    return decode(body, OneInstance).instances


def _charges(body: bytes) -> ChargePage:
    return decode(body, ChargePage)


def _wanted(ask: Ask, scope: Scope) -> bool:
    """The scope's filters once more: the service does not always apply them."""
    if ask.rentable is False or (ask.disk_space is not None and ask.disk_space < scope.disk_gb):
        return False
    if scope.gpu_count is not None and ask.num_gpus != scope.gpu_count:
        return False
    return not scope.offer_ids or str(ask.id) in scope.offer_ids


def _yes(http: Http, response: httpx.Response) -> dict[str, Any]:
    """The answer to what was asked for; MarketError where it is no yes, whatever its status."""
    document = document_of(response.content) or {}
    if document.get("success") is not True:
        raise MarketError(
            f"Vast.ai: {http.failures.said(response)}", remedy="Wait, or take another offer."
        )
    return document
