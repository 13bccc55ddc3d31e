"""Misbehaviour that is switched on by name, seen from outside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from hunter.sandbox.faults import KNOWN, parse
from hunter.values.errors import UsageError
from tests.sandbox.runpod import test_api as runpod
from tests.sandbox.stills import client
from tests.sandbox.vast import test_api as vast

if TYPE_CHECKING:
    from httpx import AsyncClient

    from tests.sandbox.stills import Still


@pytest.mark.parametrize("spec", [*KNOWN, "html@vast", "down@runpod"])
def test_every_fault_is_known_by_name_and_market(spec: str) -> None:
    name, _, where = spec.partition("@")
    faults = parse((spec,))
    assert faults.active(name, where or "vast")
    assert not faults.active(name, "runpod" if where == "vast" else "vast") or not where


@pytest.mark.parametrize("spec", ["nonsense", "html@moon", ""])
def test_an_unknown_fault_names_the_known(spec: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse((spec,))
    assert "never-boot" in caught.value.remedy


async def rent(api: AsyncClient, where: Still, market: str) -> str:
    """An instance of a market: its id."""
    if market == "vast":
        return str(await vast.rent(api))
    return str((await runpod.rent(api, where))["id"])


async def listed(api: AsyncClient, market: str) -> list[str]:
    """The ids that a market's first page lists."""
    path, rows = {"vast": ("/api/v1/instances/", "instances"), "runpod": ("/v2/pods", "pods")}[
        market
    ]
    return [str(row["id"]) for row in (await api.get(path)).json()[rows]]


def path_of(market: str, identity: str) -> str:
    return f"/api/v0/instances/{identity}/" if market == "vast" else f"/v2/pods/{identity}"


both = pytest.mark.parametrize("market", ["vast", "runpod"])


@both
async def test_partial_list_lacks_the_newest_although_it_can_be_read_by_itself(market: str) -> None:
    where = runpod.stocked("partial-list")
    async with client(where) as api:
        ids = [await rent(api, where, market) for _ in range(5)]
        assert await listed(api, market) == [ids[1], ids[3]]
        assert ids[4] in (await api.get(path_of(market, ids[4]))).text


@both
async def test_destroy_noop_says_that_it_is_done_and_ends_nothing(market: str) -> None:
    where = runpod.stocked(f"destroy-noop@{market}")
    async with client(where) as api:
        identity = await rent(api, where, market)
        assert (await api.delete(path_of(market, identity))).is_success
        assert await listed(api, market) == [identity]
        if market == "vast":
            body = {"instance_ids": [int(identity)]}
            assert (await api.request("DELETE", "/api/v0/instances/", json=body)).is_success
        else:
            end = f'mutation {{ podTerminate(input: {{podId: "{identity}"}}) }}'
            assert "errors" not in await runpod.graphql(api, end)
        assert await listed(api, market) == [identity]


async def test_page_two_fails_after_a_first_page_that_says_there_is_more() -> None:
    where = runpod.stocked("page-two-fails", page_rows=1)
    async with client(where) as api:
        for market in ("vast", "vast", "runpod", "runpod"):
            await rent(api, where, market)
        page = (await vast.listing(api)).json()
        assert len(page["instances"]) == 1
        failed = await vast.listing(api, after_token=page["next_token"])
        assert (failed.status_code, failed.json()["error"]) == (502, "server_error")
        pods = (await api.get("/v2/pods")).json()
        cursor = {"cursor": pods["pagination"]["nextCursor"]}
        assert (await api.get("/v2/pods", params=cursor)).status_code == 500


@both
async def test_slow_list_takes_its_time_and_nothing_else_does(market: str) -> None:
    where = runpod.stocked("slow-list", slow_s=0.4)
    async with client(where) as api:
        identity = await rent(api, where, market)
        begun = time.monotonic()
        await listed(api, market)
        assert time.monotonic() - begun >= 0.4
        if market == "runpod":
            begun = time.monotonic()
            await runpod.graphql(api, "{ myself { pods { id } } }")
            assert time.monotonic() - begun >= 0.4
        assert (await api.get(path_of(market, identity))).is_success


async def charged(api: AsyncClient, market: str) -> float:
    path, params = {
        "vast": ("/api/v0/charges/", {}),
        "runpod": ("/v2/billing/pods", {"bucketSize": "hour"}),
    }[market]
    document: dict[str, Any] = (await api.get(path, params=params)).json()
    if market == "vast":
        return float(sum(line["amount"] for line in document["results"]))
    return float(document["metadata"]["totals"]["totalAmount"])


@both
async def test_late_bills_tell_the_last_minutes_only_minutes_after_the_end(market: str) -> None:
    where = runpod.stocked("late-bills")
    async with client(where) as api:
        identity = await rent(api, where, market)
        where.at += 300
        assert await charged(api, market) == 0
        where.at += 3300
        await api.delete(path_of(market, identity))
        rental = where.book.page.rentals[-1]
        whole = where.bill(rental, where.at).usd
        assert 0 < await charged(api, market) < whole
        where.at += 601
        assert await charged(api, market) == pytest.approx(whole)


async def test_exits_ends_containers_at_vast_by_themselves() -> None:
    where = runpod.stocked("exits", credit_usd=1e6)
    where.world.truths.boot_success[:] = 1.0
    where.world.truths.failures_per_day[:] = 0.0
    async with client(where) as api:
        number = await vast.rent(api)
        where.at += 6 * 3600
        row = await vast.row_of(api, number)
        assert (row["actual_status"], row["cur_state"]) == ("exited", "running")
        await api.put(f"/api/v0/instances/{number}/", json={"state": "running"})
        assert where.book.page.rentals[-1].starts == 2
