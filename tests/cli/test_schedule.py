"""Timers on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.schedule.tools import put

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return put(tmp_path, monkeypatch, "crontab")


def test_what_has_no_timer_is_shown_as_such(hunter: Any) -> None:
    jobs = hunter("schedule", "show", "--json").json["jobs"]
    assert [(one["job"], one["timer"], one["last"]) for one in jobs] == [
        ("reap", None, None), ("scrape", None, None),
    ]  # fmt: skip
    assert "none" in hunter("schedule", "show", "reap").out


def test_what_is_not_built_yet_is_refused_in_a_sentence(hunter: Any) -> None:
    for verb in ("install", "remove", "show"):
        answer = hunter("schedule", verb, "watch")
        assert (answer.code, "not built yet" in answer.err) == (2, True)
    assert hunter("schedule", "install", "launch").code == 2


def test_a_time_that_none_can_be_is_refused_before_anything_is_tried(
    hunter: Any, tools: Path
) -> None:
    for words in (["--every", "7m"], ["--at", "25:00"], ["--every", "5m", "--at", "07:00"]):
        assert hunter("schedule", "install", "reap", *words).code == 2
    assert not (tools / "table").exists()


def test_what_is_removed_twice_is_gone(hunter: Any) -> None:
    answer = hunter("schedule", "remove", "reap", "--json")
    assert (answer.code, answer.json) == (0, {"job": "reap", "removed": []})
    assert "had no timer" in hunter("schedule", "remove", "reap").err


def test_an_install_says_what_calls_what_and_shows_it(
    hunter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hunter.schedule import proof

    monkeypatch.setattr(proof, "prove", lambda words, here, environ: here)
    said = hunter("schedule", "install", "scrape", "--at", "06:30").err
    assert "a line of your crontab calls hunter scrape daily at 06:30" in said
    assert "left to the next" in said
    (one,) = hunter("schedule", "show", "scrape", "--json").json["jobs"]
    assert (one["timer"], one["at"], one["every_s"]) == ("crontab", "06:30", None)
    assert one["command"].startswith("30 6 * * * ")
    again = hunter("schedule", "install", "scrape", "--json").json
    assert [one["every_s"] for one in again["jobs"]] == [3600.0]
