"""The launch dialogue: a fresh quote, the whole bill, caps, and Cancel focused first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import getters, on, work
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from hunter.errors import HunterError
from hunter.leases.lease import Caps
from hunter.workload import duration, hours
from tui.format import seconds, usd
from tui.keys import DIALOG
from tui.screens.lease import LeaseScreen
from tui.widgets.bill import BillPanel

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from hunter.deals import Deal
    from hunter.hunt import Quote
    from hunter.workload import Workload
    from tui.app import HunterApp


class LaunchScreen(ModalScreen[LeaseScreen | None]):
    """Nothing is rented before the button is pressed, and nothing beyond the caps.

    It answers with the screen of what was rented, or None.
    """

    BINDINGS = DIALOG
    go = getters.query_one("#launch", Button)
    note = getters.query_one("#note", Static)

    def __init__(self, deal: Deal, workload: Workload) -> None:
        super().__init__()
        self.deal, self.workload = deal, workload
        self.quote: Quote | None = None
        self.sent = False

    @property
    def hunter(self) -> HunterApp:
        """The app, with its engine."""
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        """Bill, caps, buttons."""
        limits = self.workload.limits
        with Vertical(classes="dialog wide"):
            yield Static(f"Launch {self.workload.name} on {self.deal.offer.ref}", classes="title")
            yield Static("Asking the market for the price of now …", id="note")
            with VerticalScroll(id="bill", can_focus=False):
                yield BillPanel()
            with Horizontal(classes="caps"):
                yield Label("caps: $/h")
                yield Input(_text(limits.max_usd_h), id="max_usd_h", type="number")
                yield Label("$ in all")
                yield Input(_text(limits.max_usd_run), id="max_usd", type="number")
                yield Label("time")
                yield Input(_text(limits.ttl_h, "h"), id="ttl")
            yield Static(
                "Kept while Hunter runs: no market here ends an instance by itself.",
                classes="hint",
            )
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Launch", id="launch", variant="warning", disabled=True)

    def on_mount(self) -> None:
        """Cancel first; then the quote."""
        self.query_one("#cancel", Button).focus()
        self.ask_quote()

    @work(exclusive=True, group="quote")
    async def ask_quote(self) -> None:
        """The price of now."""
        hunter = self.hunter
        try:
            self.quote = await hunter.engine.ask(
                hunter.hunt.quote(self.deal.offer.ref, self.workload)
            )
        except HunterError as error:
            self.note.update(f"[b]{error}[/b] {error.remedy}")
            return
        deals = self.quote.deals
        self.query_one(BillPanel).show_deal(
            deals[0], deals.bill(0), deals.phases(0), self.workload, hunter.hunt.stale_after_s
        )
        self.check()

    def caps(self) -> Caps | str:
        """The caps as typed, or what is wrong with them."""
        try:
            usd_h = float(self.query_one("#max_usd_h", Input).value)
            total = float(self.query_one("#max_usd", Input).value)
            ttl_h = hours(self.query_one("#ttl", Input).value)
        except ValueError:
            return "Every cap must be given: dollars as 0.60, time as 2h."
        if min(usd_h, total, ttl_h) <= 0:
            return "Caps are above zero."
        return Caps(max_usd_h=usd_h, max_usd=total, ttl_s=ttl_h * 3600)

    @on(Input.Changed)
    def check(self) -> None:
        """Say what will happen, or why it will not."""
        if self.quote is None or self.sent:
            return
        deal, caps = self.quote.deals[0], self.caps()
        problem = caps if isinstance(caps, str) else None
        if isinstance(caps, Caps):
            try:
                self.hunter.hunt.check_caps(self.quote, caps)
            except HunterError as error:
                problem = f"{error} {error.remedy}"
        self.go.disabled = problem is not None
        if problem is not None:
            self.note.update(f"[b]{problem}[/b]")
            return
        before = self.quote.before_usd_h
        moved = ""
        if before is not None and before != deal.offer.price_usd_h:
            moved = f"The price moved: {before:.4f} → {deal.offer.price_usd_h:.4f} $/h. "
        self.note.update(
            f"{moved}Ready in about {seconds(deal.cold_start_s)} for ${usd(deal.cold_start_usd)}, "
            f"then ${usd(deal.all_in_usd_h)}/h with disk."
        )

    @on(Button.Pressed, "#launch")
    def launch(self) -> None:
        """The explicit yes. The engine creates; this screen only hears of it."""
        caps = self.caps()
        if self.quote is None or self.sent or isinstance(caps, str):
            return
        self.sent = True
        self.go.disabled = True
        self.query_one("#cancel", Button).label = "Close"
        self.note.update(f"Creating, for at most {duration(caps.ttl_s)} or ${caps.max_usd:.2f} …")
        self._create(caps)

    @work(group="create")
    async def _create(self, caps: Caps) -> None:
        hunter, quote = self.hunter, self.quote
        assert quote is not None
        try:
            lease = await hunter.engine.spend(hunter.hunt.launch(quote, self.workload, caps))
        except HunterError as error:
            self.note.update(f"[b]{error}[/b] {error.remedy}")
            return
        if self.is_current:
            self.dismiss(LeaseScreen(lease.lease_id, quote.deals.phases(0)))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Close; a create that was sent goes on in the engine and shows in the running list."""
        self.dismiss(None)


def _text(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{value:g}{unit}"
