"""The embedded market's machines: from the seed alone, shaped as the recorded markets are."""

from __future__ import annotations

import numpy as np
import pytest

from hunter.sandbox.facts import sandbox_facts
from hunter.sandbox.world import World

FACTS = sandbox_facts()
AT = 1_795_000_000.0


@pytest.fixture(scope="module")
def world() -> World:
    return World(FACTS, seed=1, offers=20_000)


def test_the_same_seed_and_time_give_the_same_market() -> None:
    a, b = (World(FACTS, 7, 500).asks(AT, {}) for _ in range(2))
    assert a.ask_id.tolist() == b.ask_id.tolist()
    assert a.price_usd_h.tolist() == b.price_usd_h.tolist()
    assert World(FACTS, 8, 500).asks(AT, {}).price_usd_h.tolist() != a.price_usd_h.tolist()


@pytest.mark.parametrize("offers", [100, 2_000, 20_000])
def test_as_many_offers_are_listed_as_were_asked_for(offers: int) -> None:
    listed = [len(World(FACTS, seed, offers).asks(AT, {}).ask_id) for seed in range(4)]
    assert np.mean(listed) == pytest.approx(offers, rel=0.15)


def test_in_five_minutes_a_little_moves_and_most_stays(world: World) -> None:
    now, then = world.asks(AT, {}), world.asks(AT + 300, {})
    prices = [
        dict(zip(a.ask_id.tolist(), a.price_usd_h.tolist(), strict=True)) for a in (now, then)
    ]
    floors = [
        dict(zip(a.ask_id.tolist(), a.floor_usd_h.tolist(), strict=True)) for a in (now, then)
    ]
    both = prices[0].keys() & prices[1].keys()
    assert 0.005 < 1 - len(both) / len(prices[0]) < 0.03  # about 1% of offers go
    assert (
        0.01 < np.mean([prices[0][i] != prices[1][i] for i in both]) < 0.03
    )  # 1-2% of prices change
    assert 0.01 < np.mean([floors[0][i] != floors[1][i] for i in both]) < 0.04  # 2% of floors


def test_a_relisted_machine_has_another_offer_id_and_the_same_machine_id(world: World) -> None:
    week = FACTS["motion"]["relist_s"]
    now, later = world.asks(AT, {}), world.asks(AT + week, {})
    assert not set(now.ask_id.tolist()) & set(later.ask_id.tolist())


def test_the_market_stays_a_market_for_years(world: World) -> None:
    later = world.asks(AT + 5 * 365 * 86400, {})
    ratio = np.median(later.price_usd_h / later.size) / np.median(world.machines.price_usd_h)
    assert 0.4 < ratio < 1.6


def test_prices_scatter_about_the_published_medians(world: World) -> None:
    m = world.machines
    for i, name in enumerate(world.gpu_names):
        if name in ("RTX 4090", "RTX 3090", "H100 SXM", "RTX 5090"):
            median = float(np.median(m.price_usd_h[m.gpu == i]))
            assert median == pytest.approx(FACTS["vast"]["gpus"][name]["usd_h"], rel=0.15)


def test_places_storage_links_and_traffic_are_as_recorded(world: World) -> None:
    m = world.machines
    places = [world.places[int(i)].rpartition(", ")[2] for i in m.place]
    assert np.mean([p in ("US", "CA") for p in places]) == pytest.approx(0.37, abs=0.06)
    assert 0.05 <= m.storage_usd_gb_month.min() <= m.storage_usd_gb_month.max() <= 0.95
    assert np.median(m.down_mbps) == pytest.approx(850, rel=0.2)
    assert np.median(m.down_usd_gib) == pytest.approx(0.0023, rel=0.25)
    assert m.down_usd_gib.max() <= 0.026


def test_the_hidden_truths_follow_what_renters_reported(world: World) -> None:
    t, m = world.truths, world.machines
    assert np.median(t.link_share) == pytest.approx(0.58, abs=0.06)
    assert np.mean(t.link_share < 0.053) == pytest.approx(0.05, abs=0.02)
    weak = ~m.datacenter & (m.reliability < 0.95)
    strong = ~m.datacenter & (m.reliability > 0.995)
    assert t.boot_success[weak].mean() < 0.55 < 0.80 < t.boot_success[strong].mean()
    assert set(t.boot_success[m.datacenter]) == {0.95}


def test_the_talks_machine_is_for_sale_at_a_cent_beside_a_cent_of_disk(world: World) -> None:
    m = world.machines
    row = int(np.argmin(m.price_usd_h))
    assert world.gpu_names[m.gpu[row]] == "RTX 4090"
    assert m.price_usd_h[row] + 50 * m.storage_usd_gb_month[row] / 720 == pytest.approx(0.02)


def test_what_is_rented_is_no_longer_listed(world: World) -> None:
    now = world.asks(AT, {})
    machine = int(now.machine[0])
    held = {machine: int(world.free(AT)[machine])}
    assert machine not in world.asks(AT, held).machine
