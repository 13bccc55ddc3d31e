"""The wire between a Hunter and the embedded market, with all that can go wrong on it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import random

    from bench.chaos.plans import Kind
    from bench.chaos.processes import Life
    from bench.chaos.world import World

HTML = b"<!doctype html><html><head><title>Just a moment...</title></head><body>Please wait.</body></html>"
NEVER_S = 1e5
GRAPHQL: tuple[tuple[str, Kind], ...] = (
    ("podFindAndDeployOnDemand(", "create"), ("podRentInterruptable(", "create"), ("podTerminate", "destroy"),
    ("myself", "list"), ("query Pod(", "show"),
)  # fmt: skip


class Wire(httpx.AsyncBaseTransport):
    """What carries one process's requests."""

    def __init__(self, world: World, life: Life, dice: random.Random) -> None:
        self.world = world
        self.life = life
        self.dice = dice

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request there and its answer back."""
        body = await request.aread()
        kind, target = sort_of(request, body)
        self.life.event()
        self.world.sent(self.life, kind, target, body)
        await asyncio.sleep(self.dice.uniform(0.02, 0.3))
        response = await self._carried(request, kind, target)
        self.life.event()
        return response

    async def _carried(self, request: httpx.Request, kind: Kind, target: str) -> httpx.Response:
        fault = self.world.fault(kind, self.dice)
        early = await self._before(fault, request)
        if early is not None:
            return early
        if kind == "create":
            return await self._create(fault, request)
        response = await self._reach(request)
        if fault == "one-null":
            null = (
                {"instances": None} if "instances" in str(request.url) else {"data": {"pod": None}}
            )
            return httpx.Response(200, json=null, headers=response.headers_kept, request=request)
        return await self._after(fault, response, request)

    async def _create(self, fault: str, request: httpx.Request) -> httpx.Response:
        world = self.world
        if world.plan.has("create-late"):
            world.later(self.dice.uniform(20, 90), self._reach(request))
            await asyncio.sleep(NEVER_S)
        known = world.numbers()
        response = await self._reach(request)
        if world.plan.has("create-duplicated"):
            await self._reach(request)
        if world.plan.has("create-listed-late"):
            lost = fault.endswith("-after")
            world.hide(known, self.dice.uniform(20, 90) if lost else self.dice.uniform(5, 25))
        return await self._after(fault, response, request)

    async def _before(self, fault: str, request: httpx.Request) -> httpx.Response | None:
        """What happens to a request that never gets there; None where it does."""
        match fault:
            case "timeout-before":
                await asyncio.sleep(NEVER_S)
            case "reset-before":
                raise httpx.ConnectError("connection refused", request=request)
            case "429":
                return httpx.Response(429, text="API requests too frequent", request=request)
            case "429-retry-after":
                asked = {"Retry-After": str(self.dice.randint(1, 90))}
                return httpx.Response(429, text="slow down", headers=asked, request=request)
            case "5xx-before" | "reads-fail":
                return httpx.Response(
                    self.dice.choice((500, 502, 503, 504)), text="oops", request=request
                )
            case "html":
                return httpx.Response(200, content=HTML, request=request)
            case "slow":
                await asyncio.sleep(self.dice.uniform(3, 14))
        return None

    async def _after(self, fault: str, response: Answer, request: httpx.Request) -> httpx.Response:
        """What happens to an answer on its way back."""
        kept = response.headers_kept
        match fault:
            case "timeout-after":
                await asyncio.sleep(NEVER_S)
            case "reset-after":
                raise httpx.ReadError("connection reset by peer", request=request)
            case "429-after":
                return httpx.Response(429, text="API requests too frequent", request=request)
            case "5xx-after":
                return httpx.Response(
                    self.dice.choice((500, 502, 504)), text="oops", request=request
                )
            case "html-after":
                return httpx.Response(200, content=HTML, request=request)
            case "truncated":
                cut = response.body[: len(response.body) // 2]
                return httpx.Response(response.status, content=cut, headers=kept, request=request)
            case "empty":
                return httpx.Response(response.status, content=b"", headers=kept, request=request)
        return httpx.Response(response.status, content=response.body, headers=kept, request=request)

    async def _reach(self, request: httpx.Request) -> Answer:
        """The market's own answer."""
        fresh = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.content
        )
        response = await self.world.direct.handle_async_request(fresh)
        return Answer(response.status_code, await response.aread(), response.headers)


class Answer:
    """A whole answer; that it comes from an embedded market is left out, so that all is as with a real one."""

    def __init__(self, status: int, body: bytes, headers: httpx.Headers) -> None:
        self.status = status
        self.body = body
        self.headers_kept = {
            name: value for name, value in headers.items()
            if name not in ("x-hunter-sandbox", "content-length")
        }  # fmt: skip


def sort_of(request: httpx.Request, body: bytes) -> tuple[Kind, str]:
    """What a request is for, and the instance that it names."""
    method, path = request.method, request.url.path
    if path == "/graphql":
        said = json.loads(body)
        pod = (said.get("variables") or {}).get("input") or {}
        for text, kind in GRAPHQL:
            if text in said["query"]:
                return kind, str(pod.get("podId", ""))
        return "search", ""
    parts = [part for part in path.split("/") if part]
    last = parts[-1]
    match parts:
        case ["api", "v0", "asks", _]:
            return "create", ""
        case ["api", "v0", "bundles"]:
            return "search", ""
        case ["api", "v1", "instances"] | ["v2", "pods"]:
            return ("create" if method == "POST" else "list"), ""
        case ["api", "v0", "instances", _]:
            return {"GET": "show", "DELETE": "destroy"}.get(method, "other"), last  # type: ignore[return-value]
        case ["v2", "pods", pod, "action"]:
            return ("destroy" if b"terminate" in body else "other"), pod
        case ["v2", "pods", pod, "logs"]:
            return "log", pod
        case ["v2", "pods", pod]:
            return "show", pod
        case ["api", "v0", "charges"] | ["v2", "billing", "pods"]:
            return "bill", ""
        case _:
            return ("log" if "logs" in path else "other"), last
