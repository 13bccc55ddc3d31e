"""Help: what a screen is for, and every key that works on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Markdown, Static

from tui.keys import HELP
from tui.widgets.sheet import ACCENT, MUTED, Sheet, line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textual.app import ComposeResult
    from textual.binding import ActiveBinding, Binding
    from textual.content import Content

PAGES = Path(__file__).resolve().parents[1] / "help"


class HelpScreen(ModalScreen[None]):
    """A page of words, and the keys as the bindings themselves tell them."""

    CSS_PATH = ["dialog.tcss", "help.tcss"]
    BINDINGS = HELP

    def __init__(self, page: str, bindings: Iterable[ActiveBinding]) -> None:
        super().__init__()
        self.page = page
        self.bindings = list(bindings)

    def compose(self) -> ComposeResult:
        """Keys first, words after."""
        text = (PAGES / f"{self.page}.md").read_text(encoding="utf-8")
        with Vertical(classes="dialog"):
            yield Static("Help", classes="title")
            with VerticalScroll():
                yield Sheet(id="keys")
                yield Markdown(text, open_links=False)

    def on_mount(self) -> None:
        """Write the keys."""
        ours = {b.binding.id: b.binding for b in self.bindings if b.binding.id}
        inner_last = sorted(ours.values(), key=lambda b: (b.id or "").startswith("table."))
        rows = [(self._keys_of(binding), binding.tooltip) for binding in inner_last]
        self.query_one("#keys", Sheet).show(lambda width: _key_lines(rows))

    def _keys_of(self, binding: Binding) -> str:
        """Every key of a binding: the active ones come one by one."""
        shown = [
            self.app.get_key_display(active.binding)
            for active in self.bindings
            if active.binding.id == binding.id
        ]
        return " ".join(dict.fromkeys(shown))

    def action_cancel(self) -> None:
        """Close."""
        self.dismiss(None)


def _key_lines(rows: list[tuple[str, str]]) -> Iterator[Content]:
    for keys, sentence in rows:
        yield line((f"{keys:>10}  ", ACCENT), (sentence, MUTED))
