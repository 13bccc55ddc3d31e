"""Coverage by room, from the data that `make coverage` has just collected; the pure rooms stay whole."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PURE = ("hunter/values", "hunter/estimate", "hunter/cost")
"""Rooms whose every branch is taken by some test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much of one folder the tests have run."""

    name: str
    lines: int = 0
    lines_run: int = 0
    branches: int = 0
    branches_taken: int = 0

    def __add__(self, other: Room) -> Room:
        return Room(
            name=self.name,
            lines=self.lines + other.lines,
            lines_run=self.lines_run + other.lines_run,
            branches=self.branches + other.branches,
            branches_taken=self.branches_taken + other.branches_taken,
        )

    @property
    def share(self) -> float:
        """Of lines and branches together, 0 … 1."""
        there = self.lines + self.branches
        return (self.lines_run + self.branches_taken) / there if there else 1.0

    @property
    def row(self) -> str:
        """One line of the table."""
        lines, branches = self.lines - self.lines_run, self.branches - self.branches_taken
        missing = f"{lines or '–':>10}{branches or '–':>10}"
        return f"{self.name:24}{self.lines:>8}{self.branches:>10}{missing}{self.share:>10.1%}"


def room_of(path: str) -> str:
    """The folder in which a module counts: two levels, and three for each market."""
    parts = Path(path).parts[:-1]
    return "/".join(parts[: 3 if parts[:2] == ("hunter", "markets") else 2])


def rooms(files: Mapping[str, Any]) -> list[Room]:
    """Every room, by name, from the files of coverage's own JSON report."""
    found: dict[str, Room] = {}
    for path, file in files.items():
        told, name = file["summary"], room_of(path)
        module = Room(
            name=name,
            lines=told["num_statements"],
            lines_run=told["covered_lines"],
            branches=told["num_branches"],
            branches_taken=told["covered_branches"],
        )
        found[name] = found.get(name, Room(name=name)) + module
    return [found[name] for name in sorted(found)]


def holes(files: Mapping[str, Any]) -> list[str]:
    """Where a pure room is not whole: each line and each branch that no test has run."""
    return [
        f"{path}:{where}"
        for path, file in sorted(files.items())
        if room_of(path) in PURE
        for where in (
            *map(str, file["missing_lines"]),
            *(f"{start} → {'exit' if end < 0 else end}" for start, end in file["missing_branches"]),
        )
    ]


def table(found: Iterable[Room]) -> str:
    """The rooms and all of them together."""
    found = list(found)
    head = f"{'room':24}{'lines':>8}{'branches':>10}{'not run':>10}{'not taken':>10}{'covered':>10}"
    return "\n".join([head, *(room.row for room in found), sum(found, Room(name="all")).row])


def collected() -> dict[str, Any]:
    """The report on the data in the current folder, by file."""
    data = Coverage()
    data.load()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.json"
        data.json_report(outfile=str(target))
        files: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))["files"]
    return files


def main() -> int:
    """Print the table; 1 where a pure room has a hole."""
    files = collected()
    print(table(rooms(files)))
    found = holes(files)
    if found:
        print(f"{', '.join(PURE)} stay at 100%. Not run by any test:", *found, sep="\n  ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
