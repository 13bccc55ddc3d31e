"""The app: one engine, one desk, and the screens above them."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.app import App
from textual.worker import WorkerFailed

from hunter.api.background import Background
from hunter.values.errors import HunterError
from hunter.values.words import money
from tui.desk import Desk
from tui.format import shown, told
from tui.keys import APP
from tui.leaving import UNKEPT, blind_question, leave_question
from tui.palette import commands
from tui.screens.deals import DealsScreen
from tui.screens.launch import LaunchScreen
from tui.screens.lease import EndAgreed, LeaseScreen
from tui.theme import THEMES
from tui.widgets.headline import Headline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import SystemCommand
    from textual.notifications import SeverityLevel
    from textual.screen import Screen

    from hunter.api.hunter import Hunter
    from hunter.leases.lease import Lease
    from hunter.values.workload import Workload

LOOK_EVERY_S = 2.0
"""Seconds of ours between two looks at what burns."""
LEAVE = "leave"
"""The group of the worker that asks before Hunter is left."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends the app from outside; its own keys come as keys."""
FAULT = (
    "This is a mistake in Hunter. It stays open and keeps the caps of what runs; key i shows it. "
    "After leaving, the mistake is told again: please report it."
)


class HunterApp(App[int]):
    """Screens over one engine. What spends is asked for here, where no screen's end can cut it short."""

    TITLE = "Hunter"
    BINDINGS = APP
    CSS = """
    * {
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-color: $panel-lighten-2;
        scrollbar-color-hover: $primary;
        scrollbar-color-active: $primary;
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (128, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]

    def __init__(self, hunter: Hunter, workload: Workload) -> None:
        super().__init__()
        stale_after_s = hunter.prices.stale_after_s
        self.desk = Desk(Background(hunter), self.tell)
        self.ending: set[str] = set()
        """Leases whose end was asked for here."""
        self.faults: dict[str, BaseException] = {}
        """Mistakes of workers that were told, by their words."""
        self.interrupted = False
        """Whether a signal ended it."""
        self.deals = DealsScreen(self.desk, workload, stale_after_s)

    def on_mount(self) -> None:
        """Open on what is recorded; watch whatever lives already."""
        if not self.is_headless:
            for number in SIGNALS:
                asyncio.get_running_loop().add_signal_handler(number, self.interrupt)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.push_screen(self.deals)
        self.desk.background.keep_live()
        self.look()
        self.set_interval(LOOK_EVERY_S, self.look)
        for error in self.desk.hunter.facts.unusable.values():
            self.tell(error)

    def interrupt(self) -> None:
        """Leave at once, the terminal as it was: who sent the signal answers no questions."""
        self.interrupted = True
        self.exit(0)

    def shut(self) -> None:
        """End the engine; a create or an end that is under way is waited for."""
        self.desk.background.close()

    def tell(self, error: HunterError) -> None:
        """A failure as words; what was on the screen stays."""
        self.notify(error.remedy, title=str(error), severity="error", timeout=10)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A note beside the screen. What markets say is in it: it is never taken for markup."""
        super().notify(
            shown(message), title=told(title), severity=severity, timeout=timeout, markup=False
        )

    @work(exclusive=True, group="burning")
    async def look(self) -> None:
        """What lives and what it costs, for the top of every screen."""
        before = self.desk.burning
        found = await self.desk.read(self.desk.hunter.leases.burning)
        if found is None:
            return
        self.desk.burning = found
        if before is not None:
            for lease_id in (found.ready - before.ready) | (before.live - found.live - self.ending):
                self._tell_turn(lease_id)
        for screen in self.screen_stack:
            for headline in screen.query(Headline):
                headline.show_state(self.desk)

    @work(group="turns")
    async def _tell_turn(self, lease_id: str) -> None:
        """A lease became ready, or ended without anybody here asking for it."""
        lease = await self.desk.read(self.desk.hunter.leases.get, lease_id)
        if not self.is_running:
            return
        watched = getattr(self.screen, "lease_id", None) == lease_id
        if lease is None or watched or lease.state == "refused":
            return
        name = f"{lease.gpu} · {lease.market}:{lease.instance_id or '—'}"
        if lease.live:
            self.notify("Key i leads to it.", title=f"{name} is ready")
        else:
            self.notify(
                f"{lease.note or lease.state}; {_bill(lease)}",
                title=f"{name} has ended",
                severity="warning",
                timeout=20,
            )
        self.bell()

    # ── what spends ──────────────────────────────────────────────────────────────────────────

    @on(LaunchScreen.Agreed)
    def rent(self, event: LaunchScreen.Agreed) -> None:
        """The user said yes. The create goes on, whatever becomes of the dialogue."""
        self._rent(event)

    @work(group="spend")
    async def _rent(self, event: LaunchScreen.Agreed) -> None:
        lease = await self.desk.spend(
            self.desk.hunter.launch(event.quote, event.workload, event.caps),
            tell=partial(self._not_rented, event.screen),
        )
        if lease is None or not self.is_running:
            return
        self.look()
        if self.screen is event.screen:
            event.screen.dismiss()
            self.push_screen(LeaseScreen(self.desk, lease.lease_id))
        else:
            self.notify(f"Rented {lease.market}:{lease.instance_id}. Key i shows what is running.")

    def _not_rented(self, dialogue: LaunchScreen, error: HunterError) -> None:
        self.look()
        if self.screen is dialogue:
            dialogue.refuse(error)
        else:
            self.tell(error)

    @on(EndAgreed)
    def end(self, event: EndAgreed) -> None:
        """The user said yes to an end."""
        self._end(event.leases)

    @work(group="spend")
    async def _end(self, leases: Sequence[Lease], *, then_quit: bool = False) -> None:
        """End these, one after the other, each with its proof. One failure does not spare the rest."""
        proven = True
        self.ending |= {lease.lease_id for lease in leases}
        for lease in leases:
            ended = await self.desk.spend(self.desk.hunter.destroy(lease.lease_id))
            self.look()
            proven = proven and ended is not None
            if ended is not None:
                self.notify(_bill(ended), title=f"{ended.gpu} is gone, and proven gone")
        if then_quit and proven:
            self.exit(0)

    # ── keys ─────────────────────────────────────────────────────────────────────────────────

    def action_help(self) -> None:
        """What this screen is for, and its keys."""
        from tui.screens.help import HelpScreen  # noqa: PLC0415  60 ms: Markdown

        page = getattr(self.screen, "HELP", None)
        if page is not None:
            self.push_screen(HelpScreen(page, self.screen.active_bindings.values()))

    async def action_quit(self) -> None:
        """The one way out, for every key and for the palette; it asks while something costs money."""
        if not any(worker.group == LEAVE and worker.is_running for worker in self.workers):
            self._leave()

    @work(group=LEAVE)
    async def _leave(self) -> None:
        leases = self.desk.hunter.leases
        live = await self.desk.read(partial(leases.all, live_only=True))
        if live is None:
            question = blind_question()
        elif live:
            question = leave_question(live, leases.burning())
        else:
            self.exit(0)
            return
        answer = await self.push_screen_wait(question)
        if answer == "leave":
            self.exit(0)
        elif answer == "destroy" and live:
            self.notify("Ending all of them; Hunter closes when each is proven gone.")
            self._end(live, then_quit=True)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette; its way out is ours, not Textual's."""
        for command in super().get_system_commands(screen):
            if command.callback != self.action_quit:
                yield command
        yield from commands(self, screen)

    # ── faults ───────────────────────────────────────────────────────────────────────────────

    def _handle_exception(self, error: Exception) -> None:
        """A worker's fault is told, and Hunter stays open: closed, it would keep no caps."""
        if not isinstance(error, WorkerFailed):
            super()._handle_exception(error)
            return
        fault = error.error
        said = f"{type(fault).__name__}: {fault}"
        if said not in self.faults:
            self.faults[said] = fault
            self.notify(FAULT, title=said, severity="error", timeout=30, markup=False)


def _bill(ended: Lease) -> str:
    bill = "not billed yet" if ended.billed_usd is None else f"billed {money(ended.billed_usd)}"
    return f"{bill}, metered {money(ended.metered_usd)}"


def run_app(hunter: Hunter, workload: Workload) -> int:
    """Open the app on a Hunter, which is closed with it; returns the exit code."""
    app = HunterApp(hunter, workload)
    try:
        return outcome(app, app.run())
    finally:
        app.shut()


def outcome(app: HunterApp, answer: int | None) -> int:
    """The exit code of an app that has ended; a fault is raised again, where a shell can show it."""
    if app.interrupted or (answer is None and app.return_code):
        live = app.desk.hunter.leases.all(live_only=True)
        if live:
            how = "was ended by a signal" if app.interrupted else "failed"
            raise HunterError(f"The app {how} with {len(live)} still running.", remedy=UNKEPT)
    for fault in app.faults.values():
        raise fault
    if app.interrupted:
        raise KeyboardInterrupt
    return answer if answer is not None else app.return_code or 0
