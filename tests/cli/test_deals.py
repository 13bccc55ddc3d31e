"""Deals on the command line: every promised field, old prices marked, and what keeps the rest out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from hunter.markets.protocol import Scope
from hunter.store import Store, polls
from hunter.values.columns import Listing, Offers
from tests.builders import offer

if TYPE_CHECKING:
    from pathlib import Path


DEAL = [
    "rank", "offer", "market", "gpu", "gpu_count", "vram_gb", "location", "country", "tenancy",
    "price_usd_h", "storage_usd_gb_month", "storage_stopped_usd_gb_month", "inet_down_usd_gb",
    "inet_up_usd_gb", "inet_down_mbps", "reliability", "verified", "age_s", "seen_at", "stale",
    "all_in_usd_h", "all_in_low_usd_h", "all_in_high_usd_h", "cold_start_s", "cold_start_low_s",
    "cold_start_high_s", "cold_start_usd", "run_usd", "run_low_usd", "run_high_usd",
    "useful_hour_usd", "useful_hour_low_usd", "useful_hour_high_usd", "month_usd", "month_low_usd",
    "month_high_usd", "boot_chance", "interruptions", "acquire_usd", "speed", "run_h",
    "break_even_idle_h", "flags", "percentile", "launchable",
]  # fmt: skip
"""The names that scripts read, in an order that stays."""


def test_deals_have_every_promised_field(stocked: Path, hunter: Any) -> None:
    answer = hunter("deals", "-w", "one-hour", "--json")
    assert answer.code == 0
    assert set(answer.json) == {"as_of", "workload", "deals"}
    assert [deal["offer"] for deal in answer.json["deals"]] == ["vast:2:bid", "vast:1"]
    assert answer.json["deals"][0]["location"] is None


def test_old_prices_are_marked_and_cannot_be_launched(stocked: Path, hunter: Any) -> None:
    deal = hunter("deals", "-w", "one-hour", "--json").json["deals"][0]
    assert (deal["stale"], deal["launchable"]) == (True, False)
    assert "stale" in hunter("deals", "-w", "one-hour").out


def test_the_same_question_has_the_same_answer_until_the_prices_change(
    stocked: Path, hunter: Any
) -> None:
    first, again = (hunter("deals", "-w", "one-hour", "--json").json for _ in range(2))
    assert [d["run_usd"] for d in again["deals"]] == [d["run_usd"] for d in first["deals"]]
    store = Store(stocked / "hunter.db")
    cheaper = Offers.of([offer("RTX 4090 $0.1/h #3")])
    polls.record(store, Listing(market="vast", offers=cheaper, complete=True), Scope(), 3.0, 4.0)
    store.close()
    assert [d["offer"] for d in hunter("deals", "-w", "one-hour", "--json").json["deals"]] == [
        "vast:3"
    ]
    assert hunter("deals", "-w", "llm-server", "--json").code == 3


def test_csv_goes_to_stdout_and_notes_to_stderr(stocked: Path, hunter: Any) -> None:
    lines = hunter("deals", "--csv").out.splitlines()
    assert lines[0].startswith("rank,offer,market,gpu,")
    assert len(lines) == 3


def test_an_empty_market_says_what_the_best_is(stocked: Path, hunter: Any) -> None:
    answer = hunter("deals", "-w", "llm-server")
    assert answer.code == 3
    assert "The best there is, is vast:1: 1x RTX 4090" in answer.err
    assert "[gpu] vram_gb decides" in answer.err
    assert json.dumps(answer.out)


def test_a_deal_has_these_names_in_this_order(stocked: Path, hunter: Any) -> None:
    answer = hunter("deals", "-w", "one-hour", "--json").json
    assert list(answer) == ["as_of", "workload", "deals"]
    assert [list(deal) for deal in answer["deals"]] == [DEAL, DEAL]


def test_a_deal_in_csv_has_the_same_names(stocked: Path, hunter: Any) -> None:
    assert hunter("deals", "-w", "one-hour", "--csv").out.splitlines()[0] == ",".join(DEAL)


def test_what_a_deal_says(stocked: Path, hunter: Any) -> None:
    deal = hunter("deals", "-w", "comfyui-flux", "--json").json["deals"][0]
    assert {name: deal[name] for name in DEAL[:17]} == {
        "rank": 1, "offer": "vast:2:bid", "market": "vast", "gpu": "RTX 4090", "gpu_count": 1,
        "vram_gb": 24.0, "location": None, "country": "US", "tenancy": "interruptible",
        "price_usd_h": 0.2, "storage_usd_gb_month": 0.144, "storage_stopped_usd_gb_month": 0.144,
        "inet_down_usd_gb": 0.01, "inet_up_usd_gb": 0.01, "inet_down_mbps": 800.0,
        "reliability": 0.99, "verified": None,
    }  # fmt: skip
    assert deal["seen_at"] == "2026-09-21T14:13:20+00:00"
    assert deal["all_in_usd_h"] == pytest.approx(0.2 + 0.144 * 80 / 720)
    assert deal["month_usd"] == pytest.approx(deal["run_usd"] * 30)  # one run a day
    assert deal["all_in_low_usd_h"] <= deal["all_in_usd_h"] <= deal["all_in_high_usd_h"]
    assert deal["useful_hour_low_usd"] <= deal["useful_hour_usd"] <= deal["useful_hour_high_usd"]
    assert deal["percentile"] is None


@pytest.mark.parametrize("url", ["http://localhost:65536", "nonsense", "https://host:one"])
def test_a_market_that_is_pointed_at_what_is_no_server_is_a_setting_that_cannot_be_used(
    hunter: Any, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("VAST_URL", url)
    answer = hunter("scrape", "-m", "vast")
    assert answer.code == 2
    assert "VAST_URL" in answer.err
    assert "Traceback" not in answer.err


def test_a_name_that_several_gpus_share_is_said_once_and_means_them_all(
    home: Path, hunter: Any, tmp_path: Path
) -> None:
    store = Store(home / "hunter.db")
    stock = [offer("H100 SXM $2/h #1"), offer("H100 NVL $3/h #2"), offer("MI100 $1/h #3")]
    listing = Listing(market="vast", offers=Offers.of(stock), complete=True)
    polls.record(store, listing, Scope(), 1.0, 2.0)
    store.close()
    family = ["H100 NVL", "H100 PCIe", "H100 SXM"]
    answer = hunter("deals", "-w", "one-hour", "--gpu", "h100", "--json")
    assert [deal["gpu"] for deal in answer.json["deals"]] == ["H100 SXM", "H100 NVL"]
    assert answer.json["gpu_families"] == {"h100": family}
    assert answer.err.count("h100 is taken as H100 NVL, H100 PCIe and H100 SXM") == 1
    job = tmp_path / "job.toml"
    job.write_text('name = "a"\nimage = "b"\n[gpu]\nmodels = ["H100"]\n')
    answer = hunter("deals", "-w", str(job), "--json")
    assert answer.json["gpu_families"] == {"H100": family}
    assert answer.err.count("a: H100 is taken as H100 NVL, H100 PCIe and H100 SXM") == 1
    assert len(answer.json["deals"]) == 2


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('gpu.models = ["4090", "RTX 4091"]', "gpu.models"),
        ('run.reference_gpu = "h101"', "run.reference_gpu"),
        ('run.speed = {"RTX 9999" = 1.0}', "run.speed"),
    ],
)
def test_an_unknown_gpu_in_a_workload_file_is_refused_with_its_place(
    stocked: Path, hunter: Any, tmp_path: Path, line: str, place: str
) -> None:
    job = tmp_path / "job.toml"
    job.write_text(f'name = "a"\nimage = "b"\n{line}\n')
    answer = hunter("deals", "-w", str(job))
    assert answer.code == 2
    assert f"{job}, {place}: no GPU is called" in answer.err


@pytest.mark.parametrize(
    ("region", "code"),
    [("DE", 0), ("germany", 0), ("EU", 0), ("hesse", 0), ("UK", 3), ("Texas", 3)],
)
def test_a_region_is_a_continent_a_country_by_code_or_name_or_part_of_a_place(
    home: Path, hunter: Any, region: str, code: int
) -> None:
    store = Store(home / "hunter.db")
    place = {"location": "Hesse, DE", "country": "DE", "region": "EU"}
    stock = [
        offer("A $2/h #1", **place),
        offer("A $1/h #2", location=None, country=None, region=None),
    ]
    polls.record(
        store, Listing(market="vast", offers=Offers.of(stock), complete=True), Scope(), 1.0, 2.0
    )
    store.close()
    answer = hunter("deals", "-w", "one-hour", "--region", region, "--json")
    assert answer.code == code
    assert [deal["offer"] for deal in answer.json["deals"]] == ([] if code else ["vast:1"])
