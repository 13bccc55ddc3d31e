"""The commands about keeping, demand and explaining, on a database without servers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TALK = "gpu_usd_h=0.01,disk_usd_h=0.01,start_s=30"


def test_storage_prints_every_way_and_when_the_answer_flips(stocked: Path, hunter: Any) -> None:
    answer = hunter("storage", "-w", "comfyui-flux", "--json")
    assert answer.code == 0
    [first, _] = answer.json["storage"]
    ways = {way["way"]: way for way in first["ways"]}
    assert {"destroy", "baked", "stopped", "running", "tigris", "s3", "r2"} == set(ways)
    costs = [way["gap_usd"] for way in first["ways"]]
    assert costs == sorted(costs)
    assert 0 < ways["stopped"]["restart_fails"] < 1
    assert ways["stopped"]["ties_to"] == "the machine"
    assert first["flips"][0] == {"from_idle_h": 0.0, "way": "running"}
    text = hunter("storage", "-w", "comfyui-flux", "--idle", "2h").out
    assert "2h00m gap $" in text
    assert "Cheapest by the length of the gap: running, from" in text


def test_storage_reproduces_the_talks_instance(home: Path, hunter: Any) -> None:
    [found] = hunter("storage", "--by-hand", TALK, "--json").json["storage"]
    ways = {way["way"]: way for way in found["ways"]}
    assert ways["destroy"]["start_usd"] == pytest.approx(0.000167, abs=5e-7)
    assert ways["stopped"]["break_even_idle_h"] * 3600 == pytest.approx(60)
    assert ways["stopped"]["gap_usd"] == pytest.approx(0.24)


@pytest.mark.parametrize(
    "words",
    [
        ("storage", "--by-hand", "gpu_usd_h=0.01"),
        ("storage", "--by-hand", "gpu_usd_h=-1,disk_usd_h=0.01,start_s=30"),
        ("storage", "--by-hand", TALK + ",more=1"),
        ("storage", "--idle", "soon"),
        ("demand", "-w", "llm-server", "--timeout", "soon"),
        ("demand", "-w", "one-hour"),
        ("deals", "--avoid", "rain"),
        ("deals", "--reading", "kinder"),
    ],
)
def test_what_cannot_be_is_one_sentence(stocked: Path, hunter: Any, words: tuple[str, ...]) -> None:
    answer = hunter(*words)
    assert answer.code == 2
    assert answer.err.startswith("hunter: ")
    assert "Traceback" not in answer.err


def test_demand_prints_money_beside_waiting(stocked: Path, hunter: Any) -> None:
    job = stocked / "job.toml"
    job.write_text(
        'name = "api"\ndisk_gb = 40\n[image]\nref = "a/b"\ncompressed_gb = 4\n[demand]\n'
        f"request_s = 20\ntimeout = '5m'\nhourly = {[0] * 8 + [30] * 8 + [1] * 8}\n"
    )
    found = hunter("demand", "-w", str(job), "--json").json
    ways = [way["way"] for way in found["ways"]]
    assert ways[0] == "always on"
    assert ways[-3:] == [f"batch every {h} h" for h in (6, 12, 24)]
    assert found["ways"][0]["wait_s"] == 0
    assert len(found["up_share"]) == 24
    assert found["up_share"][0] == 0.0
    text = hunter("demand", "-w", str(job)).out
    assert "requests │        ████████" in text
    assert "of always on" in text


def test_explain_says_how_a_contradiction_was_read(stocked: Path, hunter: Any) -> None:
    dearer = hunter("explain", "vast:1", "--json").json
    cheaper = hunter("explain", "vast:1", "--reading", "cheaper", "--json").json
    assert {r["read_as_billed"] for r in dearer["readings"]} == {True}
    assert {r["read_as_billed"] for r in cheaper["readings"]} == {False}
    assert cheaper["run_usd"] < dearer["run_usd"]
    assert "Read here the dearer way" in hunter("explain", "vast:1").out
    total = sum(line["usd"] for line in dearer["lines"])
    assert total == pytest.approx(dearer["run_usd"])


def test_explain_and_deals_tell_the_same_cost(stocked: Path, hunter: Any) -> None:
    deals = hunter("deals", "--json").json["deals"]
    for deal in deals:
        found = hunter("explain", deal["offer"], "--json").json
        assert found["run_usd"] == pytest.approx(deal["run_usd"])
        assert deal["run_low_usd"] <= deal["run_usd"] <= deal["run_high_usd"]


def test_explain_says_what_would_let_an_offer_in(stocked: Path, hunter: Any) -> None:
    found = hunter("explain", "vast:1", "-w", "llm-server", "--json").json
    assert {"rule": "memory", "need": "≥ 40 GB a GPU", "has": "24", "change": "[gpu] vram_gb"} in (
        found["filtered_by"]
    )
    assert (
        "Left out of hunter deals by memory" in hunter("explain", "vast:1", "-w", "llm-server").out
    )


def test_an_empty_market_says_what_the_best_is(stocked: Path, hunter: Any) -> None:
    answer = hunter("deals", "-w", "llm-server")
    assert answer.code == 3
    assert "The best there is, is vast:1: 1x RTX 4090" in answer.err
    assert "[gpu] vram_gb decides" in answer.err
    assert json.dumps(answer.out)
