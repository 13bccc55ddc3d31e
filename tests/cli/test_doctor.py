"""The check-up on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_where_all_is_well_it_says_so_line_by_line(served: Any) -> None:
    document = served("doctor", "--json")
    assert document["fail"] == 0
    assert {one["check"] for one in document["checks"]} >= {"key", "route", "clock", "disk"}
    assert "ok    version" in served("doctor")


def test_what_fails_is_named_with_what_to_do_and_the_exit_code_is_one(
    served: Any, hunter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAST_API_KEY", "not a key")
    answer = hunter("doctor", "--json")
    assert answer.code == 1
    (key,) = [
        one for one in answer.json["checks"] if one["status"] == "fail" and one["check"] == "key"
    ]
    assert key["subject"] == "vast"
    assert key["remedy"]
    assert "FAIL" in hunter("doctor").out
    assert "not a key" not in answer.out + answer.err


def test_a_setting_that_cannot_be_read_is_a_line_of_its_own(home: Path, hunter: Any) -> None:
    (home / "config.toml").write_text("sauce = 1\n")
    answer = hunter("doctor", "--json")
    assert answer.code == 1
    assert [one["check"] for one in answer.json["checks"] if one["status"] == "fail"] == ["config"]
