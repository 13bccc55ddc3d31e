"""RunPod's HTTP interfaces on the embedded market: GraphQL, and the second REST interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from hunter.sandbox.market import Refused, SandboxMarket, account_name
from hunter.sandbox.runpod_billing import Problem, RunpodBilling, reply
from hunter.sandbox.runpod_graphql import Graphql, find_pod, read_request
from hunter.sandbox.runpod_pods import v2_pod
from hunter.sandbox.runpod_stock import CLOUDS, Stock, Wish

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from hunter.sandbox.book import Page
    from hunter.sandbox.rental import Rental

LEVELS = {None: "NONE", "Low": "LOW", "Medium": "MEDIUM", "High": "HIGH"}
WINDOWS = {"minute": (60, 60.0), "hour": (3000, 3600.0), "day": (50000, 86400.0)}
"""Calls in a window of seconds: the examples of the vendor's own document."""
STATUS_OF = {"capacity": 400, "image": 400, "balance": 402, "limit": 400}


class RunpodApi(RunpodBilling):
    """The routes of both interfaces."""

    def __init__(self, market: SandboxMarket) -> None:
        super().__init__(market)
        self.stock = Stock(market)
        self.graphql = Graphql(market, self.stock)
        self._calls: dict[str, list[float]] = {}

    def routes(self) -> list[Route]:
        """Every path that is served."""
        table: list[tuple[str, str, Callable[[Request, str], Awaitable[Response]]]] = [
            ("GET", "/v2/pods", self.pods),
            ("POST", "/v2/pods", self.create),
            ("GET", "/v2/pods/{id}", self.pod),
            ("DELETE", "/v2/pods/{id}", self.delete),
            ("POST", "/v2/pods/{id}/action", self.action),
            ("GET", "/v2/pods/{id}/logs", self.logs),
            ("GET", "/v2/catalog/gpus", self.gpus),
            ("GET", "/v2/catalog/gpus/{id:path}", self.gpu),
            ("GET", "/v2/catalog/datacenters", self.centers),
            ("GET", "/v2/billing", self.billing),
            ("GET", "/v2/billing/pods", self.pod_billing),
            ("GET", "/v2/account/ssh-keys", self.ssh_keys),
        ]
        found = [Route("/graphql", self.answer_graphql, methods=["POST"])]
        for method, path, handler in table:
            found.append(Route(path, self._guarded(handler), methods=[method]))
        return found

    # ── doors ────────────────────────────────────────────────────────────────────────────────

    def _key(self, request: Request) -> str:
        header = request.headers.get("authorization", "")
        key = header.removeprefix("Bearer ").strip() or request.query_params.get("api_key", "")
        refused = not key or self.market.faults.active("bad-key", "runpod")
        return "" if refused else account_name(key)

    async def answer_graphql(self, request: Request) -> Response:
        """POST /graphql: errors at HTTP 200, but for keys and for its own end."""
        if self.market.faults.active("graphql-retired", "runpod"):
            return reply({"error": "GraphQL has been retired. Use https://api.runpod.io/v2."}, 410)
        key = self._key(request)
        try:
            document, variables = read_request(await request.body())
        except msgspec.DecodeError as error:
            return reply({"errors": [{"message": f"invalid JSON: {error}"}]}, 400)
        if not key and self.graphql.needs_key(document):
            return reply({"message": "Unauthorized"}, 401)
        result = self.graphql.execute(document, variables, key)
        if self.market.faults.active("create-lost", "runpod") and "Deploy" in document:
            return Response("Bad Gateway", 502, media_type="text/plain")
        return reply(result)

    def _guarded(
        self, handler: Callable[[Request, str], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                key = self._key(request)
                if not key:
                    raise Problem(401, "missing bearer token")
                headers = self._pace(key)
                response = await handler(request, key)
                response.headers.update(headers)
                return response
            except Problem as problem:
                extra = {"Retry-After": "12"} if problem.status == 429 else {}
                body = msgspec.json.encode(problem.document)
                return Response(body, problem.status, extra, media_type="application/problem+json")

        return answer

    def _pace(self, key: str) -> dict[str, str]:
        """Rate-limit headers; a refusal where limits are kept and this call is one too many."""
        now = self.market.now()
        calls = [at for at in self._calls.get(key, []) if at > now - 86400.0]
        left = []
        for name, (quota, window) in WINDOWS.items():
            used = sum(at > now - window for at in calls)
            if self.market.settings.limits and used >= quota:
                raise Problem(429, f"rate limit exceeded for the {name} window")
            left.append(f'"{name}";r={max(0, quota - used - 1)};t={window - now % window:.0f}')
        self._calls[key] = [*calls[-WINDOWS["day"][0] :], now]
        policy = ", ".join(f'"{n}";q={q};w={w:.0f}' for n, (q, w) in WINDOWS.items())
        return {"RateLimit": ", ".join(left), "RateLimit-Policy": policy}

    # ── pods ─────────────────────────────────────────────────────────────────────────────────

    def _find(self, page: Page, key: str, request: Request) -> Rental:
        rental = find_pod(page, key, request.path_params["id"])
        if rental is None:
            raise Problem(404, "pod not found")
        return rental

    async def pods(self, request: Request, key: str) -> Response:
        """Every pod of the account."""
        with self.market.open() as page:
            hidden = self.market.faults.active("empty-list", "runpod")
            mine = [
                v2_pod(self.market, r) for r in page.rentals
                if r.account == key and r.market == "runpod" and r.destroyed_at is None and not hidden
            ]  # fmt: skip
        return reply({"pods": mine})

    async def pod(self, request: Request, key: str) -> Response:
        """One pod."""
        with self.market.open() as page:
            return reply(v2_pod(self.market, self._find(page, key, request)))

    async def create(self, request: Request, key: str) -> Response:
        """Rent a pod."""
        try:
            body = msgspec.json.decode(await request.body(), type=dict[str, Any])
            wish = _wish(body)
        except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            raise Problem(422, "Request validation failed.", errors=[str(error)]) from error
        with self.market.open() as page:
            try:
                rental = self.stock.rent(page, key, wish)
            except Refused as error:
                raise Problem(STATUS_OF.get(error.code, 400), str(error)) from error
            document = v2_pod(self.market, rental)
        if self.market.faults.active("create-lost", "runpod"):
            return Response("Bad Gateway", 502, media_type="text/plain")
        return reply(document, 201)

    async def delete(self, request: Request, key: str) -> Response:
        """End a pod."""
        with self.market.open() as page:
            self.market.destroy(self._find(page, key, request))
        return Response(status_code=204)

    async def action(self, request: Request, key: str) -> Response:
        """Start, stop, restart or terminate."""
        body = msgspec.json.decode(await request.body(), type=dict[str, Any])
        action = body.get("action")
        if action not in ("start", "stop", "restart", "terminate"):
            text = "$.action: value must be one of 'start', 'stop', 'restart', 'terminate'"
            raise Problem(422, "Request validation failed.", errors=[text])
        with self.market.open() as page:
            rental = self._find(page, key, request)
            if action not in v2_pod(self.market, rental)["actions"]:
                raise Problem(409, f"{action} is not valid in this status")
            if action == "terminate":
                self.market.destroy(rental)
                return Response(status_code=204)
            if action == "stop":
                self.market.stop(rental)
            elif action == "restart":
                self.market.reboot(rental)
            elif not self.market.start(page, rental):
                raise Problem(
                    400, "There are not enough free GPUs on the host machine to start this pod."
                )
            return reply(v2_pod(self.market, rental))

    async def logs(self, request: Request, key: str) -> Response:
        """What the container printed, as server-sent events."""
        with self.market.open() as page:
            rental = self._find(page, key, request)
            lines = self.market.logs(rental).splitlines()
        events = "".join(
            f"data: {msgspec.json.encode({'source': 'container', 'line': line}).decode()}\n\n"
            for line in lines
        )
        return Response(events, media_type="text/event-stream")

    # ── catalogue ────────────────────────────────────────────────────────────────────────────

    def _gpu(self, gpu: dict[str, Any], request: Request) -> dict[str, Any]:
        params = request.query_params
        document: dict[str, Any] = {
            "id": gpu["id"],
            "name": gpu["name"],
            "pool": None,
            "manufacturer": "AMD" if gpu["id"].startswith("AMD") else "NVIDIA",
            "memory": gpu["memory_gb"],
            "secure": gpu["secure"],
            "community": gpu["community"],
            "price": {"secure": gpu["usd_h"][0], "community": gpu["usd_h"][1]},
            "maxCount": {"secure": gpu["max"][1], "community": gpu["max"][2]},
        }
        if params.get("include") == "AVAILABILITY":
            count = int(params.get("count") or 1)
            cloud = params.get("cloud") or "SECURE"
            document["availability"] = LEVELS[self.stock.best(gpu, count, cloud, None)[0]]
            document["dataCenters"] = [
                {"id": name, "name": name,
                 "availability": LEVELS[self.stock.level(gpu, count, "SECURE", name)]}
                for name, *_ in self.stock.centers
                if cloud == "SECURE" and self.stock.level(gpu, count, "SECURE", name)
            ]  # fmt: skip
        return document

    async def gpus(self, request: Request, key: str) -> Response:
        """GPU models, with stock where it is asked for."""
        params = request.query_params
        wants = params.get("include") == "AVAILABILITY"
        if wants and not params.get("product"):
            raise Problem(400, "include=AVAILABILITY needs product")
        if not wants and (params.get("count") or params.get("cloud")):
            raise Problem(400, "count and cloud need include=AVAILABILITY")
        if params.get("cloud") not in (None, *CLOUDS):
            raise Problem(400, "cloud must be SECURE or COMMUNITY")
        sold = [gpu for gpu in self.stock.gpus.values() if gpu["id"] != "unknown"]
        return reply({"gpus": [self._gpu(gpu, request) for gpu in sold]})

    async def gpu(self, request: Request, key: str) -> Response:
        """One GPU model."""
        gpu = self.stock.gpus.get(request.path_params["id"])
        if gpu is None:
            raise Problem(404, "gpu type not found")
        return reply(self._gpu(gpu, request))

    async def centers(self, request: Request, key: str) -> Response:
        """Data centres."""
        with_stock = request.query_params.get("include") == "GPU_AVAILABILITY"
        found = []
        for name, place, _, region in self.stock.centers:
            document: dict[str, Any] = {
                "id": name, "name": f"{place} {name}", "region": region, "globalNetwork": True,
                "networkVolumeTypes": ["STANDARD"] if name.endswith("1") else [], "compliance": [],
            }  # fmt: skip
            if with_stock:
                document["gpuAvailability"] = [
                    {"id": g["id"], "name": g["name"],
                     "availability": LEVELS[self.stock.level(g, 1, "SECURE", name)]}
                    for g in self.stock.gpus.values()
                ]  # fmt: skip
            found.append(document)
        return reply({"dataCenters": found})


def _wish(body: dict[str, Any]) -> Wish:
    gpu = body["gpu"]
    persistent = (body.get("mounts") or {}).get("persistent") or {}
    centers = body.get("dataCenterIds") or [None]
    return Wish(
        gpu_id=str(gpu["id"]),
        count=int(gpu.get("count") or 1),
        cloud=str(body.get("cloud") or "ALL"),
        place=centers[0],
        image=str(body["image"]),
        name=str(body["name"]),
        disk_gb=float(body.get("disk") or 50),
        volume_gb=float(persistent.get("size") or 0),
        env={str(k): str(v) for k, v in (body.get("env") or {}).items()},
        ports=",".join(body.get("ports") or []),
        args=str(body.get("args") or ""),
    )
