"""Every key of the app, in one place: each has an id to remap it by and a sentence for the help page."""

from __future__ import annotations

from typing import TypeAlias

from textual.binding import Binding, BindingType

Bindings: TypeAlias = list[BindingType]


def key(
    keys: str,
    action: str,
    label: str,
    identity: str,
    sentence: str,
    *,
    show: bool = True,
    priority: bool = False,
) -> Binding:
    """One binding, complete."""
    shown = {"slash": "/", "question_mark": "?", "enter": "⏎", "escape": "esc"}
    display = shown.get(keys.partition(",")[0])
    return Binding(
        keys, action, label, id=identity, tooltip=sentence, show=show, key_display=display,
        priority=priority,
    )  # fmt: skip


APP: Bindings = [
    key("question_mark,f1", "help", "Help", "app.help", "This page: every key of the screen"),
    key("q", "quit", "Quit", "app.quit", "Leave Hunter; it asks first while anything runs"),
    key("ctrl+q", "quit", "Quit", "app.quit_anywhere", "The same, from inside a field or a dialogue",
        show=False, priority=True),
]  # fmt: skip
DEALS: Bindings = [
    key("enter", "launch", "Launch", "deals.launch",
        "Ask for a fresh quote of the selected deal, and offer to rent it"),
    key("slash", "filter", "Filter", "deals.filter",
        "Show only deals that have all of the words: GPU, market, place, tenancy or id"),
    key("w", "workload", "Workload", "deals.workload", "Choose the job that deals are priced for"),
    key("s", "sort", "Sort", "deals.sort", "Sort by the next column; a click on a title does too"),
    key("t", "tenancy", "Tenancy", "deals.tenancy", "Both tenancies, on-demand only, bids only",
        show=False),
    key("r", "refresh", "Refresh", "deals.refresh", "Poll the markets for this workload now"),
    key("i", "running", "Running", "deals.running", "What is running, and what it costs"),
    key("escape", "clear", "Clear", "deals.clear", "Take the filter off", show=False),
    key("H", "what_if('hours', 2)", "Twice the hours", "deals.more_hours",
        "What if it ran twice as long?", show=False),
    key("h", "what_if('hours', 0.5)", "Half the hours", "deals.fewer_hours",
        "What if it ran half as long?", show=False),
    key("D", "what_if('disk', 2)", "Twice the disk", "deals.more_disk",
        "What if it needed twice the disk?", show=False),
    key("d", "what_if('disk', 0.5)", "Half the disk", "deals.less_disk",
        "What if it needed half the disk?", show=False),
    key("M", "what_if('image', 2)", "Twice the image", "deals.more_image",
        "What if its image were twice as large?", show=False),
    key("m", "what_if('image', 0.5)", "Half the image", "deals.less_image",
        "What if its image were half as large?", show=False),
    key("b", "what_if_cut", "Interruptible", "deals.interruptible",
        "What if it could be interrupted, or could not?", show=False),
    key("0", "as_it_is", "As it is", "deals.as_it_is", "End of what-if: the workload as it is",
        show=False),
]  # fmt: skip
TABLE: Bindings = [
    key("down,j", "move(1)", "Down", "table.down", "One row down", show=False),
    key("up,k", "move(-1)", "Up", "table.up", "One row up", show=False),
    key("pagedown,ctrl+d", "page(1)", "Page down", "table.page_down", "One page down", show=False),
    key("pageup,ctrl+u", "page(-1)", "Page up", "table.page_up", "One page up", show=False),
    key("home,g", "edge(-1)", "First", "table.first", "The first row", show=False),
    key("end,G", "edge(1)", "Last", "table.last", "The last row", show=False),
]
LEASE: Bindings = [
    key("c", "copy_ssh", "Copy ssh", "lease.copy_ssh", "Copy the command that logs in"),
    key("d", "destroy", "Destroy", "lease.destroy", "End it and prove that it is gone; asks first"),
    key("escape", "back", "Back", "lease.back", "Back; the instance goes on and stays watched"),
]
RUNNING: Bindings = [
    key("enter", "open", "Open", "running.open", "Look at the selected lease"),
    key("d", "destroy", "Destroy", "running.destroy", "End the selected lease; asks first"),
    key("r", "refresh", "Refresh", "running.refresh", "Ask the markets again what they list"),
    key("escape", "back", "Back", "running.back", "Back to the deals"),
]
DIALOG: Bindings = [
    key("escape", "cancel", "Cancel", "dialog.cancel", "Close it and change nothing"),
    key("f1", "app.help", "Help", "dialog.help", "This page: every key of the dialogue"),
    key("ctrl+q", "app.quit", "Quit", "dialog.quit", "Leave Hunter", show=False),
]
HELP: Bindings = [
    key("escape,q,question_mark,f1", "cancel", "Close", "help.close", "Close this page"),
    key("ctrl+q", "app.quit", "Quit", "help.quit", "Leave Hunter", show=False),
]
NEEDLE: Bindings = [
    key("down", "app.focus('deals')", "To the deals", "filter.down", "To the deals, filter on"),
    key("enter", "submit", "Keep", "filter.keep", "Keep the filter and go back to the deals"),
    key("escape", "screen.clear", "Clear", "filter.clear", "Take the filter off"),
]

REGISTRY = {
    "app": APP,
    "deals": DEALS,
    "table": TABLE,
    "lease": LEASE,
    "running": RUNNING,
    "dialog": DIALOG,
    "help": HELP,
    "filter": NEEDLE,
}
"""All of them, by room."""
