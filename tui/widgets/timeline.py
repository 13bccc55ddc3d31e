"""A cold start on a time axis: as it is expected, and as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.words import duration, money, span
from tui.format import STALE, bar
from tui.widgets.sheet import ACCENT, BAD, GOOD, HEAD, MUTED, STRONG, WARN, Sheet, apart, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.content import Content

    from hunter.cost.deal import Deal
    from hunter.leases.status import LeaseStatus, Step

WORDS = {
    "allocate": "allocate",
    "download": "pull image",
    "unpack": "unpack",
    "start": "start",
    "boot": "boot",
    "weights": "fetch weights",
    "load": "load to GPU",
    "warmup": "warm up",
}
NAME = 14
SIGNS = {"done": "✓", "now": "▶", "cut short": "✗", "ahead": "·", "unseen": "·"}


class TimelineSheet(Sheet):
    """The cold start of a deal, phase after phase."""

    def show_phases(self, deal: Deal) -> None:
        """Show this cold start."""
        self.show(lambda width: expected_lines(deal, width))


class StepsSheet(Sheet):
    """The cold start of a lease, as it goes."""

    def show_steps(self, status: LeaseStatus) -> None:
        """Show how far it has come."""
        self.show(lambda width: step_lines(status, width))


def expected_lines(deal: Deal, width: int) -> Iterator[Content]:
    """Each phase as a bar that begins where the one before it ends."""
    yield apart(
        [("COLD START", HEAD), (f"  {duration(deal.cold_start_s)}", STRONG)],
        [(money(deal.cold_start_usd), STRONG)],
        width,
    )
    wide = width >= 44
    room = max(0, width - NAME - 8 - (9 if wide else 0))
    total = deal.cold_start_s or 0.0
    begin = 0.0
    for phase in deal.phases:
        seconds = phase.seconds
        if room < 6:
            drawn = " " * room  # too narrow to tell anything: the seconds come first
        elif seconds is None or not total:
            drawn = "?".ljust(room)
        else:
            before = min(room - 1, int(begin / total * room))
            drawn = (" " * before + bar(seconds / total, room).rstrip()).ljust(room)[:room]
            begin += seconds
        yield line(
            WORDS.get(phase.phase, phase.phase).ljust(NAME),
            (drawn, ACCENT),
            f"{duration(seconds):>8}",
            (f"{money(phase.usd):>9}" if wide else "", MUTED),
        )
    yield line(
        ("between".ljust(NAME), MUTED), (span(deal.cold_start_low_s, deal.cold_start_high_s), "")
    )


def step_lines(status: LeaseStatus, width: int) -> Iterator[Content]:
    """Each phase: how it stands, seconds so far, and the seconds that were expected."""
    room = max(8, min(28, width - NAME - 42))
    yield line(
        ("  COLD START".ljust(NAME + 2), HEAD), (f"{'took':>8} {'expected':>9}", MUTED),
        " " * (room + 2), ("between", MUTED),
    )  # fmt: skip
    for step in status.steps:
        style = STRONG if step.mark == "now" else "" if step.elapsed_s is not None else MUTED
        tone = {"done": GOOD, "now": ACCENT, "cut short": BAD}.get(step.mark, MUTED)
        yield line(
            (f"{SIGNS[step.mark]} ", tone),
            (WORDS.get(step.phase, step.phase).ljust(NAME), style),
            (f"{_took(step):>8}", style),
            (f" {duration(step.expected_s):>9}  ", MUTED),
            (_progress(step, room), WARN if step.late else tone),
            *_remark(step),
        )


def _took(step: Step) -> str:
    return "" if step.elapsed_s is None else duration(step.elapsed_s)


def _progress(step: Step, room: int) -> str:
    """Filled as far as the expected seconds have passed; the rest of an open one is dotted."""
    if step.mark == "unseen":
        return " " * room
    share = 0.0
    if step.elapsed_s is not None and step.expected_s:
        share = step.elapsed_s / step.expected_s
    drawn = bar(share, room).rstrip()
    return drawn + ("┈" * (room - len(drawn)) if step.mark in ("now", "ahead") else "").ljust(
        room - len(drawn)
    )


def _remark(step: Step) -> list[tuple[str, str]]:
    if step.mark == "unseen":
        return [(" unseen from outside", MUTED)]
    if step.late:
        return [(f" {STALE} slower than {duration(step.high_s)}, the longest expected", WARN)]
    return [(f" {span(step.low_s, step.high_s)}" if step.high_s is not None else "", MUTED)]
