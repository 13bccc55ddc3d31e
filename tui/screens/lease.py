"""One lease as it goes: phases, seconds, dollars, and the key that ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Digits, Footer, Static

from hunter.values.words import money
from tui.desk import standing
from tui.keys import LEASE
from tui.screens.confirm import Answer, ConfirmScreen
from tui.widgets.headline import Headline
from tui.widgets.lease_sheets import (
    StorySheet,
    item_lines,
    log_lines,
    meter_lines,
    state_lines,
)
from tui.widgets.sheet import MUTED, STRONG, line
from tui.widgets.timeline import StepsSheet

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from hunter.leases.lease import Lease
    from hunter.leases.status import LeaseStatus
    from tui.desk import Desk

LOOK_EVERY_S = 0.5
"""Seconds of ours between two looks at the record; the engine is who looks at the market."""


class EndAgreed(Message):
    """The user said yes to the end of some leases."""

    def __init__(self, *leases: Lease) -> None:
        super().__init__()
        self.leases = leases


@dataclass(frozen=True, slots=True)
class Told:
    """What was on the screen last: what has not changed is not drawn again."""

    events: int
    state: str


class LeaseScreen(Screen[None]):
    """It watches the record. Leaving it ends nothing, and so does closing the app."""

    CSS_PATH = "lease.tcss"
    BINDINGS = LEASE
    HELP: ClassVar[str] = "lease"
    headline = getters.query_one(Headline)

    def __init__(self, desk: Desk, lease_id: str) -> None:
        super().__init__()
        self.desk, self.lease_id = desk, lease_id
        self.status: LeaseStatus | None = None
        self.told: Told | None = None
        self.looking = False

    def compose(self) -> ComposeResult:
        """State, money, phases, items, log."""
        yield Headline()
        with Container(id="lease"):
            with Vertical(id="numbers"):
                yield StorySheet(id="state")
                with Horizontal(id="money"):
                    with Vertical(id="spent-box"):
                        yield Digits("", id="spent")
                        yield Static("", id="spent-word")
                    yield StorySheet(id="meters")
                yield StepsSheet(id="steps")
                yield StorySheet(id="items")
            with VerticalScroll(id="log-box", can_focus=False):
                yield StorySheet(id="log")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Look now, and go on looking."""
        self.headline.show_place(self.desk, (f"› lease {self.lease_id}", STRONG))
        self.look()
        self.set_interval(LOOK_EVERY_S, self._look_again)

    def _look_again(self) -> None:
        if not self.looking:
            self.look()

    @work(group="look")
    async def look(self) -> None:
        """Read the record."""
        self.looking = True
        try:
            found = await self.desk.read(self.desk.hunter.leases.status, self.lease_id)
        finally:
            self.looking = False
        if found is not None and standing(self):
            self.status = found
            self._show(found)

    def _show(self, found: LeaseStatus) -> None:
        lease = found.lease
        problem = self.desk.background.problems.get(lease.lease_id)
        self.query_one("#state", StorySheet).show(lambda width: state_lines(found, problem))
        self.query_one("#spent", Digits).update(money(found.spent_usd))
        word = "billed by the market" if lease.billed_usd is not None else "metered by Hunter"
        self.query_one("#spent-word", Static).update(line((word, MUTED)))
        self.query_one("#meters", StorySheet).show(lambda width: meter_lines(found, width))
        self.query_one("#steps", StepsSheet).show_steps(found)
        self.query_one("#items", StorySheet).show(lambda width: item_lines(found))
        told = Told(len(found.log), lease.state)
        if told != self.told:
            self.told = told
            self.refresh_bindings()
            self.query_one("#log", StorySheet).show(lambda width: log_lines(found))
            self.query_one("#log-box").scroll_end(animate=False)

    # ── what the user does ───────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that mean nothing now are greyed."""
        status = self.status
        if action == "destroy" and status is not None and not status.lease.live:
            return None
        if action == "copy_ssh" and (
            status is None or status.login is None or not status.lease.live
        ):
            return None
        return True

    def action_copy_ssh(self) -> None:
        """The command that logs in, for another terminal."""
        if self.status is not None and self.status.login is not None:
            self.app.copy_to_clipboard(self.status.login.command)
            self.notify(self.status.login.command, title="Copied", markup=False)

    @work
    async def action_destroy(self) -> None:
        """Ask; the yes goes to the app, whose engine ends it whoever watches."""
        if self.status is None:
            return
        lease = self.status.lease
        if await self.app.push_screen_wait(end_question(lease)) == "destroy":
            self.post_message(EndAgreed(lease))

    def action_back(self) -> None:
        """Back to where one came from."""
        self.dismiss(None)


def end_question(lease: Lease) -> ConfirmScreen:
    """Whether to end a lease."""
    text = line(
        (f"{lease.market}:{lease.instance_id or '(not created yet)'}", STRONG),
        f" and everything on its {lease.disk_gb:g} GB of disk will be gone.\n",
        ("Hunter goes on asking until the market says that it is.", MUTED),
    )
    return ConfirmScreen(f"Destroy {lease.gpu}?", text, Answer("destroy", "Destroy", "error"))
