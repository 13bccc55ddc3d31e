"""What a timer calls: one at a time, each run on record, and nothing done where it only checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.schedule.runs import alone
from hunter.store import Store, runs

if TYPE_CHECKING:
    from pathlib import Path


def last(home: Path, job: str) -> runs.Run:
    store = Store(home / "hunter.db")
    found = runs.last(store.db, job)
    store.close()
    assert found is not None
    return found


def test_a_run_by_hand_and_one_of_a_timer_are_on_record(home: Path, hunter: Any) -> None:
    assert hunter("reap").code == 0
    assert (last(home, "reap").timed, last(home, "reap").ok) == (False, True)
    assert hunter("reap", "--timed").code == 0
    assert (last(home, "reap").timed, last(home, "reap").counts["checked"]) == (True, 0)


def test_a_poll_is_on_record_with_what_it_brought(served: Any, home: Path) -> None:
    (home / "sandbox").mkdir(exist_ok=True)
    markets = served("scrape", "--timed", "--json")["markets"]
    found = last(home / "sandbox", "scrape")
    assert (found.ok, found.error) == (True, "")
    assert found.counts["offers"] == sum(one["offers"] for one in markets) > 0


def test_one_that_fails_is_on_record_with_the_reason(
    home: Path, hunter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAST_URL", "nowhere")
    assert hunter("scrape", "--market", "vast").code == 2
    found = last(home, "scrape")
    assert (found.ok, "VAST_URL" in found.error) == (False, True)


@pytest.mark.parametrize(("job", "document"), [("reap", "checked"), ("scrape", "markets")])
def test_while_one_is_at_work_another_leaves_it_to_that(
    home: Path, hunter: Any, job: str, document: str
) -> None:
    with alone(home, job) as free:
        assert free
        answer = hunter(job, "--timed", "--json")
    assert (answer.code, not answer.json[document]) == (0, True)
    assert f"Another hunter {job} of this home is at work" in answer.err
    assert not (home / "hunter.db").exists()


@pytest.mark.parametrize("job", ["reap", "scrape"])
def test_a_check_finds_database_and_keys_and_does_nothing(
    home: Path, hunter: Any, monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    monkeypatch.setenv("VAST_API_KEY", "0123456789abcdef")
    answer = hunter(job, "--check", "--json")
    assert "0123456789" not in answer.out + answer.err
    assert answer.json["database"] == str(home / "hunter.db")
    keys = {name: one["key"] for name, one in answer.json["markets"].items()}
    assert keys == {"vast": "VAST_API_KEY", "runpod": None}
    assert "vast: key in VAST_API_KEY" in hunter(job, "--check").out
    store = Store(home / "hunter.db")
    assert runs.last(store.db, job) is None
    store.close()
