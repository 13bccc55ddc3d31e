"""A table of any length: only the lines on the screen are ever formatted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.keys import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.style import Style
    from textual import events


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title and width, and how wide the table must be for it to show."""

    title: str
    width: int
    left: bool = False
    needs: int = 0
    grows: bool = False
    """Takes what width is left over."""


@dataclass(frozen=True, slots=True)
class Row:
    """A formatted row. `tone` is a component class that colours it: stale, dim or none."""

    cells: Sequence[str]
    tone: str = ""


class LineTable(ScrollView, can_focus=True):
    """Rows are asked for by number when they come into view."""

    BINDINGS = TABLE
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--header", "line-table--cursor", "line-table--stale", "line-table--dim",
    }  # fmt: skip
    DEFAULT_CSS = """
    LineTable {
        background: $surface;
        scrollbar-size-vertical: 1;
        & > .line-table--header { background: $panel; color: $text-muted; text-style: bold; }
        & > .line-table--cursor { background: $primary 35%; color: $text; text-style: bold; }
        & > .line-table--stale { color: $warning; }
        & > .line-table--dim { color: $text-muted; }
    }
    """
    cursor: reactive[int] = reactive(0)

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, table: LineTable, row: int) -> None:
            super().__init__()
            self.table = table
            self.row = row

        @property
        def control(self) -> LineTable:
            """The table that sent it."""
            return self.table

        def can_replace(self, message: Message) -> bool:
            """Only the latest place matters."""
            return isinstance(message, LineTable.Moved)

    class Chosen(Moved):
        """A row was opened."""

        def can_replace(self, message: Message) -> bool:
            """Each choice counts."""
            return False

    def __init__(self, columns: Sequence[Column], **options: Any) -> None:
        super().__init__(**options)
        self.columns = columns
        self.row_count = 0
        self._row: Callable[[int], Row] = lambda index: Row(())
        self._cache: dict[int, Row] = {}

    def show(self, count: int, row: Callable[[int], Row], cursor: int = 0) -> None:
        """Replace all rows. Nothing is formatted until it is on the screen."""
        self.row_count, self._row = count, row
        self._cache.clear()
        self.virtual_size = Size(0, count + 1)
        self.set_reactive(LineTable.cursor, max(0, min(cursor, count - 1)))
        self._follow()
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))

    def repaint(self) -> None:
        """Format the visible rows anew: ages have moved."""
        self._cache.clear()
        self.refresh()

    # ── painting ─────────────────────────────────────────────────────────────────────────────

    def visible_columns(self) -> list[tuple[int, Column, int]]:
        """Index, column and width of each column that fits."""
        room = self.scrollable_content_region.width - 1
        shown = [(i, column) for i, column in enumerate(self.columns) if column.needs <= room]
        while shown and sum(column.width + 1 for _, column in shown) > room:
            least = max(shown, key=lambda pair: pair[1].needs)
            if not least[1].needs:
                break
            shown.remove(least)
        growing = sum(column.grows for _, column in shown)
        left = max(0, room - sum(column.width + 1 for _, column in shown))
        extra = left // growing if growing else 0
        return [(i, c, c.width + (extra if c.grows else 0)) for i, c in shown]

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the header stays, rows move under it."""
        width = self.scrollable_content_region.width
        if y == 0:
            style = self.get_component_rich_style("line-table--header")
            return self._strip([c.title for c in self.columns], style, width)
        index = self.scroll_offset.y + y - 1
        if index >= self.row_count:
            return Strip.blank(width, self.rich_style)
        row = self._cache.get(index)
        if row is None:
            row = self._cache[index] = self._row(index)
        style = self.rich_style
        if row.tone:
            style += self.get_component_rich_style(f"line-table--{row.tone}")
        if index == self.cursor:
            style += self.get_component_rich_style("line-table--cursor")
        return self._strip(row.cells, style, width)

    def _strip(self, cells: Sequence[str], style: Style, width: int) -> Strip:
        parts = []
        for i, column, room in self.visible_columns():
            text = cells[i]
            if len(text) > room:
                text = text[: room - 1] + "…"
            parts.append(text.ljust(room) if column.left else text.rjust(room))
        line = f" {' '.join(parts)} "
        return Strip([Segment(line, style)]).adjust_cell_length(width, style)

    # ── moving ───────────────────────────────────────────────────────────────────────────────

    def watch_cursor(self) -> None:
        """Keep the cursor in view and say where it is."""
        self._follow()
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))

    def _follow(self) -> None:
        room = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + room:
            self.scroll_to(y=self.cursor - room + 1, animate=False, force=True)

    def _go(self, row: int) -> None:
        self.cursor = max(0, min(row, self.row_count - 1))

    def action_move(self, by: int) -> None:
        """Move by rows."""
        self._go(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self._go(self.cursor + by * max(1, self.size.height - 2))

    def action_edge(self, side: int) -> None:
        """Move to the first or last row."""
        self._go(0 if side < 0 else self.row_count - 1)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.row_count:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; a click on the cursor opens."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y == 0:
            return
        row = self.scroll_offset.y + offset.y - 1
        if row < self.row_count:
            if row == self.cursor and event.chain > 1:
                self.action_choose()
            self._go(row)

    def on_resize(self) -> None:
        """Another width shows other columns."""
        self.virtual_size = Size(0, self.row_count + 1)
        self.refresh(Region(0, 0, self.size.width, self.size.height))
