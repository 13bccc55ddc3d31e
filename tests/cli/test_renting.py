"""What rents and what runs, on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_running_is_only_said_when_nobody_was_silent(home: Path, hunter: Any) -> None:
    assert hunter("ps", "--json").json == {
        "instances": [],
        "elsewhere": [],
        "unexplained": [],
        "unknown": [],
    }


def test_renting_without_caps_is_refused(stocked: Path, hunter: Any, tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text('name = "a"\nimage = "b"\n')
    answer = hunter("launch", "vast:1", "-w", str(tmp_path / "job.toml"), "--yes")
    assert answer.code == 2
    assert "--max-usd-h, --max-usd, --ttl is missing" in answer.err
