"""Impossible figures are rejected records, with the reason; whoever states them."""

from __future__ import annotations

from typing import Any

import pytest

from hunter.markets.plausible import GB_USD, GPU_USD_H, RANGES, plausible
from hunter.values.columns import Listing, Offers
from hunter.values.offers import NUMBERS
from tests.builders import offer


def sifted(**figures: Any) -> Listing:
    good = offer("RTX 4090 $0.3/h #1")
    odd = offer("RTX 4090 $0.3/h #2", **figures)
    return plausible(Listing(market="vast", offers=Offers.of([good, odd]), complete=True))


PRICES = ("price_usd_h", "on_demand_usd_h")
TRAFFIC_AND_DISK = (
    "storage_usd_gb_month",
    "storage_stopped_usd_gb_month",
    "inet_down_usd_gb",
    "inet_up_usd_gb",
)
NEVER: list[Any] = [-0.01, -1e300, 1e300, float("inf"), -float("inf")]


@pytest.mark.parametrize("name", PRICES)
@pytest.mark.parametrize("usd", [*NEVER, 0.0, -0.0, 1e-12, GPU_USD_H * 1.01])
def test_a_gpu_is_never_free_nor_worth_a_house(name: str, usd: float) -> None:
    found = sifted(**{name: usd})
    assert [one.offer_id for one in found.offers] == ["1"]
    [bad] = found.rejected
    assert bad.record == "2"
    assert name in bad.reason
    assert "no price of the GPU" in bad.reason


@pytest.mark.parametrize("name", TRAFFIC_AND_DISK)
@pytest.mark.parametrize("usd", [*NEVER, GB_USD * 1.01])
def test_traffic_and_disk_are_never_paid_for_by_the_host(name: str, usd: float) -> None:
    assert [bad.record for bad in sifted(**{name: usd}).rejected] == ["2"]


@pytest.mark.parametrize("name", TRAFFIC_AND_DISK)
def test_traffic_and_disk_may_be_free(name: str) -> None:
    assert sifted(**{name: 0.0}).rejected == ()


@pytest.mark.parametrize("name", sorted(set(NUMBERS) - {"verified", "datacenter"}))
@pytest.mark.parametrize("figure", [1e300, -1e300])
def test_no_figure_is_astronomic(name: str, figure: float) -> None:
    wrong = int(figure) if name == "gpu_count" else figure
    assert [bad.record for bad in sifted(**{name: wrong}).rejected] == ["2"]


def test_a_price_that_is_no_number_is_none() -> None:
    assert [bad.record for bad in sifted(price_usd_h=float("nan")).rejected] == ["2"]


@pytest.mark.parametrize("name", ["inet_down_mbps", "reliability", "storage_usd_gb_month"])
def test_what_is_not_stated_is_unknown_and_no_reason(name: str) -> None:
    assert sifted(**{name: None}).rejected == ()


def test_every_figure_of_an_offer_has_a_range() -> None:
    assert set(RANGES) == set(NUMBERS)


def test_sifting_twice_changes_nothing() -> None:
    once = sifted(price_usd_h=-1.0)
    assert plausible(once) is once
