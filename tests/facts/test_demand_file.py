"""Files of demand: of hours and of requests, and one sentence where they are neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from hunter.facts import workload_file
from hunter.facts.demand_file import hourly
from hunter.values.errors import WorkloadError
from hunter.values.workload import Demand

HEAD = 'name = "api"\nimage = "a/b"\n[demand]\nrequest_s = 20\n'


def loaded(folder: Path, table: str, rows: str | None = None) -> Demand:
    if rows is not None:
        (folder / "requests.csv").write_text(rows)
    (folder / "job.toml").write_text(HEAD + table)
    found = workload_file.load(str(folder / "job.toml")).demand
    assert found is not None
    return found


def test_a_file_of_hours_and_a_file_of_requests_are_both_understood(tmp_path: Path) -> None:
    hours = "hour,requests\n" + "".join(f"{h},{h}\n" for h in range(24))
    assert loaded(tmp_path, 'csv = "requests.csv"', hours).hourly == tuple(map(float, range(24)))
    two_days = "time\n2026-11-23T08:10:00\n2026-11-24T08:20:00\n2026-11-24T09:00:00Z\n"
    found = loaded(tmp_path, 'csv = "requests.csv"', two_days)
    assert (found.hourly[8], found.hourly[9], sum(found.hourly)) == (1.0, 0.5, 1.5)


@pytest.mark.parametrize(
    ("table", "rows", "says"),
    [
        ("hourly = [1, 2]", None, "2 figures, and a day has 24"),
        (f"hourly = {[0] * 24}", None, "nobody ever asks"),
        (f"hourly = {[1] * 23 + [-1]}", None, "demand.hourly"),
        ("", None, "either hourly or csv"),
        ('csv = "none.csv"', None, "cannot be read"),
        ('csv = "requests.csv"', "hour,requests\n0,1\n2,1\n", "gaps: nothing is said of hour 1, 3"),
        ('csv = "requests.csv"', "hour,requests\n24,1\n", "line 2: hour 24"),
        ('csv = "requests.csv"', "hour,requests\n0,1\n0,1\n", "line 3: hour 0"),
        ('csv = "requests.csv"', "hour,requests\n0,-4\n", "line 2: -4 requests"),
        ('csv = "requests.csv"', "hour,requests\n0,many\n", "line 2"),
        ('csv = "requests.csv"', "time\nyesterday\n", "line 2: time is not ISO 8601"),
        ('csv = "requests.csv"', "when\n1\n", "neither the columns"),
        ('csv = "requests.csv"', "", "no rows"),
    ],
)
def test_a_demand_that_cannot_be_is_one_sentence_with_its_place(
    tmp_path: Path, table: str, rows: str | None, says: str
) -> None:
    with pytest.raises(WorkloadError, match=says):
        loaded(tmp_path, table, rows)


def requests(line: str) -> str:
    """A day in which each hour says this after its number."""
    return "".join(f"{hour}{line}\n" for hour in range(24))


@pytest.mark.parametrize(
    ("text", "each"),
    [
        ("\ufeffHour;Requests\r\n" + requests(";3,5"), 3.5),
        (" HOUR , Requests ,note\n" + requests(", 7 ,busy"), 7.0),
        ("sep=;\nhour;requests\n" + requests(';"0,125"') + ";;\n\n", 0.125),
        ("hour\trequests\n" + requests(":00\t12"), 12.0),
        ("hour,requests\n" + requests('.0,"4,75"'), 4.75),
    ],
    ids=["semicolons", "blanks", "sep=", "tabs", "quotes"],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, text: str, each: float) -> None:
    (tmp_path / "day.csv").write_bytes(text.encode())
    assert hourly(tmp_path / "day.csv") == (each,) * 24


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hour;requests\n" + requests(";2,500"), "line 2: '2,500' may mean thousands"),
        ("hour,requests\n" + requests(",inf"), "line 2: inf requests cannot be"),
        ("hour,requests\n" + requests("," + "9" * 9000), "line 2: 999"),
        ("hour,requests\n٣,1\n", "line 2: '٣' is no hour"),
        ("hour,requests\n1\n", "line 2"),
        ("hour,requests\n" + '1,"' + "x" * 200_000, "is no CSV"),
        ("time\n0001-01-01T00:00\n10000-01-01\n", "line 3: time is not ISO"),
    ],
    ids=["thousands", "infinite", "digits", "other digits", "missing", "long", "year"],
)
def test_what_can_be_read_in_two_ways_or_none_is_refused_with_its_line(
    tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "day.csv").write_text(text, encoding="utf-8")
    with pytest.raises(WorkloadError, match=says) as caught:
        hourly(tmp_path / "day.csv")
    assert len(str(caught.value)) < 300


def test_one_comma_that_no_thousands_have_settles_the_others(tmp_path: Path) -> None:
    rows = "0;0,5\n" + "".join(f"{hour};1,250\n" for hour in range(1, 24))
    (tmp_path / "day.csv").write_text("hour;requests\n" + rows)
    assert hourly(tmp_path / "day.csv") == (0.5,) + (1.25,) * 23
