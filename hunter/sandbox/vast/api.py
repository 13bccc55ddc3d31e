"""Vast.ai's HTTP interface on the embedded market, well enough for its own command line and SDK."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
import numpy as np
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hunter.sandbox.market import Refused, SandboxMarket
from hunter.sandbox.rental import Rental
from hunter.sandbox.vast import columns
from hunter.sandbox.vast.account import VastAccount
from hunter.sandbox.vast.doors import reply
from hunter.sandbox.vast.instances import instance_row
from hunter.sandbox.vast.query import search

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from hunter.sandbox.book import Page
    from hunter.sandbox.world import Asks

MIN_DISK_GB = 8.0
PAGE_MOST = 25


class VastApi(VastAccount):
    """The routes. Each handler gets the account's key and the body's object."""

    def __init__(self, market: SandboxMarket) -> None:
        super().__init__(market)
        self._columns: tuple[Asks, dict[str, Any]] | None = None

    def routes(self) -> list[Route]:
        """Every path, with and without its last slash."""
        table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("GET", "/api/v0/gpu_names/unique", self.gpu_names),
            ("GET", "/api/v0/users/current", self.user),
            ("POST", "/api/v0/bundles", self.search),
            ("GET", "/api/v0/bundles", self.search_get),
            ("PUT", "/api/v0/search/asks", self.search_new),
            ("PUT", "/api/v0/asks/{ask:int}", self.create),
            ("PUT", "/api/v0/launch_instance", self.launch),
            ("GET", "/api/v1/instances", self.instances),
            ("GET", "/api/v0/instances/filters", self.filters),
            ("PUT", "/api/v0/instances", self.many),
            ("DELETE", "/api/v0/instances", self.destroy_many),
            ("GET", "/api/v0/instances", self.legacy_instances),
            ("GET", "/api/v0/instances/{number:int}", self.instance),
            ("PUT", "/api/v0/instances/{number:int}", self.manage),
            ("DELETE", "/api/v0/instances/{number:int}", self.destroy),
            ("PUT", "/api/v0/instances/reboot/{number:int}", self.reboot),
            ("PUT", "/api/v0/instances/recycle/{number:int}", self.reboot),
            ("PUT", "/api/v0/instances/bid_price/{number:int}", self.bid),
            ("PUT", "/api/v0/instances/request_logs/{number:int}", self.logs),
            ("GET", "/api/v0/sandbox/logs/{number:int}", self.log_text),
            ("GET", "/api/v0/instances/balance/{number:int}", self.deposit),
            ("GET", "/api/v0/charges", self.charges),
            ("GET", "/api/v1/invoices", self.invoices),
            ("GET", "/api/v0/users/me/invoices", self.old_invoices),
            ("GET", "/api/v0/ssh", self.ssh_keys),
            ("POST", "/api/v0/ssh", self.add_ssh_key),
            ("DELETE", "/api/v0/ssh/{number:int}", self.drop_ssh_key),
            ("GET", "/api/v0/volumes", self.volumes),
        ]
        found = []
        for method, path, handler in table:
            guarded = self.guarded(handler)
            found += [Route(p, guarded, methods=[method]) for p in (path, path + "/")]
        return found

    # ── offers ───────────────────────────────────────────────────────────────────────────────

    def _shown(self, page: Page) -> dict[str, Any]:
        asks = self.market.asks(page)
        if self._columns is None or self._columns[0] is not asks:
            now = self.market.now()
            self._columns = (asks, columns.columns(self.market.world, asks, now))
        return self._columns[1]

    async def search(self, request: Request) -> Response:
        """POST bundles: the search that every client uses."""
        self.pace(request, "search")
        return self._search(await self.body(request))

    async def search_new(self, request: Request) -> Response:
        """PUT search/asks: the same with the query one level down."""
        self.pace(request, "search")
        body = await self.body(request)
        return self._search(body.get("q") or {})

    async def search_get(self, request: Request) -> Response:
        """GET bundles?q=: what old clients send."""
        self.pace(request, "search")
        return self._search(msgspec.json.decode(request.query_params.get("q") or "{}"))

    def _search(self, query: dict[str, Any]) -> Response:
        if self.market.faults.active("quota", "vast"):
            raise Refused("quota", "Daily search quota exceeded.")
        with self.market.open() as page:
            found = search(self._shown(page), query, self.market.settings.row_cap)
            rows = columns.rows(found.columns, found.rows, bid=found.bid)
        if self.market.faults.active("bad-record", "vast") and rows:
            rows[0]["dph_base"] = "free"
        return reply({"offers": rows})

    async def gpu_names(self, request: Request) -> Response:
        """The models that the market knows."""
        return reply({"gpu_names": sorted(self.market.world.gpu_names)})

    # ── renting ──────────────────────────────────────────────────────────────────────────────

    async def create(self, request: Request) -> Response:
        """PUT asks/ID: rent an offer."""
        key = self.key(request)
        self.pace(request, "create")
        return self._create(key, request.path_params["ask"], await self.body(request))

    async def launch(self, request: Request) -> Response:
        """Search and rent in one."""
        key = self.key(request)
        body = await self.body(request)
        with self.market.open() as page:
            found = search(self._shown(page), body.get("q") or {}, 1)
            if not len(found.rows):
                raise Refused("no_such_ask", "No offers matched the query.")
            ask = int(found.columns["id"][found.rows[0]])
        return self._create(key, ask, body)

    def _create(self, key: str, ask: int, body: dict[str, Any]) -> Response:
        with self.market.open() as page:
            rental = self._rent(page, key, ask, body)
        if self.market.faults.active("create-lost", "vast"):
            return PlainTextResponse("Bad Gateway", 502)
        return reply(
            {
                "success": True,
                "new_contract": rental.number,
                "instance_api_key": secrets.token_hex(32),
            }
        )

    def _rent(self, page: Page, key: str, ask: int, body: dict[str, Any]) -> Rental:
        market, shown = self.market, self._shown(page)
        rows = np.flatnonzero(shown["id"] == ask)
        if not len(rows) or market.faults.active("no-such-ask", "vast"):
            raise Refused(
                "no_such_ask",
                f"error 404/3603: no_such_ask  Instance type by id {ask} is not available.",
            )
        if not body.get("image"):
            raise Refused("invalid_args", "error 400/3467: Invalid args: image is missing")
        if market.balance_usd(page, key, market.now()) <= 0 or market.faults.active(
            "no-credit", "vast"
        ):
            raise Refused("no-credit", "Your account lacks credit; see the billing page.")
        row = int(rows[0])
        disk_gb = max(MIN_DISK_GB, float(body.get("disk") or MIN_DISK_GB))
        if disk_gb > shown["disk_space"][row]:
            raise Refused(
                "invalid_args", "error 400/3467: Invalid args: disk space exceeds the offer"
            )
        price = body.get("price")
        now = market.now()
        env = body.get("env")
        dearer = 1.1 if market.faults.active("dearer", "vast") else 1.0
        rental = Rental(
            number=page.next_number,
            market="vast",
            account=key,
            machine=int(shown["machine"][row]),
            gpu=str(shown["gpu_name"][row]),
            gpu_count=int(shown["num_gpus"][row]),
            image=str(body["image"]),
            label=body.get("label"),
            env={str(k): str(v) for k, v in env.items()} if isinstance(env, dict) else {},
            runtype=str(body.get("runtype") or "ssh"),
            onstart=body.get("onstart"),
            args=[str(arg) for arg in body.get("args") or []],
            disk_gb=disk_gb,
            bid_usd_h=None if price is None else float(price) * dearer,
            gpu_usd_h=float(shown["price_usd_h"][row]) * dearer,
            storage_usd_gb_month=float(shown["storage_cost"][row]),
            storage_stopped_usd_gb_month=float(shown["storage_cost"][row]),
            down_usd_gb=float(shown["inet_down_cost"][row]),
            up_usd_gb=float(shown["inet_up_cost"][row]),
            created_at=now,
            end_at=float(shown["end_date"][row]),
            bids=[] if price is None else [(now, float(price) * dearer)],
        )
        market.add(page, rental)
        if price is not None and float(price) < float(shown["min_bid"][row]) - 1e-9:
            market.stop(rental)
            raise Refused(
                "bid_low", "Bid is below the minimum; the instance was created stopped.", rental
            )
        return rental

    # ── instances ────────────────────────────────────────────────────────────────────────────

    def _mine(self, page: Page, key: str) -> list[Rental]:
        if self.market.faults.active("empty-list", "vast"):
            return []
        return [
            r
            for r in page.rentals
            if r.account == key and r.market == "vast" and r.destroyed_at is None
        ]

    def _find(self, page: Page, key: str, number: int) -> Rental:
        rental = self.market.find(page, key, number, "vast")
        if rental is None:
            raise Refused("no_such_instance", f"Instance {number} not found.")
        return rental

    async def instances(self, request: Request) -> Response:
        """GET v1 instances: 25 rows a page, going on from a token."""
        key = self.key(request)
        self.pace(request, "list")
        params = request.query_params
        limit = min(PAGE_MOST, int(params.get("limit") or PAGE_MOST))
        after = int(params.get("after_token") or 0)
        with self.market.open() as page:
            mine = sorted(self._mine(page, key), key=lambda r: r.number)
            rest = [r for r in mine if r.number > after]
            rows = [instance_row(self.market, r) for r in rest[:limit]]
        token = str(rest[limit - 1].number) if len(rest) > limit else None
        return reply({"success": True, "instances_found": len(rows), "total_instances": len(mine),
                      "label_counts": {}, "next_token": token, "instances": rows})  # fmt: skip

    async def legacy_instances(self, request: Request) -> Response:
        """GET v0 instances: gone since 2026, and says so."""
        return reply({"success": False, "error": "gone", "msg": "Use /api/v1/instances/."}, 410)

    async def filters(self, request: Request) -> Response:
        """What an account's instances can be told apart by."""
        key = self.key(request)
        with self.market.open() as page:
            rows = [instance_row(self.market, r) for r in self._mine(page, key)]
        names = ("actual_status", "verification", "gpu_name")
        return reply({"filters": [{name: row[name] for name in names} for row in rows]})

    async def instance(self, request: Request) -> Response:
        """GET one instance; null where there is none."""
        key = self.key(request)
        self.pace(request, "show")
        with self.market.open() as page:
            rental = self.market.find(page, key, request.path_params["number"], "vast")
            row = None if rental is None else instance_row(self.market, rental)
        if row is not None:
            row.pop("volume_info")
        return reply({"instances": row})

    async def manage(self, request: Request) -> Response:
        """PUT one instance: start, stop or label it."""
        key = self.key(request)
        self.pace(request, "state")
        body = await self.body(request)
        with self.market.open() as page:
            return self._change(page, self._find(page, key, request.path_params["number"]), body)

    def _change(self, page: Page, rental: Rental, body: dict[str, Any]) -> Response:
        if "label" in body:
            rental.label = body["label"]
        if body.get("state") == "stopped":
            self.market.stop(rental)
        elif body.get("state") == "running" and not self.market.start(page, rental):
            text = "Required resources are currently unavailable, state change queued."
            return reply({"success": False, "msg": text})
        return reply({"success": True})

    async def many(self, request: Request) -> Response:
        """PUT instances: start or stop several."""
        key = self.key(request)
        body = await self.body(request)
        with self.market.open() as page:
            for number in body.get("ids") or []:
                self._change(page, self._find(page, key, int(number)), body)
        return reply({"success": True})

    async def destroy(self, request: Request) -> Response:
        """DELETE one instance."""
        key = self.key(request)
        self.pace(request, "destroy")
        with self.market.open() as page:
            self.market.destroy(self._find(page, key, request.path_params["number"]))
        return reply({"success": True, "msg": "destroying instance"})

    async def destroy_many(self, request: Request) -> Response:
        """DELETE several instances."""
        key = self.key(request)
        body = await self.body(request)
        with self.market.open() as page:
            for number in body.get("instance_ids") or []:
                self.market.destroy(self._find(page, key, int(number)))
        return reply({"success": True})

    async def reboot(self, request: Request) -> Response:
        """PUT reboot or recycle."""
        key = self.key(request)
        with self.market.open() as page:
            self.market.reboot(self._find(page, key, request.path_params["number"]))
        return reply({"success": True})

    async def bid(self, request: Request) -> Response:
        """PUT bid_price: another price; null means what wins now."""
        key = self.key(request)
        self.pace(request, "bid")
        body = await self.body(request)
        with self.market.open() as page:
            rental = self._find(page, key, request.path_params["number"])
            price = body.get("price")
            if price is None:
                price = self.market.floor_usd_h(rental, self.market.now())
            if float(price) < 0.001:
                raise Refused("bid_low", "Please set a bid price >= 0.001.")
            if rental.bid_usd_h is None:
                raise Refused("invalid_args", "error 400: the instance is not interruptible")
            self.market.change_bid(rental, float(price))
        return reply({"success": True})

    async def logs(self, request: Request) -> Response:
        """PUT request_logs: where the text will be."""
        key = self.key(request)
        body = await self.body(request)
        with self.market.open() as page:
            rental = self._find(page, key, request.path_params["number"])
        query = urlencode({"account": key, "tail": body.get("tail") or 1000})
        url = f"{str(request.base_url).rstrip('/')}/api/v0/sandbox/logs/{rental.number}?{query}"
        return reply({"success": True, "result_url": url, "msg": ""})

    async def log_text(self, request: Request) -> Response:
        """The text behind request_logs; its address is the only secret."""
        params = request.query_params
        with self.market.open() as page:
            rental = self._find(page, params.get("account", ""), request.path_params["number"])
            lines = self.market.logs(rental).splitlines()
        return PlainTextResponse("\n".join(lines[-int(params["tail"]) :]) + "\n")
