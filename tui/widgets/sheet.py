"""A sheet: lines of text that are laid out for the width they get."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from textual.content import Content
from textual.widget import Widget

from tui.format import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Piece: TypeAlias = str | tuple[str, str]
"""A text, or a text and its style; styles name the theme's variables."""

MUTED = "$foreground-muted"
STRONG = "bold $foreground-lighten-1"
HEAD = "bold $text-primary"
ACCENT = "$text-accent"
WARN = "$text-warning"
BAD = "$text-error"
GOOD = "$text-success"


class Sheet(Widget):
    """Holds a drawing: a function from a width to lines."""

    DEFAULT_CSS = "Sheet { height: auto; }"

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._draw: Callable[[int], Iterable[Content]] = lambda width: ()

    def show(self, draw: Callable[[int], Iterable[Content]]) -> None:
        """Draw this from now on."""
        self._draw = draw
        self.refresh(layout=True)

    def render(self) -> Content:
        """The lines, none of them longer than the width."""
        width = self.content_size.width or 40
        lines = [line.truncate(width, ellipsis=True) for line in self._draw(width)]
        return Content("\n").join(lines)


def line(*pieces: Piece) -> Content:
    """One line of pieces, or several where a piece has breaks. Nothing in them is taken for markup."""
    return Content.assemble(*map(_shown, pieces))


def _shown(piece: Piece) -> Piece:
    return shown(piece) if isinstance(piece, str) else (shown(piece[0]), piece[1])


def apart(left: list[Piece], right: list[Piece], width: int) -> Content:
    """One line with something at its left and something at its right; the left gives way."""
    end = line(*right)
    room = max(0, width - end.cell_length - 1)
    begin = line(*left).truncate(room, ellipsis=True)
    gap = " " * max(1, width - begin.cell_length - end.cell_length)
    return Content.assemble(begin, gap, end)
