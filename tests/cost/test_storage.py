"""Every way to keep a workload on a deal, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec import structs

from hunter.cost.deals import rank
from hunter.cost.filters import Query
from hunter.cost.keeping import Way, break_even_h, flips
from hunter.cost.storage import by_hand, compared, storage, volume_usd_month, ways
from hunter.facts.shipped import shipped
from hunter.facts.strict import convert
from hunter.values.billing import NetworkVolume, Restart, Tier
from hunter.values.columns import Offers
from hunter.values.storage_prices import ObjectStore, StoragePrices
from hunter.values.workload import Fetch, Payload
from tests.builders import (
    NOW,
    assumptions,
    exactly,
    figure,
    offer,
    payload,
    risks,
    rules,
    workload,
)
from tests.cost.ways import fetched, kept


def test_a_month_at_a_cadence() -> None:
    # every 24 h, 2 h of them at work: 30 gaps of 22 h × 0.01 + 0.05
    slow = kept(0.01, 0.05, tau=8.0, left=0.4)
    asked = (fetched(0.3), structs.replace(slow, name="slow", cold_usd=0.05), kept(None))
    found = compared(asked, 22.0, 24.0, offer="o", gpu="A", location="Ohio, US")
    assert [one.way for one in found.ways] == [asked[1], asked[0], asked[2]]
    assert [one.gap_usd for one in found.ways] == [pytest.approx(0.27), pytest.approx(0.3), None]
    assert [one.month_usd for one in found.ways] == [pytest.approx(8.1), pytest.approx(9), None]
    # (0.3 − 0.05) / 0.01 = 25 h; fetching holds out against itself for ever
    assert [one.break_even_h for one in found.ways] == [pytest.approx(25), math.inf, None]
    # 1 − (0.4 + 0.6 × e^(−22/8)) = 0.561643
    assert [one.restart_fails for one in found.ways] == pytest.approx([0.561643, 0, 0], abs=1e-6)
    assert (found.offer, found.gpu, found.location) == ("o", "A", "Ohio, US")
    assert (found.idle_h, found.every_h) == (22.0, 24.0)
    assert [flip.way for flip in found.flips] == ["slow", "fetched"]


def test_prices_are_read_as_they_stand() -> None:
    def says(value: float) -> dict[str, object]:
        return {"expected": value, "source": "test"}

    table = {
        "store": {
            "store": {"title": "Store", "usd_gb_month": says(0.02), "out_usd_gb": says(0.01),
                      "month_h": 720.0},
        },
    }  # fmt: skip
    assert convert(table, StoragePrices, "here") == SHELVES


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
    # a start from nothing 0.3435 (tests/cost/test_bill.py); of a stopped one only 30 s of disk at 0.02 $/h
    assert found["destroy"].cold_usd == pytest.approx(0.3435)
    assert found["stopped"].warm_usd == pytest.approx(30 / 3600 * 0.02)
    assert found["stopped"].keep_usd_h == pytest.approx(0.02)
    assert found["stopped"].restart_fails(8.0) == pytest.approx(0.379272, abs=1e-6)
    assert found["running"].keep_usd_h == pytest.approx(0.38)
    # the store: 20 GB × 0.02 / 720 an hour, and 20 GB × 0.01 out at each start
    assert found["store"].keep_usd_h == pytest.approx(20 * 0.02 / 720)
    assert found["store"].warm_usd == pytest.approx(0.3435 + 0.20)
    assert "network volume" not in found


def test_every_way_on_vast_says_what_it_means_and_what_it_ties_to() -> None:
    known = assumptions(rules(pull_billed=False))
    found = ways(Offers.of([offer("RTX 4090 $0.36/h")]), workload(), known, SHELVES)
    assert [(way.name, way.says, way.ties_to, way.source) for way in found] == [
        ("destroy", "destroy, fetch everything again", "", "offer; cold-start model"),
        ("baked", "destroy, weights baked into the image", "", "offer; cold-start model"),
        ("stopped", "stop it and keep the disk", "the machine", "offer; the market's restart chance"),
        ("running", "keep it running", "", "offer"),
        ("store", "destroy, weights in Store", "", "test"),
    ]  # fmt: skip
    # baked: 30 GB before the GPU is billed, 630 s of disk at 0.02 $/h and 0.30 of traffic
    assert [way.keep_usd_h for way in found] == pytest.approx([0, 0, 0.02, 0.38, 20 * 0.02 / 720])
    assert [way.warm_usd for way in found] == pytest.approx(
        [0.3435, 0.3035, 30 / 3600 * 0.02, 0, 0.5435]
    )
    assert [way.cold_usd for way in found] == pytest.approx(
        [0.3435, 0.3035, 0.3435, 0.3435, 0.5435]
    )
    assert [way.warm_s for way in found] == pytest.approx([630, 630, 30, 0, 630])
    assert [way.left for way in found] == [1.0] * 5  # of no market's restarts anything is known


def test_every_way_on_runpod_says_what_it_means_and_what_it_ties_to() -> None:
    duds = Tier(name="all", chance=0.8, launches=6, source="test")
    taken = Restart(taken_after_h=exactly(8), left=exactly(0.4))
    pod = offer("RTX 4090 $0.36/h", market="runpod", location=None,
                storage_stopped_usd_gb_month=0.2)  # fmt: skip
    known = assumptions(
        structs.replace(POD_RULES, boot=(duds,), restart=taken),
        risks=risks(dud_s=exactly(360), dud_gpu_share=0.5),
    )
    found = ways(Offers.of([pod]), workload(), known, SHELVES)
    assert [(way.name, way.says, way.ties_to, way.source) for way in found] == [
        ("destroy", "destroy, fetch everything again", "", "offer; cold-start model"),
        ("baked", "destroy, weights baked into the image", "", "offer; cold-start model"),
        ("volume disk", "stop it, weights on its volume disk", "the machine",
         "test; the market's restart chance"),
        ("running", "keep it running", "", "offer"),
        ("store", "destroy, weights in Store", "", "test"),
        ("network volume", "destroy, weights on a network volume", "one data centre", "test"),
    ]  # fmt: skip
    # a start 630 s at 0.38 $/h; a quarter of a dud of 0.1 h before it
    start, duds_usd = 630 / 3600 * 0.38, 0.25 * 0.1 * 0.38
    assert [way.cold_usd for way in found] == pytest.approx([
        start + duds_usd, start + duds_usd, start + duds_usd, start + duds_usd,
        start + duds_usd + 0.20, 330 / 3600 * 0.38 + duds_usd,
    ])  # fmt: skip
    assert [way.warm_usd for way in found] == pytest.approx([
        start + duds_usd, start + duds_usd, 230 / 3600 * 0.38, 0, start + duds_usd + 0.20,
        330 / 3600 * 0.38 + duds_usd,
    ])  # fmt: skip
    assert [way.warm_s for way in found] == pytest.approx([630, 630, 230, 0, 630, 330])
    assert [(way.taken_after_h, way.left) for way in found if way.name == "volume disk"] == [
        (8.0, 0.4)
    ]


def test_on_a_deal_the_cadence_is_gap_start_and_run_together() -> None:
    known = assumptions(rules(pull_billed=False))
    pair = Offers.of([offer("A $0.36/h #near"), offer("A $0.4/h #far", location="Norway, NO")])
    deals = rank(pair, workload(), Query(), known, NOW)
    found = storage(deals[1], SHELVES, 22.0)
    assert (found.offer, found.gpu, found.location) == ("vast:far", "A", "Norway, NO")
    # 22 h idle, 1 h at work, 630 s of start
    assert (found.idle_h, found.every_h) == (22.0, pytest.approx(23.175))
    assert {one.way for one in found.ways} == set(
        ways(pair.take(np.array([1])), workload(), known, SHELVES)
    )
    assert found.ways[0].gap_usd == min(one.gap_usd or math.inf for one in found.ways)


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


def test_what_is_not_known_of_a_pod_is_not_known_of_its_ways() -> None:
    pod = offer("A $1/h", market="runpod", storage_usd_gb_month=None,
                storage_stopped_usd_gb_month=None)  # fmt: skip
    found = by_name(ways(Offers.of([pod]), workload(), assumptions(POD_RULES), SHELVES))
    assert found["volume disk"].keep_usd_h is None
    assert found["network volume"].warm_usd is None
    assert found["store"].cold_usd is None
    # and an unknown image leaves every start without its seconds
    job = workload(payload=payload(None, 20e9))
    silent = by_name(ways(Offers.of([pod]), job, assumptions(POD_RULES), SHELVES))
    assert silent["destroy"].warm_s is silent["network volume"].warm_s is None


def test_weights_of_unknown_size_are_put_nowhere() -> None:
    job = workload(
        payload=Payload(image_bytes=10e9, fetches=(Fetch(ref="x", kind="url", n_bytes=None),))
    )
    found = ways(Offers.of([offer("A $1/h")]), job, assumptions(rules(pull_billed=True)), SHELVES)
    assert [way.name for way in found] == ["destroy", "stopped", "running"]


def test_every_shelf_that_ships_is_readable() -> None:
    assert set(shipped().storage_prices.store) == {"tigris", "s3", "r2"}
    assert [name for name, facts in shipped().markets.items() if facts.volume] == ["runpod"]


def test_a_network_volume_is_cheaper_above_its_tier() -> None:
    # 100 × 0.07; 1000 × 0.07 + 200 × 0.05
    assert volume_usd_month(VOLUME, 100) == pytest.approx(7.0)
    assert volume_usd_month(VOLUME, 1200) == pytest.approx(80.0)


def test_the_talks_instance_in_three_numbers() -> None:
    nothing, stopped, running = by_hand(0.01, 0.01, 30)
    assert [(way.name, way.says) for way in (nothing, stopped, running)] == [
        ("destroy", "destroy, fetch everything again"), ("stopped", "keep the disk"),
        ("running", "keep it running"),
    ]  # fmt: skip
    assert (nothing.keep_usd_h, stopped.keep_usd_h, running.keep_usd_h) == (0.0, 0.01, 0.02)
    assert (nothing.warm_usd, stopped.warm_usd, running.warm_usd) == (nothing.cold_usd, 0.0, 0.0)
    assert nothing.cold_usd == stopped.cold_usd == running.cold_usd
    assert (nothing.warm_s, stopped.warm_s, running.warm_s) == (30, 0.0, 0.0)
    assert nothing.cold_usd == pytest.approx(0.02 * 30 / 3600)
    assert break_even_h(stopped, nothing.cold_usd) == pytest.approx(60 / 3600)
    assert break_even_h(running, nothing.cold_usd) == pytest.approx(30 / 3600)
