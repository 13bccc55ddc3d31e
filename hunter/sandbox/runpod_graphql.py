"""RunPod's GraphQL interface on the embedded market, executed by a real GraphQL engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import GraphQLError, build_schema, graphql_sync, parse
from graphql.language import FieldNode, OperationDefinitionNode

from hunter.sandbox.market import Refused
from hunter.sandbox.runpod_pods import graphql_pod, pod_id
from hunter.sandbox.runpod_stock import CLOUDS, Stock, Wish

if TYPE_CHECKING:
    from hunter.sandbox.book import Page
    from hunter.sandbox.market import SandboxMarket
    from hunter.sandbox.rental import Rental

SDL = Path(__file__).with_name("runpod.graphql")
KEYLESS = {"gpuTypes", "dataCenters", "countryCodes", "__schema", "__typename"}
SPOT_FIELDS = ("secureSpotPrice: Float communitySpotPrice: Float ", "minimumBidPrice: Float ")
NOT_FOUND = "pod not found to terminate"


class Graphql:
    """Executes documents for one key at a time."""

    def __init__(self, market: SandboxMarket, stock: Stock) -> None:
        self.market = market
        self.stock = stock
        text = SDL.read_text(encoding="utf-8")
        if market.settings.spot == "gone":
            for field in SPOT_FIELDS:
                text = text.replace(field, "")
        self.schema = build_schema(text)

    def needs_key(self, document: str) -> bool:
        """Whether a document asks for more than the catalogue. What cannot be parsed needs none."""
        try:
            tree = parse(document)
        except GraphQLError:
            return False
        return any(
            selection.name.value not in KEYLESS
            for operation in tree.definitions
            if isinstance(operation, OperationDefinitionNode)
            for selection in operation.selection_set.selections
            if isinstance(selection, FieldNode)
        )

    def execute(self, document: str, variables: dict[str, Any] | None, key: str) -> dict[str, Any]:
        """The reply: data, and errors only where there are some."""
        with self.market.open() as page:
            root = _Root(self, page, key).fields()
            result = graphql_sync(self.schema, document, root, variable_values=variables)
            formatted: dict[str, Any] = {"data": result.data}
            if result.errors:
                formatted["errors"] = [error.formatted for error in result.errors]
            return formatted


class _Root:
    """The resolvers of one request."""

    def __init__(self, owner: Graphql, page: Page, key: str) -> None:
        self.market = owner.market
        self.stock = owner.stock
        self.page = page
        self.key = key

    def fields(self) -> dict[str, Any]:
        """Root fields by name."""
        return {
            "gpuTypes": self.gpu_types,
            "dataCenters": self.data_centers,
            "countryCodes": lambda info: self.stock.countries,
            "myself": lambda info: self.myself(),
            "pod": lambda info, input: self._pod(self._find(input["podId"])),
            "podFindAndDeployOnDemand": lambda info, input: self.deploy(input),
            "podRentInterruptable": lambda info, input: self.deploy(input),
            "podStop": lambda info, input: self.stop(input),
            "podResume": lambda info, input: self.resume(input),
            "podBidResume": lambda info, input: self.resume(input),
            "podTerminate": lambda info, input: self.terminate(input),
            "deployCpuPod": lambda info, input: _fail("CPU pods are not part of the sandbox."),
            "updateUserSettings": lambda info, input: self.settings(input),
            "saveTemplate": lambda info, input: self.template(input),
            "saveRegistryAuth": lambda info, input: self.registry(input["name"]),
            "updateRegistryAuth": lambda info, input: {"id": input["id"], "name": "n"},
            "deleteRegistryAuth": lambda info, registryAuthId: None,
        }

    # ── catalogue ────────────────────────────────────────────────────────────────────────────

    def gpu_types(self, info: Any, input: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        wanted = (input or {}).get("id")
        return [self._gpu(g) for g in self.stock.gpus.values() if wanted in (None, g["id"])]

    def _gpu(self, gpu: dict[str, Any]) -> dict[str, Any]:
        stock = self.stock
        months = gpu["plan_usd_h"]
        return {
            "id": gpu["id"],
            "displayName": gpu["name"],
            "manufacturer": "AMD" if gpu["id"].startswith("AMD") else "Nvidia",
            "memoryInGb": gpu["memory_gb"],
            "cudaCores": 0,
            "maxGpuCount": gpu["max"][0],
            "maxGpuCountSecureCloud": gpu["max"][1],
            "maxGpuCountCommunityCloud": gpu["max"][2],
            "minPodGpuCount": 1,
            "secureCloud": gpu["secure"],
            "communityCloud": gpu["community"],
            "securePrice": gpu["usd_h"][0],
            "communityPrice": gpu["usd_h"][1],
            "secureSpotPrice": stock.spot_usd_h(gpu, "SECURE"),
            "communitySpotPrice": stock.spot_usd_h(gpu, "COMMUNITY"),
            "clusterPrice": gpu["usd_h"][0] * 1.2,
            "oneWeekPrice": None,
            "oneMonthPrice": None,
            "threeMonthPrice": months[0] or None,
            "sixMonthPrice": months[1] or None,
            "nodeGroupDatacenters": [],
            "lowestPrice": lambda info, input=None: self._lowest(gpu, input or {"gpuCount": 1}),
        }

    def _lowest(self, gpu: dict[str, Any], wish: dict[str, Any]) -> dict[str, Any]:
        secure = wish.get("secureCloud")
        clouds = CLOUDS if secure is None else (CLOUDS[0],) if secure else (CLOUDS[1],)
        place = wish.get("dataCenterId") or wish.get("countryCode")
        return self.stock.lowest(gpu, int(wish["gpuCount"]), clouds, place)

    def data_centers(self, info: Any) -> list[dict[str, Any]]:
        return [
            {
                "id": name,
                "name": name,
                "location": place,
                "listed": True,
                "storageSupport": name.endswith("1"),
                "gpuAvailability": lambda info, input=None, name=name: self._available(
                    name, input or {}
                ),
            }
            for name, place, _, _ in self.stock.centers
        ]

    def _available(self, center: str, wish: dict[str, Any]) -> list[dict[str, Any]]:
        count = int(wish.get("gpuCount") or 1)
        found = []
        for gpu in self.stock.gpus.values():
            level = self.stock.level(gpu, count, "SECURE", center)
            found.append({"id": gpu["id"], "gpuTypeId": gpu["id"], "displayName": gpu["name"],
                          "available": level is not None, "stockStatus": level})  # fmt: skip
        return found

    # ── the account ──────────────────────────────────────────────────────────────────────────

    def myself(self) -> dict[str, Any]:
        account = self.market.account(self.page, self.key)
        step = self.market.facts["runpod"]["billing_step_s"]
        billed_until = self.market.now() // step * step
        return {
            "id": f"user_{account.number}",
            "email": "renter@sandbox.invalid",
            "pubKey": account.pub_key,
            "pods": [self._pod(r) for r in self._mine()],
            "networkVolumes": [],
            "clientBalance": self.market.balance_usd(self.page, self.key, billed_until, "runpod"),
            "currentSpendPerHr": self.stock.spend_usd_h(self.page, self.key),
            "spendLimit": self.market.facts["runpod"]["spend_limit_usd_h"],
            "minBalance": 0.0,
            "underBalance": False,
            "notifyPodsStale": False,
            "notifyPodsGeneral": False,
            "notifyLowBalance": False,
            "containerRegistryCreds": [],
            "podTemplates": [],
        }

    def _mine(self) -> list[Rental]:
        if self.market.faults.active("empty-list", "runpod"):
            return []
        return [
            r for r in self.page.rentals
            if r.account == self.key and r.market == "runpod" and r.destroyed_at is None
        ]  # fmt: skip

    def _find(self, identity: str) -> Rental | None:
        return find_pod(self.page, self.key, identity)

    def _pod(self, rental: Rental | None) -> dict[str, Any] | None:
        return None if rental is None else graphql_pod(self.market, self.stock, rental)

    def settings(self, wish: dict[str, Any]) -> dict[str, Any]:
        self.market.account(self.page, self.key).pub_key = wish.get("pubKey") or ""
        return self.myself()

    def template(self, wish: dict[str, Any]) -> dict[str, Any]:
        account = self.market.account(self.page, self.key)
        saved = wish | {"id": pod_id(len(account.extras) + 1, 10)}
        account.extras[saved["id"]] = saved["name"]
        return saved

    def registry(self, name: str) -> dict[str, Any]:
        account = self.market.account(self.page, self.key)
        identity = pod_id(len(account.extras) + 1, 10)
        account.extras[identity] = name
        return {"id": identity, "name": name}

    # ── pods ─────────────────────────────────────────────────────────────────────────────────

    def deploy(self, wish: dict[str, Any]) -> dict[str, Any] | None:
        pairs = wish.get("env") or []
        try:
            rental = self.stock.rent(self.page, self.key, Wish(
                gpu_id=str(wish.get("gpuTypeId") or ""),
                count=int(wish.get("gpuCount") or 1),
                cloud=str(wish.get("cloudType") or "ALL"),
                place=wish.get("dataCenterId") or wish.get("countryCode"),
                image=str(wish.get("imageName") or ""),
                name=str(wish.get("name") or ""),
                disk_gb=float(wish.get("containerDiskInGb") or 10),
                volume_gb=float(wish.get("volumeInGb") or 0),
                env={pair["key"]: pair["value"] for pair in pairs},
                ports=str(wish.get("ports") or ""),
                args=str(wish.get("dockerArgs") or ""),
                bid_per_gpu=wish.get("bidPerGpu"),
            ))  # fmt: skip
        except Refused as error:
            raise _error(str(error)) from error
        return self._pod(rental)

    def stop(self, wish: dict[str, Any]) -> dict[str, Any] | None:
        rental = self._find(wish["podId"])
        if rental is None:
            raise _error("pod not found")
        self.market.stop(rental)
        return self._pod(rental)

    def resume(self, wish: dict[str, Any]) -> dict[str, Any] | None:
        rental = self._find(wish["podId"])
        if rental is None:
            raise _error("pod not found")
        if wish.get("bidPerGpu") is not None:
            rental.bid_usd_h = float(wish["bidPerGpu"]) * rental.gpu_count
            rental.bids.append((self.market.now(), rental.bid_usd_h))
        try:
            started = self.market.start(self.page, rental)
        except Refused as error:
            raise _error(str(error)) from error
        if not started:
            rental.plan.clear()  # RunPod queues no wish
            rental.intended = "stopped"
            raise _error("There are not enough free GPUs on the host machine to start this pod.")
        return self._pod(rental)

    def terminate(self, wish: dict[str, Any]) -> None:
        rental = self._find(wish["podId"])
        if rental is None:
            raise GraphQLError(NOT_FOUND, extensions={"code": "POD_NOT_FOUND"})
        self.market.destroy(rental)


def find_pod(page: Page, key: str, identity: str) -> Rental | None:
    """A pod of an account by its id, while it exists."""
    for rental in page.rentals:
        mine = rental.account == key and rental.market == "runpod"
        if mine and rental.destroyed_at is None and pod_id(rental.number) == identity:
            return rental
    return None


def _error(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "RUNPOD"})


def _fail(message: str) -> Any:
    raise _error(message)


def read_request(body: bytes) -> tuple[str, dict[str, Any] | None]:
    """The document and variables of a POST; msgspec.DecodeError where it is none."""
    request = msgspec.json.decode(body, type=dict[str, Any])
    return str(request.get("query") or ""), request.get("variables")
