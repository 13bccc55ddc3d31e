"""What became of many stories, for people."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from statistics import median
from typing import TYPE_CHECKING

from bench.chaos.plans import FATAL

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bench.chaos.story import Outcome

READY_SHARE = 0.6
"""Of the seeds without a fatal fault, at least."""


def show(outcomes: list[Outcome], walks: list[Outcome]) -> tuple[str, bool]:
    """The table, and whether all was as it has to be."""
    lines = [
        "",
        f"{'fault':<28}{'runs':>6}{'rented':>8}{'ready':>7}{'by cap':>8}{'deaths':>8}{'wrong':>7}",
    ]
    by_fault = defaultdict(list)
    for outcome in outcomes:
        for fault in outcome.plan.faults or ("none",):
            by_fault[fault].append(outcome)
    rows = [(name, found) for name, found in sorted(by_fault.items())]
    rows += [("all seeds", outcomes), ("died at every event", walks)]
    for name, found in rows:
        if found:
            lines.append(_row(name, found))
    fair = [o for o in outcomes if not fatal(o)]
    ready = sum(o.ready for o in fair) / max(1, len(fair))
    off = sorted(abs(x) for o in outcomes if not o.plan.faults for x in o.off)
    lines += ["", f"ready, of {len(fair)} seeds without a fatal fault: {ready:.0%}"]
    if off:
        lines.append(
            f"our own meter against the bill, nothing wrong: median {median(off):.2%}, most {off[-1]:.2%}"
        )
    wrong = [o for o in (*outcomes, *walks) if o.wrong]
    kinds = Counter(kind(text) for o in wrong for text in set(o.wrong))
    lines += [f"{count:>6}  {name}" for name, count in kinds.most_common()]
    lines += [
        f"  {_name(o)} ({', '.join(o.plan.faults)}): {o.wrong[0].splitlines()[-1]}"
        for o in wrong[:25]
    ]
    lines.append(
        f"{len(wrong)} of {len(outcomes) + len(walks)} stories went wrong"
        if wrong
        else "nothing went wrong"
    )
    return "\n".join(lines) + "\n", not wrong and (ready >= READY_SHARE or len(fair) < 20)


def fatal(outcome: Outcome) -> bool:
    """Whether nobody expects its launch to come up."""
    return any(fault.partition(":")[2] in FATAL or fault in FATAL for fault in outcome.plan.faults)


def kind(text: str) -> str:
    """A wrong without its figures."""
    return re.sub(
        r"[0-9][0-9.,]*", "#", text.splitlines()[-1] if text.startswith("crash") else text
    )[:100]


def _name(outcome: Outcome) -> str:
    plan = outcome.plan
    if plan.dies_at and not plan.has("death"):
        return f"a walk on {plan.market} that dies at {plan.dies_at}"
    return f"--replay {plan.seed}"


def _row(name: str, found: list[Outcome]) -> str:
    capped = sum(any("cap" in end or "time to live" in end for end in o.ends) for o in found)
    figures = (len(found), sum(o.launched for o in found), sum(o.ready for o in found), capped,
               sum(o.deaths for o in found), sum(bool(o.wrong) for o in found))  # fmt: skip
    return f"{name:<28}" + "".join(
        f"{n:>{w}}" for n, w in zip(figures, (6, 8, 7, 8, 8, 7), strict=True)
    )


def story_of(outcome: Outcome, folder: Path) -> str:
    """One story: its plan, what its homes have on record, what was wrong."""
    lines = [
        str(outcome.plan),
        f"ready {outcome.ready}, deaths {outcome.deaths}, events {outcome.events}",
    ]
    for database in sorted(folder.glob("*/hunter.db")):
        with sqlite3.connect(database) as db:
            lines += _history(db.execute(
                "select lease_id, at, event, state, phase, detail from lease_event order by event_id"
            ))  # fmt: skip
        db.close()
    return "\n".join([*lines, *(outcome.wrong or ["nothing was wrong"])]) + "\n"


def _history(rows: Iterable[tuple[str, float, str, str, str, str]]) -> list[str]:
    begin: float | None = None
    lines = []
    for lease_id, at, event, state, phase, detail in rows:
        begin = at if begin is None else begin
        lines.append(
            f"{lease_id} {at - begin:8.1f} s  {event:<16}{state:<10}{phase:<11}{detail[:110]}"
        )
    return lines
