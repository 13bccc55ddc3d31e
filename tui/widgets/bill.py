"""What one run on one deal costs, line by line, and when fetching again beats keeping."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hunter.values.words import duration, money, number, usd
from tui.format import bar, clip
from tui.widgets.sheet import ACCENT, HEAD, MUTED, STRONG, Sheet, apart, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.content import Content

    from hunter.cost.deal import BillLine, Deal
    from hunter.cost.storage import Kept, Storage

ITEM = 19
"""Width of the longest item's name, and a blank."""
HOW = 18
"""Width in which most of how an amount came about finds room."""


class BillSheet(Sheet):
    """The bill of one run."""

    def show_bill(self, deal: Deal) -> None:
        """Show this bill."""
        self.show(lambda width: bill_lines(deal, width))


class KeepSheet(Sheet):
    """Keep something between two runs, or fetch everything again."""

    def show_keeping(self, found: Storage) -> None:
        """Show these ways."""
        self.show(lambda width: keeping(found, width))


def bill_lines(deal: Deal, width: int) -> Iterator[Content]:
    """The bill for a width: items, dollars, shares, and from 50 cells on how each came about.

    Where there is no room for all, shares go first and then the ends of names: never dollars.
    """
    yield apart(
        [("ONE RUN", HEAD), (f"  {deal.run_h:.3g} h useful", MUTED)],
        [(money(deal.run_usd), STRONG)],
        width,
    )
    shares = width >= ITEM + 13
    name = ITEM if shares else max(0, min(ITEM, width - 8))
    room = max(0, width - ITEM - 14)
    hows = [_how(item, room) if width >= 50 else "" for item in deal.lines]
    how_width = min(room, max(HOW, *map(len, hows))) if any(hows) else 0
    room -= how_width
    dearest = max((item.usd or 0.0 for item in deal.lines), default=0.0)
    for item, how in zip(deal.lines, hows, strict=True):
        share = (item.usd or 0.0) / dearest if dearest else 0.0
        nothing = item.usd == 0
        yield line(
            (clip(item.item, name).ljust(name), MUTED if nothing else ""),
            (f"{usd(item.usd):>8}{' ' * shares}", MUTED if nothing else ""),
            (f"{_share(item, deal):>4}" if shares else "", MUTED),
            (f" {bar(share, room)}" if room else "", ACCENT),
            (how.rjust(how_width + (not room)) if how_width else "", MUTED),
        )
    low, high = usd(deal.run_low_usd), usd(deal.run_high_usd)
    between = f"{low:>8} and {high}"
    if width - len(between) < 8:
        between = f"{low}–{high}"
    label = max(0, min(ITEM, width - len(between)))
    yield line((clip("between", label).ljust(label), MUTED), between)


def _how(item: BillLine, room: int) -> str:
    """Quantity times rate; where that is too long without its unit, and where that is, nothing."""
    quantity, rate = number(item.quantity, ".3g"), usd(item.rate)
    for how in (f"{quantity} {item.unit} × {rate}", f"{quantity} × {rate}"):
        if len(how) <= room:
            return how
    return ""


def _share(item: BillLine, deal: Deal) -> str:
    """Of the whole run."""
    return "" if item.usd is None or not deal.run_usd else f"{item.usd / deal.run_usd:.0%}"


def _pays(kept: Kept) -> str:
    """Up to which idle time a way beats to destroy and fetch again."""
    up_to = kept.break_even_h
    if up_to is None or kept.way.name == "destroy":
        return ""
    if up_to == math.inf:
        return "always pays"
    return f"pays ≤ {duration(up_to * 3600)}" if up_to else "never pays"


def keeping(found: Storage, width: int) -> Iterator[Content]:
    """Every way to keep the workload between two runs, the cheapest at its cadence first."""
    idle = duration(found.idle_h * 3600)
    yield apart(
        [("BETWEEN RUNS", HEAD), (f"  idle for {idle}", MUTED)], [("a gap $", MUTED)], width
    )
    for place, kept in enumerate(found.ways):
        pays = _pays(kept)
        risk = f", GPU lost {kept.restart_fails:.0%}" if kept.restart_fails else ""
        yield apart(
            [(kept.way.name.ljust(15), STRONG if not place else ""), (pays + risk, MUTED)],
            [(usd(kept.gap_usd), STRONG if not place else "")],
            width,
        )
