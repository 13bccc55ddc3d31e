"""RunPod's catalogues, record by record: an odd one costs itself, and a part is never all."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hunter.markets.protocol import Scope
from hunter.values.columns import Listing
from hunter.values.errors import MarketError
from tests.markets.runpod.test_adapter import SIMULATED, Service, center, gpu, market, priced

OTHER = "NVIDIA L40S"


async def listing(handle: Any, key: str | None = None, count: int | None = 1) -> Listing:
    return await market(handle, key).offers(Scope(gpu_count=count), lambda progress: None)


def other(**facts: Any) -> dict[str, Any]:
    return gpu(id=OTHER, displayName="L40S", memoryInGb=48, **facts)


@pytest.mark.parametrize(
    "odd",
    [{"memoryInGb": None}, {"memoryInGb": "24"}, {"memoryInGb": -1}, {"securePrice": "2.99"}, {"secure": 5},
     {"secureCloud": "yes"}, {"community": {"stockStatus": 1}}, {"displayName": 7}, {"memoryInGb": 1e300}],
)  # fmt: skip
async def test_a_model_that_cannot_be_read_is_rejected_by_name(odd: dict[str, Any]) -> None:
    broken = {**other(), **odd}
    found = await listing(Service(gpu(), broken))
    assert {offer.market_gpu for offer in found.offers} == {"NVIDIA GeForce RTX 4090"}
    assert [bad.record for bad in found.rejected] == [OTHER]
    assert found.complete  # which model it is, is known


@pytest.mark.parametrize(
    "fine", [{"memoryInGb": 24.5}, {"displayName": None}, {"manufacturer": None}]
)
async def test_what_may_be_absent_or_broken_is_read(fine: dict[str, Any]) -> None:
    found = await listing(Service({**gpu(id="New GPU"), **fine}))
    assert not found.rejected
    assert {offer.market_gpu for offer in found.offers} == {"New GPU"}


@pytest.mark.parametrize("junk", [None, 5, "x", [], {}, {"id": None}])
async def test_a_model_without_a_name_makes_the_listing_a_part(junk: Any) -> None:
    found = await listing(Service(gpu(), junk))
    assert len(found.offers) == 2
    assert len(found.rejected) == 1
    assert not found.complete


@pytest.mark.parametrize("junk", [None, {"id": 5}, {"id": "EU-X-1", "gpuAvailability": [None]}])
async def test_a_data_centre_that_cannot_be_read_makes_the_listing_a_part(junk: Any) -> None:
    found = await listing(Service(centers=[center(), junk]))
    assert len(found.offers) == 2
    assert not found.complete


async def test_a_price_of_one_country_that_cannot_be_read_leaves_the_others() -> None:
    found = await listing(Service(gpu(c_DE=priced("cheap", "Low"))))  # type: ignore[arg-type]
    assert {offer.country for offer in found.offers} == {"RO", "US"}
    assert "DE" in found.rejected[0].reason
    assert not found.complete


@pytest.mark.parametrize("usd", [0.0, -0.5, 1e300])
async def test_a_price_that_cannot_be_is_rejected_and_named(usd: float) -> None:
    found = await listing(Service(gpu(c_US=priced(usd, "Low")), other()))
    assert found.rejected
    assert {offer.price_usd_h for offer in found.offers} <= {0.74, 0.34}
    assert all(offer.market_gpu == OTHER for offer in found.offers if offer.price_usd_h == 0.34)


@pytest.mark.parametrize("codes", [[1], [None, "US", "DE"], ['U"S', "US"], ["USA"], {}, None])  # fmt: skip
async def test_codes_of_countries_are_two_letters_and_all_else_is_left_aside(codes: Any) -> None:
    service = Service()

    def handle(request: httpx.Request) -> httpx.Response:
        if "countryCodes" in request.content.decode():
            return httpx.Response(200, json={"data": {"countryCodes": codes}}, headers=SIMULATED)
        return service(request)

    if isinstance(codes, dict):
        with pytest.raises(MarketError):
            await listing(handle)
    else:
        assert len((await listing(handle)).offers) == 2


@pytest.mark.parametrize(
    "errors", [["boom"], [{"message": "a field failed"}], {"message": "x"}, "boom", [None], 5, True]
)
async def test_data_beside_errors_is_a_part_and_says_so(errors: Any) -> None:
    service = Service()

    def handle(request: httpx.Request) -> httpx.Response:
        answer = service(request)
        return httpx.Response(200, json=answer.json() | {"errors": errors}, headers=SIMULATED)

    found = await listing(handle)
    assert len(found.offers) == 2
    assert not found.complete
    assert "answered in part" in found.notes[0]


@pytest.mark.parametrize("errors", [["boom"], {}, [None], "boom"])
async def test_errors_without_data_are_a_failure(errors: Any) -> None:
    answer = httpx.Response(200, json={"errors": errors, "data": None}, headers=SIMULATED)
    with pytest.raises(MarketError):
        await listing(lambda request: answer)


@pytest.mark.parametrize(
    ("second", "complete"),
    [({"gpus": [], "pagination": {"hasNextPage": False}}, True), ({"error": "x"}, False)],
)
async def test_the_rest_catalogue_is_followed_through_its_pages(
    second: Any, *, complete: bool
) -> None:
    service = Service()

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/graphql":
            return httpx.Response(410, json={"error": "retired"}, headers=SIMULATED)
        if "cursor" in request.url.params:
            return httpx.Response(200, json=second, headers=SIMULATED)
        first = service(request).json()
        turned = {"pagination": {"hasNextPage": True, "nextCursor": "x"}}
        return httpx.Response(200, json=first | turned, headers=SIMULATED)

    found = await listing(handle, "key")
    assert len(found.offers) == 2
    assert found.complete == complete


@pytest.mark.parametrize(
    "odd", [None, {"id": 1}, {"id": "x", "memory": None}, {"id": "x", "memory": "24"}]
)
async def test_a_model_of_the_rest_catalogue_that_cannot_be_read_is_rejected(odd: Any) -> None:
    service = Service()

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/graphql":
            return httpx.Response(410, json={"error": "retired"}, headers=SIMULATED)
        rows = service(request).json()["gpus"]
        return httpx.Response(200, json={"gpus": [*rows, odd]}, headers=SIMULATED)

    found = await listing(handle, "key")
    assert len(found.offers) == 2
    assert len(found.rejected) == 1


async def test_widths_that_came_before_one_that_fails_are_a_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hunter.markets.http.TRIES", 1)
    service = Service()

    def handle(request: httpx.Request) -> httpx.Response:
        wide = b'"n":4' in request.content
        return httpx.Response(500, headers=SIMULATED) if wide else service(request)

    found = await listing(handle, count=None)
    assert {offer.gpu_count for offer in found.offers} == {1, 2}
    assert not found.complete
    assert "500" in found.notes[0]
