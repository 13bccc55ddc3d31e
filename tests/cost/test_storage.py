"""Keep or fetch again: break-evens worked by hand, and the figures that others published."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hunter.cost.keeping import Way, break_even_h, flips
from hunter.cost.storage import by_hand, compared, volume_usd_month, ways
from hunter.facts.shipped import shipped
from hunter.values.billing import NetworkVolume, Restart
from hunter.values.columns import Offers
from hunter.values.storage_prices import ObjectStore, StoragePrices
from tests.builders import assumptions, exactly, figure, offer, rules, workload

usd = st.floats(min_value=1e-5, max_value=10)
idle = st.floats(min_value=0, max_value=1000)


def kept(
    keep: float | None, warm: float | None = 0.0, cold: float | None = 1.0, *, tau: float = math.inf,
    left: float = 1.0,
) -> Way:  # fmt: skip
    return Way(
        name="kept", says="", keep_usd_h=keep, warm_usd=warm, cold_usd=cold, warm_s=0.0,
        taken_after_h=tau, left=left,
    )  # fmt: skip


def fetched(usd_each: float) -> Way:
    return structs.replace(kept(0.0, usd_each, usd_each), name="fetched")


# ── the formulas ─────────────────────────────────────────────────────────────────────────────────
def test_a_gap_costs_its_keeping_and_the_start_after_it() -> None:
    # 10 h × 0.02 + 0.05; after 8 h with τ = 8 h, left 0.4: P = 0.620728,
    # 8 × 0.02 + 0.620728 × 0.05 + 0.379272 × 1 = 0.570309
    assert kept(0.02, 0.05).gap_usd(np.array([10.0]))[0] == pytest.approx(0.25)
    way = kept(0.02, 0.05, 1.0, tau=8.0, left=0.4)
    assert way.gap_usd(np.array([8.0]))[0] == pytest.approx(0.570309, abs=1e-6)
    assert way.restart_fails(8.0) == pytest.approx(0.379272, abs=1e-6)


def test_the_break_even_is_what_is_saved_by_what_keeping_costs() -> None:
    # (0.60 − 0.10) / 0.05 = 10 h
    assert break_even_h(kept(0.05, 0.10, 0.60), 0.60) == pytest.approx(10.0)


def test_a_restart_that_may_fail_pays_for_less_time() -> None:
    way = kept(0.05, 0.10, 0.60, tau=8.0, left=0.4)
    found = break_even_h(way, 0.60)
    assert found is not None
    assert 0 < found < 10
    # there, keeping and fetching cost the same: t × 0.05 = P(t) × 0.5
    chance = 0.4 + 0.6 * math.exp(-found / 8)
    assert found * 0.05 == pytest.approx(chance * 0.5)


def test_what_never_pays_and_what_always_does() -> None:
    assert break_even_h(kept(0.05, 2.0), 0.60) == 0.0
    assert break_even_h(kept(0.0, 0.1), 0.60) == math.inf
    assert break_even_h(kept(None, 0.1), 0.60) is None
    assert break_even_h(kept(0.1, 0.1), None) is None


def test_the_answer_flips_from_the_dear_and_ready_to_the_cheap_and_slow() -> None:
    running, stopped, nothing = kept(0.4), kept(0.02, 0.05), fetched(0.30)
    running, stopped = (
        structs.replace(running, name="running"),
        structs.replace(stopped, name="stopped"),
    )
    # 0.4 t = 0.02 t + 0.05 at 0.1316 h; 0.02 t + 0.05 = 0.30 at 12.5 h
    found = flips([nothing, stopped, running])
    assert [flip.way for flip in found] == ["running", "stopped", "fetched"]
    assert [flip.from_h for flip in found] == pytest.approx([0.0, 0.1316, 12.5], rel=0.01)
    assert flips([kept(None)]) == ()


def test_a_month_at_a_cadence() -> None:
    # every 24 h, 2 h of them at work: 30 gaps of 22 h × 0.01 + 0.05
    found = compared((fetched(0.3), kept(0.01, 0.05), kept(None)), 22.0, 24.0,
                     offer="o", gpu="A", location=None)  # fmt: skip
    assert [one.month_usd for one in found.ways] == [
        pytest.approx(30 * 0.27),
        pytest.approx(9),
        None,
    ]


@given(usd, usd, idle, idle)
def test_a_longer_gap_never_costs_less(keep: float, warm: float, a: float, b: float) -> None:
    way = kept(keep, warm, warm + 1, tau=8.0, left=0.3)
    short, long = sorted((a, b))
    costs = way.gap_usd(np.array([short, long]))
    assert costs[0] <= costs[1] * (1 + 1e-12)


@given(usd, usd, usd, usd)
def test_dearer_keeping_never_pays_for_longer(a: float, b: float, warm: float, more: float) -> None:
    cold = warm + more
    cheap, dear = (
        break_even_h(kept(k, warm, cold, tau=8.0, left=0.3), cold) for k in sorted((a, b))
    )
    assert cheap is not None
    assert dear is not None
    assert cheap >= dear - 1e-6


@given(st.lists(idle, min_size=1, max_size=10))
def test_a_column_of_gaps_costs_what_single_gaps_do(gaps: list[float]) -> None:
    way = kept(0.02, 0.05, 1.0, tau=8.0, left=0.4)
    assert way.gap_usd(np.array(gaps)).tolist() == [way.gap_usd(np.array([g]))[0] for g in gaps]


# ── published figures ────────────────────────────────────────────────────────────────────────────
def test_runpod_keeps_a_model_only_above_seven_starts_a_day() -> None:
    # 16.3 GB × 0.20 $/GB-month = 3.26 $; one billed pull: 167 s at 0.34 $/h = 0.015772 $
    fetch = 167 / 3600 * 0.34
    pays_h = break_even_h(kept(16.3 * 0.20 / 720, 0.0, fetch), fetch)
    assert pays_h is not None
    a_month = 720 / pays_h  # one start at the end of each gap that just pays
    assert a_month == pytest.approx(206.7, abs=0.1)
    assert a_month / 30 == pytest.approx(6.9, abs=0.05)


def test_runpods_stopped_volume_pays_for_two_hours() -> None:
    # 50 GB × 0.20 / 730 = 0.0137 $/h; 26 GB at 100 MB/s are 260 s, at 0.34 $/h 0.0246 $: 1.8 h
    assert break_even_h(kept(50 * 0.20 / 730, 0.0, 260 / 3600 * 0.34), 260 / 3600 * 0.34) == (
        pytest.approx(1.79, abs=0.01)
    )


def test_on_vast_the_traffic_decides_how_long_keeping_pays() -> None:
    # 26 GB × 0.0026 = 0.068 $ (35 GB with the image: 0.091), weights 260 s at 0.34: 0.0246;
    # 60 GB × 0.15 / 720 = 0.0125 $/h: 7.4 h, and 9.2 h with the image's bytes
    for gigabytes, pays_h in ((26, 7.4), (35, 9.2)):
        fetch = gigabytes * 0.0026 + 260 / 3600 * 0.34
        assert break_even_h(kept(60 * 0.15 / 720, 0.0, fetch), fetch) == pytest.approx(
            pays_h, abs=0.05
        )
        # with one chance in two of a restart, half of it: P constant is a τ of 0 h
        half = kept(60 * 0.15 / 720, 0.0, fetch, tau=1e-9, left=0.5)
        assert break_even_h(half, fetch) == pytest.approx(pays_h / 2, abs=0.05)


# ── on a deal ────────────────────────────────────────────────────────────────────────────────────
STORE = ObjectStore(
    title="Store", usd_gb_month=figure(0.02), out_usd_gb=figure(0.01), month_h=720.0
)
VOLUME = NetworkVolume(
    usd_gb_month=figure(0.07), beyond_usd_gb_month=figure(0.05), tier_gb=figure(1000),
    read_mb_s=exactly(200),
)  # fmt: skip
SHELVES = StoragePrices(store={"store": STORE})
POD_RULES = rules(
    pull_billed=True, traffic_billed=False, name="runpod", stop_keeps_disk=False, volume=VOLUME
)


def by_name(found: tuple[Way, ...]) -> dict[str, Way]:
    return {way.name: way for way in found}


def test_on_vast_a_stop_saves_the_pull_and_the_weights_and_may_not_come_back() -> None:
    restart = Restart(taken_after_h=exactly(8), left=exactly(0.4))
    known = assumptions(rules(pull_billed=False, restart=restart))
    found = by_name(ways(Offers.of([offer("RTX 4090 $0.36/h")]), workload(), known, SHELVES))
    # a start from nothing 0.3435 (tests/test_bills.py); of a stopped one only 30 s of disk at 0.02 $/h
    assert found["destroy"].cold_usd == pytest.approx(0.3435)
    assert found["stopped"].warm_usd == pytest.approx(30 / 3600 * 0.02)
    assert found["stopped"].keep_usd_h == pytest.approx(0.02)
    assert found["stopped"].restart_fails(8.0) == pytest.approx(0.379272, abs=1e-6)
    assert found["running"].keep_usd_h == pytest.approx(0.38)
    # the store: 20 GB × 0.02 / 720 an hour, and 20 GB × 0.01 out at each start
    assert found["store"].keep_usd_h == pytest.approx(20 * 0.02 / 720)
    assert found["store"].warm_usd == pytest.approx(0.3435 + 0.20)
    assert "network volume" not in found


def test_on_runpod_a_stop_keeps_only_the_volume_and_a_network_volume_ties_to_its_place() -> None:
    pod = offer("RTX 4090 $0.36/h", market="runpod", storage_stopped_usd_gb_month=0.2)
    found = by_name(ways(Offers.of([pod]), workload(), assumptions(POD_RULES), SHELVES))
    assert "stopped" not in found
    # the image is pulled again: 630 s of start without the 400 s of weights, at 0.38 $/h
    assert found["volume disk"].warm_usd == pytest.approx(230 / 3600 * 0.38)
    assert found["volume disk"].keep_usd_h == pytest.approx(20 * 0.2 / 720)
    # the volume: 20 GB × 0.07 / 720; read at 200 MB/s in 100 s instead of fetched in 400
    assert found["network volume"].keep_usd_h == pytest.approx(20 * 0.07 / 720)
    assert found["network volume"].warm_usd == pytest.approx(330 / 3600 * 0.38)
    assert found["network volume"].ties_to == "Ohio, US"


def test_without_weights_there_is_nothing_to_put_on_a_shelf() -> None:
    job = workload(payload=structs.replace(workload().payload, fetches=()))
    found = by_name(
        ways(Offers.of([offer("A $1/h")]), job, assumptions(rules(pull_billed=True)), SHELVES)
    )
    assert set(found) == {"destroy", "stopped", "running"}


def test_an_unknown_price_stays_unknown_and_wins_nothing() -> None:
    one = offer("A $1/h", storage_stopped_usd_gb_month=None)
    found = ways(Offers.of([one]), workload(), assumptions(rules(pull_billed=True)), SHELVES)
    assert by_name(found)["stopped"].keep_usd_h is None
    assert "stopped" not in {flip.way for flip in flips(found)}


def test_every_shelf_that_ships_is_readable() -> None:
    assert set(shipped().storage_prices.store) == {"tigris", "s3", "r2"}
    assert [name for name, facts in shipped().markets.items() if facts.volume] == ["runpod"]


def test_a_network_volume_is_cheaper_above_its_tier() -> None:
    # 100 × 0.07; 1000 × 0.07 + 200 × 0.05
    assert volume_usd_month(VOLUME, 100) == pytest.approx(7.0)
    assert volume_usd_month(VOLUME, 1200) == pytest.approx(80.0)


def test_the_talks_instance_in_three_numbers() -> None:
    nothing, stopped, running = by_hand(0.01, 0.01, 30)
    assert nothing.cold_usd == pytest.approx(0.02 * 30 / 3600)
    assert break_even_h(stopped, nothing.cold_usd) == pytest.approx(60 / 3600)
    assert break_even_h(running, nothing.cold_usd) == pytest.approx(30 / 3600)
