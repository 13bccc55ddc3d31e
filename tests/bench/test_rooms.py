"""Coverage by room: sums, and the holes of rooms that have to stay whole."""

from __future__ import annotations

from typing import Any

import pytest

from bench.rooms import holes, room_of, rooms, table


def module(lines: int, run: int, branches: int, taken: int, **missing: Any) -> dict[str, Any]:
    told = {"num_statements": lines, "covered_lines": run, "num_branches": branches,
            "covered_branches": taken}  # fmt: skip
    return {"summary": told, "missing_lines": [], "missing_branches": [], **missing}


FILES = {
    "hunter/cost/bill.py": module(80, 80, 10, 10),
    "hunter/cost/deals.py": module(20, 19, 10, 9, missing_lines=[7], missing_branches=[[6, -1]]),
    "hunter/markets/vast/wire.py": module(50, 25, 0, 0, missing_lines=list(range(25))),
    "tui/app.py": module(10, 10, 0, 0),
}


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("hunter/cost/bill.py", "hunter/cost"),
        ("hunter/__init__.py", "hunter"),
        ("hunter/markets/http.py", "hunter/markets"),
        ("hunter/markets/vast/wire.py", "hunter/markets/vast"),
        ("hunter/sandbox/vast/api.py", "hunter/sandbox"),
        ("tui/screens/deals.py", "tui/screens"),
    ],
)
def test_a_module_counts_in_its_room(path: str, room: str) -> None:
    assert room_of(path) == room


def test_a_room_is_the_sum_of_its_modules() -> None:
    found = {room.name: room for room in rooms(FILES)}
    # (80 + 19 + 10 + 9) of (80 + 20 + 10 + 10)
    assert found["hunter/cost"].share == pytest.approx(118 / 120)
    assert [line.split()[-1] for line in table(rooms(FILES)).splitlines()[1:]] == [
        "98.3%", "50.0%", "100.0%", "85.0%",
    ]  # fmt: skip


def test_only_the_holes_of_pure_rooms_are_named() -> None:
    assert holes(FILES) == ["hunter/cost/deals.py:7", "hunter/cost/deals.py:6 → exit"]
