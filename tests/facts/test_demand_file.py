"""Files of demand: of hours and of requests, and one sentence where they are neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from hunter.facts import workload_file
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
