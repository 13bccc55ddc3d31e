"""The embedded Vast's interface: what it grants, what it refuses, and in which words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hunter.sandbox.vast.columns import direct_ports
from tests.sandbox.stills import Still, client, still

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

HOUR_S = 3600.0


async def asks(api: AsyncClient, **query: Any) -> list[dict[str, Any]]:
    found = await api.post("/api/v0/bundles/", json={"limit": 60, "duration": {"gte": 9e5}} | query)
    assert found.status_code == 200, found.text
    offers: list[dict[str, Any]] = found.json()["offers"]
    return offers


async def create(api: AsyncClient, ask: int | None = None, **body: Any) -> Response:
    ask = (await asks(api))[0]["id"] if ask is None else ask
    return await api.put(f"/api/v0/asks/{ask}/", json={"image": "a:1", "disk": 10} | body)


async def rent(api: AsyncClient, **body: Any) -> int:
    made = await create(api, **body)
    assert made.status_code == 200, made.text
    return int(made.json()["new_contract"])


async def listing(api: AsyncClient, **params: Any) -> Response:
    said = {k: v if isinstance(v, str | int) else json.dumps(v) for k, v in params.items()}
    return await api.get("/api/v1/instances/", params=said)


async def row_of(api: AsyncClient, number: int) -> dict[str, Any]:
    found = await api.get(f"/api/v0/instances/{number}/")
    row: dict[str, Any] = found.json()["instances"]
    return row


# ── the list of instances ────────────────────────────────────────────────────────────────────


async def test_a_filter_by_label_meets_the_instances_of_that_label_and_no_other() -> None:
    async with client(still()) as api:
        mine = {await rent(api, label="mine"), await rent(api, label="mine")}
        other = await rent(api, label="other")
        await rent(api)
        found = (await listing(api, select_filters={"label": {"eq": "mine"}})).json()
        assert {row["id"] for row in found["instances"]} == mine
        assert (found["total_instances"], found["label_counts"]) == (2, {"mine": 2})
        rest = (await listing(api, select_filters={"label": {"notin": ["mine"]}})).json()
        assert other in {row["id"] for row in rest["instances"]}
        assert rest["label_counts"] == {"other": 1, "": 1}


@pytest.mark.parametrize(
    ("filters", "keeps"),
    [
        ({"id": {"gt": 2}}, [3, 4]), ({"id": {"in": [1, 4]}}, [1, 4]), ({"id": {"lte": "2"}}, [1, 2]),
        ({"label": {"neq": "a"}}, [2, 4]), ({"is_bid": {"eq": "false"}}, [1, 2, 3, 4]),
        ({"label": {"eq": None}}, [4]), ({"label": {"gte": "b"}}, [2]), ({}, [1, 2, 3, 4]),
    ],
)  # fmt: skip
async def test_every_operator_means_what_it_says(filters: Any, keeps: list[int]) -> None:
    async with client(still()) as api:
        ids = [await rent(api, label=label) for label in ("a", "b", "a", None)]
        for condition in filters.get("id", {}).items():
            operator, n = condition
            at = [ids[int(k) - 1] for k in (n if isinstance(n, list) else [n])]
            filters = {"id": {operator: at if isinstance(n, list) else at[0]}}
        found = (await listing(api, select_filters=filters)).json()
        assert [row["id"] for row in found["instances"]] == [ids[k - 1] for k in keeps]


async def test_pages_follow_the_order_asked_for_and_go_on_from_opaque_tokens() -> None:
    async with client(still()) as api:
        for label in ("b", None, "a", "b", "c"):
            await rent(api, label=label)
        order, seen = [{"col": "label", "dir": "desc"}], []
        token: dict[str, str] = {}
        for _ in range(5):
            page = (await listing(api, order_by=order, limit=2, **token)).json()
            seen += [row["label"] for row in page["instances"]]
            if page["next_token"] is None:
                break
            assert not page["next_token"].isdigit()
            token = {"after_token": page["next_token"]}
        assert seen == ["c", "b", "b", "a", None]


async def test_a_page_goes_on_although_its_last_row_is_gone() -> None:
    async with client(still()) as api:
        ids = [await rent(api) for _ in range(3)]
        page = (await listing(api, limit=1)).json()
        await api.delete(f"/api/v0/instances/{ids[0]}/")
        after = (await listing(api, limit=1, after_token=page["next_token"])).json()
        assert [row["id"] for row in after["instances"]] == [ids[1]]


async def test_columns_are_those_asked_for_and_unknown_ones_are_null() -> None:
    async with client(still()) as api:
        number = await rent(api, label="x")
        [row] = (await listing(api, select_cols=["id", "label", "nonsense"])).json()["instances"]
        assert row == {"id": number, "label": "x", "nonsense": None}


async def test_a_limit_of_nothing_is_five_and_more_than_a_page_is_a_page() -> None:
    async with client(still(credit_usd=1e6)) as api:
        for ask in (await asks(api, num_gpus={"eq": 1}))[:28]:
            await create(api, ask["id"])
        for limit, rows in ((0, 5), (-3, 5), (1000, 25)):
            assert (await listing(api, limit=limit)).json()["instances_found"] == rows


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"select_filters": {"dph_total": {"gt": 1}}}, "dph_total is not a valid search key"),
        ({"select_filters": {"label": {"like": "x"}}}, "like is not a valid search op"),
        ({"select_filters": {"label": "x"}}, "x is not a valid search op"),
        ({"select_filters": "nonsense"}, "select_filters"),
        ({"order_by": [{"col": "num_gpus"}]}, "num_gpus"),
        ({"select_cols": {"a": 1}}, "select_cols"),
        ({"limit": "many"}, "limit"),
        ({"after_token": "17"}, "Invalid after_token"),
    ],
)
async def test_a_list_that_makes_no_sense_is_refused_in_the_vendors_words(
    params: dict[str, Any], said: str
) -> None:
    async with client(still()) as api:
        found = await listing(api, **params)
        assert found.status_code == 400
        assert found.json()["error"] in ("invalid_request", "invalid_token")
        assert said in found.json()["msg"]


# ── creates ──────────────────────────────────────────────────────────────────────────────────


async def test_a_low_bid_makes_nothing_where_that_was_wished_and_else_a_stopped_instance() -> None:
    async with client(still()) as api:
        ask = next(a for a in await asks(api, type="bid") if a["min_bid"] > 0.01)
        low = ask["min_bid"] * 0.5
        refused = await create(api, ask["id"], price=low, cancel_unavail=True)
        assert (refused.status_code, refused.json()["error"]) == (410, "no_such_ask")
        assert (await listing(api)).json()["total_instances"] == 0
        made = await create(api, ask["id"], price=low)
        assert (made.status_code, made.json()["success"]) == (400, False)
        row = await row_of(api, made.json()["new_contract"])
        assert (row["cur_state"], row["is_bid"]) == ("stopped", True)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"price": 0.0009}, "invalid_price"), ({"price": 129}, "invalid_price"),
        ({"price": "cheap"}, "invalid_args"), ({"disk": "big"}, "invalid_args"),
        ({"disk": -1}, "invalid_args"), ({"disk": 1e9}, "invalid_args"),
        ({"image": ""}, "invalid_args"), ({"image": 7}, "invalid_args"),
        ({"label": "x" * 257}, "invalid_args"), ({"onstart": "x" * 4097}, "invalid_args"),
        ({"args": ["x" * 4000, "y" * 97]}, "invalid_args"), ({"runtype": "telnet"}, "invalid_args"),
        ({"env": {"A": "x" * 257}}, "invalid_args"), ({"template_hash_id": "none"}, "invalid_args"),
    ],
)  # fmt: skip
async def test_a_create_out_of_range_is_refused_and_makes_nothing(
    body: dict[str, Any], error: str
) -> None:
    async with client(still()) as api:
        refused = await create(api, **body)
        assert (refused.status_code, refused.json()["error"]) == (400, error)
        assert (await listing(api)).json()["total_instances"] == 0


@pytest.mark.parametrize("body", [{"price": "0.5"}, {"label": "x" * 256}, {"onstart": "x" * 4096}])
async def test_what_is_just_within_range_is_taken(body: dict[str, Any]) -> None:
    async with client(still()) as api:
        ask = (await asks(api, min_bid={"lt": 0.4}))[0]
        assert (await create(api, ask["id"], **body)).status_code == 200


async def test_an_instance_can_be_created_stopped() -> None:
    async with client(still()) as api:
        row = await row_of(api, await rent(api, target_state="stopped"))
        assert row["cur_state"] == "stopped"


# ── ways in ──────────────────────────────────────────────────────────────────────────────────


async def up(market: Still, api: AsyncClient, closed: bool, **body: Any) -> dict[str, Any]:
    """The row of an instance that runs, on a machine with ports of its own or without."""
    for ask in await asks(api, direct_port_count={"eq" if closed else "gt": 0}):
        number = await rent(api, ask=ask["id"], **body)
        rental = market.book.page.rentals[-1]
        market.at += 1800
        row = await row_of(api, number)
        if rental.reachable_at is not None and row["actual_status"] == "running":
            return row
        await api.delete(f"/api/v0/instances/{number}/")
    raise AssertionError("nothing boots")


def _market() -> Still:
    where = still(credit_usd=1e6)
    where.world.truths.boot_success[:] = 1.0
    return where


async def test_some_machines_have_no_ports_and_are_entered_by_the_proxy_alone() -> None:
    where = _market()
    ports = direct_ports(where.world, where.world.slices[0])
    assert 0.005 < (ports == 0).mean() < 0.15
    where.facts["vast"]["no_direct_ports_share"] = 0.5
    async with client(where) as api:
        row = await up(where, api, closed=True, env={"-p 8080:8080": "1"})
        assert (row["direct_port_count"], row["ports"]) == (0, {})
        assert row["ssh_host"].endswith(".vast.ai")
        assert row["ssh_port"] > 0
        row = await up(where, api, closed=False)
        assert row["ports"]["22/tcp"][0]["HostPort"].isdigit()


async def test_a_container_with_arguments_of_its_own_has_no_ssh_but_its_ports() -> None:
    where = _market()
    async with client(where) as api:
        row = await up(where, api, closed=False, runtype="args", onstart="/bin/sh",
                       args=["-c", "serve"], env={"-p 10022:10022": "1"})  # fmt: skip
        assert list(row["ports"]) == ["10022/tcp"]
        assert (row["ssh_host"], row["ssh_port"]) == (None, None)
        assert row["image_args"] == ["-c", "serve"]


async def test_a_container_that_ends_is_exited_under_a_contract_that_runs_and_is_billed() -> None:
    where = _market()
    async with client(where) as api:
        image = "docker.io/pytorch/pytorch:latest"
        row = await up(where, api, closed=False, runtype="args", args=["train"], image=image)
        where.at += 3 * HOUR_S
        row = await row_of(api, row["id"])
        assert (row["actual_status"], row["cur_state"], row["intended_status"]) == (
            "exited", "running", "running",
        )  # fmt: skip
        rental = where.book.page.rentals[-1]
        before = where.bill(rental, where.at).gpu_usd
        assert where.bill(rental, where.at + HOUR_S).gpu_usd > before
        assert (
            where.bill(rental, where.at + HOUR_S).down_usd == where.bill(rental, where.at).down_usd
        )


# ── an instance's own key ────────────────────────────────────────────────────────────────────


async def test_an_instances_own_key_reads_starts_stops_and_ends_it_and_does_nothing_else() -> None:
    where = _market()
    async with client(where) as api:
        other = await rent(api)
        made = (await create(api)).json()
        number, key = made["new_contract"], made["instance_api_key"]
        async with client(where, key) as inside:
            assert (await row_of(inside, number))["id"] == number
            for call in (
                inside.get(f"/api/v0/instances/{other}/"),
                inside.delete(f"/api/v0/instances/{other}/"),
                inside.get("/api/v1/instances/"),
                inside.get("/api/v0/users/current"),
                inside.put(f"/api/v0/instances/{number}/", json={"label": "x"}),
                inside.delete("/api/v0/instances/", params={}),
                create(inside, (await asks(inside))[0]["id"]),
            ):
                refused = await call
                assert refused.status_code == 403, refused.url
                assert refused.json()["error"] == "not_authorized"
            path = f"/api/v0/instances/{number}/"
            assert (await inside.put(path, json={"state": "stopped"})).json()["success"]
            assert (await inside.put(path, json={"state": "running"})).status_code == 200
            assert (await inside.delete(path)).json()["success"]
            assert (await inside.delete(path)).status_code == 404
        assert [r["id"] for r in (await listing(api)).json()["instances"]] == [other]


# ── what an account has beside ───────────────────────────────────────────────────────────────


async def test_a_template_fills_what_a_create_leaves_open() -> None:
    async with client(still()) as api:
        body = {"name": "t", "image": "b:2", "onstart": "go", "recommended_disk_space": 20,
                "runtype": "ssh", "docker_login_pass": "secret"}  # fmt: skip
        made = (await api.post("/api/v0/template/", json=body)).json()["template"]
        assert "docker_login_pass" not in made
        again = (await api.post("/api/v0/template/", json=body)).json()["template"]
        assert again["id"] == made["id"]
        ask = (await asks(api, disk_space={"gt": 30}))[0]["id"]
        wish = {"template_hash_id": made["hash_id"]}
        number = (await api.put(f"/api/v0/asks/{ask}/", json=wish)).json()["new_contract"]
        row = await row_of(api, number)
        assert (row["image_uuid"], row["onstart"], row["disk_space"]) == ("b:2", "go", 20)
        assert row["template_hash_id"] == made["hash_id"]
        wish = {"hash_id": made["hash_id"], "image": "b:3"}
        changed = (await api.put("/api/v0/template/", json=wish)).json()["template"]
        assert (changed["id"], changed["hash_id"] != made["hash_id"]) == (made["id"], True)
        filters = {"select_filters": json.dumps({"name": {"eq": "t"}})}
        found = (await api.get("/api/v0/template/", params=filters)).json()
        assert [t["image"] for t in found["templates"]] == ["b:3"]
        gone = await api.request("DELETE", "/api/v0/template/", json={"template_id": made["id"]})
        assert gone.json()["success"]
        assert (await api.get("/api/v0/template/")).json()["templates_found"] == 0


async def test_public_keys_belong_to_the_account_and_to_each_instance() -> None:
    async with client(still()) as api:
        number = await rent(api)
        path = f"/api/v0/instances/{number}/ssh/"
        await api.post("/api/v0/ssh/", json={"ssh_key": "ssh-ed25519 AAAA a"})
        await api.post(path, json={"ssh_key": "ssh-ed25519 BBBB b"})
        keys = json.loads((await api.get(path)).json()["ssh_keys"])
        assert [key["public_key"][-1] for key in keys] == ["a", "b"]
        assert (await api.delete(f"{path}{keys[0]['id']}/")).json()["success"]
        assert (await api.delete(f"{path}{keys[0]['id']}/")).status_code == 404
        assert (await api.post(path, json={"ssh_key": ""})).json()["error"] == "no_ssh_key"


async def test_models_are_listed_with_the_memory_of_a_card() -> None:
    async with client(still(), key=None) as api:
        types = (await api.get("/api/v0/gpu_types/")).json()["gpu_types"]
        assert {"canonical_name": "RTX 4090", "gpu_ram_mb": 24564} in types


async def test_what_is_not_served_is_said_in_json() -> None:
    async with client(still()) as api:
        assert (await api.get("/api/v0/workergroups/")).json()["error"] == "not_found"
        assert (await api.patch("/api/v0/users/current")).json()["error"] == "method_not_allowed"


# ── whatever is sent ─────────────────────────────────────────────────────────────────────────

words = st.sampled_from(
    ["eq", "gte", "in", "col", "dir", "day", "when", "type", "id", "label", "x"]
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["nan", "inf", "-1", "1e309", "", "any"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=4,
)  # fmt: skip
QUERIES = {
    "/api/v1/instances/": ("select_filters", "order_by", "select_cols", "limit", "after_token"),
    "/api/v0/charges/": ("select_filters", "limit", "after_token", "latest_first", "format"),
    "/api/v1/invoices/": ("select_filters", "limit", "after_token", "latest_first"),
    "/api/v0/bundles/": ("q",),
    "/api/v0/template/": ("select_filters", "select_cols", "order_by"),
    "/api/v0/sandbox/logs/20000001": ("account", "tail"),
}
BODIES = {
    ("PUT", "/api/v0/asks/{ask}/"): (
        "image", "disk", "price", "label", "onstart", "args", "args_str", "env", "runtype",
        "cancel_unavail", "target_state", "template_hash_id", "template_id"),
    ("POST", "/api/v0/bundles/"): (
        "limit", "order", "type", "allocated_storage", "dph_total", "gpu_name", "id", "verified"),
    ("PUT", "/api/v0/search/asks/"): ("q",),
    ("PUT", "/api/v0/launch_instance/"): ("q", "image", "disk"),
    ("PUT", "/api/v0/instances/"): ("ids", "state", "label"),
    ("DELETE", "/api/v0/instances/"): ("instance_ids",),
    ("PUT", "/api/v0/instances/{n}/"): ("state", "label"),
    ("PUT", "/api/v0/instances/bid_price/{n}/"): ("price",),
    ("PUT", "/api/v0/instances/update_template/{n}/"): ("image", "onstart", "template_hash_id"),
    ("PUT", "/api/v0/instances/request_logs/{n}/"): ("tail", "filter"),
    ("POST", "/api/v0/instances/{n}/ssh/"): ("ssh_key",),
    ("POST", "/api/v0/ssh/"): ("ssh_key",),
    ("PUT", "/api/v0/ssh/1/"): ("ssh_key",),
    ("POST", "/api/v0/template/"): ("name", "image", "env", "recommended_disk_space", "runtype"),
    ("PUT", "/api/v0/template/"): ("hash_id", "template_id", "name", "image"),
    ("DELETE", "/api/v0/template/"): ("hash_id", "template_id"),
}  # fmt: skip


def said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, allow_nan=True)


def check(found: Response) -> None:
    assert found.status_code < 500, (str(found.request.url), found.request.content, found.text)
    if found.status_code >= 400:
        assert found.headers["content-type"] == "application/json"
        assert found.json()["msg"]


@pytest.mark.parametrize("path", QUERIES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
async def test_no_parameter_crashes_a_list(path: str, data: st.DataObject) -> None:
    names = st.sampled_from(QUERIES[path])
    params = data.draw(st.dictionaries(names, junk.map(said), min_size=1))
    async with client(_shared()) as api:
        check(await api.get(path, params=params))


@pytest.mark.parametrize("call", BODIES, ids=" ".join)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
async def test_no_body_crashes_a_call(call: tuple[str, str], data: st.DataObject) -> None:
    body = data.draw(st.dictionaries(st.sampled_from(BODIES[call]), junk, min_size=1))
    where = _shared()
    async with client(where) as api:
        if not any(r.destroyed_at is None for r in where.book.page.rentals):
            await rent(api)
        numbers = [r.number for r in where.book.page.rentals if r.destroyed_at is None]
        ask = (await asks(api, limit=1))[0]["id"] if "{ask}" in call[1] else 0
        sent = said(body).encode("utf-8", "replace")
        check(await api.request(call[0], call[1].format(ask=ask, n=numbers[0]), content=sent))


_SHARED: list[Still] = []


def _shared() -> Still:
    """One market for all examples: a crash in one is a crash, whatever came before."""
    if not _SHARED:
        _SHARED.append(still(credit_usd=1e6))
    return _SHARED[0]
