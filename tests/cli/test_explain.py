"""An explained bill adds up, and says how it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.test_deals import DEAL

if TYPE_CHECKING:
    from pathlib import Path

EXPLAINED = ["offer", "workload", "lines", "run_usd", "phases", "filtered_by", "readings", "deal"]


def test_an_explained_bill_adds_up(stocked: Path, hunter: Any) -> None:
    bill = hunter("explain", "vast:1", "--json").json
    assert sum(line["usd"] for line in bill["lines"]) == pytest.approx(bill["run_usd"])
    assert all(line["source"] for line in bill["lines"])
    assert "expected run" in hunter("explain", "vast:1").out


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
