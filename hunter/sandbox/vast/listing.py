"""Vast's paged lists: filters, orders, pages that go on from a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hunter.sandbox.vast.params import (
    asked_json,
    asked_number,
    invalid_query,
    narrowed,
    rank,
    read_token,
    selected,
    token_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]

STORED = frozenset(
    """
    id label actual_status intended_status cur_state next_state status_msg gpu_name verification
    machine_id host_id bundle_id image_uuid image_runtype is_bid disk_space start_date end_date
    ssh_host ssh_port geolocation country_code template_id template_hash_id template_name onstart
    """.split()  # noqa: SIM905  a list of names is read more easily so
)
"""Columns of an instance that can be searched: computed ones like `dph_total` cannot."""
FEW = 5
"""Rows of a page whose limit is nil or less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list, and where the next one begins."""

    rows: list[Row]
    matching: int
    token: str | None
    labels: dict[str, int]


def page_of(rows: list[Row], params: Mapping[str, str], most: int) -> Page:
    """The page of instances that an address asks for; Refused where it asks for nonsense."""
    columns = asked_json(params, "select_cols", list[str], ["*"])
    rows = selected(rows, asked_json(params, "select_filters", dict[str, Any], {}), STORED)
    order = _order(asked_json(params, "order_by", list[dict[str, Any]], []))
    limit = asked_number(params, "limit", most)
    limit = FEW if limit <= 0 else min(limit, most)
    left = _after(_ordered(rows, order), order, read_token(params))
    shown = left[:limit]
    return Page(
        rows=narrowed(shown, columns),
        matching=len(rows),
        token=_token(shown[-1], order) if len(left) > limit else None,
        labels=_labels(rows),
    )


def _order(directives: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """Columns with whether they fall; the id last, so that no two rows are equal."""
    found = []
    for directive in directives:
        column = directive.get("col")
        if column not in STORED:
            raise invalid_query(f"{column} is not a valid order key")
        found.append((str(column), directive.get("dir") == "desc"))
    return [*found, ("id", False)]


def _ordered(rows: list[Row], order: list[tuple[str, bool]]) -> list[Row]:
    for column, falls in reversed(order):
        rows = sorted(rows, key=lambda row: rank(row.get(column)), reverse=falls)
    return rows


def _token(row: Row, order: list[tuple[str, bool]]) -> str:
    return token_of({column: row.get(column) for column, _ in order})


def _after(rows: list[Row], order: list[tuple[str, bool]], place: Row | None) -> list[Row]:
    """The rows behind a place, whether or not the row that it was made from still exists."""
    if place is None:
        return rows
    line = _ordered([*rows, place], order)
    at = next(i for i, row in enumerate(line) if row is place)
    return [row for row in line[at + 1 :] if row["id"] != place.get("id")]


def _labels(rows: list[Row]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        name = row.get("label") or ""
        found[name] = found.get(name, 0) + 1
    return found
