"""The embedded market's machines beside those that were counted on 2026-06-12."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from hunter.sandbox.facts import sandbox_facts
from hunter.sandbox.machines import GIB_PER_TB, Machines, Models, draw

VAST = sandbox_facts()["vast"]
MODELS = Models(VAST)
COUNTED = [name for name in VAST["kinds"] if name != "datacenter"]
FIGURES = ["storage_usd_gb_month", "down_usd_tb", "up_usd_tb", "down_mbps", "up_mbps", "disk_mb_s"]


@pytest.fixture(scope="module")
def machines() -> Machines:
    return draw(VAST, MODELS, seed=1, n=60_000)


def of(machines: Machines, gpu: str, name: str) -> np.ndarray:
    """A figure of the machines with one model, in the units of `sandbox.toml`."""
    column = {
        "down_usd_tb": machines.down_usd_gib * GIB_PER_TB, "up_usd_tb": machines.up_usd_gib * GIB_PER_TB
    }.get(name)  # fmt: skip
    column = getattr(machines, name) if column is None else column
    found: np.ndarray = column[machines.gpu == MODELS.names.index(gpu)]
    return found


@pytest.mark.parametrize("gpu", COUNTED)
@pytest.mark.parametrize("name", FIGURES)
def test_figures_have_the_quantiles_of_the_machines_that_were_counted(
    machines: Machines, gpu: str, name: str
) -> None:
    real = VAST["kinds"][gpu][name]
    below = np.mean(of(machines, gpu, name) <= real[VAST["kind_ranks"].index(0.5)] * 1.001)
    assert below >= 0.45  # a plateau of a usual price may reach further
    assert of(machines, gpu, name).min() >= real[0] * 0.999
    assert of(machines, gpu, name).max() <= real[-1] * 1.001


@pytest.mark.parametrize("gpu", ["RTX 4090", "RTX 5090", "RTX 3090", "H100 SXM", "RTX 5060 Ti"])
def test_prices_scatter_about_their_median(machines: Machines, gpu: str) -> None:
    prices = of(machines, gpu, "price_usd_h")
    assert np.median(prices) == pytest.approx(VAST["gpus"][gpu]["usd_h"], rel=0.08)
    assert np.quantile(prices, 0.95) > 1.15 * np.median(prices)


def test_what_is_for_sale_in_2026_is_for_sale(machines: Machines) -> None:
    for gpu in (
        "RTX 5060 Ti", "RTX 5070", "RTX 5070 Ti", "RTX 5080", "RTX 5090", "RTX PRO 5000",
        "RTX PRO 6000 WS", "RTX PRO 6000 S", "H100 NVL", "H200", "B200",
    ):  # fmt: skip
        assert len(of(machines, gpu, "price_usd_h")) > 50


def test_a_dear_host_is_dear_in_everything(machines: Machines) -> None:
    def together(a: str, b: str) -> float:
        first, second = (of(machines, "RTX 4090", name).argsort().argsort() for name in (a, b))
        return float(np.asarray(np.corrcoef(first, second))[0, 1])

    # as on the machines that were counted, ties apart
    assert together("price_usd_h", "storage_usd_gb_month") == pytest.approx(0.17, abs=0.1)
    assert together("price_usd_h", "down_usd_tb") == pytest.approx(0.35, abs=0.15)
    assert together("price_usd_h", "down_mbps") == pytest.approx(0.23, abs=0.1)
    assert together("down_mbps", "up_mbps") == pytest.approx(0.86, abs=0.08)


def test_the_machines_of_a_host_share_its_place_and_its_prices(machines: Machines) -> None:
    same = [
        (i, j) for i, j in pairwise(range(5_000))
        if machines.host_id[i] == machines.host_id[j] and machines.gpu[i] == machines.gpu[j]
    ]  # fmt: skip
    assert len(same) > 500
    assert all(machines.place[i] == machines.place[j] for i, j in same)
    storage = machines.storage_usd_gb_month
    assert np.mean([storage[i] == storage[j] for i, j in same]) > 0.99


def test_links_go_with_the_place(machines: Machines) -> None:
    places = [place for region in VAST["regions"] for place in VAST["places"][region]]
    there = np.isin(np.array(places)[machines.place], VAST["places"]["AS"])
    assert np.median(machines.down_mbps[there]) < np.median(machines.down_mbps[~there])
    assert np.mean(there) == pytest.approx(VAST["regions"]["AS"], abs=0.03)


def test_cheap_machines_are_seldom_free(machines: Machines) -> None:
    chance = of(machines, "RTX 4090", "free_chance")
    price = of(machines, "RTX 4090", "price_usd_h")
    cheap, dear = (np.quantile(price, share) for share in (0.2, 0.5))
    assert chance[price < cheap].mean() < 0.5 * chance[price > dear].mean()


def test_every_kind_has_a_figure_for_every_rank() -> None:
    for kind in MODELS.kinds:
        for name in (*FIGURES, "price_of_median", "disk_gb", "cores", "ram_gb"):
            assert len(kind[name]) == len(VAST["kind_ranks"])
            assert list(kind[name]) == sorted(kind[name])
