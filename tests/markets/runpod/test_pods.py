"""RunPod's lists: a pod that cannot be read is one unclear pod, and a part is never all."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from hunter.values.errors import MarketError
from tests.markets.runpod.test_adapter import SIMULATED, market
from tests.markets.vast.test_adapter import impatient

Row = dict[str, Any]


def pod(name: str, **facts: Any) -> Row:
    port = {"ip": "1.2.3.4", "isIpPublic": True, "privatePort": 22, "publicPort": 30022}
    return {"id": name, "name": f"hunter-{name}", "desiredStatus": "RUNNING", "costPerHr": 0.7, "gpuCount": 1,
            "machine": {"gpuDisplayName": "RTX 4090"}, "runtime": {"ports": [port]}} | facts  # fmt: skip


def graphql(data: Any, **more: Any) -> Any:
    body = {"data": data} | more
    return market(lambda request: httpx.Response(200, json=body, headers=SIMULATED), "key")


def pods(*rows: Any) -> Row:
    return {"myself": {"pods": list(rows)}}


@pytest.mark.parametrize(
    "odd",
    [{"costPerHr": "0.7"}, {"costPerHr": -1.0}, {"gpuCount": "1"}, {"containerDiskInGb": []}, {"machine": "here"},
     {"desiredStatus": 1}, {"podType": {}}, {"machineId": 5}, {"lastStatusChange": []}],
)  # fmt: skip
async def test_a_pod_that_cannot_be_read_is_listed_as_unclear_beside_all_others(odd: Row) -> None:
    listing = await graphql(pods(pod("a"), pod("b", **odd), pod("c"))).instances()
    states = {found.instance_id: found.state for found in listing.instances}
    assert states == {"a": "running", "b": "unclear", "c": "running"}
    assert listing.complete  # its name is known, and proves or disproves what any name does


@pytest.mark.parametrize("junk", [None, 1, [], {}, {"name": "hunter-x"}, {"id": "b", "name": 5}])
async def test_a_pod_that_may_be_any_proves_nothing_absent(junk: Any) -> None:
    listing = await graphql(pods(pod("a"), junk)).instances()
    assert {found.state for found in listing.instances} == {"running", "unclear"}
    assert not listing.complete


@pytest.mark.parametrize(
    "runtime",
    [{"ports": [{"ip": "1.2.3.4", "isIpPublic": True, "privatePort": 22, "publicPort": None}]}, {"ports": ["22/tcp"]},
     {"ports": {"22": 1}}, "up", {"ports": [None]}],
)  # fmt: skip
async def test_odd_ports_are_no_way_in_and_hide_nothing_else(runtime: Any) -> None:
    listing = await graphql(pods(pod("a"), pod("b", runtime=runtime))).instances()
    assert [(one.instance_id, one.reachable) for one in listing.instances] == [("a", True), ("b", False)]  # fmt: skip


async def test_pods_beside_errors_are_a_part() -> None:
    listing = await graphql(pods(pod("a")), errors=[{"message": "one failed"}]).instances()
    assert [found.instance_id for found in listing.instances] == ["a"]
    assert not listing.complete


@pytest.mark.parametrize(
    "body",
    [{}, {"data": {}}, {"data": {"myself": None}}, {"data": {"myself": {"pods": None}}}, {"data": {"myself": {}}},
     {"errors": ["boom"]}, {"errors": {}}, {"data": [], "errors": "x"}, {"data": {"myself": {"pods": {}}}}],
)  # fmt: skip
async def test_what_is_no_list_is_a_failure_and_never_an_empty_one(
    body: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    runpod = market(lambda request: httpx.Response(200, json=body, headers=SIMULATED), "key")
    with pytest.raises(MarketError):
        await runpod.instances()


async def test_a_pod_is_gone_only_where_the_service_says_so() -> None:
    assert (await graphql({"pod": None}).instance("a")).state == "gone"
    missing = [{"message": "pod not found", "extensions": {"code": "POD_NOT_FOUND"}}]
    assert (await graphql({"pod": None}, errors=missing).instance("a")).state == "gone"
    assert (await graphql(None, errors=missing).instance("a")).state == "gone"


@pytest.mark.parametrize(
    "body",
    [{"data": {}}, {"data": {"pod": None}, "errors": ["boom"]}, {"data": {"pod": {}}}, {"data": {"pod": []}},
     {"data": None}, {"data": {"pod": pod("b")}}, {"data": {"pod": pod("a", costPerHr="x")}}, {}],
)  # fmt: skip
async def test_any_other_answer_is_a_failure_and_no_end(
    body: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    runpod = market(lambda request: httpx.Response(200, json=body, headers=SIMULATED), "key")
    with pytest.raises(MarketError):
        await runpod.instance("a")


# ── over REST ────────────────────────────────────────────────────────────────────────────────


class Rest:
    """Only REST answers, with these pages of pods."""

    def __init__(self, *pages: Any) -> None:
        self.pages = pages
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/graphql":
            return httpx.Response(
                410, json={"error": "GraphQL has been retired."}, headers=SIMULATED
            )
        self.asked.append(str(request.url))
        at = int(request.url.params.get("cursor", "0"))
        page = self.pages[at]
        if isinstance(page, int):
            return httpx.Response(page, headers=SIMULATED)
        return httpx.Response(200, json=page, headers=SIMULATED)


def rest(name: str, **facts: Any) -> Row:
    return {
        "id": name,
        "name": f"hunter-{name}",
        "status": "RUNNING",
        "runtime": {"uptime": 5},
    } | facts


def page(*rows: Any, **turned: Any) -> Row:
    return {"pods": list(rows), "pagination": turned}


@pytest.mark.parametrize(
    ("pages", "names", "complete"),
    [
        ([{"pods": [rest("a")]}], "a", True),
        ([page(rest("a"), hasNextPage=False, nextCursor=None)], "a", True),
        ([page(rest("a"), hasNextPage=True, nextCursor="1"), page(rest("b"), hasNextPage=False)], "ab", True),
        ([page(rest("a"), hasNextPage=True, nextCursor="1"), page(rest("b"), hasNextPage=True, nextCursor="2"),
          page(rest("c"))], "abc", True),
        ([{"pods": [rest("a")], "nextCursor": "1"}, {"pods": [rest("b")]}], "ab", True),
        ([page(rest("a"), hasNextPage=True)], "a", False),
        ([page(rest("a"), hasNextPage=True, nextCursor="")], "a", False),
        ([{"pods": [rest("a")], "hasMore": True}], "a", False),
        ([page(rest("a"), hasNextPage=True, nextCursor="1"), 400], "a", False),
        ([page(rest("a"), hasNextPage=True, nextCursor="1"), {"error": "x"}], "a", False),
        ([page(rest("a"), None, hasNextPage=False)], "a?", False),
        ([page(rest("a"), rest("b", cost="x"))], "ab", True),
        ([page(hasNextPage=False)], "", True),
    ],
)  # fmt: skip
async def test_a_list_in_pages_is_followed_to_its_end_or_a_part(
    pages: list[Any], names: str, *, complete: bool
) -> None:
    listing = await market(Rest(*pages), "key").instances()
    assert "".join(found.instance_id[0] for found in listing.instances) == names
    assert listing.complete == complete


async def test_pages_without_end_are_a_part() -> None:
    again = page(rest("a"), hasNextPage=True, nextCursor="0")
    service = Rest(again)
    assert not (await market(service, "key").instances()).complete
    assert len(service.asked) == 2


async def test_an_id_from_outside_is_one_part_of_a_path() -> None:
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        if request.url.path == "/graphql":
            return httpx.Response(410, json={"error": "retired"})
        return httpx.Response(404, json={"title": "Not Found", "status": 404})

    found = await market(handle, "key").instance("../account?x=1#y")
    assert found.state == "gone"
    assert asked[-1] == "/v2/pods/..%2Faccount%3Fx%3D1%23y"


async def test_an_end_is_one_mutation_with_the_id_as_a_variable() -> None:
    sent: list[Any] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(200, json={"data": {"podTerminate": None}})

    await market(handle, "key").destroy('a"}) { id }')
    assert [body["variables"] for body in sent] == [{"input": {"podId": 'a"}) { id }'}}]
    assert "podTerminate" in sent[0]["query"]


@pytest.mark.parametrize(
    "body", [{"errors": [{"message": "no"}], "data": None}, {}, [], {"data": None}, {"errors": ["x"], "data": {}}]
)  # fmt: skip
async def test_an_end_that_is_not_granted_is_a_failure(body: Any) -> None:
    with pytest.raises(MarketError):
        await market(lambda request: httpx.Response(200, json=body), "key").destroy("a")


async def test_the_end_of_what_is_not_there_is_no_failure() -> None:
    missing = {
        "errors": [{"message": "pod not found to terminate"}],
        "data": {"podTerminate": None},
    }
    await market(lambda request: httpx.Response(200, json=missing), "key").destroy("a")
