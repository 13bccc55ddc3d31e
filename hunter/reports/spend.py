"""The ledger: what each rental was quoted, contracted, metered by us and billed, and what it came to."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from hunter.store import leases as table
from hunter.values.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.leases.lease import Lease
    from hunter.leases.meter import Meter
    from hunter.store import Store

Row = dict[str, Any]
By = Literal["day", "workload", "market"]
ITEMS = ("gpu", "disk", "download", "upload")
ODD = 0.02
"""Two of our figures that are further apart are a finding."""
CENT = 0.01
"""Less than this is none, however far apart."""


def spend_report(store: Store, leases: Sequence[Lease], meter: Meter) -> list[Row]:
    """One row a rental, newest first. Unknown is None."""
    return [_row(store, lease, meter) for lease in leases]


def spend_by(rows: Sequence[Row], leases: Sequence[Lease], by: By) -> list[Row]:
    """The same rentals together: by the day they began (in this machine's time zone), workload or market.

    A finished job is one that one could log in to and that the market did not cut; what duds and cut runs
    cost is divided among the finished ones.
    """

    def key(pair: tuple[Row, Lease]) -> str:
        row, lease = pair
        return _day(lease.intended_at) if by == "day" else str(row[by])

    pairs = sorted(zip(rows, leases, strict=True), key=key)
    return [_together(by, name, [row for row, _ in group]) for name, group in groupby(pairs, key)]


def outcome(lease: Lease, states: Sequence[str]) -> str:
    """What became of a rental: refused, running, dud, cut or finished.

    Args:
        lease: as it is on record.
        states: those it was ever in.
    """
    if lease.state == "refused":
        return "refused"
    if lease.live:
        return "running"
    if lease.ready_at is None:
        return "dud"
    return "cut" if "interrupted" in states else "finished"


def _row(store: Store, lease: Lease, meter: Meter) -> Row:
    billed = table.charges(store, lease.lease_id)
    metered = _metered(lease, meter)
    states = [event.state for event in table.events(store, lease.lease_id)]
    expected = {p.quantity: p.expected for p in table.predicted(store, lease.lease_id)}
    lived_h = wait_s = None
    if lease.ended_at is not None and lease.created_at is not None:
        lived_h = round((lease.ended_at - lease.created_at) / 3600, 4)
    if lease.ready_at is not None:
        wait_s = round(lease.ready_at - lease.intended_at, 1)
    metered_usd = round(sum(metered.values()) if metered else lease.metered_usd, 6)
    return {
        "lease": lease.lease_id, "market": lease.market, "instance": lease.instance_id,
        "workload": lease.workload, "gpu": lease.gpu, "gpu_count": lease.gpu_count,
        "tenancy": lease.tenancy, "state": lease.state, "outcome": outcome(lease, states),
        "lived_h": lived_h, "time_to_ready_s": wait_s,
        "quoted_usd_h": lease.quoted_usd_h, "contract_usd_h": lease.contract_usd_h,
        "predicted_run_usd": expected.get("run"),
        "metered_usd": metered_usd, "billed_usd": lease.billed_usd,
        **{f"metered_{item}_usd": _rounded(metered.get(item)) for item in ITEMS[:3]},
        **{f"billed_{item}_usd": billed.get(item) for item in ITEMS},
        "finding": "; ".join(_findings(lease, metered, metered_usd, billed)) or None,
        "note": lease.note,
    }  # fmt: skip


def _metered(lease: Lease, meter: Meter) -> dict[str, float]:
    """What we metered by item; empty where nobody can say."""
    try:
        return meter.items(lease)
    except StoreError:
        return {}


def _findings(
    lease: Lease, metered: dict[str, float], metered_usd: float, billed: dict[str, float]
) -> list[str]:
    """Where two of the four figures are further apart than they should be, in words."""
    found = []
    if lease.contract_usd_h is not None and _apart(lease.quoted_usd_h, lease.contract_usd_h, 0.0):
        share = lease.contract_usd_h / lease.quoted_usd_h - 1
        found.append(f"contracted {share:+.0%} of the quote")
    if lease.billed_usd is not None and _apart(metered_usd, lease.billed_usd, CENT):
        found.append(f"billed {lease.billed_usd - metered_usd:+.4f} $ of what was metered")
        for item in ITEMS:
            ours, theirs = metered.get(item, 0.0), billed.get(item, 0.0)
            if metered and _apart(ours, theirs, CENT):
                found.append(f"{item}: {ours:.4f} metered, {theirs:.4f} billed")
    return found


def _apart(ours: float, theirs: float, least: float) -> bool:
    return abs(theirs - ours) > max(ODD * abs(ours), least)


def _together(by: By, name: str, rows: Sequence[Row]) -> Row:
    outcomes = [row["outcome"] for row in rows]
    usd = sum(_spent(row) for row in rows)
    finished = outcomes.count("finished")
    return {
        by: name, "launches": len(rows), "finished": finished, "duds": outcomes.count("dud"),
        "cut": outcomes.count("cut"), "running": outcomes.count("running"),
        "refused": outcomes.count("refused"), "hours": _sum(rows, "lived_h"),
        "metered_usd": _sum(rows, "metered_usd"), "billed_usd": _sum(rows, "billed_usd"),
        "unbilled": sum(row["billed_usd"] is None and row["outcome"] != "refused" for row in rows),
        "usd": round(usd, 6),
        "usd_per_finished": round(usd / finished, 6) if finished else None,
        "findings": sum(row["finding"] is not None for row in rows),
    }  # fmt: skip


def _sum(rows: Sequence[Row], column: str) -> float:
    return round(sum(row[column] or 0.0 for row in rows), 6)


def _spent(row: Row) -> float:
    """What a rental cost: the market's bill, else our meter's word."""
    usd = row["metered_usd"] if row["billed_usd"] is None else row["billed_usd"]
    return float(usd) if row["outcome"] != "refused" else 0.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _day(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().date().isoformat()
