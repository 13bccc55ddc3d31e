"""RunPod's GraphQL interface on the embedded market, executed by a real GraphQL engine."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import (
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from graphql.validation import NoSchemaIntrospectionCustomRule, specified_rules

from hunter.sandbox.callers import Refused
from hunter.sandbox.runpod.belongings import Belongings
from hunter.sandbox.runpod.catalog import GraphqlCatalog, needs_of
from hunter.sandbox.runpod.money import Money
from hunter.sandbox.runpod.pods import find_pod, graphql_pod
from hunter.sandbox.runpod.renting import Renting, Wish
from hunter.sandbox.runpod.stock import CLOUDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hunter.sandbox.book import Page
    from hunter.sandbox.callers import Caller
    from hunter.sandbox.market import SandboxMarket
    from hunter.sandbox.rental import Rental, Volume
    from hunter.sandbox.runpod.stock import Stock

SDL = Path(__file__).with_name("schema.graphql")
KEYLESS = {
    "gpuTypes",
    "dataCenters",
    "countryCodes",
    "cpuFlavors",
    "serverlessGpuPools",
    "__typename",
}
OF_A_POD = {"pod", "podStop", "podResume", "podTerminate"}
"""What a pod may ask with its own key, about itself."""
CREATES = {"podFindAndDeployOnDemand", "podRentInterruptable"}
SPOT = {"secureSpotPrice", "communitySpotPrice", "minimumBidPrice", "podRentInterruptable",
        "podBidResume", "lowestBidPriceToResume"}  # fmt: skip
"""Fields that a service without a spot market no longer has."""
RULES = [*specified_rules, NoSchemaIntrospectionCustomRule]
DISK_GB = 10.0
"""Of a container, where a create says nothing."""


@cache
def _schema(*, spot_gone: bool) -> GraphQLSchema:
    schema = build_schema(SDL.read_text(encoding="utf-8"))
    if spot_gone:
        _forget(schema, SPOT)
    return schema


@lru_cache(maxsize=64)
def _read(document: str, *, spot_gone: bool) -> tuple[DocumentNode, list[GraphQLError]]:
    """A document, and what the schema has against it: callers send the same few again and again."""
    tree = parse(document)
    return tree, validate(_schema(spot_gone=spot_gone), tree, RULES)


class Graphql:
    """Executes documents, one key's at a time."""

    def __init__(self, market: SandboxMarket, stock: Stock) -> None:
        self.market = market
        self.stock = stock
        self.renting = Renting(market, stock)
        self.belongings = Belongings(market, stock)
        self.spot_gone = market.settings.spot == "gone"
        self.schema = _schema(spot_gone=self.spot_gone)

    def execute(
        self, document: str, variables: dict[str, Any] | None, caller: Caller | None
    ) -> dict[str, Any]:
        """The reply: data, and errors only where there are some.

        NeedsKey where a key is wanting, NeedsAccount where a pod's own key does not do.
        """
        try:
            tree, faults = _read(document, spot_gone=self.spot_gone)
        except GraphQLError as error:
            return {"errors": [error.formatted]}
        roots = root_fields(tree)
        if caller is None and not roots <= KEYLESS:
            raise NeedsKey
        only = None if caller is None else caller.only
        if only is not None and not roots <= KEYLESS | OF_A_POD:
            raise NeedsAccount
        key = "" if caller is None else caller.account
        if faults:
            return {"errors": [error.formatted for error in faults]}
        with self.market.open() as page:
            root = {
                **GraphqlCatalog(self.stock).fields(),
                **_AccountFields(self, page, key).fields(),
                **_PodFields(self, page, key, only).fields(),
            }
            result = execute_sync(self.schema, tree, root, variable_values=variables)
        reply: dict[str, Any] = {"data": result.data}
        errors = [error.formatted for error in result.errors or ()]
        if self.market.faults.active("partial-errors", "runpod"):
            errors.append(GraphQLError("Something went wrong. Please try again later.").formatted)
        return reply | ({"errors": errors} if errors else {})


class NeedsKey(Exception):
    """The document asks for more than the catalogue."""


class NeedsAccount(Exception):
    """The document asks for more than a pod may know and do about itself."""


def root_fields(tree: DocumentNode) -> set[str]:
    """The names of the fields that a document's operations begin with."""
    fragments = {d.name.value: d for d in tree.definitions if isinstance(d, FragmentDefinitionNode)}

    def names(selections: SelectionSetNode, inside: frozenset[str]) -> Iterator[str]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield node.name.value
            elif isinstance(node, InlineFragmentNode):
                yield from names(node.selection_set, inside)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in inside:
                spread = fragments.get(node.name.value)
                if spread is not None:
                    yield from names(spread.selection_set, inside | {node.name.value})

    return {
        name
        for operation in tree.definitions
        if isinstance(operation, OperationDefinitionNode)
        for name in names(operation.selection_set, frozenset())
    }


def _forget(schema: GraphQLSchema, names: set[str]) -> None:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for name in names & kind.fields.keys():
                del kind.fields[name]


def read_request(body: bytes) -> tuple[str, dict[str, Any] | None]:
    """The document and variables of a POST; ValueError where it is none."""
    request = msgspec.json.decode(body, type=dict[str, Any])
    variables = request.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise ValueError("variables must be an object")
    return str(request.get("query") or ""), variables


def _told(verb: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    """A resolver of one input, the market's refusals as GraphQL's errors."""

    def resolve(_: Any, input: dict[str, Any] | None = None) -> Any:
        try:
            return verb(input or {})
        except Refused as error:
            code = "POD_NOT_FOUND" if error.code == "pod" else "RUNPOD"
            raise GraphQLError(str(error), extensions={"code": code}) from error

    return resolve


def _refuses(message: str) -> Callable[..., Any]:
    def refuse(_: dict[str, Any]) -> Any:
        raise Refused("absent", message)

    return _told(refuse)


class _AccountFields:
    """The resolvers of what an account has beside pods, for one request."""

    def __init__(self, owner: Graphql, page: Page, key: str) -> None:
        self.market = owner.market
        self.renting = owner.renting
        self.belongings = owner.belongings
        self.stock = owner.stock
        self.page = page
        self.key = key

    def fields(self) -> dict[str, Any]:
        """Root fields by name."""
        own, page, key = self.belongings, self.page, self.key
        return {
            "myself": lambda _: self.myself(),
            "updateUserSettings": _told(self.settings),
            "saveTemplate": _told(lambda wish: own.save_template(page, key, wish)),
            "deleteTemplate": lambda _, templateName=None: _told(self.delete_template)(
                None, {"name": templateName}
            ),
            "saveRegistryAuth": _told(lambda wish: own.save_registry(page, key, wish["name"])),
            "updateRegistryAuth": _told(lambda wish: own.registry(page, key, wish["id"])),
            "deleteRegistryAuth": lambda _, registryAuthId: _told(self.delete_registry)(
                None, {"id": registryAuthId}
            ),
            "createNetworkVolume": _told(self.create_volume),
            "deleteNetworkVolume": _told(self.delete_volume),
            "saveEndpoint": _refuses("Serverless endpoints are not part of the sandbox."),
            "updateEndpointTemplate": _refuses("Serverless endpoints are not part of the sandbox."),
            "createCluster": _refuses("Insufficient resources"),
            "deleteCluster": _refuses("Cluster not found"),
        }

    def myself(self) -> dict[str, Any]:
        market, page, key = self.market, self.page, self.key
        facts, account = market.facts["runpod"], market.accounts.of(page, key)
        booked = market.now() // facts["billing_step_s"] * facts["billing_step_s"]
        balance = market.accounts.balance_usd(page, key, booked)
        spend, money = self.renting.spend(page, key), Money(market, page, key)
        own, now = self.belongings, market.now()
        return {
            "id": f"user_{account.number}",
            "email": "renter@sandbox.invalid",
            "pubKey": account.pub_key,
            "pods": [graphql_pod(self.stock, r, now) for r in self.renting.pods(page, key)],
            "networkVolumes": [self._volume(v) for v in own.volumes(page, key)],
            "podTemplates": list(own.templates(page, key).values()),
            "endpoints": [],
            "containerRegistryCreds": [
                {"id": i, "name": name} for i, name in own.registries(page, key).items()
            ],
            "clientBalance": balance,
            "currentSpendPerHr": spend.total,
            "spendDetails": {
                "gpuComputePerHour": spend.gpu,
                "localStoragePerHour": spend.disk,
                "networkStoragePerHour": spend.network,
            },
            "spendLimit": facts["spend_limit_usd_h"],
            "minBalance": 0.0,
            "underBalance": balance <= 0,
            "notifyPodsStale": False,
            "notifyPodsGeneral": False,
            "notifyLowBalance": False,
            "dailyCharges": lambda _: money.daily_charges(),
            "billing": lambda _, input: money.billing(input.get("granularity") or "DAILY"),
        }

    @staticmethod
    def _volume(volume: Volume) -> dict[str, Any]:
        center = {"id": volume.center, "name": volume.center}
        return {"id": volume.volume_id, "name": volume.name, "size": volume.size_gb,
                "dataCenterId": volume.center, "dataCenter": center}  # fmt: skip

    def settings(self, wish: dict[str, Any]) -> dict[str, Any]:
        self.market.accounts.of(self.page, self.key).pub_key = wish.get("pubKey") or ""
        return self.myself()

    def delete_template(self, wish: dict[str, Any]) -> None:
        """Forget the template of a name."""
        for identity, template in self.belongings.templates(self.page, self.key).items():
            if template.get("name") == wish["name"]:
                return self.belongings.delete_template(self.page, self.key, identity)
        raise Refused("template", f"Template {wish['name']} not found.")

    def delete_registry(self, wish: dict[str, Any]) -> None:
        self.belongings.delete_registry(self.page, self.key, wish["id"])

    def create_volume(self, wish: dict[str, Any]) -> dict[str, Any]:
        volume = self.belongings.create_volume(
            self.page,
            self.key,
            name=wish["name"],
            size_gb=wish["size"],
            center=wish["dataCenterId"],
        )
        return self._volume(volume)

    def delete_volume(self, wish: dict[str, Any]) -> None:
        volume = self.belongings.volume(self.page, self.key, wish["id"])
        if volume is None:
            raise Refused("volume", "Tried to delete nonexistent network volume")
        self.belongings.delete_volume(self.page, volume)


class _PodFields:
    """The resolvers of pods, for one request."""

    def __init__(self, owner: Graphql, page: Page, key: str, only: int | None) -> None:
        self.market = owner.market
        self.stock = owner.stock
        self.renting = owner.renting
        self.belongings = owner.belongings
        self.page = page
        self.key = key
        self.only = only

    def fields(self) -> dict[str, Any]:
        """Root fields by name."""
        return {
            "pod": _told(self.pod),
            "podFindAndDeployOnDemand": _told(self.deploy),
            "podRentInterruptable": _told(self.deploy),
            "podStop": _told(self.stop),
            "podResume": _told(self.resume),
            "podBidResume": _told(self.resume),
            "podTerminate": _told(self.terminate),
            "podEditJob": _told(self.edit),
            "deployCpuPod": _refuses("CPU pods are not part of the sandbox."),
        }

    def _find(self, identity: str, why: str = "pod not found") -> Rental:
        rental = find_pod(self._all(), identity)
        if rental is None:
            raise Refused("pod", why)
        return rental

    def _all(self) -> list[Rental]:
        """Pods by id are found also while their listing comes up empty."""
        return [
            r for r in self.page.rentals
            if r.account == self.key and r.market == "runpod" and r.destroyed_at is None
            and self.only in (None, r.number)
        ]  # fmt: skip

    def _told_of(self, rental: Rental) -> dict[str, Any]:
        return graphql_pod(self.stock, rental, self.market.now(), created=True)

    def pod(self, wish: dict[str, Any]) -> dict[str, Any] | None:
        rental = find_pod(self._all(), wish.get("podId") or "")
        return None if rental is None else graphql_pod(self.stock, rental, self.market.now())

    def deploy(self, wish: dict[str, Any]) -> dict[str, Any]:
        if wish.get("templateId"):
            known = self.belongings.template(self.page, self.key, wish["templateId"])
            wish = known | {name: value for name, value in wish.items() if value}
        env = {pair["key"]: pair["value"] for pair in wish.get("env") or ()}
        keys = self.belongings.ssh_keys(self.page, self.key)
        if wish.get("startSsh") and keys:
            env.setdefault("PUBLIC_KEY", "\n".join(keys))
        cloud = wish.get("cloudType") or "ALL"
        rental = self.renting.rent(self.page, self.key, Wish(
            gpu_ids=tuple(filter(None, [wish.get("gpuTypeId"), *(wish.get("gpuTypeIdList") or ())])),
            count=int(wish.get("gpuCount") or 1),
            clouds=CLOUDS if cloud == "ALL" else (cloud,),
            center=wish.get("dataCenterId") or None,
            country=wish.get("countryCode") or None,
            image=str(wish.get("imageName") or ""),
            name=str(wish.get("name") or ""),
            disk_gb=float(wish.get("containerDiskInGb") or DISK_GB),
            volume_gb=float(wish.get("volumeInGb") or 0),
            mount_path=str(wish.get("volumeMountPath") or "/workspace"),
            network_volume=str(wish.get("networkVolumeId") or ""),
            env=env,
            ports=str(wish.get("ports") or ""),
            args=str(wish.get("dockerArgs") or ""),
            template=wish.get("templateId") or None,
            registry=str(wish.get("containerRegistryAuthId") or ""),
            needs=needs_of(wish),
            bid_per_gpu=wish.get("bidPerGpu"),
        ))  # fmt: skip
        return self._told_of(rental)

    def stop(self, wish: dict[str, Any]) -> dict[str, Any]:
        rental = self._find(wish["podId"])
        self.renting.stop(rental)
        return self._told_of(rental)

    def resume(self, wish: dict[str, Any]) -> dict[str, Any]:
        rental = self._find(wish["podId"])
        self.renting.resume(self.page, rental, wish.get("gpuCount"), wish.get("bidPerGpu"))
        return self._told_of(rental)

    def terminate(self, wish: dict[str, Any]) -> None:
        self.renting.terminate(self._find(wish["podId"], "pod not found to terminate"))

    def edit(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Change what the container is; it starts again where it runs."""
        rental = self._find(wish["podId"])
        if wish.get("env") is not None:
            wish = wish | {"env": {pair["key"]: pair["value"] for pair in wish["env"]}}
        names = {"imageName": "image", "dockerArgs": "args", "env": "env", "ports": "ports"}
        changes = {names[k]: v for k, v in wish.items() if k in names and v is not None}
        self.renting.edit(rental, **changes)
        return self._told_of(rental)
