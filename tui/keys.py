"""Every key of the app in one place. Each has an id, so that it can be remapped, and a sentence for help."""

from __future__ import annotations

from typing import TypeAlias

from textual.binding import Binding

Bindings: TypeAlias = list[Binding | tuple[str, str] | tuple[str, str, str]]


def key(
    keys: str, action: str, label: str, identity: str, help_text: str, *, show: bool = True
) -> Binding:
    """One binding, complete."""
    return Binding(keys, action, label, id=identity, tooltip=help_text, show=show)


APP: Bindings = [
    key(
        "q,ctrl+q", "leave", "Quit", "app.quit", "Leave Hunter; it asks first while something runs"
    ),
    key("question_mark,f1", "help", "Help", "app.help", "Every key of this screen"),
]
DEALS: Bindings = [
    key(
        "enter",
        "launch",
        "Launch",
        "deals.launch",
        "Quote the selected deal afresh and offer to rent it",
    ),
    key("slash", "filter", "Filter", "deals.filter", "Show only deals with all of these words"),
    key("w", "workload", "Workload", "deals.workload", "Choose the job that deals are priced for"),
    key("s", "sort", "Sort", "deals.sort", "Sort by the next column"),
    key("t", "tenancy", "Tenancy", "deals.tenancy", "Both, on-demand only, interruptible only"),
    key("r", "refresh", "Refresh", "deals.refresh", "Poll the markets now"),
    key("i", "running", "Running", "deals.running", "What is running and what it costs"),
    key("escape", "clear", "Clear", "deals.clear", "Clear the filter", show=False),
]
TABLE: Bindings = [
    key("down,j", "move(1)", "Down", "table.down", "One row down", show=False),
    key("up,k", "move(-1)", "Up", "table.up", "One row up", show=False),
    key("pagedown", "page(1)", "Page down", "table.page_down", "One page down", show=False),
    key("pageup", "page(-1)", "Page up", "table.page_up", "One page up", show=False),
    key("g,home", "edge(-1)", "First", "table.first", "The first row", show=False),
    key("G,end", "edge(1)", "Last", "table.last", "The last row", show=False),
    key("enter", "choose", "Open", "table.choose", "Open the selected row"),
]
LEASE: Bindings = [
    key("d", "destroy", "Destroy", "lease.destroy", "End it and prove that it is gone"),
    key(
        "escape", "back", "Back", "lease.back", "Back; the instance goes on, watched by the engine"
    ),
]
RUNNING: Bindings = [
    key("enter", "open", "Open", "running.open", "Look at the selected instance"),
    key("d", "destroy", "Destroy", "running.destroy", "End the selected instance"),
    key("r", "refresh", "Refresh", "running.refresh", "Ask the markets again"),
    key("escape", "back", "Back", "running.back", "Back to the deals"),
]
DIALOG: Bindings = [
    key("escape", "cancel", "Cancel", "dialog.cancel", "Close without doing anything")
]
EVERY = {
    "app": APP,
    "deals": DEALS,
    "table": TABLE,
    "lease": LEASE,
    "running": RUNNING,
    "dialog": DIALOG,
}
