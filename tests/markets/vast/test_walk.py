"""The walk up Vast's prices goes on past what cannot be read, and always ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.markets.protocol import Scope
from hunter.markets.vast import walk
from hunter.values.errors import MarketError
from tests.markets.vast.records import Row, ask
from tests.markets.vast.test_adapter import SIMULATED, Service, market, poll, reply

if TYPE_CHECKING:
    from collections.abc import Callable

BROKEN: list[Row] = [
    {"gpu_name": None}, {"num_gpus": "1"}, {"gpu_ram": None}, {"dph_base": "free"}, {"machine_id": -1},
    {"inet_down": [800]}, {"verification": 1}, {"reliability2": "high"},
]  # fmt: skip


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.2, 0.3]), st.booleans()), min_size=1, max_size=40),
    st.integers(2, 9), st.sampled_from(BROKEN),
)  # fmt: skip
async def test_rows_that_cannot_be_read_end_no_walk_and_hide_no_dearer_offer(
    kinds: list[tuple[float, bool]], cap: int, broken: Row
) -> None:
    rows = [ask(n + 1, dph, **({} if good else broken)) for n, (dph, good) in enumerate(kinds)]
    service = Service([row | {"machine_id": n + 1} for n, row in enumerate(rows)], cap)
    if not any(good for _, good in kinds) or "machine_id" in broken:
        return
    listing = await poll(market(service), gpu_count=1)
    assert listing.complete
    read = {str(row["id"]) for row, (_, good) in zip(rows, kinds, strict=True) if good}
    assert {o.offer_id for o in listing.offers} == read
    assert {bad.record for bad in listing.rejected} == {str(row["id"]) for row in rows} - read


async def test_a_whole_page_that_cannot_be_read_is_walked_past() -> None:
    rows = [ask(n, 0.1 * n, **({"gpu_name": None} if 4 <= n <= 9 else {})) for n in range(1, 16)]
    listing = await poll(market(Service(rows, 3)))
    assert listing.complete
    assert {o.offer_id for o in listing.offers} == {"1", "2", "3", *map(str, range(10, 16))}
    assert len(listing.rejected) == 6


@pytest.mark.parametrize("price", [None, "0.5", -1.0, [1], True, "delete"])
async def test_a_page_without_a_price_to_go_on_from_is_a_part_and_says_so(price: Any) -> None:
    page = [ask(1, dph_total=price), ask(2, dph_total=price)]
    if price == "delete":
        page = [{k: v for k, v in row.items() if k != "dph_total"} for row in page]
    pages = [[ask(9, 0.1), ask(8, 0.1), ask(7, 0.2)], page]

    def handle(request: httpx.Request) -> httpx.Response:
        return reply(pages.pop(0) if len(pages) > 1 else pages[0])

    listing = await poll(market(handle))
    assert not listing.complete
    assert "stated no price" in listing.notes[0]
    assert {"7", "8", "9"} <= {o.offer_id for o in listing.offers}


async def test_prices_that_rise_for_ever_are_walked_so_far_and_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walk, "MOST_STEPS", 30)
    calls = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return reply([ask(calls * 2, 0.01 * calls), ask(calls * 2 + 1, 0.01 * calls + 0.005)])

    listing = await poll(market(handle))
    assert calls == 30
    assert not listing.complete
    assert "30 searches" in listing.notes[0]
    assert len({o.offer_id for o in listing.offers}) == 60


async def test_a_market_without_end_is_a_part_whatever_a_page_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hunter.markets.vast.adapter.MOST_OFFERS", 10)
    calls = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return reply([ask(calls * 4 + n, calls + n / 10) for n in range(4)])

    listing = await poll(market(handle))
    assert calls == 3
    assert not listing.complete
    assert "12 offers" in listing.notes[0]


@pytest.mark.parametrize(
    "later",
    [httpx.Response(500), httpx.Response(200, content=b"{"), httpx.Response(200, content=b"[" * 9999),
     httpx.Response(307), httpx.Response(200, html="<html>")],
)  # fmt: skip
async def test_what_came_before_a_page_that_fails_is_a_part(
    later: httpx.Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunter.markets.http.TRIES", 1)
    service = Service([ask(n, n / 10) for n in range(1, 9)], 3)
    listing = await poll(market(lambda request: later if service.calls == 2 else service(request)))
    assert not listing.complete
    assert {o.offer_id for o in listing.offers} == {"1", "2", "3", "4", "5"}
    assert "stopped early" in listing.notes[0]


async def test_machines_that_rise_for_ever_are_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MOST_STEPS", 30)
    calls = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return reply([ask(calls * 2, 0.2), ask(calls * 2 + 1, 0.2)])

    assert not (await poll(market(handle))).complete
    assert calls == 30


@pytest.mark.parametrize("junk", [None, 5, "x", [], {}, {"id": None}])
async def test_a_row_without_a_name_may_be_any_offer_so_that_nothing_is_proven(junk: Any) -> None:
    listing = await poll(market(answering([ask(1), junk])))
    assert not listing.complete
    assert [o.offer_id for o in listing.offers] == ["1", "1"]
    assert len(listing.rejected) == 1


def answering(rows: list[Any]) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: reply(rows)


DEEP = b"[" * 100_000 + b"]" * 100_000


NOISE = [b"Infinity", b"NaN", DEEP, b'"\\ud83d"', b"1e400"]


@pytest.mark.parametrize("noise", NOISE, ids=lambda noise: repr(noise[:12]))
async def test_nonsense_in_a_field_of_one_offer_costs_that_offer_at_most(noise: bytes) -> None:
    rows = json.dumps({"offers": [ask(1), ask(2, logo="HERE"), ask(3)]}).encode()
    body = rows.replace(b'"HERE"', noise)
    listing = await poll(market(lambda request: reply(body)))
    kept = {o.offer_id for o in listing.offers} | {bad.record for bad in listing.rejected}
    assert kept == {"1", "2", "3"}
    assert {"1", "3"} <= {o.offer_id for o in listing.offers}


@pytest.mark.parametrize(
    "facts",
    [{"dph_base": 0.0}, {"dph_base": -0.3}, {"dph_base": 1e300}, {"storage_cost": -1.0}, {"inet_up_cost": -0.01},
     {"inet_down_cost": 1e9}, {"num_gpus": 0}, {"gpu_ram": 0}, {"disk_bw": 1e14}],
)  # fmt: skip
async def test_an_impossible_figure_rejects_its_offer(facts: Row) -> None:
    listing = await poll(market(answering([ask(1), ask(2, **facts)])))
    assert {o.offer_id for o in listing.offers} == {"1"}
    assert [bad.record for bad in listing.rejected] == ["2"]


@pytest.mark.parametrize("bid", [0.0, -0.1, 1e6])
async def test_an_impossible_bid_costs_the_bid_and_leaves_the_fixed_price(bid: float) -> None:
    listing = await poll(market(answering([ask(1), ask(2, min_bid=bid)])))
    assert sorted(o.ref for o in listing.offers) == ["vast:1", "vast:1:bid", "vast:2"]
    assert [bad.record for bad in listing.rejected] == ["2"]


@pytest.mark.parametrize(
    "said",
    ["now=1790000000.0;speed=0;limits=off", "now=1790000000.0;speed=nan;limits=off", "now=1;speed=inf;limits=on",
     "now=1790000000.0;speed=-1;limits=off", "now=1790000000.0;speed=1e400;limits=off", "now=1e9;speed=1;limits=on",
     "now=1790000000.0.0;speed=1;limits=on", "now=99999999999999;speed=1;limits=on", "speed=1", "", "now=;speed=;limits="],
)  # fmt: skip
async def test_a_clock_that_cannot_be_is_one_sentence(said: str) -> None:
    answer = httpx.Response(200, json={"offers": [ask(1)]}, headers={"x-hunter-sandbox": said})
    with pytest.raises(Exception, match="a clock that no embedded market has") as caught:
        await market(lambda request: answer).offers(Scope(), lambda progress: None)
    assert getattr(caught.value, "exit_code", None) == 2


async def test_too_many_rows_are_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunter.markets.http.TRIES", 1)
    body = b'{"offers": [' + b"1," * 20_000 + b"1]}"
    with pytest.raises(MarketError, match="cannot be read"):
        await poll(market(lambda request: httpx.Response(200, content=body, headers=SIMULATED)))
