"""Vast.ai's HTTP interface on the embedded market, well enough for its own command line and SDK."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
import numpy as np
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hunter.sandbox import vast_columns
from hunter.sandbox.market import Refused, SandboxMarket, account_name
from hunter.sandbox.rental import Rental
from hunter.sandbox.vast_instances import charge, instance_row, user_row
from hunter.sandbox.vast_query import search

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from hunter.sandbox.book import Page
    from hunter.sandbox.world import Asks

MIN_DISK_GB = 8.0
PAGE_MOST = 25
INTERVALS_S = {"search": 6.0, "create": 4.5, "list": 1.0, "show": 2.0, "state": 1.0, "destroy": 3.0,
               "bid": 5.5, "charges": 1.0, "invoices": 3.0}  # fmt: skip
"""Least seconds between two calls of a kind: the vendor's table of 2026-08-07."""
STATUS_OF = {
    "invalid_request": 400, "no_such_ask": 400, "invalid_args": 400, "insufficient_credit": 400,
    "no-credit": 400, "expired": 400, "no_such_instance": 404, "auth_error": 401, "login": 403,
    "bid_low": 400, "quota": 429, "rate": 429,
}  # fmt: skip


def iso(unix_s: float) -> str:
    """A time as the service writes it beside keys."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")


def reply(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A document as the service sends it: bare application/json, which its client insists on."""
    body = msgspec.json.encode(document)
    return Response(body, status, headers, media_type="application/json")


class VastApi:
    """The routes. Each handler gets the account's key and the body's object."""

    def __init__(self, market: SandboxMarket) -> None:
        self.market = market
        self._columns: tuple[Asks, dict[str, Any]] | None = None
        self._last: dict[tuple[str, str], list[float]] = {}

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
            guarded = self._guarded(handler)
            found += [Route(p, guarded, methods=[method]) for p in (path, path + "/")]
        return found

    # ── doors ────────────────────────────────────────────────────────────────────────────────

    def _guarded(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except Refused as error:
                return self._refusal(error)
            except msgspec.DecodeError:
                return reply({"error": "invalid_request", "msg": "Invalid json body"}, 400)

        return answer

    def _refusal(self, error: Refused) -> Response:
        if error.code == "rate":
            return PlainTextResponse("API requests too frequent", 429)
        code = {"login": "auth_error", "no-credit": "insufficient_credit", "no_such_ask": "invalid_args",
                "quota": "search_quota_exceeded"}.get(error.code, error.code)  # fmt: skip
        document: dict[str, Any] = {"success": False, "error": code, "msg": str(error)}
        headers = {}
        if error.code == "quota":
            midnight = (self.market.now() // 86400 + 1) * 86400
            headers["X-RateLimit-Reset"] = f"{midnight:.0f}"
        if error.rental is not None:
            document["new_contract"] = error.rental.number
        return reply(document, STATUS_OF.get(error.code, 400), headers)

    def _key(self, request: Request) -> str:
        header = request.headers.get("authorization", "")
        key = header.removeprefix("Bearer ").strip() or request.query_params.get("api_key", "")
        if not key:
            raise Refused("login", "This action requires login.")
        if self.market.faults.active("bad-key", "vast"):
            raise Refused("auth_error", "Invalid user key")
        return account_name(key)

    def _pace(self, request: Request, kind: str) -> None:
        """Refuse what comes faster than the service allows, in simulated time."""
        if not self.market.settings.limits:
            return
        who = request.headers.get("authorization", "")
        if kind == "search":
            who = request.client.host if request.client else ""
        now = self.market.now()
        calls = self._last.setdefault((kind, who), [])
        if kind == "search":  # ten a minute and address
            calls[:] = [at for at in calls if at > now - 60]
            if len(calls) >= 10:
                raise Refused("rate", "too frequent")
        elif calls and now - calls[-1] < INTERVALS_S[kind]:
            raise Refused("rate", "too frequent")
        calls.append(now)

    async def _body(self, request: Request) -> dict[str, Any]:
        body = await request.body()
        return msgspec.json.decode(body, type=dict[str, Any]) if body else {}

    # ── offers ───────────────────────────────────────────────────────────────────────────────

    def _shown(self, page: Page) -> dict[str, Any]:
        asks = self.market.asks(page)
        if self._columns is None or self._columns[0] is not asks:
            now = self.market.now()
            self._columns = (asks, vast_columns.columns(self.market.world, asks, now))
        return self._columns[1]

    async def search(self, request: Request) -> Response:
        """POST bundles: the search that every client uses."""
        self._pace(request, "search")
        return self._search(await self._body(request))

    async def search_new(self, request: Request) -> Response:
        """PUT search/asks: the same with the query one level down."""
        self._pace(request, "search")
        body = await self._body(request)
        return self._search(body.get("q") or {})

    async def search_get(self, request: Request) -> Response:
        """GET bundles?q=: what old clients send."""
        self._pace(request, "search")
        return self._search(msgspec.json.decode(request.query_params.get("q") or "{}"))

    def _search(self, query: dict[str, Any]) -> Response:
        if self.market.faults.active("quota", "vast"):
            raise Refused("quota", "Daily search quota exceeded.")
        with self.market.open() as page:
            found = search(self._shown(page), query, self.market.settings.row_cap)
            rows = vast_columns.rows(found.columns, found.rows, bid=found.bid)
        if self.market.faults.active("bad-record", "vast") and rows:
            rows[0]["dph_base"] = "free"
        return reply({"offers": rows})

    async def gpu_names(self, request: Request) -> Response:
        """The models that the market knows."""
        return reply({"gpu_names": sorted(self.market.world.gpu_names)})

    # ── renting ──────────────────────────────────────────────────────────────────────────────

    async def create(self, request: Request) -> Response:
        """PUT asks/ID: rent an offer."""
        key = self._key(request)
        self._pace(request, "create")
        return self._create(key, request.path_params["ask"], await self._body(request))

    async def launch(self, request: Request) -> Response:
        """Search and rent in one."""
        key = self._key(request)
        body = await self._body(request)
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
        key = self._key(request)
        self._pace(request, "list")
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
        key = self._key(request)
        with self.market.open() as page:
            rows = [instance_row(self.market, r) for r in self._mine(page, key)]
        names = ("actual_status", "verification", "gpu_name")
        return reply({"filters": [{name: row[name] for name in names} for row in rows]})

    async def instance(self, request: Request) -> Response:
        """GET one instance; null where there is none."""
        key = self._key(request)
        self._pace(request, "show")
        with self.market.open() as page:
            rental = self.market.find(page, key, request.path_params["number"], "vast")
            row = None if rental is None else instance_row(self.market, rental)
        if row is not None:
            row.pop("volume_info")
        return reply({"instances": row})

    async def manage(self, request: Request) -> Response:
        """PUT one instance: start, stop or label it."""
        key = self._key(request)
        self._pace(request, "state")
        body = await self._body(request)
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
        key = self._key(request)
        body = await self._body(request)
        with self.market.open() as page:
            for number in body.get("ids") or []:
                self._change(page, self._find(page, key, int(number)), body)
        return reply({"success": True})

    async def destroy(self, request: Request) -> Response:
        """DELETE one instance."""
        key = self._key(request)
        self._pace(request, "destroy")
        with self.market.open() as page:
            self.market.destroy(self._find(page, key, request.path_params["number"]))
        return reply({"success": True, "msg": "destroying instance"})

    async def destroy_many(self, request: Request) -> Response:
        """DELETE several instances."""
        key = self._key(request)
        body = await self._body(request)
        with self.market.open() as page:
            for number in body.get("instance_ids") or []:
                self.market.destroy(self._find(page, key, int(number)))
        return reply({"success": True})

    async def reboot(self, request: Request) -> Response:
        """PUT reboot or recycle."""
        key = self._key(request)
        with self.market.open() as page:
            self.market.reboot(self._find(page, key, request.path_params["number"]))
        return reply({"success": True})

    async def bid(self, request: Request) -> Response:
        """PUT bid_price: another price; null means what wins now."""
        key = self._key(request)
        self._pace(request, "bid")
        body = await self._body(request)
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
        key = self._key(request)
        body = await self._body(request)
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

    # ── money ────────────────────────────────────────────────────────────────────────────────

    async def user(self, request: Request) -> Response:
        """The account and its money."""
        key = self._key(request)
        with self.market.open() as page:
            balance = self.market.balance_usd(page, key, self.market.now(), "vast")
            return reply(user_row(self.market.account(page, key), balance))

    async def deposit(self, request: Request) -> Response:
        """What is prepaid on one instance: nothing."""
        self._key(request)
        return reply(
            {
                "success": True,
                "refundable_deposit": 0.0,
                "total_discount": 0.0,
                "discount_months": 0,
            }
        )

    async def charges(self, request: Request) -> Response:
        """The itemised bill."""
        key = self._key(request)
        self._pace(request, "charges")
        now = self.market.now()
        params = request.query_params
        wanted = msgspec.json.decode(params.get("select_filters") or "{}")
        day = wanted.get("day") or {}
        since, until = float(day.get("gte") or 0), float(day.get("lte") or now)
        if until >= time.time() - 86400.0:
            until = now  # a client that asks up to its own now means the market's
        with self.market.open() as page:
            lines = [
                charge(self.market, r, since, until)
                for r in page.rentals
                if r.account == key and r.market == "vast" and r.created_at <= until
                and (r.destroyed_at or now) >= since
            ]  # fmt: skip
        return self._page(params, sorted(lines, key=lambda line: float(line["start"])))

    def _page(self, params: Any, lines: list[dict[str, Any]]) -> Response:
        if params.get("latest_first") == "true":
            lines.reverse()
        begin, limit = int(params.get("after_token") or 0), int(params.get("limit") or 20)
        shown = lines[begin : begin + limit]
        more = str(begin + limit) if begin + limit < len(lines) else None
        return reply({"success": True, "count": len(shown), "total": len(lines),
                      "next_token": more, "results": shown})  # fmt: skip

    async def invoices(self, request: Request) -> Response:
        """What was paid in."""
        key = self._key(request)
        self._pace(request, "invoices")
        with self.market.open() as page:
            account = self.market.account(page, key)
        when = int(account.opened_at)
        line = {"start": when, "end": when, "type": "credit",
                "source": "stripe", "description": "Sandbox credit", "amount": -account.credit_usd,
                "metadata": {"invoice_id": account.number}, "items": []}  # fmt: skip
        return self._page(request.query_params, [line])

    async def old_invoices(self, request: Request) -> Response:
        """The deprecated listing: empty."""
        self._key(request)
        return reply({"invoices": [], "current": {}})

    # ── keys and volumes ─────────────────────────────────────────────────────────────────────

    async def ssh_keys(self, request: Request) -> Response:
        """The account's public keys."""
        key = self._key(request)
        with self.market.open() as page:
            account = self.market.account(page, key)
        rows = [
            {"id": int(n), "user_id": account.number, "key": text, "public_key": text,
             "created_at": iso(account.opened_at), "deleted_at": None}
            for n, text in account.ssh_keys.items()
        ]  # fmt: skip
        return reply(rows)

    async def add_ssh_key(self, request: Request) -> Response:
        """Add a public key."""
        key = self._key(request)
        body = await self._body(request)
        with self.market.open() as page:
            account = self.market.account(page, key)
            number = str(len(account.ssh_keys) + 1)
            account.ssh_keys[number] = str(body.get("ssh_key") or "")
        row = {"id": int(number), "user_id": account.number, "public_key": account.ssh_keys[number],
               "created_at": iso(self.market.now())}  # fmt: skip
        return reply({"success": True, "key": row})

    async def drop_ssh_key(self, request: Request) -> Response:
        """Remove a public key."""
        key = self._key(request)
        with self.market.open() as page:
            account = self.market.account(page, key)
            if account.ssh_keys.pop(str(request.path_params["number"]), None) is None:
                raise Refused("invalid_args", "no_ssh_key")
        return reply({"success": True})

    async def volumes(self, request: Request) -> Response:
        """The account's volumes: none are rented here."""
        self._key(request)
        return reply({"volumes": []})
