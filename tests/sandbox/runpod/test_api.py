"""The embedded RunPod's interfaces: what newer clients send, pages, and a pod's own key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hunter.sandbox.runpod.stock import Stock
from tests.sandbox.stills import Still, client, still

if TYPE_CHECKING:
    from httpx import AsyncClient, Response


def stocked(*faults: str, **options: Any) -> Still:
    where = still(*faults, **options)
    where.facts["runpod"]["create_fails_share"] = 0.0
    return where


def in_stock(where: Still) -> str:
    stock = Stock(where)
    return next(str(g["id"]) for g in stock.gpus.values() if stock.best(g, 1, "SECURE", None)[0])


async def create(api: AsyncClient, where: Still, **body: Any) -> Response:
    gpu = {"id": in_stock(where), "count": 1} | body.pop("gpu", {})
    return await api.post("/v2/pods", json={"name": "p", "image": "i:1", "gpu": gpu} | body)


async def rent(api: AsyncClient, where: Still, **body: Any) -> dict[str, Any]:
    made = await create(api, where, **body)
    assert made.status_code == 201, made.text
    pod: dict[str, Any] = made.json()
    return pod


async def graphql(api: AsyncClient, query: str) -> dict[str, Any]:
    found = await api.post("/graphql", json={"query": query})
    document: dict[str, Any] = found.json()
    return document


# ── creates ──────────────────────────────────────────────────────────────────────────────────


async def test_a_create_says_how_its_container_starts() -> None:
    where = stocked()
    async with client(where) as api:
        pod = await rent(api, where, entrypoint=["/bin/sh", "-c"], cmd=["serve"])
        assert (pod["entrypoint"], pod["cmd"]) == (["/bin/sh", "-c"], ["serve"])
        pod = await rent(api, where, args="serve --port 1")
        assert pod["args"] == "serve --port 1"
        changed = (await api.patch(f"/v2/pods/{pod['id']}", json={"cmd": ["other"]})).json()
        assert (changed["args"], changed["cmd"]) == ("serve --port 1", ["other"])


@pytest.mark.parametrize("need", ["minVcpuCountPerGpu", "minRamPerGpu"])
async def test_what_each_gpu_needs_of_its_host_narrows_the_hosts(need: str) -> None:
    where = stocked()
    async with client(where) as api:
        assert (await create(api, where, gpu={need: 1})).status_code == 201
        refused = await create(api, where, gpu={need: 100_000})
        assert refused.status_code == 400
        assert "no longer any instances" in refused.json()["detail"]
        assert (await create(api, where, gpu={need: 0})).status_code == 422


async def test_templates_fill_what_a_create_leaves_open_and_stay_while_a_pod_has_them() -> None:
    where = stocked()
    async with client(where) as api:
        body = {"name": "t", "image": "t:1", "disk": 30, "ports": ["22/tcp"], "env": {"A": "1"},
                "mounts": {"persistent": {"size": 20, "path": "/data"}}}  # fmt: skip
        made = await api.post("/v2/templates", json=body)
        assert made.status_code == 201
        template = made.json()
        assert body.items() <= template.items()
        pod = await rent(api, where, templateId=template["id"], image=None, env={"B": "2"})
        assert (pod["image"], pod["disk"], pod["template"]) == ("t:1", 30, template["id"])
        assert (pod["env"], pod["mounts"]) == ({"A": "1", "B": "2"}, body["mounts"])
        assert (await api.delete(f"/v2/templates/{template['id']}")).status_code == 400
        renamed = await api.patch(f"/v2/templates/{template['id']}", json={"name": "u"})
        assert (renamed.json()["name"], renamed.json()["image"]) == ("u", "t:1")
        await api.delete(f"/v2/pods/{pod['id']}")
        assert (await api.delete(f"/v2/templates/{template['id']}")).status_code == 204
        assert (await api.get(f"/v2/templates/{template['id']}")).status_code == 404


async def test_registry_logins_are_kept_by_name_alone_and_stay_while_a_pod_has_them() -> None:
    where = stocked()
    async with client(where) as api:
        body = {"name": "hub", "username": "u", "password": "p"}
        made = (await api.post("/v2/registries", json=body)).json()
        assert {*made} == {"id", "name"}
        assert (await api.get("/v2/registries")).json() == {"registries": [made]}
        pod = await rent(api, where, registry=made["id"])
        assert pod["registry"] == made["id"]
        assert (await api.delete(f"/v2/registries/{made['id']}")).status_code == 400
        await api.delete(f"/v2/pods/{pod['id']}")
        assert (await api.delete(f"/v2/registries/{made['id']}")).status_code == 204
        gone = await api.delete(f"/v2/registries/{made['id']}")
        assert (gone.status_code, gone.json()["detail"]) == (400, "Registry auth not found.")
        assert (await create(api, where, registry="nothing")).status_code == 400


async def test_cpu_flavours_have_prices_and_are_never_in_stock() -> None:
    async with client(stocked()) as api:
        cpus = (await api.get("/v2/catalog/cpus")).json()["cpus"]
        assert cpus[0]["price"]["securePerVcpu"] > 0
        one = f"/v2/catalog/cpus/{cpus[0]['id']}"
        params = {"include": "AVAILABILITY", "product": "POD"}
        assert (await api.get(one, params=params)).json()["availability"] == "NONE"
        assert (await api.get(one, params={"product": "POD"})).status_code == 400


async def test_graphql_forgets_a_template_by_its_name() -> None:
    async with client(stocked()) as api:
        made = 'mutation { saveTemplate(input: {name: "t", imageName: "i"}) { id } }'
        assert "errors" not in await graphql(api, made)
        gone = 'mutation { deleteTemplate(templateName: "t") }'
        assert await graphql(api, gone) == {"data": {"deleteTemplate": None}}
        assert "not found" in (await graphql(api, gone))["errors"][0]["message"]


# ── pages ────────────────────────────────────────────────────────────────────────────────────


async def test_lists_are_paged_only_where_the_market_is_set_up_to() -> None:
    where = stocked()
    async with client(where) as api:
        await rent(api, where)
        assert {*(await api.get("/v2/pods")).json()} == {"pods"}
    where = stocked(page_rows=2)
    async with client(where) as api:
        ids = [(await rent(api, where))["id"] for _ in range(5)]
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await api.get("/v2/pods", params=cursor)).json()
            seen += [pod["id"] for pod in page["pods"]]
            if not page["pagination"]["hasNextPage"]:
                break
            cursor = {"cursor": page["pagination"]["nextCursor"]}
        assert seen == ids
        assert page["pagination"]["nextCursor"] is None
        assert (await api.get("/v2/pods", params={"cursor": "7"})).status_code == 400


# ── a pod's own key ──────────────────────────────────────────────────────────────────────────


async def test_a_pods_own_key_reads_stops_and_ends_it_and_does_nothing_else() -> None:
    where = stocked()
    async with client(where) as api:
        other = (await rent(api, where))["id"]
        pod = (await rent(api, where))["id"]
        key = where.book.page.rentals[-1].own_key
        assert key not in (await api.get("/v2/pods")).text
        async with client(where, key) as inside:
            assert (await inside.get(f"/v2/pods/{pod}")).json()["id"] == pod
            stop = {"action": "stop"}
            for call in (
                inside.get("/v2/pods"),
                inside.get(f"/v2/pods/{other}"),
                inside.delete(f"/v2/pods/{other}"),
                inside.post(f"/v2/pods/{other}/action", json=stop),
                inside.patch(f"/v2/pods/{pod}", json={"name": "x"}),
                inside.get("/v2/billing/pods"),
                create(inside, where),
            ):
                refused = await call
                assert (refused.status_code, refused.json()["detail"]) == (403, "access denied")
            stopped = await inside.post(f"/v2/pods/{pod}/action", json=stop)
            assert stopped.json()["status"] == "EXITED"
            assert (await inside.delete(f"/v2/pods/{pod}")).status_code == 204
            assert (await inside.delete(f"/v2/pods/{pod}")).status_code == 404
        assert [p["id"] for p in (await api.get("/v2/pods")).json()["pods"]] == [other]


async def test_over_graphql_a_pods_own_key_sees_and_ends_its_pod_alone() -> None:
    where = stocked()
    async with client(where) as api:
        other, pod = (await rent(api, where))["id"], (await rent(api, where))["id"]
        async with client(where, where.book.page.rentals[-1].own_key) as inside:
            read = '{{ pod(input: {{podId: "{}"}}) {{ id }} }}'
            assert (await graphql(inside, read.format(pod)))["data"]["pod"] == {"id": pod}
            assert (await graphql(inside, read.format(other)))["data"]["pod"] is None
            mine = await inside.post("/graphql", json={"query": "{ myself { pods { id } } }"})
            assert mine.status_code == 403
            end = 'mutation {{ podTerminate(input: {{podId: "{}"}}) }}'
            assert "not found" in (await graphql(inside, end.format(other)))["errors"][0]["message"]
            assert "errors" not in await graphql(inside, end.format(pod))


# ── whatever is sent ─────────────────────────────────────────────────────────────────────────

words = st.sampled_from(["id", "count", "size", "path", "persistent", "network", "volumeId", "x"])
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "NVIDIA L4", "12.8"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=4,
)  # fmt: skip
BODIES = {
    ("POST", "/v2/pods"): ("name", "image", "gpu", "mounts", "env", "ports", "args", "cmd", "registry"),
    ("PATCH", "/v2/pods/{pod}"): ("name", "image", "args", "env", "ports", "locked", "disk", "mounts"),
    ("POST", "/v2/pods/{pod}/action"): ("action",),
    ("POST", "/v2/templates"): ("name", "image", "mounts", "env", "ports", "registry", "category"),
    ("POST", "/v2/registries"): ("name", "username", "password"),
    ("POST", "/v2/network-volumes"): ("name", "size", "dataCenter", "type"),
    ("PUT", "/v2/account/ssh-keys"): ("keys",),
    ("POST", "/graphql"): ("query", "variables"),
}  # fmt: skip
QUERIES = {
    "/v2/pods": ("cursor", "includeClusterPods"),
    "/v2/pods/{pod}/logs": ("source", "tail", "since"),
    "/v2/billing/pods": ("startTime", "endTime", "bucketSize", "lastN", "podId"),
    "/v2/billing": ("startTime", "endTime", "bucketSize", "lastN"),
    "/v2/catalog/gpus": ("include", "product", "count", "cloud", "countryCodes", "minCudaVersion"),
    "/v2/catalog/cpus": ("include", "product", "vcpuCount"),
    "/v2/catalog/datacenters": ("include", "regions", "compliance", "globalNetwork"),
}
_SHARED: list[Still] = []


async def a_pod(api: AsyncClient) -> str:
    where = _shared()
    if not any(r.destroyed_at is None for r in where.book.page.rentals):
        await rent(api, where)
    pods = (await api.get("/v2/pods")).json()["pods"]
    return str(pods[0]["id"])


def _shared() -> Still:
    """One market for all examples: a crash in one is a crash, whatever came before."""
    if not _SHARED:
        _SHARED.append(stocked(credit_usd=1e6))
    return _SHARED[0]


def check(found: Response) -> None:
    assert found.status_code < 500, (str(found.request.url), found.request.content, found.text)
    if found.status_code >= 400 and "/graphql" not in str(found.url):
        assert found.headers["content-type"] == "application/problem+json"
        assert found.json()["status"] == found.status_code


@pytest.mark.parametrize("call", BODIES, ids=" ".join)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
async def test_no_body_crashes_a_call(call: tuple[str, str], data: st.DataObject) -> None:
    body = data.draw(st.dictionaries(st.sampled_from(BODIES[call]), junk, min_size=1))
    async with client(_shared()) as api:
        pod = await a_pod(api) if "{pod}" in call[1] else ""
        sent = json.dumps(body).encode()
        check(await api.request(call[0], call[1].format(pod=pod), content=sent))


@pytest.mark.parametrize("path", QUERIES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
async def test_no_parameter_crashes_a_list(path: str, data: st.DataObject) -> None:
    names = st.sampled_from(QUERIES[path])
    said = junk.map(lambda value: value if isinstance(value, str) else json.dumps(value))
    params = data.draw(st.dictionaries(names, said, min_size=1))
    async with client(_shared()) as api:
        pod = await a_pod(api) if "{pod}" in path else ""
        check(await api.get(path.format(pod=pod), params=params))


async def test_a_bill_of_all_time_by_the_hour_is_answered_at_once() -> None:
    where = stocked()
    async with client(where) as api:
        await rent(api, where)
        where.at += 7200
        params = {"startTime": "0001-01-01T00:00:00Z", "bucketSize": "hour"}
        found = (await api.get("/v2/billing/pods", params=params)).json()
        assert found["metadata"]["recordCount"] in (2, 3)
