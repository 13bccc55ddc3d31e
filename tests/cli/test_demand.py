"""A day of demand on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


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
