"""How often, and at which minute: what a calendar can say, spread so that not all homes come at once."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.schedule.cadence import PERIODS_S, Cadence, cadence, checked_job, moment, short
from hunter.values.errors import UsageError

HOMES = st.text("0123456789abcdef", min_size=6, max_size=6)


def minutes_of(fields: str) -> set[int]:
    """The minutes of a day that the first two fields of a crontab's line name."""

    def values(field: str, n: int) -> set[int]:
        if field == "*":
            return set(range(n))
        found = re.fullmatch(r"(\d+)(?:-(\d+)/(\d+))?", field)
        assert found
        if found[2] is None:
            return {int(found[1])}
        return set(range(int(found[1]), int(found[2]) + 1, int(found[3])))

    minute, hour, *rest = fields.split()
    assert rest == ["*", "*", "*"]
    return {h * 60 + m for h in values(hour, 24) for m in values(minute, 60)}


@given(home=HOMES, period_s=st.sampled_from(PERIODS_S))
def test_runs_are_one_period_apart_all_day_and_over_midnight(home: str, period_s: float) -> None:
    runs = sorted(minutes_of(moment(Cadence(every_s=period_s), home, "reap").crontab))
    gaps = {
        (after - before) % 1440 for before, after in zip(runs, [*runs[1:], runs[0]], strict=True)
    }
    assert gaps == {period_s / 60 % 1440}


@given(home=HOMES, period_s=st.sampled_from(PERIODS_S))
def test_a_home_has_its_own_minute_and_keeps_it(home: str, period_s: float) -> None:
    how = Cadence(every_s=period_s)
    assert moment(how, home, "reap") == moment(how, home, "reap")


def test_homes_and_jobs_are_spread() -> None:
    how = Cadence(every_s=3600.0)
    found = {
        moment(how, f"{home:06x}", job).crontab for home in range(50) for job in ("reap", "scrape")
    }
    assert len(found) > 30


def test_a_time_of_the_day_is_taken_as_it_is_asked_for() -> None:
    how = cadence("scrape", None, "7:05")
    assert (str(how), how.period_s) == ("daily at 07:05", 86400.0)
    assert moment(how, "a1b2c3", "scrape").crontab == "5 7 * * *"
    assert moment(how, "a1b2c3", "scrape").calendar == "*-*-* 07:05:00"


def test_what_nobody_said_is_usual() -> None:
    assert str(cadence("reap", None, None)) == "every 5m"
    assert str(cadence("scrape", None, None)) == "every 1h"


@pytest.mark.parametrize("at", ["24:00", "7", "07:60", "noon", "-1:00", "07:00:00", "٠٧:٠٠", ""])
def test_what_is_no_time_is_refused(at: str) -> None:
    with pytest.raises(UsageError, match="no time of a day"):
        cadence("reap", None, at)


@pytest.mark.parametrize("every_s", [1.0, 59.0, 61.0, 420.0, 5400.0, 7 * 3600.0, 2 * 86400.0, 1e9])
def test_a_period_that_no_calendar_can_say_is_refused_with_what_is_near(every_s: float) -> None:
    with pytest.raises(UsageError, match="divides neither an hour nor a day") as refused:
        cadence("reap", every_s, None)
    assert "Near it are" in refused.value.remedy


def test_a_period_and_a_time_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match="at once"):
        cadence("reap", 300.0, "07:00")


def test_jobs_that_are_not_built_yet_are_refused_as_such() -> None:
    for job in ("watch", "maintain"):
        with pytest.raises(UsageError, match="not built yet"):
            checked_job(job)
    with pytest.raises(UsageError, match="nothing that a timer calls"):
        checked_job("rm -rf")
    assert checked_job("reap") == "reap"


@pytest.mark.parametrize("period_s", PERIODS_S)
def test_a_period_is_said_as_it_is_typed(period_s: float) -> None:
    from hunter.values.amounts import seconds

    assert seconds(short(period_s)) == period_s
