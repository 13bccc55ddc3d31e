"""The JSON that scripts read: names and their order stay as they are, whatever they are derived from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
EXPLAINED = ["offer", "workload", "lines", "run_usd", "phases", "filtered_by", "readings", "deal"]
COLD_START = ["offer", "workload", "phases", "seconds", "low_s", "high_s", "usd"]


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


def test_an_explained_offer_has_these_names_in_this_order(stocked: Path, hunter: Any) -> None:
    found = hunter("explain", "vast:2:bid", "-w", "one-hour", "--json").json
    assert list(found) == EXPLAINED
    assert list(found["deal"]) == DEAL
    assert {tuple(line) for line in found["lines"]} == {
        ("item", "quantity", "unit", "rate", "usd", "source", "age_s")
    }
    assert {tuple(line) for line in found["phases"]} == {
        ("phase", "seconds", "low_s", "high_s", "usd")
    }
    broken = hunter("explain", "vast:2:bid", "-w", "llm-server", "--json").json["filtered_by"]
    assert broken
    assert {tuple(rule) for rule in broken} == {("rule", "need", "has", "change")}


def test_a_cold_start_has_these_names_in_this_order(stocked: Path, hunter: Any) -> None:
    asked = "coldstart", "-w", "one-hour", "--offer", "vast:1", "--json"
    found = hunter(*asked).json
    assert list(found) == COLD_START
    assert {tuple(line) for line in found["phases"]} == {
        ("phase", "seconds", "low_s", "high_s", "billed", "usd", "bytes_in")
    }
    beliefs = hunter(*asked, "--why").json["beliefs"]
    assert {tuple(line) for line in beliefs} == {
        ("quantity", "prior", "median", "low", "high", "n", "n_machine", "source")
    }
