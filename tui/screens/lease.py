"""One rental: its phases, what it has cost, and the key that ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text
from textual import getters, work
from textual.containers import Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static

from hunter.errors import HunterError
from tui.format import seconds, share_bar, usd
from tui.keys import LEASE
from tui.screens.confirm import ConfirmScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from hunter.deals import PhaseLine
    from hunter.leases.lease import Lease
    from tui.app import HunterApp

STEPS = (
    ("allocating", "allocate"),
    ("pulling", "download"),
    ("starting", "start"),
    ("running", "weights"),
)
WORDS = {
    "allocating": "allocate",
    "pulling": "pull image",
    "starting": "start",
    "running": "running",
}


class LeaseScreen(Screen[None]):
    """It only watches: leaving it ends nothing."""

    BINDINGS = LEASE
    head = getters.query_one("#head", Static)
    steps = getters.query_one("#steps", Static)
    events = getters.query_one("#events", Static)

    def __init__(self, lease_id: str, predicted: tuple[PhaseLine, ...] = ()) -> None:
        super().__init__()
        self.lease_id = lease_id
        self.predicted = {phase.phase: phase for phase in predicted}
        self.ending = False

    @property
    def hunter(self) -> HunterApp:
        """The app, with its engine."""
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        """Money, phases, history."""
        with Vertical(id="lease"):
            yield Static(id="head")
            yield Static(id="steps")
            with VerticalScroll():
                yield Static(id="events")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Look at the record twice a second."""
        self.show()
        self.set_interval(0.5, self.show)

    def show(self) -> None:
        """Paint what is on record now."""
        hunt = self.hunter.hunt
        lease = hunt.rentals.get(self.lease_id)
        self.head.update(self._head(lease))
        self.steps.update(self._steps(lease))
        self.events.update(self._events(lease))

    def _head(self, lease: Lease) -> Text:
        hunt = self.hunter.hunt
        now = hunt.clock.now()
        spent = (
            lease.billed_usd if lease.billed_usd is not None else hunt.rentals.metered_now(lease)
        )
        word = "billed" if lease.billed_usd is not None else "spent so far"
        text = Text()
        text.append(f"{lease.gpu_count}× {lease.gpu}", style="bold")
        text.append(
            f"  {lease.market}:{lease.instance_id or '…'}  {lease.workload}  {lease.tenancy}\n"
        )
        text.append(f"● {lease.state}", style="bold")
        if lease.note:
            text.append(f"  {lease.note}", style="dim")
        text.append(f"\n\n${spent:.4f}", style="bold")
        text.append(f" {word}")
        if lease.live:
            burn = hunt.rentals.burn_usd_h(lease)
            text.append(f" · ${usd(burn)}/h now · of at most ${lease.max_usd:.2f}")
            text.append(f"\n{seconds(max(0.0, lease.ttl_at - now))} left of its time to live")
        text.append(
            f"\nGPU quoted ${usd(lease.quoted_usd_h)}/h, contracted ${usd(lease.contract_usd_h)}/h"
        )
        if lease.billed_usd is not None:
            text.append(f" · metered by Hunter ${lease.metered_usd:.4f}")
        problem = self.hunter.engine.problems.get(lease.lease_id)
        if problem:
            text.append(f"\n▲ {problem}", style="bold")
        return text

    def _steps(self, lease: Lease) -> Table:
        """Each phase as it went: seconds beside what was expected."""
        stays = self.hunter.hunt.rentals.stays(lease)
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for title in ("phase", "took", "expected", ""):
            table.add_column(
                title, justify="left" if title in ("phase", "") else "right", no_wrap=True
            )
        reached = [stay.state for stay in stays]
        for state, phase in STEPS:
            spans = [stay.end_s - stay.begin_s for stay in stays if stay.state == state]
            took = sum(spans) if spans else None
            expected = self.predicted.get(phase)
            current = bool(reached) and reached[-1] == state and lease.live
            sign = "▶" if current else "✓" if spans else "·"
            bar = ""
            if expected and expected.seconds and took is not None and state != "running":
                bar = share_bar(took / expected.seconds, 20)
            wanted = "" if state == "running" or expected is None else seconds(expected.seconds)
            style = "bold" if current else "" if spans else "dim"
            table.add_row(
                Text(f"{sign} {WORDS[state]}", style=style),
                seconds(took) if took is not None else "",
                wanted,
                Text(bar, style="cyan"),
            )
        return table

    def _events(self, lease: Lease) -> Text:
        text = Text()
        for event in self.hunter.hunt.rentals.history(lease):
            since = event.at - lease.intended_at
            what = event.phase if event.event == "seen" else event.event
            text.append(
                f"{seconds(max(0.0, since)):>8}  {what}", style="bold" if what == "ready" else ""
            )
            text.append(f"  {event.detail}\n", style="dim")
        return text

    @work
    async def action_destroy(self) -> None:
        """Ask, then end it and prove it."""
        hunt = self.hunter.hunt
        lease = hunt.rentals.get(self.lease_id)
        if not lease.live or self.ending:
            self.notify(f"It is {lease.state} already.")
            return
        answer = await self.app.push_screen_wait(
            ConfirmScreen(
                "Destroy it?",
                f"{lease.market}:{lease.instance_id} and all that is on its disk.",
                (("cancel", "Cancel", "default"), ("destroy", "Destroy", "error")),
            )
        )
        if answer != "destroy":
            return
        self.ending = True
        try:
            ended = await self.hunter.engine.spend(hunt.rentals.destroy(self.lease_id))
        except HunterError as error:
            self.hunter.say(error)
            return
        finally:
            self.ending = False
        bill = "not billed yet" if ended.billed_usd is None else f"billed ${ended.billed_usd:.4f}"
        self.notify(f"Gone, and proven gone; {bill}, metered ${ended.metered_usd:.4f}.")

    def action_back(self) -> None:
        """Back to the deals."""
        self.app.pop_screen()
