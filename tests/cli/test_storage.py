"""Keep or fetch again, on the command line."""

from __future__ import annotations

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
