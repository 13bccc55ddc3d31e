"""The embedded market's machines: from the seed alone, shaped as the recorded markets are."""

from __future__ import annotations

import numpy as np
import pytest

from hunter.sandbox.facts import sandbox_facts
from hunter.sandbox.world import Asks, World

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
    prices, floors = (
        [dict(zip(pairs(asks), getattr(asks, name).tolist(), strict=True)) for asks in (now, then)]
        for name in ("price_usd_h", "floor_usd_h")
    )
    both = prices[0].keys() & prices[1].keys()
    assert 0.02 < 1 - len(both) / len(prices[0]) < 0.05  # of the offers are rented
    assert 0.01 < np.mean([prices[0][i] != prices[1][i] for i in both]) < 0.03
    assert 0.01 < np.mean([floors[0][i] != floors[1][i] for i in both]) < 0.04


def pairs(asks: Asks) -> list[tuple[int, int]]:
    """The machine and the number of GPUs of each offer: what stays when its id changes."""
    return list(zip(asks.machine.tolist(), asks.size.tolist(), strict=True))


def test_within_six_hours_offers_come_and_go_under_several_ids_and_old_ones_come_back(
    world: World,
) -> None:
    looks = 72
    ids: dict[tuple[int, int], list[int]] = {}
    for look in range(looks):
        asks = world.asks(AT + 300 * look, {})
        for pair, ask in zip(pairs(asks), asks.ask_id.tolist(), strict=True):
            ids.setdefault(pair, []).append(ask)
    # RTX 5090s, 2026-01-21: the median pair in 17% of the looks, 41% of them under two ids or more
    assert 0.1 < np.median([len(seen) / looks for seen in ids.values()]) < 0.4
    assert np.mean([len(set(seen)) > 1 for seen in ids.values()]) == pytest.approx(0.41, abs=0.08)
    turns = [[a for a, b in zip(s, [0, *s], strict=False) if a != b] for s in ids.values()]
    assert any(len(turn) > len(set(turn)) for turn in turns)


def test_no_two_offers_of_a_moment_share_an_id(world: World) -> None:
    ids = world.asks(AT, {}).ask_id.tolist()
    assert len(set(ids)) == len(ids)


def test_a_relisted_machine_has_another_offer_id_and_the_same_machine_id(world: World) -> None:
    week = FACTS["motion"]["relist_s"]
    now, later = world.asks(AT, {}), world.asks(AT + week, {})
    assert not set(now.ask_id.tolist()) & set(later.ask_id.tolist())


def test_what_is_rented_is_cheaper_than_what_is_still_for_sale(world: World) -> None:
    m = world.machines
    free = world.free(AT)
    for name in ("RTX 4090", "RTX 5080"):
        mine = m.gpu == world.gpu_names.index(name)
        for share in (0.25, 0.5):
            rented, left = (
                np.quantile(m.price_usd_h[mine & which], share)
                for which in (free < m.gpus, free > 0)
            )
            assert rented < 0.95 * left


def test_interruptible_is_far_cheaper_in_the_middle_and_not_at_the_dear_end(world: World) -> None:
    asks = world.asks(AT, {})
    mine = world.machines.gpu[asks.machine] == world.gpu_names.index("RTX 5090")
    on_demand = asks.price_usd_h[mine] / asks.size[mine]
    floor = asks.floor_usd_h[mine] / asks.size[mine]
    ratio = np.quantile(floor, [0.5, 0.99]) / np.quantile(on_demand, [0.5, 0.99])
    assert ratio[0] == pytest.approx(0.32 / 0.54, abs=0.1)  # watched on 2026-01-21
    assert ratio[1] > 0.95


def test_the_market_stays_a_market_for_years(world: World) -> None:
    later = world.asks(AT + 5 * 365 * 86400, {})
    ratio = np.median(later.price_usd_h / later.size) / np.median(world.machines.price_usd_h)
    assert 0.4 < ratio < 1.6


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
