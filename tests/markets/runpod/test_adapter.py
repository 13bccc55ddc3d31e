"""RunPod's adapter: two interfaces, the same offers; placeholders are not prices; spot is probed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from hunter.facts.shipped import shipped
from hunter.markets.protocol import Order, Scope
from hunter.markets.runpod.adapter import Runpod
from hunter.values.errors import BadKey, CreateUnclear, MarketError, NoCredit, OfferGone
from hunter.values.offers import Tenancy
from tests.builders import offer

if TYPE_CHECKING:
    from collections.abc import Callable

SIMULATED = {"x-hunter-sandbox": "now=1790000000.0;speed=1000;limits=off"}


def priced(usd: float | None, stock: str | None, bid: float | None = None) -> dict[str, Any]:
    return {"uninterruptablePrice": usd, "minimumBidPrice": bid or usd, "stockStatus": stock}


def gpu(**facts: Any) -> dict[str, Any]:
    plain = {
        "id": "NVIDIA GeForce RTX 4090", "displayName": "RTX 4090", "memoryInGb": 24, "secureCloud": True,
        "communityCloud": True, "securePrice": 0.74, "communityPrice": 0.34,
        "secure": priced(0.74, "High"), "community": priced(0.34, "Low"),
        "c_US": priced(0.34, "Low"), "c_DE": priced(None, None),
    }  # fmt: skip
    return plain | facts


def center(stock: str | None = "High") -> dict[str, Any]:
    seen = {
        "gpuTypeId": "NVIDIA GeForce RTX 4090",
        "available": stock is not None,
        "stockStatus": stock,
    }
    return {"id": "EU-RO-1", "name": "EU-RO-1", "location": "Romania", "gpuAvailability": [seen]}


class Service:
    """GraphQL with one model, and the REST catalogue."""

    def __init__(self, *gpus: dict[str, Any], centers: list[dict[str, Any]] | None = None) -> None:
        self.gpus = list(gpus) or [gpu()]
        self.centers = [center()] if centers is None else centers
        self.graphql: httpx.Response | None = None
        self.sent: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if request.url.path == "/graphql":
            if self.graphql is not None:
                return self.graphql
            if "countryCodes" in request.content.decode():
                data: dict[str, Any] = {"countryCodes": ["US", "DE"], "gpuTypes": []}
            else:
                data = {"gpuTypes": self.gpus, "dataCenters": self.centers}
            return httpx.Response(200, json={"data": data}, headers=SIMULATED)
        entry = {"id": "NVIDIA GeForce RTX 4090", "name": "RTX 4090", "memory": 24, "secure": True,
                 "community": True, "price": {"secure": 0.74, "community": 0.34},
                 "availability": "HIGH" if "SECURE" in str(request.url) else "LOW",
                 "dataCenters": [{"id": "EU-RO-1", "availability": "HIGH"}]
                 if "SECURE" in str(request.url) else []}  # fmt: skip
        return httpx.Response(200, json={"gpus": [entry]}, headers=SIMULATED)


def market(handle: Callable[[httpx.Request], httpx.Response], key: str | None = None) -> Runpod:
    runpod = Runpod("http://runpod.invalid", key, shipped())
    runpod.http._client = httpx.AsyncClient(
        transport=httpx.MockTransport(handle), base_url="http://runpod.invalid",
        headers=runpod.http._client.headers,
    )  # fmt: skip
    return runpod


async def poll(runpod: Runpod, count: int = 1) -> list[Any]:
    listing = await runpod.offers(Scope(gpu_count=count), lambda progress: None)
    return list(listing.offers)


async def test_secure_is_sold_by_data_centre_and_community_by_country() -> None:
    found = {o.offer_id: o for o in await poll(market(Service()))}
    assert set(found) == {
        "nvidia-geforce-rtx-4090.1.secure.eu-ro-1", "nvidia-geforce-rtx-4090.1.community.us",
    }  # fmt: skip
    secure = found["nvidia-geforce-rtx-4090.1.secure.eu-ro-1"]
    assert (secure.gpu, secure.vram_gb, secure.country, secure.datacenter) == (
        "RTX 4090",
        24,
        "RO",
        True,
    )
    assert (secure.storage_usd_gb_month, secure.inet_down_usd_gb) == (0.10, 0.0)


async def test_a_pods_price_is_that_of_all_its_gpus() -> None:
    four = gpu(c_US=priced(1.36, "Low"))
    prices = {o.datacenter: o.price_usd_h for o in await poll(market(Service(four)), count=4)}
    assert prices == {True: pytest.approx(2.96), False: 1.36}  # 4 × 0.74; the pod's own total


async def test_what_is_not_in_stock_is_not_for_sale() -> None:
    gone = gpu(c_US=priced(0.34, None), community=priced(None, None))
    assert await poll(market(Service(gone, centers=[center(None)]))) == []


async def test_placeholders_are_not_prices() -> None:
    placeholder = gpu(communityCloud=False, communityPrice=0.5, c_US=priced(0.5, "Low"))
    unknown = gpu(id="unknown", memoryInGb=0)
    found = await poll(market(Service(placeholder, unknown)))
    assert [o.datacenter for o in found] == [True]


async def test_spot_exists_only_where_some_bid_below_the_price_is_taken() -> None:
    assert {o.tenancy for o in await poll(market(Service()))} == {Tenancy.ON_DEMAND}
    spot = gpu(c_US=priced(0.34, "Low", 0.20), community=priced(0.34, "Low", 0.20))
    bids = [o for o in await poll(market(Service(spot))) if o.tenancy == Tenancy.INTERRUPTIBLE]
    assert [(o.price_usd_h, o.on_demand_usd_h) for o in bids] == [(0.20, 0.34)]


async def test_when_graphql_is_retired_the_rest_catalogue_fills_the_same_offers() -> None:
    service = Service()
    service.graphql = httpx.Response(410, json={"error": "retired"})
    rest = {o.offer_id for o in await poll(market(service, key="k"))}
    assert "nvidia-geforce-rtx-4090.1.secure.eu-ro-1" in rest
    assert any(".community." in name for name in rest)


async def test_without_a_key_a_retired_graphql_is_a_failure_and_no_empty_market() -> None:
    service = Service()
    service.graphql = httpx.Response(410, json={"error": "GraphQL has been retired."})
    with pytest.raises(MarketError, match="410"):
        await poll(market(service))


async def test_errors_at_http_200_are_errors() -> None:
    service = Service()
    service.graphql = httpx.Response(
        200, json={"errors": [{"message": "boom"}], "data": {"gpuTypes": []}}
    )
    with pytest.raises(MarketError, match="boom"):
        await poll(market(service))


# ── creating ─────────────────────────────────────────────────────────────────────────────────


def order(**facts: Any) -> Order:
    deal = offer("2x RTX 4090 $1.48/h", market="runpod", market_gpu="NVIDIA GeForce RTX 4090",
                 location="EU-RO-1", datacenter=True, **facts)  # fmt: skip
    bid = deal.price_usd_h if deal.tenancy == Tenancy.INTERRUPTIBLE else None
    return Order(offer=deal, label="hunter-1", image="a:1", disk_gb=40.4, env={"A": 'say "x"'},
                 command="bash -c 'y'", bid_usd_h=bid)  # fmt: skip


async def test_a_create_passes_every_text_as_a_variable_and_states_cloud_and_place() -> None:
    sent: list[Any] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(200, json={"data": {"podFindAndDeployOnDemand": {"id": "p1"}}})

    assert (await market(handle, "k").create(order())).instance_id == "p1"
    [body] = sent
    wish = body["variables"]["input"]
    assert 'say "x"' not in body["query"]
    assert (wish["cloudType"], wish["dataCenterId"], wish["gpuCount"]) == ("SECURE", "EU-RO-1", 2)
    assert (wish["name"], wish["containerDiskInGb"]) == ("hunter-1", 40)
    assert wish["env"] == [{"key": "A", "value": 'say "x"'}]


async def test_a_bid_is_stated_for_one_gpu_though_the_floor_was_the_pods() -> None:
    sent: list[Any] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(200, json={"data": {"podRentInterruptable": {"id": "p1"}}})

    await market(handle, "k").create(order(tenancy=Tenancy.INTERRUPTIBLE.value))
    assert sent[0]["variables"]["input"]["bidPerGpu"] == pytest.approx(0.74)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"errors": [{"message": "There are no longer any instances available with the requested"}]}, OfferGone),
        (200, {"errors": [{"message": "Your balance is too low"}]}, NoCredit),
        (200, {"data": {"podFindAndDeployOnDemand": None}}, CreateUnclear),
        (401, {"message": "Unauthorized"}, BadKey),
        (500, {"error": "Something went wrong."}, CreateUnclear),
    ],
)  # fmt: skip
async def test_each_refusal_of_a_create_is_told_apart_and_sent_once(
    status: int, body: Any, kind: type[MarketError]
) -> None:
    calls: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        return httpx.Response(status, json=body)

    with pytest.raises(kind):
        await market(handle, "k").create(order())
    assert calls == ["POST"]
