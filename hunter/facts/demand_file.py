"""A file of requests in, a day of demand out, with the place of every mistake."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from hunter.values.errors import WorkloadError

if TYPE_CHECKING:
    from pathlib import Path

HOURS = 24
MOST_REQUESTS = 1e6
"""In an hour, as in a workload file."""


def hourly(path: Path) -> tuple[float, ...]:
    """Requests in each hour of a day, from a CSV file.

    Either with the columns `hour` (0-23) and `requests`, one row an hour, or with a column `time`, one row
    a request (ISO 8601); then the days from the first request to the last are averaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WorkloadError(
            f"{path} cannot be read: {error}.", remedy="Give a CSV file of requests."
        ) from error
    if not rows:
        raise WorkloadError(f"{path} has no rows.", remedy="Give one row an hour, or a request.")
    if "requests" in rows[0] and "hour" in rows[0]:
        return _by_hour(rows, path)
    if "time" in rows[0]:
        return _by_time(rows, path)
    raise WorkloadError(
        f"{path} has neither the columns hour and requests nor the column time.",
        remedy="Name its columns in the first line.",
    )


def _by_hour(rows: list[dict[str, str]], path: Path) -> tuple[float, ...]:
    found: dict[int, float] = {}
    for line, row in enumerate(rows, 2):
        try:
            hour, requests = int(row["hour"]), float(row["requests"])
        except (TypeError, ValueError) as error:
            raise _wrong(path, line, "it holds no two numbers") from error
        if not 0 <= hour < HOURS or hour in found:
            raise _wrong(path, line, f"hour {hour} is no hour of a day, or comes twice")
        if not 0 <= requests <= MOST_REQUESTS:
            raise _wrong(path, line, f"{requests:g} requests cannot be")
        found[hour] = requests
    missing = [str(hour) for hour in range(HOURS) if hour not in found]
    if missing:
        raise WorkloadError(
            f"{path} has gaps: nothing is said of hour {', '.join(missing)}.",
            remedy="Give each hour from 0 to 23; 0 where nobody asks.",
        )
    return tuple(found[hour] for hour in range(HOURS))


def _by_time(rows: list[dict[str, str]], path: Path) -> tuple[float, ...]:
    times = []
    for line, row in enumerate(rows, 2):
        try:
            times.append(datetime.fromisoformat(row["time"].strip()))
        except (AttributeError, ValueError) as error:
            raise _wrong(path, line, "time is not ISO 8601, as 2026-11-24T08:30:00") from error
    days = (max(time.date() for time in times) - min(time.date() for time in times)).days + 1
    counted = Counter(time.hour for time in times)
    return tuple(counted[hour] / days for hour in range(HOURS))


def _wrong(path: Path, line: int, why: str) -> WorkloadError:
    return WorkloadError(f"{path}, line {line}: {why}.", remedy="Correct that line.")
