"""The launch dialogue: a fresh quote, the whole bill, caps, and Cancel focused first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Resize
from textual.message import Message
from textual.widgets import Button, Input, Label, Static

from hunter.api.renting import check_caps
from hunter.leases.lease import Caps
from hunter.values.amounts import MOST_USD, number, seconds
from hunter.values.errors import CapRefused, HunterError, UsageError
from hunter.values.words import age, duration, gpus, money, percent, span, usd
from tui.desk import standing
from tui.format import STALE, shown
from tui.screens.dialog import Box, Dialog, in_sight
from tui.widgets.bill import BillSheet
from tui.widgets.facts import vouched
from tui.widgets.sheet import ACCENT, BAD, GOOD, MUTED, STRONG, WARN, Piece, line
from tui.widgets.timeline import TimelineSheet

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.content import Content

    from hunter.api.renting import Quote
    from hunter.cost.deal import Deal
    from hunter.values.workload import Workload
    from tui.desk import Desk

PROMISE = (
    "Hunter ends it at its time to live or its dollars, and only while Hunter runs: "
    "no market here does that by itself."
)
TOO_SMALL = (
    "Too small a terminal to rent in: 40 columns and 15 lines show what is agreed to. "
    "esc closes this."
)


class LaunchScreen(Dialog[None]):
    """Nothing is rented before its button is pressed, and nothing beyond the caps."""

    CSS_PATH = ["dialog.tcss", "launch.tcss"]
    HELP: ClassVar[str] = "launch"
    AUTO_FOCUS = "#cancel"
    go = getters.query_one("#launch", Button)
    verdict = getters.query_one("#verdict", Static)

    @dataclass
    class Agreed(Message):
        """The explicit yes: rent this, inside these caps. The screen hears of the outcome."""

        screen: LaunchScreen
        quote: Quote
        workload: Workload
        caps: Caps

    def __init__(self, desk: Desk, deal: Deal, workload: Workload) -> None:
        super().__init__()
        self.desk, self.deal, self.workload = desk, deal, workload
        self.quote: Quote | None = None
        self.agreed = False

    def compose(self) -> ComposeResult:
        """Quote, bill, caps, verdict, buttons."""
        offer, limits = self.deal.offer, self.workload.limits
        yield Static(TOO_SMALL, id="too-small")
        with Box(classes="dialog"):
            yield Static(
                shown(f"Launch {self.workload.name} on {gpus(offer.gpu, offer.gpu_count)}"),
                classes="title",
                markup=False,
            )
            yield Static(self._what(), id="what")
            yield Static(id="moved")
            with Vertical(id="bills"):
                yield BillSheet()
                yield TimelineSheet()
            yield Static(PROMISE, classes="promise")
            with Vertical(classes="foot"):
                with Horizontal(id="caps"):
                    ttl = "" if limits.ttl_h is None else duration(limits.ttl_h * 3600)
                    yield from _cap("At most  $/h", _text(limits.max_usd_h), "max_usd_h")
                    yield from _cap("$ in all", _text(limits.max_usd_run), "max_usd")
                    yield from _cap("time to live", ttl, "ttl")
                with VerticalScroll(id="verdict-box", can_focus=False):
                    yield Static(id="verdict")
                yield Static(PROMISE, classes="promise")
                with Horizontal(classes="buttons"):
                    yield Button("Cancel", id="cancel")
                    yield Button("Launch", id="launch", variant="warning", disabled=True)

    def on_mount(self) -> None:
        """The recorded bill at once, the quote of now as soon as it comes."""
        self.ask_quote()

    @on(Resize)
    def keep_focus(self) -> None:
        """A terminal that was too small took the focus away; Cancel has it again."""
        self.call_after_refresh(self._focus_something)

    def _focus_something(self) -> None:
        if self.focused is None:
            self.query_one("#cancel", Button).focus()

    def _what(self) -> Content:
        offer = self.deal.offer
        return line(
            (offer.ref, STRONG),
            (f"  {offer.tenancy} · {offer.location or 'place unknown'} · {vouched(offer)}", MUTED),
        )

    # ── the quote ────────────────────────────────────────────────────────────────────────────

    @work(exclusive=True, group="quote")
    async def ask_quote(self) -> None:
        """The price of now, with this workload's disk."""
        moved = self.query_one("#moved", Static)
        moved.update(line(("⟳ asking the market for its price of now …", ACCENT)))
        quote = await self.desk.ask(
            self.desk.hunter.quote(self.deal.offer.ref, self.workload), tell=self.refuse
        )
        if not standing(self):
            return
        if quote is None:
            moved.update(line((f"{STALE} no fresh quote: nothing can be launched", WARN)))
            return
        self.quote = quote
        self.query_one(BillSheet).show_bill(quote.deal)
        self.query_one(TimelineSheet).show_phases(quote.deal)
        moved.update(self._moved(quote))
        self.check()

    def _moved(self, quote: Quote) -> Content:
        """What is different from the price that was on the screen."""
        now, before = quote.deal.offer.price_usd_h, quote.before_usd_h
        seen = f"the price seen {age(self.desk.now() - self.deal.offer.seen_at)} ago"
        pieces: list[Piece] = [("✓ quoted now  ", GOOD), (f"{money(now)}/h for the GPU", STRONG)]
        if before is None or before == now:
            pieces.append((f", which is {seen}", MUTED))
        else:
            sign, tone = ("▲ dearer", WARN) if now > before else ("▼ cheaper", GOOD)
            share = percent(abs(now / before - 1), 1) if before else ""
            pieces.append((f"  {sign} by {share}", tone))
            pieces.append((f" than {seen}, {money(before)}", MUTED))
        return line(*pieces)

    # ── the caps ─────────────────────────────────────────────────────────────────────────────

    def caps(self) -> Caps:
        """The caps as typed; UsageError says which of them is wrong."""
        return Caps(
            max_usd_h=self._dollars("max_usd_h", "$/h"),
            max_usd=self._dollars("max_usd", "$ in all"),
            ttl_s=self._ttl_s(),
        )

    def _dollars(self, identity: str, name: str) -> float:
        text = self.query_one(f"#{identity}", Input).value.strip().removeprefix("$")
        try:
            return number(text, most=MOST_USD)
        except ValueError as error:
            raise UsageError(f"{name}: {error}.", remedy="Write it as 0.60.") from None

    def _ttl_s(self) -> float:
        try:
            return seconds(self.query_one("#ttl", Input).value)
        except ValueError as error:
            raise UsageError(f"Time to live: {error}.", remedy="Write it as 90m or 2h.") from None

    @on(Input.Changed)
    def check(self) -> None:
        """Say what will happen, or why it will not."""
        if self.quote is None or self.agreed:
            return
        try:
            check_caps(self.quote, self.caps())
        except (CapRefused, UsageError) as error:
            self.refuse(error)
            return
        self.go.disabled = False
        deal = self.quote.deal
        self.verdict.update(
            line(
                ("ready in ", MUTED),
                (duration(deal.cold_start_s), STRONG),
                (f" ({span(deal.cold_start_low_s, deal.cold_start_high_s)}) for ", MUTED),
                (money(deal.cold_start_usd), STRONG),
                (", then ", MUTED),
                (f"{money(deal.all_in_usd_h)}/h", STRONG),
                (" with disk", MUTED),
            )
        )

    def refuse(self, error: HunterError) -> None:
        """Say why nothing is launched, and what to do."""
        if not standing(self):
            return
        self.agreed = False
        self.go.disabled = True
        self.query_one("#cancel", Button).focus()
        self.verdict.update(line((f"✗ {error} ", BAD), (error.remedy, MUTED)))

    # ── the answer ───────────────────────────────────────────────────────────────────────────

    @on(Input.Submitted)
    def next_field(self) -> None:
        """Enter in a field goes on; only the button launches."""
        self.focus_next()

    @on(Button.Pressed, "#launch")
    def launch(self) -> None:
        """The explicit yes."""
        if self.quote is None or self.agreed:
            return
        if not in_sight(self.go):
            self.notify(TOO_SMALL, title="Nothing was rented", severity="warning", markup=False)
            return
        self.agreed = True
        self.go.disabled = True
        self.query_one("#cancel", Button).label = "Close"
        self.verdict.update(
            line(
                ("⟳ renting: the intent is on record, the create is sent once … ", ACCENT),
                ("closing this stops nothing", MUTED),
            )
        )
        self.post_message(self.Agreed(self, self.quote, self.workload, self.caps()))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Close. A create that was sent goes on in the engine."""
        self.dismiss(None)


def _cap(name: str, value: str, identity: str) -> ComposeResult:
    """A field and what it is for, side by side whatever the width."""
    with Horizontal(classes="cap"):
        yield Label(name)
        yield Input(value, id=identity, compact=True)


def _text(value: float | None) -> str:
    return "" if value is None else usd(value, 2)
