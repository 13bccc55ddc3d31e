"""One clock: the wall's, or an embedded market's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from hunter.api.clock import MarketClock
from hunter.store import Store
from hunter.store.settings import ClockMemory
from hunter.values.clock import Pace, Told
from tests.homes import unwritable

if TYPE_CHECKING:
    from pathlib import Path


def test_a_clock_that_follows_nobody_is_the_walls() -> None:
    clock = MarketClock()
    assert clock.speed == 1.0
    assert abs(clock.now() - time.time()) < 5


def test_a_clock_saves_a_pace_that_it_did_not_show_and_no_other() -> None:
    saved: list[Pace] = []
    clock = MarketClock(save=saved.append)
    clock.follow(Pace(market_s=time.time(), wall_s=time.time()))
    assert saved == []
    pace = Pace(market_s=5000.0, wall_s=time.time(), speed=60.0)
    clock.follow(pace)
    assert saved == [pace]
    clock.follow(Pace(market_s=5000.0, wall_s=time.time(), speed=60.0))
    assert saved == [pace], "off by less than a second of ours"
    assert clock.speed == 60.0


async def test_a_faster_clock_is_waited_for_less() -> None:
    clock = MarketClock(Pace(speed=1e6))
    began = time.monotonic()
    await clock.sleep(3600.0)
    assert time.monotonic() - began < 60


def test_a_later_process_goes_on_from_what_a_market_told_an_earlier_one(tmp_path: Path) -> None:
    store = Store(tmp_path / "hunter.db")
    MarketClock(memory=ClockMemory(store)).heard("m", 5000.0)
    later = MarketClock(Pace(market_s=1e9), memory=ClockMemory(store))
    assert later.now("m") == pytest.approx(5000.0, abs=60)
    assert later.unsure_s("m") == 0.0
    later.heard("m", 4000.0)
    assert later.now("m") == pytest.approx(4000.0, abs=60), "the market's own word comes first"


def test_a_machine_that_was_started_anew_begins_anew(tmp_path: Path) -> None:
    memory = ClockMemory(Store(tmp_path / "hunter.db"))
    memory.write("m", Told(boot="another", steady_s=0.0, market_s=5000.0))
    assert MarketClock(memory=memory).now("m") > 1e9


def test_to_have_been_alone_is_counted_from_process_to_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, now = Store(tmp_path / "hunter.db"), [1000.0]
    monkeypatch.setattr("hunter.api.clock.steady_s", lambda: now[0])
    assert MarketClock(memory=ClockMemory(store)).unsure_s("m") == 0.0
    now[0] += 700
    assert MarketClock(memory=ClockMemory(store)).unsure_s("m") == 700.0


def test_a_disk_that_is_full_keeps_no_time_and_stops_nobody(tmp_path: Path) -> None:
    store = Store(tmp_path / "hunter.db")
    clock = MarketClock(memory=ClockMemory(store))
    assert clock.unsure_s("m") >= 0.0
    unwritable(store)
    clock.heard("m", 5000.0)
    assert clock.now("m") == pytest.approx(5000.0, abs=60)
