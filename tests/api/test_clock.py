"""One clock: the wall's, or an embedded market's."""

from __future__ import annotations

import time

from hunter.api.clock import MarketClock
from hunter.values.clock import Pace


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
