"""Vast.ai's adapter: what it reads, what it survives, what it sends once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.facts.shipped import shipped
from hunter.markets.protocol import Order, Scope
from hunter.markets.vast.adapter import Vast
from hunter.values.errors import (
    BadKey,
    CreateUnclear,
    MarketError,
    NoCredit,
    OfferGone,
    RateLimited,
)
from hunter.values.offers import Tenancy
from tests.builders import offer
from tests.markets.vast.records import Row, ask

if TYPE_CHECKING:
    from collections.abc import Callable


def market(handle: Callable[[httpx.Request], httpx.Response], key: str | None = None) -> Vast:
    vast = Vast("http://vast.invalid", key, shipped())
    vast.http._client = httpx.AsyncClient(
        transport=httpx.MockTransport(handle), base_url="http://vast.invalid",
        headers=vast.http._client.headers,
    )  # fmt: skip
    return vast


SIMULATED = {"x-hunter-sandbox": "now=1790000000.0;speed=1000;limits=off"}


def reply(rows: list[Row] | bytes, status: int = 200, **headers: str) -> httpx.Response:
    body = rows if isinstance(rows, bytes) else json.dumps({"offers": rows}).encode()
    kind = {"content-type": "application/json"}
    return httpx.Response(status, content=body, headers=kind | SIMULATED | headers)


class Service:
    """A search with a row cap, as the service has it."""

    def __init__(self, rows: list[Row], cap: int) -> None:
        self.rows, self.cap, self.calls = rows, cap, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        query = json.loads(request.content)
        found = self.rows
        for key, column in (("dph_total", "dph_total"), ("machine_id", "machine_id")):
            for operator, value in query.get(key, {}).items():
                tests = {"eq": lambda x, v=value: x == v, "gte": lambda x, v=value: x >= v,
                         "gt": lambda x, v=value: x > v}  # fmt: skip
                found = [row for row in found if tests[operator](row[column])]
        [[order, _]] = query["order"]
        return reply(sorted(found, key=lambda row: row[order])[: self.cap])


async def poll(vast: Vast, **scope: Any) -> Any:
    return await vast.offers(Scope(**{"disk_gb": 10.0} | scope), lambda progress: None)


prices = st.sampled_from([0.1, 0.2, 0.2, 0.2, 0.3, 0.4])


@given(st.lists(prices, min_size=1, max_size=60), st.integers(2, 9))
async def test_the_whole_market_is_read_whatever_the_row_cap_and_the_ties(
    dph: list[float], cap: int
) -> None:
    rows = [ask(number + 1, price) for number, price in enumerate(dph)]
    listing = await poll(market(Service(rows, cap)))
    assert listing.complete
    found = {o.offer_id for o in listing.offers}
    assert found == {str(row["id"]) for row in rows}


async def test_both_tenancies_come_from_one_search() -> None:
    listing = await poll(market(Service([ask(1, 0.3)], 64)))
    fixed, bid = listing.offers
    assert (fixed.tenancy, fixed.price_usd_h) == (Tenancy.ON_DEMAND, 0.3)
    assert (bid.tenancy, bid.price_usd_h, bid.on_demand_usd_h) == (Tenancy.INTERRUPTIBLE, 0.15, 0.3)


async def test_units_are_converted_at_the_edge() -> None:
    listing = await poll(market(Service([ask(1, compute_cap=890, inet_down_cost=0.002)], 64)))
    found = listing.offers[0]
    assert (found.gpu, found.vram_gb, found.compute_cap) == ("RTX 4090", 24, 8.9)
    assert found.inet_down_usd_gb == pytest.approx(0.002 / 1.073741824)  # $ a GiB as $ a GB
    assert found.ram_gb == 32  # 64 GB × 8 of 16 cores
    assert (found.location, found.country, found.region) == ("Ohio, US", "US", "NA")
    assert found.max_rental_h == 24


async def test_filters_are_checked_again_because_the_service_does_not_always_apply_them() -> None:
    rows = [ask(1, disk_space=5.0), ask(2, rentable=False), ask(3, num_gpus=2), ask(4)]
    listing = await poll(market(Service(rows, 64)), gpu_count=1)
    assert {o.offer_id for o in listing.offers} == {"4"}


async def test_a_record_that_cannot_be_read_is_counted_and_stops_nothing() -> None:
    rows = [ask(1), ask(2, dph_base="free"), ask(3)]
    listing = await poll(market(lambda request: reply(rows)))
    assert {o.offer_id for o in listing.offers} == {"1", "3"}
    [bad] = listing.rejected
    assert bad.record == "2"
    assert "dph_base" in bad.reason


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (lambda r: httpx.Response(200, html="<html>hi</html>"), MarketError, "a web page instead of data"),
        (lambda r: reply(b'{"offers": [{"id": 1, '), MarketError, "cannot be read"),
        (lambda r: reply(b'{"success":false,"error":"auth_error","msg":"Invalid user key"}', 401), BadKey, "Invalid"),
        (lambda r: reply(b'{"error":"auth_error","msg":"Invalid user key"}', 404), BadKey, "Invalid user key"),
        (lambda r: reply(b"API requests too frequent", 429), RateLimited, "slow down"),
        (lambda r: reply(b"x", 429, **{"retry-after": "900"}), RateLimited, "slow down"),
        (lambda r: reply(b"Service Unavailable", 503), MarketError, "503"),
        (lambda r: reply([]), MarketError, "without a single offer"),
    ],
)  # fmt: skip
async def test_a_failure_is_one_sentence_and_never_an_empty_market(
    answer: Callable[[httpx.Request], httpx.Response],
    kind: type[MarketError],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    impatient(monkeypatch)
    with pytest.raises(kind, match=says) as caught:
        await poll(market(answer))
    assert caught.value.remedy


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    import stamina

    monkeypatch.setattr("hunter.markets.http.TRIES", 2)
    original = stamina.retry_context

    def quick(**options: Any) -> Any:
        return original(**options | {"wait_initial": 0.001, "wait_max": 0.001})

    monkeypatch.setattr("stamina.retry_context", quick)


async def test_a_server_that_is_down_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    with pytest.raises(MarketError, match=r"Vast\.ai cannot be reached"):
        await poll(market(refuse))


async def test_a_quota_that_runs_out_midway_keeps_what_came_and_says_so() -> None:
    service = Service([ask(n, n / 10) for n in range(1, 9)], 3)

    def handle(request: httpx.Request) -> httpx.Response:
        if service.calls == 2:
            body = b'{"error":"search_quota_exceeded","msg":"Daily quota"}'
            return reply(body, 429, **{"x-ratelimit-reset": "1790035200"})
        return service(request)

    listing = await poll(market(handle))
    assert not listing.complete
    assert len(listing.offers) == 10
    assert "1790035200" in listing.notes[0]


async def test_the_key_goes_into_a_header_and_nowhere_else() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return reply([ask(1)])

    await poll(market(handle, key="secret"))
    assert all(request.headers["authorization"] == "Bearer secret" for request in seen)
    assert not any("secret" in str(request.url) or b"secret" in request.content for request in seen)


# ── creating ─────────────────────────────────────────────────────────────────────────────────


def order(bid: float | None = None) -> Order:
    deal = offer("RTX 4090 $0.3/h #77")
    return Order(offer=deal, label="hunter-1", image="a:1", disk_gb=40.0, env={"A": "1"},
                 bid_usd_h=bid, ports=("8080",))  # fmt: skip


async def test_a_create_says_label_disk_price_and_ports() -> None:
    sent: list[Row] = []

    def handle(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("PUT", "/api/v0/asks/77/")
        sent.append(json.loads(request.content))
        return reply(b'{"success": true, "new_contract": 5}')

    assert (await market(handle, "k").create(order(0.2))).instance_id == "5"
    [body] = sent
    assert (body["label"], body["disk"], body["price"], body["image"]) == (
        "hunter-1",
        40.0,
        0.2,
        "a:1",
    )
    assert body["env"] == {"A": "1", "-p 8080:8080": "1"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(b'{"success":false,"error":"invalid_args","msg":"error 404/3603: no_such_ask  x"}', 400), OfferGone),
        (reply(b'{"success":false,"error":"no_such_ask","msg":"gone"}', 410), OfferGone),
        (reply(b'{"success":false,"error":"insufficient_credit","msg":"no credit"}', 400), NoCredit),
        (reply(b'{"success":false,"error":"auth_error","msg":"Invalid user key"}', 401), BadKey),
        (reply(b"Bad Gateway", 502), CreateUnclear),
        (reply(b"", 200), CreateUnclear),
    ],
)  # fmt: skip
async def test_each_refusal_of_a_create_is_told_apart_and_sent_once(
    answer: httpx.Response, kind: type[MarketError]
) -> None:
    calls: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        return answer

    with pytest.raises(kind):
        await market(handle, "k").create(order())
    assert calls == ["PUT"]


async def test_a_create_without_an_answer_is_unclear_and_one_never_sent_is_not() -> None:
    def late(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    def closed(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(CreateUnclear):
        await market(late, "k").create(order())
    with pytest.raises(MarketError) as caught:
        await market(closed, "k").create(order())
    assert not isinstance(caught.value, CreateUnclear)
