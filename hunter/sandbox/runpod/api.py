"""RunPod's doors on the embedded market: who comes in, how fast, and by which path."""

from __future__ import annotations

import asyncio
from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

import msgspec
from graphql import GraphQLError, parse
from starlette.responses import Response
from starlette.routing import Route

from hunter.sandbox.callers import Caller, account_name
from hunter.sandbox.market import SandboxMarket
from hunter.sandbox.runpod.bodies import Problem, reply
from hunter.sandbox.runpod.graphql import (
    CREATES,
    Graphql,
    NeedsAccount,
    NeedsKey,
    read_request,
    root_fields,
)
from hunter.sandbox.runpod.pods import pod_id
from hunter.sandbox.runpod.rest import CatalogPaths, PodPaths
from hunter.sandbox.runpod.rest_account import AccountPaths, BillingPaths
from hunter.sandbox.runpod.rest_presets import RegistryPaths, TemplatePaths
from hunter.sandbox.runpod.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    Handler = Callable[[Request, str], Awaitable[Response]]

WINDOWS = {"minute": (60, 60), "hour": (3000, 3600), "day": (50000, 86400)}
"""Calls in so many seconds: the examples of the vendor's own document; real quotas are not known."""
POD_KEY = "rpa_"
"""What keys begin with, a pod's own among them."""
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class RunpodApi:
    """The routes of both interfaces."""

    def __init__(self, market: SandboxMarket) -> None:
        self.market = market
        self.stock = Stock(market)
        self.graphql = Graphql(market, self.stock)
        self._calls: Counter[tuple[str, str, int]] = Counter()
        self._rest = self._paths()

    def _paths(self) -> list[Route]:
        pods, catalog = PodPaths(self.market, self.stock), CatalogPaths(self.stock)
        templates = TemplatePaths(self.market, self.stock)
        registries = RegistryPaths(self.market, self.stock)
        account, billing = AccountPaths(self.market, self.stock), BillingPaths(self.market)
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/v2/pods", pods.listing),
            ("POST", "/v2/pods", pods.create),
            ("GET", "/v2/pods/{id}", pods.get),
            ("PATCH", "/v2/pods/{id}", pods.change),
            ("DELETE", "/v2/pods/{id}", pods.delete),
            ("POST", "/v2/pods/{id}/action", pods.action),
            ("GET", "/v2/pods/{id}/logs", pods.logs),
            ("GET", "/v2/catalog/gpus", catalog.gpus),
            ("GET", "/v2/catalog/gpus/{id}", catalog.gpu),
            ("GET", "/v2/catalog/cpus", catalog.cpus),
            ("GET", "/v2/catalog/cpus/{id}", catalog.cpu),
            ("GET", "/v2/catalog/templates", templates.catalog),
            ("GET", "/v2/templates", templates.listing),
            ("POST", "/v2/templates", templates.create),
            ("GET", "/v2/templates/{id}", templates.get),
            ("PATCH", "/v2/templates/{id}", templates.change),
            ("DELETE", "/v2/templates/{id}", templates.delete),
            ("GET", "/v2/registries", registries.listing),
            ("POST", "/v2/registries", registries.create),
            ("GET", "/v2/registries/{id}", registries.get),
            ("DELETE", "/v2/registries/{id}", registries.delete),
            ("GET", "/v2/catalog/datacenters", catalog.centers),
            ("GET", "/v2/catalog/datacenters/{id}", catalog.center),
            ("GET", "/v2/billing", billing.all),
            ("GET", "/v2/billing/pods", billing.pods),
            ("GET", "/v2/account/ssh-keys", account.ssh_keys),
            ("PUT", "/v2/account/ssh-keys", account.replace_ssh_keys),
            ("GET", "/v2/network-volumes", account.volumes),
            ("POST", "/v2/network-volumes", account.create_volume),
            ("GET", "/v2/network-volumes/{id}", account.volume),
            ("PATCH", "/v2/network-volumes/{id}", account.change_volume),
            ("DELETE", "/v2/network-volumes/{id}", account.delete_volume),
        ]
        itself = {pods.get, pods.delete, pods.action}
        return [
            Route(path, self._guarded(handler, own=handler in itself), methods=[method])
            for method, path, handler in table
        ]

    def routes(self) -> list[Route]:
        """Every path that is served, and an answer for those that are not."""
        return [
            Route("/graphql", self.answer_graphql, methods=["POST"]),
            *self._rest,
            Route("/v2/{rest:path}", self._guarded(self._unknown), methods=METHODS),
        ]

    def _caller(self, request: Request) -> Caller | None:
        """Who asks; RunPod's accounts are not Vast's. None without a key that opens one."""
        header = request.headers.get("authorization", "")
        key = header.removeprefix("Bearer ").strip() or request.query_params.get("api_key", "")
        if not key or self.market.faults.active("bad-key", "runpod"):
            return None
        own = self.market.rental_of_key(key) if key.startswith(POD_KEY) else None
        return own or Caller(account=account_name(f"runpod/{key}"))

    # ── GraphQL ──────────────────────────────────────────────────────────────────────────────

    async def answer_graphql(self, request: Request) -> Response:
        """POST /graphql: errors at HTTP 200, but for keys and for its own end."""
        if self.market.faults.active("graphql-retired", "runpod"):
            return reply({"error": "GraphQL has been retired. Use https://api.runpod.io/v2."}, 410)
        try:
            document, variables = read_request(await request.body())
        except (ValueError, RecursionError) as error:
            return reply({"errors": [{"message": f"invalid JSON: {error}"}]}, 400)
        if self.market.faults.active("slow-list", "runpod") and "pods" in document:
            await asyncio.sleep(self.market.settings.slow_s)
        try:
            told = self.graphql.execute(document, variables, self._caller(request))
        except NeedsKey:
            return reply({"message": "Unauthorized"}, 401)
        except NeedsAccount:
            return reply({"message": "Forbidden"}, 403)
        if self.market.faults.active("create-lost", "runpod") and _creates(document):
            return Response("Bad Gateway", 502, media_type="text/plain")
        return reply(told)

    # ── REST ─────────────────────────────────────────────────────────────────────────────────

    def _guarded(
        self, handler: Handler, *, own: bool = False
    ) -> Callable[[Request], Awaitable[Response]]:
        """The handler behind its checks; `own` says that a pod may call it about itself."""

        async def answer(request: Request) -> Response:
            pace: dict[str, str] = {}
            try:
                caller = self._caller(request)
                if caller is None:
                    raise Problem(401, "missing bearer token")
                pace = self._pace(caller.account)
                if caller.only is not None and not _may(caller.only, own, request):
                    raise Problem(403, "access denied")
                response = await handler(request, caller.account)
            except Problem as problem:
                response = Response(
                    msgspec.json.encode(problem.document), problem.status, problem.headers,
                    media_type="application/problem+json",
                )  # fmt: skip
            response.headers.update(pace)
            return response

        return answer

    async def _unknown(self, request: Request, key: str) -> Response:
        """A path that is not served, or not by this method."""
        path = request.url.path
        allowed = sorted(
            {m for r in self._rest if r.path_regex.match(path) for m in r.methods or ()}
        )
        if not allowed:
            raise Problem(404, "resource not found")
        problem = Problem(405, "The requested method is not allowed for this path.")
        problem.headers["Allow"] = ", ".join(allowed)
        raise problem

    def _pace(self, key: str) -> dict[str, str]:
        """Rate-limit headers; a refusal where limits are kept and this call is one too many."""
        now = self.market.now()
        left, policy = [], []
        for name, (quota, window_s) in WINDOWS.items():
            window = int(now // window_s)
            self._calls[key, name, window] += 1
            self._calls.pop((key, name, window - 1), None)
            used, wait_s = self._calls[key, name, window], ceil((window + 1) * window_s - now)
            left.append(f'"{name}";r={max(0, quota - used)};t={wait_s}')
            policy.append(f'"{name}";q={quota};w={window_s}')
            if self.market.settings.limits and used > quota:
                problem = Problem(429, f"rate limit exceeded for the {name} window")
                problem.headers["Retry-After"] = str(wait_s)
                raise problem
        return {"RateLimit": ", ".join(left), "RateLimit-Policy": ", ".join(policy)}


def _may(pod: int, own: bool, request: Request) -> bool:
    """Whether a pod's own key may make a request: only about that pod, only to read, run or end it."""
    return own and request.path_params.get("id") == pod_id(pod)


def _creates(document: str) -> bool:
    try:
        return bool(root_fields(parse(document)) & CREATES)
    except GraphQLError:
        return False
