"""What Vast's callers send, read strictly: a value that makes no sense is a refusal, never a crash."""

from __future__ import annotations

import base64
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from hunter.sandbox.callers import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST = 2**53
"""Beyond it a whole number of JSON is not the number that was meant."""


def invalid_args(text: str) -> Refused:
    """A refusal of what a body says."""
    return Refused("invalid_args", f"error 400/3467: Invalid args: {text}")


def invalid_query(text: str) -> Refused:
    """A refusal of what an address asks for."""
    return Refused("invalid_request", f"Error in query parameters: {text}")


def number(value: Any, name: str) -> float:
    """A finite number, or text that is one."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        raise invalid_args(f"{name} must be a number") from None
    if not isfinite(found) or isinstance(value, bool):
        raise invalid_args(f"{name} must be a number")
    return found


def whole(value: Any, name: str) -> int:
    """A whole number, or text that is one."""
    found = number(value, name)
    if found != int(found) or abs(found) > LARGEST:
        raise invalid_args(f"{name} must be a whole number")
    return int(found)


def text(value: Any, name: str, most: int | None = None) -> str:
    """Text of at most so many characters."""
    if not isinstance(value, str):
        raise invalid_args(f"{name} must be text")
    if most is not None and len(value) > most:
        raise invalid_args(f"{name} is longer than {most} characters")
    return value


def numbers(value: Any, name: str) -> list[int]:
    """A list of whole numbers; none where nothing is given."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid_args(f"{name} must be a list of ids")
    return [whole(item, name) for item in value]


def asked_number(params: Mapping[str, str], name: str, usual: int) -> int:
    """A whole number among an address's parameters."""
    said = params.get(name)
    if not said:
        return usual
    try:
        return whole(said, name)
    except Refused:
        raise invalid_query(f"{name} must be a whole number") from None


def decoded(body: bytes | str, kind: type[Any]) -> Any:
    """JSON of a kind; ValueError where it is none, however it fails."""
    try:
        return msgspec.json.decode(body, type=kind)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def asked_json(params: Mapping[str, str], name: str, kind: type[Any], usual: Any) -> Any:
    """A JSON parameter of an address."""
    said = params.get(name)
    if not said:
        return usual
    try:
        return decoded(said, kind)
    except ValueError:
        raise invalid_query(f"{name} is not valid JSON of its kind") from None


# ── tokens ───────────────────────────────────────────────────────────────────────────────────


def token_of(values: dict[str, Any]) -> str:
    """A place in a list as opaque text: clients hand it back, and read nothing out of it."""
    return base64.urlsafe_b64encode(msgspec.json.encode({"values": values})).decode()


def read_token(params: Mapping[str, str]) -> dict[str, Any] | None:
    """The place that a page goes on from; None for the first page."""
    said = params.get("after_token")
    if not said:
        return None
    try:
        text = base64.b64decode(said, altchars=b"-_", validate=True)
        found: dict[str, Any] = decoded(text, dict[str, dict[str, Any]])["values"]
    except (ValueError, KeyError):
        raise Refused("invalid_token", "Invalid after_token") from None
    return found


# ── conditions on rows ───────────────────────────────────────────────────────────────────────

OPERATORS = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "notin")


def rank(value: Any) -> tuple[int, Any]:
    """What a value is ordered by: nothing first, then numbers, then text."""
    if value is None:
        return 0, 0.0
    if isinstance(value, bool | int | float):
        return 1, value
    return 2, str(value)


def holds(value: Any, operator: str, wanted: Any) -> bool:
    """Whether a row's value meets a condition; numbers written as text are numbers here, too."""
    if operator in ("in", "notin"):
        items = wanted if isinstance(wanted, list) else str(wanted).split(",")
        return any(holds(value, "eq", item) for item in items) == (operator == "in")
    if isinstance(value, bool | int | float) and isinstance(wanted, str):
        wanted = _as_number(wanted)
    left, right = rank(value), rank(wanted)
    if operator in ("eq", "neq"):
        return (left == right) == (operator == "eq")
    if value is None or left[0] != right[0]:
        return False
    below, same = left < right, left == right
    return {"gt": not below and not same, "gte": not below, "lt": below, "lte": below or same}[
        operator
    ]


def _as_number(said: str) -> Any:
    """The number or truth that a text is; the text itself where it is neither."""
    if said.lower() in ("true", "false"):
        return said.lower() == "true"
    try:
        return float(said)
    except ValueError:
        return said


def selected(
    rows: list[dict[str, Any]], filters: dict[str, Any], columns: frozenset[str]
) -> list[dict[str, Any]]:
    """The rows that meet every condition; Refused where a column or an operator is none."""
    for column, condition in filters.items():
        if column not in columns:
            raise invalid_query(f"{column} is not a valid search key")
        operators = [*condition] if isinstance(condition, dict) else [condition]
        for operator in operators:
            if operator not in OPERATORS:
                raise Refused("invalid_request", f"{operator} is not a valid search op")
    return [
        row for row in rows
        if all(
            holds(row.get(column), operator, wanted)
            for column, condition in filters.items() for operator, wanted in condition.items()
        )
    ]  # fmt: skip


def narrowed(rows: list[dict[str, Any]], columns: list[str]) -> list[dict[str, Any]]:
    """The columns that were asked for; what is no column is null."""
    if "*" in columns or not columns:
        return rows
    return [{column: row.get(column) for column in columns} for row in rows]
