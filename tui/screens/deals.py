"""Ranked deals for one workload, with the bill of the selected one beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from textual import getters, on, work
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Input, Label, Static

from hunter.cost.deals import Deals, matching
from hunter.cost.filters import Query
from hunter.cost.serving import serve
from hunter.values.offers import Tenancy
from hunter.values.workload import varied
from tui.desk import standing
from tui.keys import DEALS, NEEDLE
from tui.prices import Prices
from tui.screens.launch import LaunchScreen
from tui.screens.running import RunningScreen
from tui.screens.workload import WorkloadScreen, job_line
from tui.widgets.bill import BillSheet, KeepSheet
from tui.widgets.deal_rows import COLUMNS, SORTS, TITLES, deal_row
from tui.widgets.demand import DemandSheet
from tui.widgets.facts import FactsSheet
from tui.widgets.headline import Headline
from tui.widgets.left_out import LeftOutSheet
from tui.widgets.line_table import LineTable
from tui.widgets.newsline import Newsline
from tui.widgets.sheet import MUTED, STRONG, Piece
from tui.widgets.timeline import TimelineSheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from hunter.cost.deal import Deal
    from hunter.values.workload import Workload
    from tui.desk import Desk
    from tui.widgets.line_table import Cell

WHAT_IFS = ("hours", "disk", "image")
MOST_FACTOR = 1024.0
"""By how much a what-if may make a workload larger, or smaller."""
TENANCIES = (None, Tenancy.ON_DEMAND, Tenancy.INTERRUPTIBLE)
CHECK_EVERY_S = 5.0
"""Seconds of ours between two looks at whether prices have grown old."""
TICK_S = 2.0
"""Seconds of ours between two paintings of the ages."""


class FilterInput(Input):
    """Where the filter is typed."""

    BINDINGS = NEEDLE

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Signs are typed here; they are no keys, and the footer does not offer them as such."""
        return key in ("slash", "question_mark") or super().check_consume_key(key, character)


class DealsScreen(Screen[None]):
    """The first screen: it asks the engine for deals and shows them."""

    CSS_PATH = "deals.tcss"
    BINDINGS = DEALS
    HELP: ClassVar[str] = "deals"
    AUTO_FOCUS = "#deals"
    headline = getters.query_one(Headline)
    newsline = getters.query_one(Newsline)
    table = getters.query_one("#deals", LineTable)
    filter = getters.query_one("#filter", Input)

    def __init__(self, desk: Desk, workload: Workload, stale_after_s: float) -> None:
        super().__init__()
        self.desk = desk
        self.chosen = workload
        """The workload as it is: what a launch takes."""
        self.workload = workload
        """The workload that deals are priced for: the chosen one, or a what-if of it."""
        self.factors = dict.fromkeys(WHAT_IFS, 1.0)
        self.stale_after_s = stale_after_s
        self.prices = Prices(desk, stale_after_s, self.post_message)
        self.wanted = Query()
        self.deals: Deals | None = None
        self.rows: Sequence[int] = ()
        """Which of the deals are shown, in order: all, or those that the filter leaves."""

    def compose(self) -> ComposeResult:
        """Status above, deals at the left, the selected one's bill at the right, keys below."""
        yield Headline()
        yield Newsline()
        with Horizontal(id="search"):
            yield Label("/")
            yield FilterInput(placeholder="words, as: 4090 vast us bid", compact=True, id="filter")
        with Horizontal(id="body"):
            with Vertical(id="market"):
                yield LineTable(COLUMNS, id="deals")
                yield Static(id="empty")
            with VerticalScroll(id="detail", can_focus=False, classes="-empty"):
                yield FactsSheet()
                yield BillSheet()
                yield TimelineSheet()
                yield KeepSheet()
                yield DemandSheet()
                yield LeftOutSheet()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """What is recorded comes first; markets are asked afterwards."""
        self._say_where()
        self.rank()
        self.begin_polling()
        self.set_interval(TICK_S, self._age)

    # ── asking ───────────────────────────────────────────────────────────────────────────────

    @work(exclusive=True, group="rank")
    async def rank(self) -> None:
        """Rank what is recorded; the last answer stays until there is another."""
        deals = await self.desk.read(self.desk.hunter.deals, self.workload, self.wanted)
        if deals is not None and standing(self):
            self.show(deals)

    @work(group="poll")
    async def begin_polling(self) -> None:
        """Ask for what was never asked, first of all for what this workload could use."""
        await self.prices.remember()
        if self.prices.missing:
            await self.prices.poll(self.workload)
            await self.prices.poll()
        elif self.prices.due():
            await self.prices.poll()
        self.set_interval(CHECK_EVERY_S, self._poll_if_due)

    def _poll_if_due(self) -> None:
        if self.prices.due() and not self.prices.polling:
            self.poll(None)

    @work(group="poll")
    async def poll(self, workload: Workload | None, *, loud: bool = False) -> None:
        """Poll in the background. A user who asked for it is told of failures in full."""
        for polled in await self.prices.poll(workload):
            if loud and polled.error is not None:
                self.desk.tell(polled.error)

    @on(Prices.Moved)
    def news(self) -> None:
        """A market's poll goes on."""
        self._say_news()
        if not self.rows:
            self._say_empty()

    @on(Prices.Came)
    def ranked_anew(self) -> None:
        """Other prices are recorded."""
        self.rank()

    # ── showing ──────────────────────────────────────────────────────────────────────────────

    def show(self, deals: Deals | None = None) -> None:
        """Filter the deals, keep the cursor on its offer, and paint."""
        at = self._ref_under_cursor()
        self.deals = self.deals if deals is None else deals
        if self.deals is None:
            return
        text = self.filter.value.strip()
        self.rows = matching(self.deals, text).tolist() if text else range(len(self.deals))
        self.table.show(
            len(self.rows), self._cells, cursor=self._place_of(at), sorted_by=self.wanted.sort
        )
        nothing = not self.rows
        self.query_one("#market").set_class(nothing, "-empty")
        self.query_one("#detail").set_class(nothing, "-empty")
        self.query_one(LeftOutSheet).show_left_out(self.deals)
        self._say_news()
        self.refresh_bindings()
        if nothing:
            self._say_empty()
        elif self.focused is None:
            self.table.focus()  # it was out of sight, and lost the keyboard

    def _ref_under_cursor(self) -> str | None:
        if self.deals is None or not self.rows or not self.table.cursor:
            return None  # the top is a place of its own: whoever stands there sees the best
        return self.deals.offers.ref(self.rows[min(self.table.cursor, len(self.rows) - 1)])

    def _place_of(self, ref: str | None) -> int:
        assert self.deals is not None
        row = None if ref is None else self.deals.offers.row_of(ref)
        if row is None or row not in self.rows:
            return 0
        return self.rows.index(row)

    def _cells(self, place: int) -> Sequence[Cell]:
        assert self.deals is not None
        deal = self.deals[self.rows[place]]
        return deal_row(deal, self._age_of(deal), self.stale_after_s)

    def _age_of(self, deal: Deal) -> float:
        return max(0.0, self.desk.now() - deal.offer.seen_at)

    def _age(self) -> None:
        self.table.repaint()
        self.explain()
        self._say_news()

    def _say_where(self) -> None:
        pieces = [(f"{self.workload.name} ", STRONG), (job_line(self.workload), MUTED)]
        if self.workload is not self.chosen:
            image = self.factors["image"]
            size = "" if image == 1 else f" · image x{image:g}"
            pieces = [("WHAT IF ", STRONG), pieces[0], (pieces[1][0] + size, MUTED)]
        self.headline.show_place(self.desk, *pieces)

    def _say_news(self) -> None:
        right: list[Piece] = []
        if self.deals is not None:
            held = "" if self.wanted.tenancy is None else f", {self.wanted.tenancy.value} only"
            count = f"{len(self.rows):,}"
            if len(self.rows) != len(self.deals):
                count += f" of {len(self.deals):,}"
            right += [(count, STRONG), (f" deals by {TITLES[self.wanted.sort]}{held}", MUTED)]
        news = list(self.prices.news.values())
        self.newsline.show_news(news, self.desk.now(), self.stale_after_s, right)

    def _say_empty(self) -> None:
        self.query_one("#empty", Static).update(self._why_empty())

    def _why_empty(self) -> Content:
        deals = self.deals
        if deals is None:
            return Content("Reading what is recorded …")
        if len(deals):
            return _advice("No deal has all of these words.", "[b]esc[/b] takes the filter off.")
        if self.prices.polling and not deals.considered:
            return _advice("Asking the markets for the first time …",
                           "Prices are shown as soon as the first market has answered.")  # fmt: skip
        error = self.desk.hunter.advice.why_none(deals)
        return _advice(str(error), "[b]w[/b] chooses another workload, [b]t[/b] another tenancy, "
                       "[b]r[/b] polls the markets again.")  # fmt: skip

    # ── what the user does ───────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a deal there is nothing to launch."""
        return None if action == "launch" and not self.rows else True

    def selected(self) -> Deal | None:
        """The deal under the cursor."""
        if self.deals is None or not self.rows:
            return None
        return self.deals[self.rows[self.table.cursor]]

    @on(LineTable.Moved, "#deals")
    def explain(self) -> None:
        """The bill of the deal under the cursor."""
        deal = self.selected()
        if deal is None:
            return
        self.query_one(FactsSheet).show_facts(deal, self._age_of(deal), self.stale_after_s)
        self.query_one(BillSheet).show_bill(deal)
        self.query_one(TimelineSheet).show_phases(deal)
        self.query_one(KeepSheet).show_keeping(self.desk.hunter.advice.keeping(deal))
        asked = self.workload.demand
        self.query_one(DemandSheet).show_serving(None if asked is None else serve(deal, asked))

    @on(LineTable.Chosen, "#deals")
    def action_launch(self) -> None:
        """The launch dialogue on the selected deal."""
        deal = self.selected()
        if deal is not None:
            self.app.push_screen(LaunchScreen(self.desk, deal, self.chosen))

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one("#search").add_class("-open")
        self.filter.focus()

    @on(Input.Changed, "#filter")
    def narrow(self) -> None:
        """Filter while typing."""
        self.show()

    @on(Input.Submitted, "#filter")
    def to_table(self) -> None:
        """Back to the deals, with the filter on."""
        self.query_one("#search").set_class(bool(self.filter.value.strip()), "-open")
        self.table.focus()

    def action_clear(self) -> None:
        """Filter off."""
        self.filter.value = ""
        self.to_table()

    def action_sort(self) -> None:
        """The next order."""
        at = SORTS.index(self.wanted.sort) if self.wanted.sort in SORTS else -1
        self._sort(SORTS[(at + 1) % len(SORTS)])

    @on(LineTable.TitleClicked, "#deals")
    def sort_by_title(self, event: LineTable.TitleClicked) -> None:
        """The order of a column."""
        self._sort(event.key)

    def _sort(self, key: str) -> None:
        self.wanted = replace(self.wanted, sort=key)
        self.rank()

    def action_tenancy(self) -> None:
        """The next tenancy."""
        at = TENANCIES.index(self.wanted.tenancy)
        self.wanted = replace(self.wanted, tenancy=TENANCIES[(at + 1) % len(TENANCIES)])
        self.rank()

    def action_refresh(self) -> None:
        """Poll now, for this workload."""
        if self.prices.polling:
            self.notify("The markets are being asked already.")
        else:
            self.poll(self.workload, loud=True)

    def action_running(self) -> None:
        """What runs."""
        self.app.push_screen(RunningScreen(self.desk))

    @work
    async def action_workload(self) -> None:
        """Choose another workload."""
        chosen = await self.app.push_screen_wait(WorkloadScreen(self.desk, self.workload))
        if chosen is not None:
            self.chosen = chosen
            self.action_as_it_is()

    # ── what if ──────────────────────────────────────────────────────────────────────────────

    def action_what_if(self, what: str, factor: float) -> None:
        """Price everything for a workload that is larger or smaller in one way."""
        self.factors[what] = min(max(self.factors[what] * factor, 1 / MOST_FACTOR), MOST_FACTOR)
        self._price_what_if(self.workload.run.interruptible)

    def action_what_if_cut(self) -> None:
        """Price everything with bids, or without."""
        self._price_what_if(not self.workload.run.interruptible)

    def action_as_it_is(self) -> None:
        """The workload as it was chosen."""
        self.factors = dict.fromkeys(WHAT_IFS, 1.0)
        self._price_what_if(self.chosen.run.interruptible)

    def _price_what_if(self, interruptible: bool) -> None:
        known = self.desk.hunter.prices.sized(self.chosen)
        what_if = varied(known, **self.factors, interruptible=interruptible)
        self.workload = self.chosen if what_if == known else what_if
        self._say_where()
        self.rank()


def _advice(what: str, then: str) -> Content:
    return Content.assemble((what, "bold"), "\n\n", Content.from_markup(then))
