"""The top of every full screen: where one is, that it is simulated, and what is burning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.words import usd
from tui.widgets.sheet import ACCENT, HEAD, STRONG, Piece, Sheet, apart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.content import Content

    from hunter.leases.status import Burning
    from tui.desk import Desk

BANNER = "bold $background on $warning"


class Headline(Sheet):
    """One line; its right side is the same on every screen."""

    DEFAULT_CSS = "Headline { height: 1; padding: 0 1; background: $panel; }"

    def __init__(self) -> None:
        super().__init__()
        self.place: list[Piece] = []
        self.banner = ""
        self.burning: Burning | None = None

    def show_place(self, desk: Desk, *pieces: Piece) -> None:
        """Say where one is."""
        self.place = list(pieces)
        self.show_state(desk)

    def show_state(self, desk: Desk) -> None:
        """Say whether it is simulated, and what runs."""
        self.banner, self.burning = desk.banner, desk.burning
        self.show(self._line)

    def _line(self, width: int) -> Iterator[Content]:
        right: list[Piece] = []
        if self.burning is not None and self.burning.live:
            unseen = " +?" if self.burning.unseen else ""
            right.append((f"● {len(self.burning.live)} live ", ACCENT))
            right.append((f"${usd(self.burning.usd_h)}{unseen}/h  ", STRONG))
        if self.banner:
            short = self.banner if width >= 120 else self.banner.partition(":")[0]
            right.append((f" {short} ", BANNER))
        yield apart([("hunter ", HEAD), *self.place], right, width)
