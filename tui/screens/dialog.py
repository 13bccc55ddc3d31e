"""What every dialogue shares: title and buttons stay in sight, and only what is between them scrolls."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, TypeVar

from textual.containers import VerticalScroll
from textual.errors import NoWidget
from textual.screen import ModalScreen

from tui.keys import DIALOG

if TYPE_CHECKING:
    from textual.widget import Widget

Result = TypeVar("Result")


class Box(VerticalScroll, can_focus=False):
    """The frame of a dialogue: what is docked to its edges stays, the rest scrolls when it must."""

    def action_page_down(self) -> None:
        """The next page of its text."""
        self._turn(1)

    def action_page_up(self) -> None:
        """The page before."""
        self._turn(-1)

    def _turn(self, pages: int) -> None:
        """Scroll by what is in sight between the docked, but for one line of it."""
        docked = sum(w.outer_size.height for w in self.children if w.styles.dock != "none")
        lines = max(1, self.scrollable_content_region.height - docked - 1)
        self.scroll_relative(y=pages * lines, animate=False)


class Dialog(ModalScreen[Result]):
    """A question above the screen that asked it."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (40, "-slim"), (80, "-narrow"), (128, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (15, "-short"), (32, "-tall")]
    BINDINGS = DIALOG


def in_sight(widget: Widget) -> bool:
    """Whether the whole of a widget is on its screen: not cut off, and nothing above it."""
    screen = widget.screen
    try:
        seen = screen.find_widget(widget)
    except NoWidget:
        return False
    region = seen.region
    if not region or seen.visible_region != region:
        return False
    corners = product((region.x, region.right - 1), (region.y, region.bottom - 1))
    return all(widget in screen.get_widget_at(x, y)[0].ancestors_with_self for x, y in corners)
