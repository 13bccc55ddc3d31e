"""Ranked deals for one workload, with the bill of the selected one beside them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import getters, on, work
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from hunter.deals import SORTS, Deal, Deals, Query, matching
from hunter.errors import HunterError
from hunter.offers import Tenancy
from tui.format import age, number, seconds, usd
from tui.keys import DEALS
from tui.screens.launch import LaunchScreen
from tui.screens.running import RunningScreen
from tui.screens.workload import WorkloadScreen
from tui.widgets.bill import BillPanel
from tui.widgets.line_table import Column, LineTable, Row
from tui.widgets.status import StatusBar

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from hunter.markets import Progress
    from hunter.workload import Workload
    from tui.app import HunterApp
    from tui.screens.lease import LeaseScreen

COLUMNS = (
    Column("#", 4),
    Column("GPU", 11, left=True, grows=True),
    Column("market", 6, left=True),
    Column("hold", 5, left=True),
    Column("place", 10, left=True, needs=78, grows=True),
    Column("run $", 7),
    Column("useful h", 8, needs=92),
    Column("all-in/h", 8),
    Column("disk/h", 7, needs=100),
    Column("cold", 7),
    Column("cold $", 7, needs=70),
    Column("Mbps", 6, needs=108),
    Column("reliab", 6, needs=116),
    Column("age", 6),
)
TENANCIES = (None, Tenancy.ON_DEMAND, Tenancy.INTERRUPTIBLE)
POLL_EVERY_S = 300.0
"""The market's seconds between two polls in the background."""
POLL_AT_MOST_EVERY_S = 20.0
"""Seconds of ours, where the market's run faster."""


class DealsScreen(Screen[None]):
    """The first screen."""

    BINDINGS = DEALS
    table = getters.query_one("#deals", LineTable)
    bill = getters.query_one(BillPanel)
    status = getters.query_one(StatusBar)
    needle = getters.query_one("#needle", Input)

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        self.workload = workload
        self.query_for = Query()
        self.deals: Deals | None = None
        self.shown: Deals | None = None
        self.polling = False

    @property
    def hunter(self) -> HunterApp:
        """The app, with its engine."""
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        """Status, filter, table and bill."""
        yield StatusBar()
        yield Input(placeholder="words, as: 4090 vast us bid", id="needle")
        with Horizontal():
            with Vertical(id="left"):
                yield LineTable(COLUMNS, id="deals")
                yield Static(id="empty")
            with VerticalScroll(id="right", can_focus=False):
                yield BillPanel()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show what is recorded at once; poll afterwards."""
        self.needle.display = False
        self.table.focus()
        self.reload(then_poll=True)
        self.set_interval(1.0, self._tick)
        pause = max(POLL_AT_MOST_EVERY_S, POLL_EVERY_S / self.hunter.hunt.clock.speed)
        self.set_interval(pause, self.poll)

    def on_screen_resume(self) -> None:
        """What is running may have changed meanwhile."""
        if self.deals is not None:
            self._say_status()

    # ── asking ───────────────────────────────────────────────────────────────────────────────

    @work(exclusive=True, group="deals")
    async def reload(self, *, then_poll: bool = False) -> None:
        """Rank what is recorded."""
        hunt = self.hunter.hunt
        found = await self.hunter.ask(asyncio.to_thread(hunt.deals, self.workload, self.query_for))
        if found is not None:
            self.deals = found
            self._show()
        stale = found is None or not len(found) or found[0].age_s > hunt.stale_after_s
        if then_poll and stale:
            self.poll()

    @work(exclusive=True, group="poll")
    async def poll(self) -> None:
        """Poll the markets in the engine; the last answer stays on the screen meanwhile."""
        self.polling = True
        self._say_status()
        polled = await self.hunter.ask(
            self.hunter.engine.ask(self.hunter.hunt.scrape(report=self._progress))
        )
        self.polling = False
        for poll in polled or ():
            if poll.error is not None:
                self.notify(poll.error.remedy, title=str(poll.error), severity="error")
        self.status.progress = ""
        self.reload()

    def _progress(self, progress: Progress) -> None:
        """Called by the engine's thread."""
        of = f" of {progress.total}" if progress.total else ""
        text = f"{progress.market}: {progress.done}{of} {progress.text}"
        self.app.call_from_thread(setattr, self.status, "progress", text)

    # ── showing ──────────────────────────────────────────────────────────────────────────────

    def _show(self) -> None:
        """Filter, keep the cursor on its deal, and paint."""
        assert self.deals is not None
        at = self._selected_ref()
        text = self.needle.value.strip()
        self.shown = self.deals.take(matching(self.deals, text)) if text else self.deals
        row = self._row_of(at)
        self.table.show(len(self.shown), self._row, row)
        nothing = len(self.shown) == 0
        if self.table.display is nothing:
            self.table.display = not nothing
            if not nothing and self.focused is not self.needle:
                self.table.focus()
        empty = self.query_one("#empty", Static)
        empty.display = nothing
        if nothing:
            empty.update(self._why_empty())
            self.bill.update("")
        self._say_status()

    def _why_empty(self) -> str:
        assert self.deals is not None
        if len(self.deals):
            return "No deal has all of these words.\n\nesc clears the filter."
        error = self.hunter.hunt.why_none(self.deals)
        if self.polling:
            return "Asking the markets for the first time …"
        return f"{error}\n\n{error.remedy}\n\nr polls the markets · w chooses another workload · t tenancy"

    def _selected_ref(self) -> str | None:
        if self.shown is None or not len(self.shown):
            return None
        return self.shown.offers.ref(min(self.table.cursor, len(self.shown) - 1))

    def _row_of(self, ref: str | None) -> int:
        """Where a deal stands now. A deal that is gone leaves the cursor at the top."""
        if ref is None or self.shown is None:
            return 0
        offers = self.shown.offers
        market, _, rest = ref.partition(":")
        identity = rest.removesuffix(":bid")
        rows = offers.offer_id.is_in([identity]) & offers.market.is_in([market])
        for row in rows.nonzero()[0][:4]:
            if offers.ref(int(row)) == ref:
                return int(row)
        return 0

    def _row(self, index: int) -> Row:
        assert self.shown is not None
        deal = self.shown[index]
        stale_after = self.hunter.hunt.stale_after_s
        now = self.hunter.hunt.clock.now()
        offer = deal.offer
        old = max(0.0, now - offer.seen_at)
        count = f"{offer.gpu_count}× " if offer.gpu_count > 1 else ""
        return Row(
            (
                str(index + 1),
                count + offer.gpu,
                offer.market,
                "bid" if offer.tenancy == Tenancy.INTERRUPTIBLE else "fixed",
                offer.location or "?",
                usd(deal.run_usd),
                usd(deal.useful_hour_usd),
                usd(deal.all_in_usd_h),
                usd(deal.storage_usd_h),
                seconds(deal.cold_start_s),
                usd(deal.cold_start_usd),
                number(offer.inet_down_mbps),
                number(offer.reliability, ".3f"),
                age(old, stale_after),
            ),
            "stale" if old > stale_after else "",
        )

    def _tick(self) -> None:
        """Ages move."""
        if self.shown is not None:
            self.table.repaint()
            self.explain()
            self._say_status()

    def _say_status(self) -> None:
        hunt = self.hunter.hunt
        now, polls = hunt.clock.now(), []
        for poll in hunt.last_polls():
            when = age(max(0.0, now - poll["finished_at"]), hunt.stale_after_s)
            polls.append(
                f"{poll['market']} {'failed' if poll['error'] else ''} {when} ago".replace(
                    "  ", " "
                )
            )
        shown = len(self.shown) if self.shown is not None else 0
        considered = self.deals.considered if self.deals is not None else 0
        self.status.banner(self.hunter.banner)
        self.status.show(
            workload=self.workload.name,
            shown=shown,
            considered=considered,
            sort=self.query_for.sort,
            tenancy=self.query_for.tenancy,
            polls=polls,
            polling=self.polling,
            live=len(hunt.rentals.all(live_only=True)),
            needle=self.needle.value,
        )

    # ── what the user does ───────────────────────────────────────────────────────────────────

    @on(LineTable.Moved, "#deals")
    def explain(self) -> None:
        """The bill of the deal under the cursor."""
        deal = self.selected()
        if deal is not None and self.shown is not None:
            row = deal.rank - 1
            now = self.hunter.hunt.clock.now()
            aged = replace(deal, age_s=max(0.0, now - deal.offer.seen_at))
            self.bill.show_deal(
                aged, self.shown.bill(row), self.shown.phases(row), self.workload,
                self.hunter.hunt.stale_after_s,
            )  # fmt: skip

    def selected(self) -> Deal | None:
        """The deal under the cursor."""
        if self.shown is None or not len(self.shown):
            return None
        return self.shown[min(self.table.cursor, len(self.shown) - 1)]

    @on(LineTable.Chosen, "#deals")
    def action_launch(self) -> None:
        """Open the launch dialogue on the selected deal."""
        deal = self.selected()
        if deal is not None:
            self.app.push_screen(LaunchScreen(deal, self.workload), self._launched)

    def _launched(self, screen: LeaseScreen | None) -> None:
        if screen is not None:
            self.app.push_screen(screen)

    def action_filter(self) -> None:
        """Open the filter."""
        self.needle.display = True
        self.needle.focus()

    @on(Input.Changed, "#needle")
    def narrow(self) -> None:
        """Filter while typing."""
        if self.deals is not None:
            self._show()

    @on(Input.Submitted, "#needle")
    def keep_filter(self) -> None:
        """Back to the table with the filter on."""
        self.needle.display = bool(self.needle.value)
        self.table.focus()

    def action_clear(self) -> None:
        """Filter off."""
        self.needle.value = ""
        self.needle.display = False
        self.table.focus()

    def action_sort(self) -> None:
        """The next order."""
        following = SORTS[(SORTS.index(self.query_for.sort) + 1) % len(SORTS)]
        self.query_for = replace(self.query_for, sort=following)
        self.reload()

    def action_tenancy(self) -> None:
        """The next tenancy."""
        following = TENANCIES[(TENANCIES.index(self.query_for.tenancy) + 1) % len(TENANCIES)]
        self.query_for = replace(self.query_for, tenancy=following)
        self.reload()

    def action_refresh(self) -> None:
        """Poll now."""
        self.poll()

    def action_running(self) -> None:
        """What runs."""
        self.app.push_screen(RunningScreen())

    @work
    async def action_workload(self) -> None:
        """Choose another workload."""
        chosen = await self.app.push_screen_wait(WorkloadScreen(self.workload.name))
        if chosen is None:
            return
        try:
            self.workload = self.hunter.load_workload(chosen)
        except HunterError as error:
            self.hunter.say(error)
            return
        self.reload(then_poll=True)
