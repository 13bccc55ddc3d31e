"""Vast's search: the filters, orders and limits that its clients send."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from hunter.sandbox.callers import Refused
from hunter.sandbox.vast.columns import Columns, priced

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIASES = {
    "cuda_vers": "cuda_max_good",
    "display_active": "gpu_display_active",
    "dlperf_usd": "dlperf_per_dphtotal",
    "dph": "dph_total",
    "dphtotal": "dph_total",
    "flops_usd": "flops_per_dphtotal",
    "gpu_totalram": "gpu_total_ram",
    "reliability2": "reliability",
    "driver_version": "driver_vers",
    "ubuntu_version": "os_version",
}
THOUSANDS = {"gpu_ram_GB": "gpu_ram", "cpu_ram_GB": "cpu_ram", "gpu_total_ram_GB": "gpu_total_ram"}
UNLISTED = (
    "os_version",
    "cpu_arch",
    "gpu_arch",
    "mobo_name",
    "gpu_max_temp",
    "cluster_id",
    "cpu_name",
)
"""Keys that are valid and of which every machine here has the same."""
OPERATORS = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "notin", "nin")
CONTROLS = ("order", "type", "limit", "allocated_storage", "disable_bundling", "extra_ids",
            "select_cols", "owner", "resource_type")  # fmt: skip
INTERNAL = ("machine", "price_usd_h")
"""Columns that only the market itself knows."""
DEFAULT_DISK_GB = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search matches: rows in order, and the columns as it prices them."""

    rows: NDArray[np.int64]
    columns: Columns
    bid: bool


def search(known: Columns, query: dict[str, Any], row_cap: int) -> Found:
    """The offers that match, in the order asked for, at most so many; Refused where it makes no sense."""
    if not isinstance(query, dict):
        raise Refused("invalid_request", "Invalid json body")
    disk_gb = _number(query.get("allocated_storage", DEFAULT_DISK_GB), "allocated_storage")
    bid = query.get("type") in ("bid", "interruptible")
    shown = priced(known, disk_gb, bid=bid)
    keep = shown["disk_space"] >= disk_gb
    for key, condition in query.items():
        if key not in CONTROLS:
            keep &= _matching(shown, key, condition)
    rows = np.flatnonzero(keep)
    for name, way in reversed(_order(query.get("order") or [["score", "desc"]])):
        column = _column(shown, str(name))[rows]
        order = np.argsort(column, kind="stable")
        rows = rows[order[::-1] if str(way).startswith("desc") else order]
    limit = query.get("limit")
    most = row_cap if limit is None else max(0, int(min(row_cap, _number(limit, "limit"))))
    return Found(rows[:most], shown, bid)


def _order(said: Any) -> list[tuple[str, str]]:
    """Columns with their directions, as pairs."""
    if isinstance(said, list) and all(isinstance(one, list) and len(one) == 2 for one in said):
        return [(str(name), str(way)) for name, way in said]
    raise Refused("invalid_request", "Error in query parameters: order must be a list of pairs")


def _column(shown: Columns, key: str) -> Any:
    name = ALIASES.get(key, key)
    if name not in shown or name in INTERNAL:
        raise Refused(
            "invalid_request", f"Error in query parameters: {key} is not a valid search key"
        )
    return shown[name]


def _matching(shown: Columns, key: str, condition: Any) -> Any:
    everything = np.ones(len(shown["id"]), dtype=np.bool_)
    if key == "id":
        return ~everything  # the service matches nothing by it: ask_contract_id does
    if not isinstance(condition, dict):
        raise Refused(
            "invalid_request", f"Error in query parameters: {condition} is not a valid search op"
        )
    factor = 1.0
    if key in THOUSANDS:
        key, factor = THOUSANDS[key], 1000.0
    if ALIASES.get(key, key) in UNLISTED:
        return everything
    if key == "target_reliability":
        key = "reliability"
    column = _column(shown, "country" if key == "geolocation" else key)
    for operator, value in condition.items():
        if operator not in OPERATORS:
            raise Refused("invalid_request", f"{operator} is not a valid search op")
        if value not in ("any", "*", "?"):
            everything &= _compare(column, operator, value, factor, key)
    return everything


def _compare(column: Any, operator: str, value: Any, factor: float, key: str) -> Any:
    if operator in ("in", "notin", "nin"):
        items = value if isinstance(value, list) else str(value).split(",")
        inside = np.zeros(len(column), dtype=np.bool_)
        for item in items:
            inside |= column == _operand(column, item, factor, key)
        return inside if operator == "in" else ~inside
    if value is None:
        unknown = np.zeros(len(column), dtype=np.bool_)  # nothing here is unknown
        return unknown if operator == "eq" else ~unknown
    operand = _operand(column, value, factor, key)
    return {
        "eq": np.equal, "neq": np.not_equal, "gt": np.greater, "gte": np.greater_equal,
        "lt": np.less, "lte": np.less_equal,
    }[operator](column, operand)  # fmt: skip


def _operand(column: Any, value: Any, factor: float, key: str) -> Any:
    if column.dtype == np.bool_:
        return value if isinstance(value, bool) else str(value).lower() in ("true", "1", "yes")
    if column.dtype.kind in "iuf":
        return _number(value, key) * factor
    return str(value).strip()


def _number(value: Any, key: str) -> float:
    if isinstance(value, bool):
        return float(value)
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        found = nan
    if not isfinite(found):
        raise Refused(
            "invalid_request", f"Error in query parameters: {value!r} is no value for {key}"
        )
    return found
