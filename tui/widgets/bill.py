"""What one run on one deal costs, line by line, and when fetching again beats keeping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.format import bar, money, number, span, usd
from tui.widgets.sheet import ACCENT, HEAD, MUTED, STRONG, Sheet, apart, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.content import Content

    from hunter.deals import BillLine, Deal
    from hunter.workload import Workload

ITEM = 18
"""Width of the longest item's name."""


class BillSheet(Sheet):
    """The bill of one run."""

    def show_bill(self, deal: Deal, lines: Sequence[BillLine]) -> None:
        """Show this bill."""
        self.show(lambda width: bill_lines(deal, lines, width))


class KeepSheet(Sheet):
    """Keep the disk, or fetch everything again."""

    def show_keeping(self, deal: Deal, workload: Workload) -> None:
        """Show this choice."""
        self.show(lambda width: keeping(deal, workload, width))


def bill_lines(deal: Deal, lines: Sequence[BillLine], width: int) -> Iterator[Content]:
    """The bill for a width: items, dollars, shares, and from 50 cells on how each came about."""
    yield apart(
        [("ONE RUN", HEAD), (f"  {deal.run_h:.3g} h useful", MUTED)],
        [(money(deal.run_usd), STRONG)],
        width,
    )
    wide = width >= 50
    room = max(4, width - ITEM - 9 - (18 if wide else 0))
    dearest = max((item.usd or 0.0 for item in lines), default=0.0)
    for item in lines:
        share = (item.usd or 0.0) / dearest if dearest else 0.0
        nothing = item.usd == 0
        how = f"{number(item.quantity, '.3g')} {item.unit} × {usd(item.rate)}" if wide else ""
        yield line(
            (item.item.ljust(ITEM), MUTED if nothing else ""),
            (f"{usd(item.usd):>8} ", MUTED if nothing else ""),
            (bar(share, room), ACCENT),
            (how.rjust(18) if wide else "", MUTED),
        )
    yield line(
        ("between".ljust(ITEM), MUTED),
        f"{usd(deal.run_low_usd):>8}",
        (f" and {usd(deal.run_high_usd)}", ""),
    )


def keeping(deal: Deal, workload: Workload, width: int) -> Iterator[Content]:
    """Whether to keep the disk between two runs."""
    yield line(("BETWEEN RUNS", HEAD))
    yield line(
(f"keep {workload.disk_gb:g} GB ", MUTED), f"{money(deal.keep_usd_h)}/h",
        (" · fetch it again ", MUTED), money(deal.cold_start_usd),
    )  # fmt: skip
    idle_h = deal.break_even_idle_h
    if idle_h is None:
        yield line(("Which is cheaper is unknown: a price or a size is.", MUTED))
    else:
        yield line("→ destroy it when idle for more than ", (span(idle_h * 3600), STRONG))
