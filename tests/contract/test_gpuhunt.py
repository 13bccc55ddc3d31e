"""gpuhunt's two providers, unmodified but for the address, against the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.sandbox.server import Options, running

if TYPE_CHECKING:
    from collections.abc import Iterator

vastai = pytest.importorskip("gpuhunt.providers.vastai", reason="gpuhunt is not installed")
runpod = pytest.importorskip("gpuhunt.providers.runpod", reason="gpuhunt is not installed")
pytestmark = [pytest.mark.contract, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(Options(offers=400, speed=1e-6, seed=3)) as (url, _):
        yield url


def test_every_vast_offer_is_read_with_both_of_its_prices(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gpuhunt import QueryFilter

    monkeypatch.setattr(vastai, "bundles_url", f"{url}/api/v0/bundles/")
    offers = vastai.VastAIProvider().get(QueryFilter(gpu_name=["RTX4090"], min_disk_size=50))
    assert len(offers) > 10
    assert {(o.gpu_name, o.gpu_memory) for o in offers} == {("RTX4090", 24.0)}
    by_id: dict[str, dict[bool, Any]] = {}
    for offer in offers:
        by_id.setdefault(offer.instance_name, {})[offer.spot] = offer
    assert all({*pair} == {False, True} and pair[False].price > 0 for pair in by_id.values())


def test_every_runpod_pool_in_stock_becomes_an_offer_at_its_list_price(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runpod, "API_URL", f"{url}/graphql")
    monkeypatch.setattr(runpod.RunpodProvider, "_fetch_cluster_offers", lambda _: [])
    narrow = runpod.RunpodProvider._build_query_variables

    def few(self: Any) -> Any:
        """Of hundreds of queries, those for one and two GPUs."""
        return [v for v in narrow(self) if v["lowestPriceInput"]["gpuCount"] <= 2]

    monkeypatch.setattr(runpod.RunpodProvider, "_build_query_variables", few)
    offers = runpod.RunpodProvider().get()
    assert {o.gpu_count for o in offers} == {1, 2}  # and no CPU pods, which are never in stock
    assert any("-" in o.location for o in offers)
    assert any(len(o.location) == 2 for o in offers)
    assert all(o.price > 0 and o.cpu and o.memory for o in offers)
