"""Vast's states as ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from hunter.facts.shipped import shipped
from hunter.markets.vast.instances import instance_of, state_of
from hunter.values.errors import HunterError, MarketError
from hunter.values.login import Login
from tests.markets.vast.records import Row
from tests.markets.vast.test_adapter import SIMULATED, impatient, market

if TYPE_CHECKING:
    from hunter.markets.vast.adapter import Vast


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"actual_status": None, "cur_state": "loading", "intended_status": "running"}, "allocating"),
        ({"actual_status": "loading", "cur_state": "running", "status_msg": "4c7d: Pull complete"}, "pulling"),
        ({"actual_status": "loading", "cur_state": "running", "status_msg": "manifest unknown"}, "failed"),
        ({"actual_status": "created", "cur_state": "running", "status_msg": ": OCI runtime create failed"}, "failed"),
        ({"actual_status": "running", "cur_state": "running", "status_msg": "success"}, "running"),
        ({"actual_status": "exited", "cur_state": "stopped", "intended_status": "stopped"}, "stopped"),
        ({"actual_status": "exited", "cur_state": "stopped", "intended_status": "running"}, "interrupted"),
        ({"actual_status": "exited", "cur_state": "running", "intended_status": "running"}, "starting"),
        ({"actual_status": "offline", "cur_state": "running"}, "offline"),
        ({"actual_status": "unknown", "cur_state": "running"}, "offline"),
        ({"actual_status": None, "cur_state": "unloaded"}, "gone"),
    ],
)  # fmt: skip
def test_vasts_four_states_are_one_of_ours(row: Row, state: str) -> None:
    assert state_of(row) == state


def test_a_host_without_ports_of_its_own_is_entered_by_the_proxy_and_no_other_host_is() -> None:
    row = {"id": 1, "actual_status": "running", "cur_state": "running", "ssh_host": "ssh3.vast.ai",
           "ssh_port": 10600, "public_ipaddr": "192.0.2.45", "direct_port_count": 0}  # fmt: skip
    assert instance_of(row, shipped()).login == Login(host="ssh3.vast.ai", port=10600)
    assert not instance_of(row | {"direct_port_count": 12}, shipped()).reachable
    mapped = {"22/tcp": [{"HostIp": "0.0.0.0", "HostPort": "30022"}]}
    direct = instance_of(row | {"direct_port_count": 12, "ports": mapped}, shipped())
    assert direct.login == Login(host="192.0.2.45", port=30022)


ODD: list[Row] = [
    {"num_gpus": "two"}, {"dph_base": "free"}, {"dph_base": -1.0}, {"label": 5}, {"gpu_name": []},
    {"start_date": "yesterday"}, {"is_bid": "no"}, {"status_msg": {}}, {"machine_id": 1.5}, {"disk_space": 1e300},
]  # fmt: skip


class Account:
    """An account's list, page by page, and each of its instances."""

    def __init__(self, *pages: list[Any], total: int | None = None, **last: Any) -> None:
        self.pages, self.last = pages, last
        self.total = sum(len(page) for page in pages) if total is None else total
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        at = int(request.url.params.get("after_token", "0"))
        more = {"next_token": str(at + 1)} if at + 1 < len(self.pages) else {"next_token": None}
        body = {"success": True, "instances": self.pages[at], "total_instances": self.total}
        return httpx.Response(200, json=body | more | self.last, headers=SIMULATED)


def row(number: int, **facts: Any) -> Row:
    return {"id": number, "label": f"hunter-{number}", "actual_status": "running", "cur_state": "running",
            "gpu_name": "RTX 4090", "num_gpus": 1, "dph_base": 0.3} | facts  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
async def test_a_row_that_cannot_be_read_is_listed_as_unclear_beside_all_others(odd: Row) -> None:
    listing = await market(Account([row(1), row(2, **odd), row(3)]), "key").instances()
    states = {found.instance_id: found.state for found in listing.instances}
    assert states == {"1": "running", "2": "unclear", "3": "running"}
    [unclear] = [found for found in listing.instances if found.state == "unclear"]
    assert "cannot be read" in unclear.detail
    assert listing.complete == ("label" not in odd)  # whose it is must be known for that


@pytest.mark.parametrize("junk", [None, 5, "x", [], {}, {"id": "abc"}, {"label": "hunter-2"}])
async def test_a_row_that_may_be_any_instance_proves_nothing_absent(junk: Any) -> None:
    listing = await market(Account([row(1), junk, junk, row(3)]), "key").instances()
    assert [found.state for found in listing.instances].count("unclear") == 2
    assert {"1", "3"} <= {found.instance_id for found in listing.instances}
    assert not listing.complete


async def test_every_page_is_read_whatever_its_token_looks_like() -> None:
    account = Account([row(1)], [row(2)], [row(3)])
    listing = await market(account, "key").instances()
    assert [found.instance_id for found in listing.instances] == ["1", "2", "3"]
    assert listing.complete


async def test_pages_without_end_are_a_part() -> None:
    listing = await market(Account([row(1)], next_token="0"), "key").instances()
    assert not listing.complete


async def test_what_came_before_a_page_that_fails_is_a_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    impatient(monkeypatch)
    account = Account([row(1)], [row(2)])

    def fail(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500) if "after_token" in request.url.params else account(request)

    listing = await market(fail, "key").instances()
    assert [found.instance_id for found in listing.instances] == ["1"]
    assert not listing.complete


@pytest.mark.parametrize("total", [0, 2, 99])
async def test_fewer_or_more_than_the_service_counts_are_a_part(total: int) -> None:
    assert not (await market(Account([row(1)], total=total), "key").instances()).complete


def answers(status: int, body: Any) -> Vast:
    return market(lambda request: httpx.Response(status, json=body, headers=SIMULATED), "key")


async def test_an_instance_is_gone_only_where_the_service_says_so() -> None:
    assert (await answers(200, {"instances": None}).instance("5")).state == "gone"
    gone = {"success": False, "error": "no_such_instance", "msg": "Instance 5 not found."}
    assert (await answers(404, gone).instance("5")).state == "gone"


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, {}), (200, {"instances": []}), (200, {"instances": {}}), (200, {"instances": row(6)}), (200, []),
     (404, {"error": "not_found"}), (404, {"success": False, "error": "auth_error"}), (200, {"instances": row(5, label=1)}),
     (200, {"success": False}), (301, {"instances": None}), (500, {"instances": None})],
)  # fmt: skip
async def test_any_other_answer_is_a_failure_and_no_end(
    status: int, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    with pytest.raises(MarketError):
        await answers(status, body).instance("5")


@pytest.mark.parametrize(
    ("status", "body"), [(200, {"success": True}), (404, {"error": "no_such_instance"})]
)
async def test_an_end_is_asked_for_once_and_of_what_is_not_there_too(
    status: int, body: Any
) -> None:
    await answers(status, body).destroy("5")


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, {"success": False, "msg": "busy"}), (200, {}), (429, {"detail": "too frequent"}), (500, {}), (204, {})],
)  # fmt: skip
async def test_an_end_that_is_not_granted_is_a_failure(status: int, body: Any) -> None:
    with pytest.raises(MarketError):
        await answers(status, body).destroy("5")


@pytest.mark.parametrize("name", ["", "..", "5/../6", "5?x", "٥", "9" * 30, "i5"])
async def test_what_is_no_id_is_sent_nowhere(name: str) -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    with pytest.raises(HunterError):
        await market(never, "key").destroy(name)


async def test_a_log_that_never_comes_ends_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunter.markets.vast.adapter.LOG_WITHIN_S", 0.05)
    monkeypatch.setattr("hunter.markets.vast.adapter.LOG_EVERY_S", 0.01)

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            told = {"success": True, "result_url": "https://s3.amazonaws.com/log"}
            return httpx.Response(200, json=told)
        return httpx.Response(404)

    with pytest.raises(MarketError, match="no log of it yet"):
        await market(handle, "key").logs("5", 10)


def test_the_proxy_is_the_way_in_where_ports_are_null_or_nothing() -> None:
    there = {"id": 1, "actual_status": "running", "cur_state": "running", "ssh_host": "ssh9.vast.ai",
             "ssh_port": "10600", "public_ipaddr": None, "direct_port_count": 0}  # fmt: skip
    unmapped: list[Any] = [
        None,
        {},
        {"22/tcp": None},
        {"22/tcp": []},
        {"80/tcp": [{"HostPort": "1"}]},
    ]
    for ports in unmapped:
        found = instance_of(there | {"ports": ports}, shipped())
        assert found.login == Login(host="ssh9.vast.ai", port=10600)


@pytest.mark.parametrize(
    ("message", "whose"),
    [
        ("manifest for a:1 not found: manifest unknown", "image"),
        ("pull access denied for a", "image"),
        ("invalid reference format", "image"),
        ("toomanyrequests: pull rate limit", "registry"),
        ("failed to create task: OCI runtime create failed", "host"),
        ("write /var/lib: no space left on device", "host"),
        ("4c7d: Pull complete", ""),
    ],
)
def test_whose_fault_a_failed_start_is_stands_in_its_message(message: str, whose: str) -> None:
    row = {"id": 7, "actual_status": "loading", "cur_state": "running", "status_msg": message}
    seen = instance_of(row, shipped())
    assert (seen.fault, seen.state == "failed") == (whose, bool(whose))


@pytest.mark.parametrize(
    ("row", "exited"),
    [
        ({"actual_status": "exited", "cur_state": "running", "intended_status": "running"}, True),
        ({"actual_status": "exited", "cur_state": "stopped", "intended_status": "stopped"}, False),
        ({"actual_status": "exited", "cur_state": "stopped", "intended_status": "running"}, False),
        ({"actual_status": "running", "cur_state": "running", "intended_status": "running"}, False),
    ],
)
def test_a_container_that_ended_under_a_contract_that_runs_on_is_told(
    row: dict[str, Any], exited: bool
) -> None:
    assert instance_of({"id": 7} | row, shipped()).exited is exited
