"""The app: theme, engine, and the one place where failures become words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from textual import work
from textual.app import App

from hunter.engine import Engine
from hunter.errors import HunterError
from hunter.hunt import Hunt
from hunter.workload_file import load
from tui.keys import APP
from tui.screens.confirm import ConfirmScreen
from tui.screens.deals import DealsScreen
from tui.screens.help import HelpScreen
from tui.theme import HUNTER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager

    from hunter.config import Home
    from hunter.workload import Workload

T = TypeVar("T")


class HunterApp(App[int]):
    """Screens over one engine. Leaving the app is the only thing that ends the engine."""

    CSS_PATH = "app.tcss"
    TITLE = "Hunter"
    BINDINGS = APP
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]

    def __init__(self, hunt: Hunt, workload: Workload) -> None:
        super().__init__()
        self.hunt = hunt
        self.engine = Engine(hunt)
        self.workload = workload

    @property
    def banner(self) -> str:
        """What must be read on every screen: that nothing here is real."""
        if not self.hunt.home.simulated:
            return ""
        return f"SANDBOX {self.hunt.clock.speed:g}× time"

    def on_mount(self) -> None:
        """Open on the deals; watch whatever is running already."""
        self.register_theme(HUNTER)
        self.theme = "hunter"
        self.push_screen(DealsScreen(self.workload))
        self.engine.keep_live()

    def load_workload(self, name: str) -> Workload:
        """A workload by name or path."""
        self.workload = load(name)
        return self.workload

    def say(self, error: HunterError) -> None:
        """A failure as words; what was on the screen stays."""
        self.notify(error.remedy or "", title=str(error), severity="error", timeout=10)

    async def ask(self, answer: Awaitable[T]) -> T | None:
        """The answer, or None after the failure has been told."""
        try:
            return await answer
        except HunterError as error:
            self.say(error)
            return None

    def action_help(self) -> None:
        """Keys of this screen."""
        self.push_screen(HelpScreen(dict(self.screen.active_bindings)))

    @work
    async def action_leave(self) -> None:
        """Leave; but not silently while something costs money."""
        live = self.hunt.rentals.all(live_only=True)
        if not live:
            self.exit(0)
            return
        burn = sum(self.hunt.rentals.burn_usd_h(lease) or 0.0 for lease in live)
        names = ", ".join(f"{lease.market}:{lease.instance_id or '…'}" for lease in live)
        answer = await self.push_screen_wait(
            ConfirmScreen(
                f"{len(live)} still running at ${burn:.4f}/h",
                f"{names}\n\nTheir caps and time to live are not kept while Hunter is closed.",
                (
                    ("stay", "Stay", "default"),
                    ("leave", "Leave them running", "warning"),
                    ("destroy", "Destroy all, then quit", "error"),
                ),
            )
        )
        if answer == "leave":
            self.exit(0)
        elif answer == "destroy":
            for lease in live:
                if (
                    await self.ask(self.engine.spend(self.hunt.rentals.destroy(lease.lease_id)))
                    is None
                ):
                    return
            self.exit(0)

    def shut(self) -> None:
        """End the engine; a create that is under way is waited for."""
        self.engine.close()


def run_app(
    home: Home,
    sandbox: Callable[[], AbstractContextManager[str]] | None,
    workload: str | None,
    **options: Any,
) -> int:
    """Open the app on a home, until the user leaves. Returns the exit code."""
    job = load(workload or home.config.workload)
    app = HunterApp(Hunt(home, sandbox=sandbox), job)
    try:
        return app.run(**options) or 0
    finally:
        app.shut()
