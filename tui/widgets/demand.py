"""A day's demand, and what each way to serve it costs a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.words import duration, money
from tui.widgets.sheet import ACCENT, HEAD, MUTED, STRONG, Sheet, apart, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.content import Content

    from hunter.cost.serving import Serving


class DemandSheet(Sheet):
    """Always on, scaled to zero, or in batches; empty for a workload without demand."""

    def show_serving(self, found: Serving | None) -> None:
        """Show these ways."""
        self.show(lambda width: () if found is None else serving(found, width))


def serving(found: Serving, width: int) -> Iterator[Content]:
    """The day as a picture, and each way with its money and its waiting."""
    yield line("")
    yield apart([("A DAY'S DEMAND", HEAD)], [("wait each · $/month", MUTED)], width)
    for label, drawn in found.picture:
        yield line((f"{label:<10}", MUTED), (drawn, ACCENT))
    for way in found.ways:
        idle = "" if way.timeout_s is None else f", {duration(way.timeout_s)} idle"
        yield apart(
            [(way.way, STRONG), (idle, MUTED)],
            [(f"{duration(way.wait_s)} · ", MUTED), (money(way.usd_month, 2), STRONG)],
            width,
        )
