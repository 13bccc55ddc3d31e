"""What must hold when a story is over, by the market's own book."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from hunter.leases.states import may_move

if TYPE_CHECKING:
    from bench.chaos.processes import HomeLife
    from bench.chaos.story import Outcome
    from bench.chaos.world import World
    from hunter.sandbox.rental import Rental

SLACK_USD = 0.0005
WITHIN = 0.01
"""Of the market's bill."""
BLINDING = (
    "empty-list", "partial-list", "page-two-fails", "html", "truncate", "down", "server-error", "rate-limited",
    "partial-errors",
)  # fmt: skip
"""The embedded market's faults with which its listings leave out what runs, or do not come."""
DISK = ("database-locked", "disk-full", "commit-fails")
"""With these a move may not reach the disk, and the next one that does is of two steps."""
Row = dict[str, Any]


def judge(world: World, home: HomeLife, outcome: Outcome) -> None:
    """Put all that is wrong with one home into the outcome."""
    rows, events, moves = _record(home)
    wrong = outcome.wrong
    rentals = world.of_home(home.name)
    for rental in rentals:
        if rental.destroyed_at is None:
            wrong.append(f"left running: {rental.state}")
    creates = sum(1 for s in world.requests if s.kind == "create" and s.home == home.name)
    meant = sum(
        1
        for row in rows
        if any(e["event"] == "create sent" for e in events if e["lease_id"] == row["lease_id"])
    )
    if creates > meant:
        wrong.append(f"doubled: {creates} creates sent for {meant} leases")
    by_label = {row["label"]: row for row in rows}
    for rental in rentals:
        row = by_label.get(rental.label or "")
        if row is None:
            wrong.append("forgotten: an instance without a record")
            continue
        _caps(world, rental, row, _blind_until(world, row, events), wrong)
    if world.plan.has("two-launches"):
        _budget(world, rentals, by_label, wrong)
    for row in rows:
        mine = [r for r in rentals if r.label == row["label"]]
        _bills(world, row, mine, outcome)
        _wish(world, row, mine, [e for e in events if e["lease_id"] == row["lease_id"]], wrong)
        outcome.ends.append(str(row["note"] or row["state"]))
    for move in moves:
        if not may_move(move["before"], move["after"]) and not world.plan.has(*DISK):
            wrong.append(f"a move that the table forbids: {move['before']} to {move['after']}")
        if move["version_after"] != move["version_before"] + 1:
            wrong.append("a move over somebody else's")


def _record(home: HomeLife) -> tuple[list[Row], list[Row], list[Row]]:
    db = sqlite3.connect(home.database)
    db.row_factory = sqlite3.Row
    tables = [
        [dict(row) for row in db.execute(f"select * from {name} order by rowid")]
        for name in ("lease", "lease_event", "moved")
    ]
    db.close()
    return tables[0], tables[1], tables[2]


def _until(world: World, rental: Rental) -> float:
    """Up to when what it costs is Hunter's doing: until it first asked for the end."""
    asked = world.first_end(rental)
    gone = rental.destroyed_at or world.time.now()
    return gone if asked is None else min(asked + 1.0, gone)


def _blind_until(world: World, row: Row, events: list[Row]) -> float:
    """Until when nobody could know of an instance: its create was not answered, and no listing told of it.

    Only where listings were among what went wrong; two passes of the timer later there is no excuse.
    """
    plan = world.plan
    if not any(f"market:{name}" in plan.faults for name in BLINDING) and not any(
        "list" in spell.kinds for spell in plan.spells
    ):
        return 0.0
    known = next((e for e in events if e["lease_id"] == row["lease_id"]
                  and e["event"] in ("created", "reopened", "adopted")), None)  # fmt: skip
    if known is None or (known["event"] == "created" and "label" not in known["detail"]):
        return 0.0
    return world.time.begin_s + plan.over_s + 2 * plan.cron_s


def _caps(world: World, rental: Rental, row: Row, blind: float, wrong: list[str]) -> None:
    """Dollars, dollars an hour and time, of one rental."""
    until = _until(world, rental)
    if until <= blind:
        return
    plan = world.plan
    usd = world.bill(rental, until).usd
    cap = row["max_usd"]
    if usd > cap + SLACK_USD:
        wrong.append(f"over its cap: ${usd:.4f} of ${cap:.4f}")
    disk_h = (rental.disk_gb + rental.volume_gb) * rental.storage_usd_gb_month
    disk_h /= world.market.tariffs[rental.market].month_h
    rate = (rental.gpu_usd_h if rental.bid_usd_h is None else rental.bid_usd_h) + disk_h
    if rate > row["max_usd_h"] * 1.000001 and until - rental.created_at > 2 * plan.cron_s + 60:
        wrong.append(f"over its cap an hour: ${rate:.4f} of ${row['max_usd_h']:.4f}")
    late = until - rental.created_at - plan.ttl_s
    if late > 2 * plan.cron_s + 60:
        wrong.append(f"over its time by {late:.0f} s")
    unwritten = plan.has("create-duplicated", *DISK)
    if "time to live" in (row["note"] or "") and late < -90 and not unwritten:
        wrong.append(f"ended {-late:.0f} s before its time, as if that were over")


def _budget(
    world: World, rentals: list[Rental], by_label: dict[str, Row], wrong: list[str]
) -> None:
    """At each create, what all leases that were not over might cost: never above the cap of the day."""
    cap = world.plan.max_usd * 1.4
    for new in rentals:
        exposed = 0.0
        for rental in {r.label: r for r in rentals}.values():
            row = by_label.get(rental.label or "")
            if row is None or rental.created_at > new.created_at:
                continue
            over = rental.destroyed_at is not None and rental.destroyed_at < new.created_at
            exposed += world.bill(rental).usd if over else row["max_usd"]
        if exposed > cap + SLACK_USD:
            wrong.append(f"over the day's cap: ${exposed:.2f} of ${cap:.2f}")
            return


def _bills(world: World, row: Row, mine: list[Rental], outcome: Outcome) -> None:
    """What is on record against the market's bill."""
    named = [r for r in mine if world.first_end(r) is not None] or mine
    if row["state"] != "ended" or not named or world.plan.has("id-reused", "create-duplicated"):
        return
    truth = sum(world.bill(rental).usd for rental in named)
    billed = row["billed_usd"]
    if billed is None:
        if truth > SLACK_USD:
            outcome.wrong.append(f"no bill on record of ${truth:.4f}")
    elif abs(billed - truth) > WITHIN * truth + SLACK_USD:
        outcome.wrong.append(f"billed ${truth:.4f}, on record ${billed:.4f}")
    if truth > 0.005:
        outcome.off.append(row["metered_usd"] / truth - 1)


def _wish(world: World, row: Row, mine: list[Rental], events: list[Row], wrong: list[str]) -> None:
    """What the user wished gone goes within two passes of the timer, once nothing is in the way."""
    wished = [e["at"] for e in events if e["event"] in ("end wished", "destroy asked")]
    if not wished or not mine:
        return
    since = max(wished[0], world.time.begin_s + world.plan.over_s)
    for rental in mine:
        if _until(world, rental) > since + 3 * world.plan.cron_s:
            wrong.append("wished gone, and kept")
