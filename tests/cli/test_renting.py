"""What rents and what runs, on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("words", [["ps"], ["reap"]])
def test_without_a_key_every_market_is_named_as_not_asked(
    home: Path, hunter: Any, words: list[str]
) -> None:
    answer = hunter(*words)
    assert answer.code == (1 if words == ["ps"] else 0)
    for market, variable in (("vast", "VAST_API_KEY"), ("runpod", "RUNPOD_API_KEY")):
        assert f"{market}: not asked: there is no key: set {variable}" in answer.err
    assert "nothing else" not in answer.out


def test_a_listing_says_in_json_which_markets_were_not_asked(home: Path, hunter: Any) -> None:
    nobody = hunter("ps", "--json")
    assert nobody.code == 1
    assert nobody.json == {
        "instances": [],
        "elsewhere": [],
        "unexplained": [],
        "unknown": [],
        "not_asked": ["runpod", "vast"],
    }
    assert hunter("reap", "--json").json["not_asked"] == ["runpod", "vast"]


def test_renting_without_caps_is_refused(stocked: Path, hunter: Any, tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text('name = "a"\nimage = "b"\n')
    answer = hunter("launch", "vast:1", "-w", str(tmp_path / "job.toml"), "--yes")
    assert answer.code == 2
    assert "--max-usd-h, --max-usd, --ttl is missing" in answer.err
