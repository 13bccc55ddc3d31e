"""A file of requests in, a day of demand out, with the place of every mistake."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from hunter.facts.files import read_text, why
from hunter.values.amounts import number, shortened
from hunter.values.errors import WorkloadError
from hunter.values.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HOURS = 24
MOST_REQUESTS = 1e6
"""In an hour, as in a workload file."""
MOST_BYTES = 2**26
"""Of a file: two million requests, one a row."""
_SEPARATORS = ";\t,"
"""A spreadsheet's choice goes by its country; what stands in the first line says which it was."""
_HOUR = re.compile(r"([0-9]{1,2})(?:[.,:]0{1,2})?")
_COMMA = re.compile(r"[0-9]+,[0-9]+")
_MAYBE_THOUSANDS = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}")


class _Row(NamedTuple):
    line: int
    cells: dict[str, str]


def hourly(path: Path) -> tuple[float, ...]:
    """Requests in each hour of a day, from a CSV file.

    Either with the columns `hour` (0-23) and `requests`, one row an hour, or with a column `time`, one row
    a request (ISO 8601); then the days from the first request to the last are averaged. Spreadsheets may
    part the cells with semicolons or tabs, and write decimal commas.
    """
    try:
        rows = _rows(read_text(path, MOST_BYTES))
    except (OSError, ValueError) as error:
        raise WorkloadError(
            f"{path} cannot be read: {why(error)}.", remedy="Give a CSV file of requests."
        ) from error
    except csv.Error as error:
        raise WorkloadError(f"{path} is no CSV: {error}.", remedy="Correct the file.") from error
    if not rows:
        raise WorkloadError(f"{path} has no rows.", remedy="Give one row an hour, or a request.")
    names = rows[0].cells
    if "requests" in names and "hour" in names:
        return _by_hour(rows, path)
    if "time" in names:
        return _by_time(rows, path)
    raise WorkloadError(
        f"{path} has neither the columns hour and requests nor the column time.",
        remedy="Name its columns in the first line.",
    )


def _rows(text: str) -> list[_Row]:
    """The rows that hold something, by the names of their columns; names are told apart by letters alone."""
    first, _, rest = text.partition("\n")
    declared = first.strip().strip('"').lower()
    if declared.startswith("sep=") and len(declared) == 5:  # how Excel is told the separator
        separator, begin = declared[4], 1
    else:
        separator, begin, rest = next((s for s in _SEPARATORS if s in first), ","), 0, text
    reader = csv.reader(io.StringIO(rest, newline=""), delimiter=separator, skipinitialspace=True)
    names: list[str] | None = None
    rows = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if names is None:
            names = [cell.strip().lower() for cell in cells]
            continue
        named = dict.fromkeys(names, "") | {
            name: cell.strip() for name, cell in zip(names, cells, strict=False)
        }
        rows.append(_Row(reader.line_num + begin, named))
    return rows


def _by_hour(rows: list[_Row], path: Path) -> tuple[float, ...]:
    found: dict[int, float] = {}
    decimal_comma = _has_decimal_comma(row.cells["requests"] for row in rows)
    for line, cells in rows:
        hour_said = _HOUR.fullmatch(cells["hour"])
        if hour_said is None:
            raise _wrong(path, line, f"{shortened(cells['hour'])} is no hour from 0 to 23")
        hour = int(hour_said[1])
        if hour >= HOURS or hour in found:
            raise _wrong(path, line, f"hour {hour} is no hour of a day, or comes twice")
        said = cells["requests"]
        if _COMMA.fullmatch(said):
            if not decimal_comma:
                raise _wrong(path, line, f"{shortened(said)} may mean thousands or a fraction")
            said = said.replace(",", ".")
        try:
            found[hour] = number(said, most=MOST_REQUESTS, zero=True)
        except ValueError as error:
            raise _wrong(path, line, f"{cleaned(said, 40)} requests cannot be: {error}") from error
    missing = [str(hour) for hour in range(HOURS) if hour not in found]
    if missing:
        raise WorkloadError(
            f"{path} has gaps: nothing is said of hour {', '.join(missing)}.",
            remedy="Give each hour from 0 to 23; 0 where nobody asks.",
        )
    return tuple(found[hour] for hour in range(HOURS))


def _has_decimal_comma(said: Iterable[str]) -> bool:
    """Whether commas can only stand before fractions: one that no thousands have settles it for all."""
    return any(_COMMA.fullmatch(s) and not _MAYBE_THOUSANDS.fullmatch(s) for s in said)


def _by_time(rows: list[_Row], path: Path) -> tuple[float, ...]:
    times = []
    for line, cells in rows:
        try:
            times.append(datetime.fromisoformat(cells["time"]))
        except ValueError as error:
            raise _wrong(path, line, "time is not ISO 8601, as 2026-11-24T08:30:00") from error
    days = (max(time.date() for time in times) - min(time.date() for time in times)).days + 1
    counted = Counter(time.hour for time in times)
    return tuple(counted[hour] / days for hour in range(HOURS))


def _wrong(path: Path, line: int, why: str) -> WorkloadError:
    return WorkloadError(f"{path}, line {line}: {why}.", remedy="Correct that line.")
