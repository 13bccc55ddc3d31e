"""Everything that may cost money: ours, unexplained, unknown; and what has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import getters, on, work
from textual.screen import Screen
from textual.widgets import Footer, Static

from tui.format import seconds, usd
from tui.keys import RUNNING
from tui.screens.lease import LeaseScreen
from tui.widgets.line_table import Column, LineTable, Row

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from hunter.leases.lease import Lease
    from hunter.situation import Situation
    from tui.app import HunterApp

COLUMNS = (
    Column("instance", 18, left=True, grows=True),
    Column("GPU", 13, left=True),
    Column("workload", 14, left=True, needs=92),
    Column("state", 9, left=True),
    Column("phase", 11, left=True),
    Column("$/h now", 9),
    Column("$ so far", 9),
    Column("time left", 9),
)


class RunningScreen(Screen[None]):
    """The record at once, the markets' word as soon as it comes."""

    BINDINGS = RUNNING
    table = getters.query_one("#running", LineTable)
    words = getters.query_one("#words", Static)

    def __init__(self) -> None:
        super().__init__()
        self.leases: list[Lease] = []
        self.situation: Situation | None = None

    @property
    def hunter(self) -> HunterApp:
        """The app, with its engine."""
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        """A table and a sentence."""
        yield Static(id="words")
        yield LineTable(COLUMNS, id="running")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin with the record."""
        self.table.focus()
        self.show()
        self.action_refresh()
        self.set_interval(1.0, self.show)

    def show(self) -> None:
        """Paint live leases, then what the markets list besides, then the ended."""
        rentals = self.hunter.hunt.rentals
        every = rentals.all()
        self.leases = [x for x in every if x.live] + [x for x in every if not x.live][:50]
        strangers = self.situation.unexplained if self.situation else ()
        rows = [self._lease_row(lease) for lease in self.leases]
        for stranger in strangers:
            instance = stranger.instance
            assert instance is not None
            name = f"{instance.market}:{instance.instance_id}"
            rows.append(Row((name, instance.gpu, "", "unexplained", instance.state,
                             usd(stranger.burn_usd_h), "?", ""), "stale"))  # fmt: skip
        self.table.show(len(rows), lambda index: rows[index], self.table.cursor)
        self.words.update(self._words(len(strangers)))

    def _lease_row(self, lease: Lease) -> Row:
        hunt = self.hunter.hunt
        spent = (
            lease.billed_usd if lease.billed_usd is not None else hunt.rentals.metered_now(lease)
        )
        left = lease.ttl_at - hunt.clock.now()
        return Row(
            (
                f"{lease.market}:{lease.instance_id or '…'}",
                f"{lease.gpu_count}× {lease.gpu}" if lease.gpu_count > 1 else lease.gpu,
                lease.workload,
                lease.state,
                lease.phase or "",
                usd(hunt.rentals.burn_usd_h(lease)) if lease.live else "",
                usd(spent),
                seconds(max(0.0, left)) if lease.live else "",
            ),
            "" if lease.live else "dim",
        )

    def _words(self, strangers: int) -> str:
        live = sum(lease.live for lease in self.leases)
        text = f"[b]{live}[/b] of ours running" if live else "Nothing of ours is running"
        if self.situation is None:
            return f"{text} by our record; asking the markets …"
        for name, error in self.situation.unknown:
            text += f"\n▲ what runs on {name} is unknown: {error}"
        if strangers:
            text += f"\n▲ {strangers} that are not Hunter's: it never touches them"
        return text

    @work(exclusive=True, group="situation")
    async def action_refresh(self) -> None:
        """Ask the markets."""
        found = await self.hunter.ask(self.hunter.engine.ask(self.hunter.hunt.situation()))
        if found is not None:
            self.situation = found
            self.show()

    def _selected(self) -> Lease | None:
        row = self.table.cursor
        return self.leases[row] if row < len(self.leases) else None

    @on(LineTable.Chosen, "#running")
    def action_open(self) -> None:
        """Look at one."""
        lease = self._selected()
        if lease is not None:
            self.app.push_screen(LeaseScreen(lease.lease_id))

    def action_destroy(self) -> None:
        """End one: on its own screen, which asks."""
        lease = self._selected()
        if lease is not None and lease.live:
            screen = LeaseScreen(lease.lease_id)
            self.app.push_screen(screen)
            screen.call_after_refresh(screen.action_destroy)

    def action_back(self) -> None:
        """Back to the deals."""
        self.app.pop_screen()
