"""The line on top: what is shown, how old it is, and whether any of it is real."""

from __future__ import annotations

from rich.text import Text
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.widgets import Static


class StatusBar(Horizontal):
    """Two cells: what is shown on the left, the markets' polls on the right."""

    DEFAULT_CSS = """
    StatusBar { height: 1; background: $panel;
        & > #banner { width: auto; background: $warning; color: $background; text-style: bold; padding: 0 1; }
        & > #what { width: 1fr; padding: 0 1; }
        & > #polls { width: auto; padding: 0 1; color: $text-muted; }
    }
    """
    progress: reactive[str] = reactive("")

    def __init__(self) -> None:
        super().__init__()
        self._polls: list[str] = []
        self._polling = False

    def compose(self):  # type: ignore[no-untyped-def]
        """Banner, what, polls."""
        yield Static(id="banner")
        yield Static(id="what")
        yield Static(id="polls")

    def banner(self, text: str) -> None:
        """A word that must not be missed; nothing hides it."""
        cell = self.query_one("#banner", Static)
        cell.display = bool(text)
        cell.update(text)

    def on_mount(self) -> None:
        """Say at once whether this is a simulation."""
        self.banner(getattr(self.app, "banner", ""))

    def watch_progress(self) -> None:
        """A poll has moved on."""
        if self.is_mounted:
            self._say_polls()

    def show(
        self, *, workload: str, shown: int, considered: int, sort: str, tenancy: str | None,
        polls: list[str], polling: bool, live: int, needle: str,
    ) -> None:  # fmt: skip
        """Finished words for the line."""
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(workload, style="bold")
        text.append(f"  {shown:,} of {considered:,} offers · by {sort}")
        if tenancy:
            text.append(f" · {tenancy} only")
        if needle:
            text.append(f" · /{needle}")
        if live:
            text.append(f"  ● {live} running", style="bold")
        self.query_one("#what", Static).update(text)
        self._polls, self._polling = polls, polling
        self._say_polls()

    def _say_polls(self) -> None:
        words = self.progress if self._polling and self.progress else " · ".join(self._polls)
        sign = "⟳ " if self._polling else ""
        self.query_one("#polls", Static).update(
            Text(sign + (words or "never polled"), no_wrap=True)
        )
