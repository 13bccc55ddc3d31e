"""A timer that does nothing is told: after three periods without a success, whatever the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from hunter.schedule.cadence import Cadence
from hunter.schedule.health import Installed, alarms, health, installed
from hunter.store import Store, runs, settings

if TYPE_CHECKING:
    from pathlib import Path

NOW, PERIOD_S = 1_790_000_000.0, 300.0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "hunter.db")


def keep(store: Store, since_s: float) -> None:
    one = Installed(kind="crontab", cadence=Cadence(every_s=PERIOD_S), since_wall_s=NOW - since_s)
    text = msgspec.json.encode({"reap": one}).decode()
    settings.write_schedule(store, lambda _: text)


def ran(store: Store, ago_s: float, *, ok: bool, error: str = "") -> None:
    run_id = runs.begin(store, "reap", NOW - ago_s - 1, timed=True)
    runs.end(store, run_id, NOW - ago_s, ok=ok, counts={}, error=error)


@pytest.mark.parametrize(
    ("since_s", "succeeded_s", "failed_s", "said"),
    [
        (100, None, None, ""),
        (901, None, None, "has not succeeded for 15m"),
        (9999, 899, None, ""),
        (9999, 901, None, "has not succeeded for 15m"),
        (9999, 100, 10, ""),
        (9999, 7300, 10, "has not succeeded for 2h. The last run failed: no way"),
        (100, 7300, None, ""),  # installed anew
    ],
)
def test_a_timer_is_late_after_three_periods_without_a_success(
    store: Store, since_s: float, succeeded_s: float | None, failed_s: float | None, said: str
) -> None:
    keep(store, since_s)
    if succeeded_s is not None:
        ran(store, succeeded_s, ok=True)
    if failed_s is not None:
        ran(store, failed_s, ok=False, error="no way")
    found = alarms(store, NOW)
    assert len(found) == bool(said)
    assert all(said in alarm and "every 5m" in alarm for alarm in found)


def test_what_has_no_timer_is_never_late(store: Store) -> None:
    ran(store, 1e6, ok=True)
    assert alarms(store, NOW) == ()
    assert health(store.db, "reap").late_s(NOW) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"reap": 1}', "null"])
def test_a_record_that_cannot_be_read_is_as_good_as_none(store: Store, text: str) -> None:
    settings.write_schedule(store, lambda _: text)
    assert installed(store.db) == {}
    assert alarms(store, NOW) == ()
