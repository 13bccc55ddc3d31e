"""Both interfaces under calls that are drawn from the vendors' own documents.

Ids of the documents' kind name nothing, so each call is given those of things that exist. What is then not
answered with 2xx is what a document calls valid and its service refuses, or the sandbox does not do.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from hunter.sandbox.server import Options, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

schemathesis = pytest.importorskip("schemathesis", reason="`make contract` installs schemathesis")
SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs"
pytestmark = [
    pytest.mark.contract,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not SPECS.exists(), reason="the vendors' documents are not beside this checkout"),
]  # fmt: skip
CALLS = 10
"""For each operation."""
LEAST = 0.4
KEY = {"Authorization": "Bearer any"}
SHORT: dict[str, str] = {
    "GET /v2/registries/delegations": "not served: looked up as a registry's id",
    "DELETE /api/v0/volumes": "the sandbox rents out no volumes",
}
"""Operations that may fall below, and why."""


class Things:
    """What exists on the market, made when it is asked for."""

    def __init__(self, api: httpx.Client) -> None:
        self.api = api
        self.n = 0

    def _post(self, path: str, **body: Any) -> dict[str, Any]:
        reply = self.api.post(path, json=body)
        assert reply.is_success, reply.text
        document: dict[str, Any] = reply.json()
        return document

    def name(self) -> str:
        self.n += 1
        return f"name{self.n}"

    def ask(self) -> int:
        query = {"limit": 1, "order": [["disk_space", "desc"]], "num_gpus": {"eq": 1}}
        return int(self._post("/api/v0/bundles/", **query)["offers"][0]["id"])

    def instance(self, **body: Any) -> int:
        reply = self.api.put(
            f"/api/v0/asks/{self.ask()}/", json={"image": "i:1", "disk": 10} | body
        )
        return int(reply.json()["new_contract"])

    def ssh_key(self) -> int:
        return int(self._post("/api/v0/ssh/", ssh_key="ssh-ed25519 A a")["key"]["id"])

    def vast_template(self) -> dict[str, Any]:
        made = self._post("/api/v0/template/", name=self.name(), image="i:1")["template"]
        return dict(made)

    def gpu(self) -> str:
        params = {"include": "AVAILABILITY", "product": "POD"}
        gpus = self.api.get("/v2/catalog/gpus", params=params).json()["gpus"]
        return next(str(gpu["id"]) for gpu in gpus if gpu["availability"] == "HIGH")

    def pod(self) -> str:
        body = {"name": "p", "image": "i:1", "gpu": {"id": self.gpu(), "count": 1}}
        return str(self._post("/v2/pods", **body)["id"])

    def template(self) -> str:
        return str(self._post("/v2/templates", name=self.name(), image="i:1")["id"])

    def registry(self) -> str:
        body = {"name": self.name(), "username": "u", "password": "p"}
        return str(self._post("/v2/registries", **body)["id"])

    def volume(self) -> str:
        centers = self.api.get("/v2/catalog/datacenters").json()["dataCenters"]
        center = next(c["id"] for c in centers if c["networkVolumeTypes"])
        body = {"name": "v", "size": 10, "dataCenter": center}
        return str(self._post("/v2/network-volumes", **body)["id"])


@pytest.fixture(scope="module")
def things() -> Iterator[Things]:
    options = Options(offers=200, speed=1e-6, seed=3, credit_usd=1e7)
    with running(options) as (url, market):
        market.facts["runpod"]["create_fails_share"] = 0.0
        market.facts["runpod"]["spend_limit_usd_h"] = 1e9
        with httpx.Client(base_url=url, headers=KEY, timeout=30) as api:
            yield Things(api)


# ── calls that mean something ────────────────────────────────────────────────────────────────


def fit_vast(case: Any, things: Things) -> None:
    """Put what exists in the place of ids that name nothing."""
    label, body = case.operation.label, case.body
    if "{id}" in label:
        kind = {"/api/v0/asks/": things.ask, "/api/v0/ssh/": things.ssh_key}
        make: Callable[[], int] = next((f for p, f in kind.items() if p in label), things.instance)
        case.path_parameters["id"] = make()
    if label.endswith("{ssh_key_id}"):
        path = f"/api/v0/instances/{case.path_parameters['id']}/ssh/"
        things.api.post(path, json={"ssh_key": "ssh-ed25519 A a"})
        keys = json.loads(things.api.get(path).json()["ssh_keys"])
        case.path_parameters["ssh_key_id"] = keys[0]["id"]
    if label == "PUT /api/v0/instances/bid_price/{id}":
        case.path_parameters["id"] = things.instance(price=20, cancel_unavail=False)
    if label == "DELETE /api/v0/template":
        case.body = {"template_id": things.vast_template()["id"]}
    if label == "PUT /api/v0/template":
        case.body = body | {"hash_id": things.vast_template()["hash_id"]}
    if label == "PUT /api/v0/asks/{id}":
        case.body = {n: v for n, v in body.items() if n not in ("template_hash_id", "volume_info")}
        case.body |= {"image": "i:1"} | ({"disk": 12.5} if "disk" in body else {})
    for name in ("select_filters", "select_cols", "order_by", "after_token"):
        if case.query and name in case.query:
            del case.query[name]  # texts, whose insides the document gives in prose alone
    if "charges" in label or "invoices" in label:
        name = "day" if "charges" in label else "when"
        case.query["select_filters"] = json.dumps({name: {"gte": 0, "lte": 2e9}})
    if label == "POST /api/v0/bundles":
        case.body = {n: v for n, v in body.items() if n in ("limit", "type", "verified", "rented")}
    if label == "PUT /api/v0/instances/request_logs/{id}" and isinstance(body, dict):
        case.body = body | {"tail": "100"}
    if label.endswith("/ssh") and isinstance(body, dict):
        case.body = {"ssh_key": "ssh-ed25519 A a"}


def fit_runpod(case: Any, things: Things) -> None:
    """The same at RunPod."""
    label, body = case.operation.label, case.body
    kinds: dict[str, Callable[[], str]] = {
        "/v2/pods/": things.pod, "/v2/templates/": things.template, "/v2/registries/": things.registry,
        "/v2/network-volumes/": things.volume, "/v2/catalog/gpus/": things.gpu,
        "/v2/catalog/cpus/": lambda: "cpu3c", "/v2/catalog/datacenters/": lambda: "EU-RO-1",
    }  # fmt: skip
    if "{id}" in label:
        case.path_parameters["id"] = next(f for p, f in kinds.items() if p in label)()
    if label in ("POST /v2/templates", "POST /v2/registries"):
        case.body = body | {"name": things.name()}
    if isinstance(body, dict) and "registry" in case.body:
        case.body = case.body | {"registry": None}
    if label == "PATCH /v2/templates/{id}" and "name" in body:
        case.body = case.body | {"name": things.name()}
    if label == "POST /v2/pods":
        keep = ("name", "env", "ports", "args", "startSsh", "startJupyter", "globalNetworking")
        said = {n: v for n, v in body.items() if n in keep}
        case.body = said | {"image": "i:1", "gpu": {"id": things.gpu(), "count": 1}}
    if label == "PATCH /v2/pods/{id}":
        case.body = {
            n: v for n, v in body.items() if n in ("name", "env", "ports", "args", "locked")
        }
    if "/v2/catalog/" in label or "/v2/billing" in label:
        case.query = together(case.query or {})
    if label == "POST /v2/network-volumes":
        case.body = body | {"dataCenter": "EU-RO-1", "type": "STANDARD"}
    if label == "PATCH /v2/network-volumes/{id}" and not body:
        case.body = {"name": "v"}
    if label == "PUT /v2/account/ssh-keys":
        case.body = {"keys": ["ssh-ed25519 AAAA a"]}


def together(query: dict[str, Any]) -> dict[str, Any]:
    """Parameters of which the document says in prose alone which go with which."""
    if "lastN" in query:
        query = {n: v for n, v in query.items() if n not in ("startTime", "endTime")}
    dates = {n: query[n] for n in ("startTime", "endTime") if n in query}
    if len(dates) == 2 or "startTime" in dates:
        query = {n: v for n, v in query.items() if n not in dates} | {
            "startTime": "2026-01-01T00:00:00Z"
        }
    if "include" not in query:
        return {n: v for n, v in query.items() if n not in AVAILABILITY}
    if "cudaVersions" in query:
        query = {n: v for n, v in query.items() if n != "minCudaVersion"}
    return query | {"product": query.get("product") or ["POD"]} | (
        {"vcpuCount": 4} if "vcpuCount" in query else {}
    )  # fmt: skip


AVAILABILITY = (
    "product",
    "count",
    "cloud",
    "countryCodes",
    "cudaVersions",
    "minCudaVersion",
    "vcpuCount",
)
DOCUMENTS: dict[str, tuple[str, Callable[[Any, Things], None]]] = {
    "vast": ("vast-openapi.yaml", fit_vast),
    "runpod": ("runpod-v2-openapi.json", fit_runpod),
}


def answers(
    operation: Any, things: Things, fit: Callable[[Any, Things], None] | None
) -> Counter[int]:
    """The statuses of so many calls of one operation; without `fit` of calls that its document forbids."""
    from hypothesis import HealthCheck, Phase, given, settings

    found = Counter[int]()
    mode = schemathesis.GenerationMode.POSITIVE if fit else schemathesis.GenerationMode.NEGATIVE

    @settings(max_examples=CALLS, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck), phases=[Phase.generate])  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        if fit is not None:
            fit(case, things)
        reply = case.call(base_url=str(things.api.base_url), headers=KEY)
        assert reply.status_code < 500, f"{operation.label}: {reply.text}"
        found[reply.status_code] += 1

    call()
    return found


def served(things: Things, operation: Any) -> bool:
    """Whether the sandbox has the path at all."""
    path = operation.path
    for name in ("id", "ssh_key_id", "machine_id", "user_id", "workerId", "name"):
        path = path.replace(f"{{{name}}}", "1")
    reply = things.api.request(operation.method.upper(), path)
    said = reply.text
    return not (
        reply.status_code == 405 or "no such path" in said or "resource not found" in said
        or reply.headers.get("content-type", "").startswith("text/plain")
    )  # fmt: skip


@pytest.mark.parametrize("vendor", DOCUMENTS)
def test_what_a_document_calls_valid_never_crashes_and_is_mostly_done(
    vendor: str, things: Things, capsys: pytest.CaptureFixture[str]
) -> None:
    import yaml

    name, fit = DOCUMENTS[vendor]
    schema = schemathesis.openapi.from_dict(yaml.safe_load((SPECS / name).read_text()))
    operations = [result.ok() for result in schema.get_all_operations()]
    rows, short, absent = [], [], []
    for operation in operations:
        if not served(things, operation):
            absent.append(operation.label)
            continue
        found = answers(operation, things, fit)
        share = sum(n for status, n in found.items() if status < 300) / found.total()
        rows.append(f"{share:5.0%}  {operation.label}  {dict(sorted(found.items()))}")
        if share < LEAST:
            short.append(operation.label)
    told = [
        f"\n{vendor}: answered 2xx, of calls drawn from {name}", *rows, f"below {LEAST:.0%}:",
        *(f"  {label} ({SHORT.get(label, '?')})" for label in short),
        f"not served, {len(absent)} of {len(operations)}: {', '.join(absent)}\n",
    ]  # fmt: skip
    with capsys.disabled():
        sys.stdout.write("\n".join(told))
    assert len(rows) > 15
    assert {*short} <= {*SHORT}


@pytest.mark.parametrize("vendor", DOCUMENTS)
def test_what_a_document_calls_invalid_never_crashes(
    vendor: str, things: Things, capsys: pytest.CaptureFixture[str]
) -> None:
    import yaml

    schema = schemathesis.openapi.from_dict(
        yaml.safe_load((SPECS / DOCUMENTS[vendor][0]).read_text())
    )
    found = Counter[int]()
    for operation in (result.ok() for result in schema.get_all_operations()):
        if served(things, operation) and (
            operation.body or operation.query or operation.path_parameters
        ):
            found += answers(operation, things, None)
    with capsys.disabled():
        sys.stdout.write(f"\n{vendor}: answers to calls that its document forbids: {dict(found)}\n")
    assert found.total() > 100
