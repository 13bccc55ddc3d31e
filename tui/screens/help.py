"""Every key that works now, from the bindings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keys import DIALOG

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import ActiveBinding


class HelpScreen(ModalScreen[None]):
    """A table of keys."""

    BINDINGS = DIALOG

    def __init__(self, bindings: dict[str, ActiveBinding]) -> None:
        super().__init__()
        self.bindings = bindings

    def compose(self) -> ComposeResult:
        """The table."""
        with Vertical(classes="dialog wide"):
            yield Static("Keys", classes="title")
            with VerticalScroll():
                yield Static(self._table())

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        keys: dict[str, list[str]] = {}
        for active in self.bindings.values():
            binding = active.binding
            if binding.tooltip:
                keys.setdefault(binding.tooltip, []).append(self.app.get_key_display(binding))
        for text, names in keys.items():
            table.add_row(" ".join(names), text)
        return table

    def action_cancel(self) -> None:
        """Close."""
        self.dismiss(None)
