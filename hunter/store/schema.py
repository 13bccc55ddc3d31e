"""The tables, as numbered migrations that are never edited once they have landed.

Times are unix seconds by the market's clock unless a name says otherwise. Units stand in the names.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hunter.values.offers import KIND_OF

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

MIGRATION_SET = "hunter"
NAMES = ("m001_first_hunt", "m002_cold_start", "m003_lease_owner", "m004_lease_roots",
         "m005_no_secrets", "m006_lease_guards", "m007_run_log", "m008_lease_starts")  # fmt: skip
"""Every migration in order: known without importing sqlite-utils."""
SCRUBBED = NAMES[4]
"""The migration before which values of a workload's environment were written down."""

KEY = ("market", "offer_id", "tenancy")
PRICES = ("price_usd_h", "storage_usd_gb_month", "storage_stopped_usd_gb_month",
          "inet_down_usd_gb", "inet_up_usd_gb")  # fmt: skip
"""What a quote is: the prices whose changes are kept for ever."""


COLUMN_OF = {
    "Word": str, "MaybeWord": str, "Count": int, "MaybeFlag": int, "Number": float,
    "MaybeNumber": float,
}  # fmt: skip
"""What the table keeps a field of an offer as, by its kind."""


def offer_columns() -> dict[str, type]:
    """The columns of an offer, as the table keeps them; `seen_at` is told by the polls instead."""
    return {name: COLUMN_OF[kind] for name, kind in KIND_OF.items() if name != "seen_at"}


def migrations() -> Migrations:
    """The migrations, ready to apply."""
    from sqlite_utils import Migrations  # noqa: PLC0415  0.2 s, 2 s with pandas installed

    steps = Migrations(MIGRATION_SET)
    steps(name=NAMES[0])(_first_hunt)
    steps(name=NAMES[1])(_cold_start)
    steps(name=NAMES[2])(_lease_owner)
    steps(name=NAMES[3])(_lease_roots)
    steps(name=NAMES[4])(_no_secrets)
    steps(name=NAMES[5])(_lease_guards)
    steps(name=NAMES[6])(_run_log)
    steps(name=NAMES[7])(_lease_starts)
    return steps


def _first_hunt(db: Database) -> None:
    db["poll"].create(
        {"poll_id": int, "market": str, "started_at": float, "finished_at": float,
         "scope": str, "complete": int, "offers": int, "appeared": int, "changed": int,
         "gone": int, "rejected": int, "error": str},
        pk="poll_id",
        not_null={"market", "started_at"},
    )  # fmt: skip
    db["poll"].create_index(["market", "finished_at"])
    db["offer"].create(
        offer_columns() | {"first_seen_at": float, "changed_at": float, "gone_at": float},
        pk=KEY,
    )
    db["offer"].create_index(["market", "machine_id"])
    db["quote"].create(
        {"quote_id": int, "market": str, "offer_id": str, "tenancy": str, "machine_id": str,
         "gpu": str, "gpu_count": int, "seen_at": float, "event": str}
        | dict.fromkeys(PRICES, float),
        pk="quote_id",
    )  # fmt: skip
    db["quote"].create_index(["gpu", "seen_at"])
    db["quote"].create_index(["market", "offer_id", "tenancy", "seen_at"])
    db["rejected"].create(
        {"rejected_id": int, "poll_id": int, "market": str, "record": str, "reason": str},
        pk="rejected_id",
        foreign_keys=[("poll_id", "poll", "poll_id")],
    )
    db["board"].create({"market": str, "taken_at": float, "columns": bytes}, pk="market")
    _small_tables(db)
    db["lease"].create(
        {"lease_id": str, "market": str, "instance_id": str, "offer": str, "workload": str,
         "state": str, "phase": str, "gpu": str, "gpu_count": int, "tenancy": str,
         "machine_id": str, "host_id": str,
         "disk_gb": float, "intended_at": float, "created_at": float, "ready_at": float,
         "destroy_asked_at": float, "ended_at": float, "ttl_at": float,
         "max_usd_h": float, "max_usd": float,
         "quoted_usd_h": float, "contract_usd_h": float, "storage_usd_h": float,
         "storage_stopped_usd_h": float, "inet_down_usd_gb": float, "inet_up_usd_gb": float,
         "bytes_in": float, "bytes_out": float,
         "metered_usd": float, "billed_usd": float, "note": str},
        pk="lease_id",
    )  # fmt: skip
    db["lease"].create_index(["market", "instance_id"])
    db["lease_event"].create(
        {"event_id": int, "lease_id": str, "at": float, "event": str, "state": str,
         "phase": str, "detail": str},
        pk="event_id",
        foreign_keys=[("lease_id", "lease", "lease_id")],
    )  # fmt: skip
    db["lease_event"].create_index(["lease_id", "at"])
    db["charge"].create(
        {"lease_id": str, "item": str, "usd": float, "read_at": float, "detail": str},
        pk=("lease_id", "item"),
        foreign_keys=[("lease_id", "lease", "lease_id")],
    )
    db.create_view(
        "offer_now",
        "select offer.*, (select max(finished_at) from poll where poll.market = offer.market "
        "and complete) as last_complete_poll_at from offer where gone_at is null",
    )


def _small_tables(db: Database) -> None:
    """Facts about the home, and rankings that were asked for before: those are kept no longer."""
    db["setting"].create({"name": str, "value": str}, pk="name")
    db["answer"].create({"key": str, "body": str}, pk="key")


def _cold_start(db: Database) -> None:
    """What has to travel, and what our own launches measured."""
    db["payload"].create(
        {"key": str, "body": bytes, "learned_at": float}, pk="key", not_null={"learned_at"}
    )
    db["lease"].add_column("image", str)
    db["observation"].create(
        {"observation_id": int, "lease_id": str, "quantity": str, "value": float, "at": float,
         "market": str, "host_id": str, "machine_id": str, "image": str},
        pk="observation_id",
        foreign_keys=[("lease_id", "lease", "lease_id")],
    )  # fmt: skip
    db["observation"].create_index(["lease_id", "quantity"], unique=True)


def _lease_owner(db: Database) -> None:
    """Which process is at work on a create, so that another one can tell when nobody is."""
    db["lease"].add_column("owner", str)


def _lease_roots(db: Database) -> None:
    """Leases that nobody loses: a label that names the home, moves that are counted, what was predicted."""
    lease = db["lease"]
    for name, kind in {
        "label": str,
        "wish": str,
        "last_seen_at": float,
        "absent_at": float,
    }.items():
        lease.add_column(name, kind)
    lease.add_column("version", int, not_null_default=0)
    db.execute("update lease set label = 'hunter-' || lease_id, wish = 'running'")
    lease.create_index(["label"], unique=True)
    db["prediction"].create(
        {
            "lease_id": str,
            "quantity": str,
            "low": float,
            "expected": float,
            "high": float,
            "unit": str,
        },
        pk=("lease_id", "quantity"),
        foreign_keys=[("lease_id", "lease", "lease_id")],
    )


def _no_secrets(db: Database) -> None:
    """Of what was rented, a workload's environment keeps its names alone, and its command nothing."""
    rows = db.execute("select event_id, detail from lease_event where event = 'rented'").fetchall()
    for event_id, detail in rows:
        db.execute(
            "update lease_event set detail = ? where event_id = ?", [_without(detail), event_id]
        )


def _without(detail: object) -> str:
    """What was rented, without what may be a secret; nothing where it cannot be read."""
    try:
        rented = json.loads(detail if isinstance(detail, (str, bytes)) else "")
        workload = rented["workload"]
        workload["env"] = dict.fromkeys(workload.get("env") or {}, "")
        workload["command"] = None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ""
    return json.dumps(rented)


def _lease_guards(db: Database) -> None:
    """What keeps a lease from running on, and machines that are left alone for a while."""
    for name in ("guard", "guard_said", "watcher"):
        db["lease"].add_column(name, str)
    db["shunned"].create(
        {"market": str, "machine_id": str, "kind": str, "why": str, "at": float, "until": float},
        pk=("market", "machine_id"),
    )


def _run_log(db: Database) -> None:
    """How each run of what a timer calls went, by this machine's clock: two runs share no market."""
    db["run_log"].create(
        {
            "run_id": int,
            "job": str,
            "timed": int,
            "begun_wall_s": float,
            "ended_wall_s": float,
            "ok": int,
            "counts": str,
            "error": str,
        },
        pk="run_id",
        not_null={"job", "begun_wall_s"},
    )
    db["run_log"].create_index(["job", "begun_wall_s"])


def _lease_starts(db: Database) -> None:
    """How a start goes, in its market's words, and why it failed."""
    for name in ("progress", "fault"):
        db["lease"].add_column(name, str)
    db["lease"].add_column("progress_at", float)
