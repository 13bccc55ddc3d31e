"""A table of any length: only the lines that are on the screen are ever formatted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from rich.segment import Segment
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hunter.values.text import cleaned
from tui.format import clip
from tui.keys import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.style import Style
    from textual import events

Cell: TypeAlias = str | tuple[str, str]
"""A text, or a text and its tone: one of TONES."""
TONES = ("strong", "quiet", "accent", "warning", "good", "bad")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a LineTable."""

    key: str
    title: str
    width: int
    left: bool = False
    grows: bool = False
    """Takes the width that is left over, up to `most`."""
    most: int = 0
    keep: int = 100
    """Where room is short, the column with the lowest number goes first; 100 stays."""
    tone: str = ""
    """How its cells look unless they say otherwise."""
    sortable: bool = False


class LineTable(ScrollView, can_focus=True):
    """Rows are asked for by number when they come into view; the header stays while they scroll."""

    BINDINGS = TABLE
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--header", "line-table--cursor", "line-table--blurred",
        *(f"line-table--{tone}" for tone in TONES),
    }  # fmt: skip
    DEFAULT_CSS = """
    LineTable {
        background: $background;
        & > .line-table--header { color: $foreground-muted; text-style: bold; background: $panel; }
        & > .line-table--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
        & > .line-table--blurred { background: $panel; }
        & > .line-table--strong { color: $foreground-lighten-1; text-style: bold; }
        & > .line-table--quiet { color: $foreground-muted; }
        & > .line-table--accent { color: $text-accent; }
        & > .line-table--warning { color: $text-warning; }
        & > .line-table--good { color: $text-success; }
        & > .line-table--bad { color: $text-error; }
    }
    """
    cursor: reactive[int] = reactive(0)

    @dataclass
    class Moved(Message):
        """The cursor stands on another row, or other rows stand under it."""

        table: LineTable
        row: int

        @property
        def control(self) -> LineTable:
            """The table that sent it."""
            return self.table

        def can_replace(self, message: Message) -> bool:
            """Only the latest place matters."""
            return isinstance(message, LineTable.Moved)

    @dataclass
    class Chosen(Message):
        """A row was opened with the mouse."""

        table: LineTable
        row: int

        @property
        def control(self) -> LineTable:
            """The table that sent it."""
            return self.table

    @dataclass
    class TitleClicked(Message):
        """The title of a sortable column was clicked."""

        table: LineTable
        key: str

        @property
        def control(self) -> LineTable:
            """The table that sent it."""
            return self.table

    def __init__(self, columns: Sequence[Column], **options: Any) -> None:
        super().__init__(**options)
        self.columns = tuple(columns)
        self.row_count = 0
        self.sorted_by = ""
        self._row_at: Callable[[int], Sequence[Cell]] = lambda row: ()
        self._rows: dict[int, Sequence[Cell]] = {}
        self._layout: tuple[int, list[tuple[int, Column, int]]] = (-1, [])

    def show(
        self, count: int, row_at: Callable[[int], Sequence[Cell]], *, cursor: int = 0,
        sorted_by: str = "",
    ) -> None:  # fmt: skip
        """Replace all rows. Nothing is formatted until it comes into view.

        Args:
            count: how many rows there are.
            row_at: the cells of one row, in the order of the columns.
            cursor: the row to stand on.
            sorted_by: key of the column that the rows are sorted by.
        """
        self.row_count, self._row_at, self.sorted_by = count, row_at, sorted_by
        self._rows.clear()
        self.virtual_size = Size(0, count + 1)
        self.set_reactive(LineTable.cursor, max(0, min(cursor, count - 1)))
        self._follow()
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))

    def repaint(self) -> None:
        """Format the rows in view anew: ages have moved."""
        self._rows.clear()
        self.refresh()

    # ── painting ─────────────────────────────────────────────────────────────────────────────

    def columns_in_view(self) -> list[tuple[int, Column, int]]:
        """Index, column and width of each column that there is room for, in order."""
        room = self.size.width - 2
        if self._layout[0] != room:
            self._layout = (room, _fit(self.columns, room))
        return self._layout[1]

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        width = self.size.width
        if y == 0:
            return self._header(width)
        row = self.scroll_offset.y + y - 1
        if row >= self.row_count:
            return Strip.blank(width, self.rich_style)
        if row not in self._rows:
            self._rows[row] = self._row_at(row)
        here = row == self.cursor
        base = self.rich_style
        if here:
            base += self.get_component_rich_style(
                "line-table--cursor" if self.has_focus else "line-table--blurred"
            )
        segments = [Segment("▌" if here else " ", base)]
        for i, column, room in self.columns_in_view():
            cell = self._rows[row][i]
            text, tone = (cell, column.tone) if isinstance(cell, str) else cell
            segments.append(Segment(_place(text, column, room), self._toned(base, tone)))
            segments.append(Segment(" ", base))
        return Strip(segments).adjust_cell_length(width, base)

    def _toned(self, base: Style, tone: str) -> Style:
        if not tone:
            return base
        part = self.get_component_rich_style(f"line-table--{tone}", partial=True)
        return base + part

    def _header(self, width: int) -> Strip:
        style = self.get_component_rich_style("line-table--header")
        marked = style + self.get_component_rich_style("line-table--accent", partial=True)
        segments = [Segment(" ", style)]
        for _, column, room in self.columns_in_view():
            here = column.key == self.sorted_by
            title = f"{column.title}▴" if here else column.title
            segments.append(Segment(_place(title, column, room), marked if here else style))
            segments.append(Segment(" ", style))
        return Strip(segments).adjust_cell_length(width, style)

    # ── moving ───────────────────────────────────────────────────────────────────────────────

    def watch_cursor(self) -> None:
        """Keep the cursor in view, and say where it is."""
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

    def go(self, row: int) -> None:
        """Put the cursor on a row, or on the nearest that there is."""
        self.cursor = max(0, min(row, self.row_count - 1))

    def action_move(self, by: int) -> None:
        """Move by rows."""
        self.go(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self.go(self.cursor + by * max(1, self.size.height - 2))

    def action_edge(self, side: int) -> None:
        """Move to the first or the last row."""
        self.go(0 if side < 0 else self.row_count - 1)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one opens; a click on a title sorts."""
        if event.y == 0:
            self._click_title(event.x)
            return
        row = self.scroll_offset.y + event.y - 1
        if row < self.row_count:
            self.go(row)
            if event.chain > 1:
                self.post_message(self.Chosen(self, row))

    def _click_title(self, x: int) -> None:
        left = 1
        for _, column, room in self.columns_in_view():
            if left <= x < left + room:
                if column.sortable:
                    self.post_message(self.TitleClicked(self, column.key))
                return
            left += room + 1

    def on_resize(self) -> None:
        """Another size shows other columns and rows."""
        self._follow()
        self.refresh()


def _fit(columns: Sequence[Column], room: int) -> list[tuple[int, Column, int]]:
    shown = list(enumerate(columns))

    def used() -> int:
        return sum(column.width + 1 for _, column in shown)

    while used() > room and any(column.keep < 100 for _, column in shown):
        shown.remove(min(shown, key=lambda pair: pair[1].keep))
    widths = {i: column.width for i, column in shown}
    growing = [(i, column) for i, column in shown if column.grows]
    spare = room - used()
    while spare > 0 and growing:
        for i, _ in growing[:spare]:
            widths[i] += 1
        spare -= min(spare, len(growing))
        growing = [(i, column) for i, column in growing if widths[i] < column.most]
    return [(i, column, widths[i]) for i, column in shown]


def _place(text: str, column: Column, room: int) -> str:
    text = clip(cleaned(text), room)
    return text.ljust(room) if column.left else text.rjust(room)
