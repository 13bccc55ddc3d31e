"""Time as markets tell it: an embedded market's may be faster than the wall's."""

from __future__ import annotations

from hunter.values.clock import WALL, Pace


def test_a_pace_counts_from_where_it_was_read() -> None:
    pace = Pace(market_s=1000.0, wall_s=10.0, speed=30.0)
    assert (pace.at(10.0), pace.at(12.0)) == (1000.0, 1060.0)
    assert WALL.at(77.0) == 77.0
