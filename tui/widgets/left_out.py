"""Which rule left out how many offers: nothing is hidden without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.format import bar
from tui.widgets.sheet import HEAD, MUTED, Sheet, apart, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.content import Content

    from hunter.cost.deals import Deals

NAME = 12


class LeftOutSheet(Sheet):
    """What the workload and the tenancy exclude."""

    def show_left_out(self, deals: Deals) -> None:
        """Show the rules that excluded something, in the order in which they were asked."""
        considered, removed = deals.considered, deals.removed
        self.show(lambda width: _lines(considered, removed, width))


def _lines(considered: int, removed: tuple[tuple[str, int], ...], width: int) -> Iterator[Content]:
    out = sum(count for _, count in removed)
    yield apart(
        [("LEFT OUT", HEAD), ("  by what they lack", MUTED)], [f"{out:,} of {considered:,}"], width
    )
    room = max(4, width - NAME - 9)
    for name, count in removed:
        if count:
            drawn = bar(count / considered, room)
            yield line((name.ljust(NAME), MUTED), (f"{count:>8,} ", MUTED), (drawn, MUTED))
