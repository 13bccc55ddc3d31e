"""RunPod's second REST interface on the embedded market: what is behind each path."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from hunter.sandbox.callers import Refused
from hunter.sandbox.runpod.belongings import Belongings
from hunter.sandbox.runpod.bodies import (
    ChangePod,
    CreatePod,
    Problem,
    count_of,
    cursor,
    cursor_of,
    invalid,
    listed,
    moment_of,
    read,
    read_action,
    refusal,
    reply,
)
from hunter.sandbox.runpod.catalog import RestCatalog
from hunter.sandbox.runpod.pods import find_pod, stamp, v2_actions, v2_pod
from hunter.sandbox.runpod.renting import Renting
from hunter.sandbox.runpod.rest_wish import check, wish_of
from hunter.sandbox.runpod.stock import CLOUDS, Needs

if TYPE_CHECKING:
    from starlette.requests import Request

    from hunter.sandbox.book import Page
    from hunter.sandbox.market import SandboxMarket
    from hunter.sandbox.rental import Rental
    from hunter.sandbox.runpod.renting import Wish
    from hunter.sandbox.runpod.stock import Stock

LINES = 100
AVAILABILITY_ONLY = ("product", "count", "cloud", "countryCodes", "cudaVersions", "minCudaVersion")


class PodPaths:
    """/v2/pods."""

    def __init__(self, market: SandboxMarket, stock: Stock) -> None:
        self.market = market
        self.renting = Renting(market, stock)
        self.belongings = Belongings(market, stock)

    def _find(self, page: Page, key: str, request: Request) -> Rental:
        mine = [
            r for r in page.rentals
            if r.account == key and r.market == "runpod" and r.destroyed_at is None
        ]  # fmt: skip
        rental = find_pod(mine, request.path_params["id"])
        if rental is None:
            raise Problem(404, "pod not found")
        return rental

    def _told(self, rental: Rental) -> dict[str, Any]:
        return v2_pod(rental, self.market.now())

    async def listing(self, request: Request, key: str) -> Response:
        """Every pod of the account, or one page of them where the market is set up to page."""
        if self.market.faults.active("slow-list", "runpod"):
            await asyncio.sleep(self.market.settings.slow_s)
        with self.market.open() as page:
            pods = [self._told(r) for r in self.renting.pods(page, key)]
        rows = self.market.settings.page_rows
        if rows is None:
            return reply({"pods": pods})
        begin = cursor_of(request)
        if begin and self.market.faults.active("page-two-fails", "runpod"):
            raise Problem(500, "Something went wrong.")
        more = begin + rows < len(pods)
        turned = {"hasNextPage": more, "nextCursor": cursor(begin + rows) if more else None}
        return reply({"pods": pods[begin : begin + rows], "pagination": turned})

    async def get(self, request: Request, key: str) -> Response:
        """One pod."""
        with self.market.open() as page:
            return reply(self._told(self._find(page, key, request)))

    async def create(self, request: Request, key: str) -> Response:
        """Rent a pod."""
        body = read(await request.body(), CreatePod)
        with self.market.open() as page:
            try:
                rental = self.renting.rent(page, key, self._wish(page, key, body))
            except Refused as error:
                raise refusal(error) from error
            document = self._told(rental)
        if self.market.faults.active("create-lost", "runpod"):
            return Response("Bad Gateway", 502, media_type="text/plain")
        return reply(document, 201)

    def _wish(self, page: Page, key: str, body: CreatePod) -> Wish:
        check(body)
        base = self._template(page, key, body.templateId)
        login = body.registry or base.get("containerRegistryAuthId")
        registry = self._registry(page, key, login)
        return wish_of(body, base, self.belongings.ssh_keys(page, key), registry)

    def _template(self, page: Page, key: str, identity: str | None) -> dict[str, Any]:
        if identity is None:
            return {}
        try:
            return self.belongings.template(page, key, identity)
        except Refused as error:
            raise Problem(404, str(error)) from error

    def _registry(self, page: Page, key: str, identity: str | None) -> str:
        """A registry login that exists, or none."""
        if not identity:
            return ""
        try:
            return self.belongings.registry(page, key, identity)["id"]
        except Refused as error:
            raise refusal(error) from error

    async def change(self, request: Request, key: str) -> Response:
        """Change a pod, in what does not change its price."""
        body = read(await request.body(), ChangePod)
        with self.market.open() as page:
            rental = self._find(page, key, request)
            same_disk = body.disk in (None, round(rental.disk_gb))
            if not same_disk or body.mounts or body.templateId:
                raise Problem(400, "the sandbox never changes a pod's disks and template")
            registry = self._registry(page, key, body.registry)
            ports = None if body.ports is None else ",".join(body.ports)
            try:
                self.renting.edit(
                    rental, image=body.image, args=body.args, env=body.env, ports=ports,
                    entrypoint=body.entrypoint, cmd=body.cmd,
                )  # fmt: skip
            except Refused as error:
                raise refusal(error) from error
            rental.label = body.name or rental.label
            rental.registry = registry or rental.registry
            rental.locked = rental.locked if body.locked is None else body.locked
            return reply(self._told(rental))

    async def delete(self, request: Request, key: str) -> Response:
        """End a pod."""
        with self.market.open() as page:
            self.renting.terminate(self._find(page, key, request))
        return Response(status_code=204)

    async def action(self, request: Request, key: str) -> Response:
        """Start, stop, restart or terminate."""
        action = read_action(await request.body())
        with self.market.open() as page:
            rental = self._find(page, key, request)
            if action not in v2_actions(rental):
                raise Problem(409, f"{action} is not valid for the pod's status")
            if action == "terminate":
                self.renting.terminate(rental)
                return Response(status_code=204)
            try:
                if action == "stop":
                    self.renting.stop(rental)
                elif action == "restart":
                    self.renting.restart(rental)
                else:
                    self.renting.resume(page, rental)
            except Refused as error:
                raise refusal(error) from error
            return reply(self._told(rental))

    async def logs(self, request: Request, key: str) -> Response:
        """What host and container wrote so far, as server-sent events. The sandbox's stream then ends."""
        source = request.query_params.get("source")
        if source not in (None, "container", "system"):
            raise invalid("$.source: value must be one of 'container', 'system'")
        tail = count_of(request, "tail", LINES, least=0)
        if tail > 5000:
            raise invalid("$.tail: must be at most 5000")
        since = moment_of(request, "since")
        with self.market.open() as page:
            rental = self._find(page, key, request)
            events = [e for e in self._events(rental) if source in (None, e[1])]
        if since is not None:
            events = [event for event in events if event[0] > since]
        elif tail < len(events):
            events = events[len(events) - tail :]
        text = "".join(
            f"id: {stamp(at)}/{n:012d}\ndata: "
            + msgspec.json.encode({"ts": stamp(at), "source": who, "line": line}).decode()
            + "\n\n"
            for n, (at, who, line) in enumerate(events, 1)
        )
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return Response(text, 200, headers, media_type="text/event-stream")

    def _events(self, rental: Rental) -> list[tuple[float, str, str]]:
        """Lines with their times and sources, in the order of time."""
        now = self.market.now()
        system = [
            (turn.at, "system", f"{turn.state}: {turn.message}" if turn.message else turn.state)
            for turn in rental.history
        ]
        times = [mark.at for mark in rental.marks if mark.at <= now]
        lines = self.market.logs(rental).splitlines()
        times = [*times[:1], *times]
        times += [now] * (len(lines) - len(times))
        printed = [(at, "container", line) for at, line in zip(times, lines, strict=False)]
        return sorted([*system, *printed], key=lambda event: event[0])


class CatalogPaths:
    """/v2/catalog."""

    def __init__(self, stock: Stock) -> None:
        self.catalog = RestCatalog(stock)

    def _asked(self, request: Request) -> tuple[int, str, list[str], Needs] | None:
        """Whose availability is asked for: width, cloud, countries and versions; None where not at all."""
        params = request.query_params
        if "AVAILABILITY" not in listed(request, "include"):
            wrong = [name for name in AVAILABILITY_ONLY if params.get(name)]
            if wrong:
                raise Problem(400, f"{wrong[0]} is valid only with include=AVAILABILITY")
            return None
        products = listed(request, "product")
        if not products:
            raise Problem(400, "include=AVAILABILITY requires product")
        if not {*products} <= {"POD", "CLUSTER", "SERVERLESS"}:
            raise invalid("$.product: value must be one of 'POD', 'CLUSTER', 'SERVERLESS'")
        cloud = params.get("cloud") or "SECURE"
        if cloud not in CLOUDS:
            raise invalid("$.cloud: value must be one of 'SECURE', 'COMMUNITY'")
        countries, versions = listed(request, "countryCodes"), listed(request, "cudaVersions")
        if any(not re.fullmatch("[A-Z]{2}", code) for code in countries):
            raise invalid("$.countryCodes: must be codes of two capital letters")
        least = params.get("minCudaVersion") or None
        if versions and least:
            raise Problem(400, "cudaVersions and minCudaVersion are mutually exclusive")
        if any(not re.fullmatch(r"\d+\.\d+", v) for v in versions):
            raise invalid("$.cudaVersions: must be major.minor")
        if least and not re.fullmatch(r"\d+(\.\d+)?", least):
            raise invalid("$.minCudaVersion: must be major or major.minor")
        needs = Needs(cuda_any_of=tuple(versions), cuda_at_least=least)
        return count_of(request, "count", 1), cloud, countries, needs

    async def gpus(self, request: Request, key: str) -> Response:
        """Models; with countries, only those that have stock there."""
        asked = self._asked(request)
        found = []
        for gpu in self.catalog.gpus():
            document = self.catalog.gpu(gpu)
            if asked is not None:
                document |= self.catalog.availability(gpu, *asked)
                if asked[2] and document["availability"] == "NONE":
                    continue
            found.append(document)
        return reply({"gpus": found})

    async def gpu(self, request: Request, key: str) -> Response:
        """One model."""
        asked = self._asked(request)
        gpu = next(
            (g for g in self.catalog.gpus() if g["id"] == request.path_params["id"]), None
        )  # fmt: skip
        if gpu is None:
            raise Problem(404, "gpu type not found")
        document = self.catalog.gpu(gpu)
        if asked is not None:
            document |= self.catalog.availability(gpu, *asked)
        return reply(document)

    def _cpus(self, request: Request) -> list[dict[str, Any]]:
        """CPU flavours; none is ever in stock, as the sandbox rents out no pod without a GPU."""
        params, products = request.query_params, listed(request, "product")
        available = "AVAILABILITY" in listed(request, "include")
        wrong = [name for name in ("product", "vcpuCount") if params.get(name) and not available]
        if wrong:
            raise Problem(400, f"{wrong[0]} is valid only with include=AVAILABILITY")
        if available and not products:
            raise Problem(400, "include=AVAILABILITY requires product")
        if not {*products} <= {"POD", "SERVERLESS"}:
            raise invalid("$.product: value must be one of 'POD', 'SERVERLESS'")
        count = count_of(request, "vcpuCount", 2, least=2)
        if count & (count - 1):
            raise invalid("$.vcpuCount: must be a power of two")
        stock = {"availability": "NONE"} if available else {}
        return [document | stock for document in self.catalog.cpus()]

    async def cpus(self, request: Request, key: str) -> Response:
        """CPU flavours with their prices."""
        return reply({"cpus": self._cpus(request)})

    async def cpu(self, request: Request, key: str) -> Response:
        """One CPU flavour."""
        for document in self._cpus(request):
            if document["id"] == request.path_params["id"]:
                return reply(document)
        raise Problem(404, "cpu type not found")

    def _centers(self, request: Request) -> list[dict[str, Any]]:
        include = listed(request, "include")
        if not {*include} <= {"GPU_AVAILABILITY", "CPU_AVAILABILITY"}:
            raise invalid("$.include: value must be one of 'GPU_AVAILABILITY', 'CPU_AVAILABILITY'")
        found = self.catalog.centers()
        if "GPU_AVAILABILITY" in include:
            for document in found:
                gpus = self.catalog.center_gpus(document["id"])
                document |= {"gpuAvailability": gpus} if gpus else {}
        return found

    async def centers(self, request: Request, key: str) -> Response:
        """Data centres that have all of what is asked for."""
        regions, tiers = listed(request, "regions"), {*listed(request, "networkVolumeTypes")}
        wants = {"true": True, "false": False, None: None}.get(
            request.query_params.get("globalNetwork")
        )
        return reply({"dataCenters": [
            c for c in self._centers(request)
            if (not regions or c["region"] in regions)
            and tiers <= {*c["networkVolumeTypes"]}
            and {*listed(request, "compliance")} <= {*c["compliance"]}
            and wants in (None, c["globalNetwork"])
        ]})  # fmt: skip

    async def center(self, request: Request, key: str) -> Response:
        """One data centre."""
        for document in self._centers(request):
            if document["id"] == request.path_params["id"]:
                return reply(document)
        raise Problem(404, "data center not found")
