"""Ranked deals for one workload, with the bill of the selected one beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from msgspec.structs import replace
from textual import getters, on, work
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Footer, Input, Label, Static

from hunter.cost.filters import Query
from hunter.values.offers import Tenancy
from tui.desk import standing
from tui.keys import DEALS, NEEDLE
from tui.prices import Prices
from tui.screens.launch import LaunchScreen
from tui.screens.running import RunningScreen
from tui.screens.workload import WorkloadScreen, job_line
from tui.shortlist import Shortlist
from tui.what_if import WhatIf
from tui.widgets.deal_rows import COLUMNS, SORTS, TITLES, deal_row
from tui.widgets.detail import DetailPane
from tui.widgets.headline import Headline
from tui.widgets.line_table import LineTable
from tui.widgets.newsline import Newsline
from tui.widgets.no_deals import why_empty
from tui.widgets.sheet import MUTED, STRONG, Piece

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from hunter.cost.deal import Deal
    from hunter.cost.deals import Deals
    from hunter.values.workload import Workload
    from tui.desk import Desk
    from tui.widgets.line_table import Cell

T = TypeVar("T")
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
    detail = getters.query_one(DetailPane)

    def __init__(self, desk: Desk, workload: Workload, stale_after_s: float) -> None:
        super().__init__()
        self.desk = desk
        self.chosen = workload
        """The workload as it is: what a launch takes."""
        self.workload = workload
        """The workload that deals are priced for: the chosen one, or a what-if of it."""
        self.what_if = WhatIf()
        self.stale_after_s = stale_after_s
        self.prices = Prices(desk, stale_after_s, self.post_message)
        self.wanted = Query()
        self.shortlist: Shortlist | None = None
        """The deals that are shown, once there was an answer."""

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
            yield DetailPane(id="detail", classes="-empty")
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
        """Ask for what is missing now, and from then on for what grows old."""
        await self.prices.begin(self.workload)
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
        if not self.shortlist:
            self._say_empty()

    @on(Prices.Came)
    def ranked_anew(self) -> None:
        """Other prices are recorded."""
        self.rank()

    # ── showing ──────────────────────────────────────────────────────────────────────────────

    def show(self, deals: Deals | None = None) -> None:
        """Filter the deals, keep the cursor on its offer, and paint."""
        at = None
        if self.shortlist is not None:
            at = self.shortlist.ref(self.table.cursor)
            deals = self.shortlist.deals if deals is None else deals
        if deals is None:
            return
        self.shortlist = shown = Shortlist.of(deals, self.filter.value)
        self.table.show(
            len(shown), self._cells, cursor=shown.place_of(at), sorted_by=self.wanted.sort
        )
        nothing = not shown
        self.query_one("#market").set_class(nothing, "-empty")
        self.detail.set_class(nothing, "-empty")
        self.detail.show_left_out(shown.deals)
        self._say_news()
        self.refresh_bindings()
        if nothing:
            self._say_empty()
        elif self.focused is None:
            self.table.focus()  # it was out of sight, and lost the keyboard

    def _cells(self, place: int) -> Sequence[Cell]:
        assert self.shortlist is not None
        deal = self.shortlist[place]
        return deal_row(deal, self._age_of(deal), self.stale_after_s)

    def _age_of(self, deal: Deal) -> float:
        return max(0.0, self.desk.now() - deal.offer.seen_at)

    def _age(self) -> None:
        self.table.repaint()
        self.explain()
        self._say_news()

    def _say_where(self) -> None:
        what_if = None if self.workload is self.chosen else self.what_if
        self.headline.show_place(self.desk, *_named(self.workload, what_if))

    def _say_news(self) -> None:
        right = [] if self.shortlist is None else _counted(self.shortlist, self.wanted)
        news = list(self.prices.news.values())
        self.newsline.show_news(news, self.desk.now(), self.stale_after_s, right)

    def _say_empty(self) -> None:
        why_none = self.desk.hunter.advice.why_none
        why = why_empty(self.shortlist, polling=self.prices.polling, why_none=why_none)
        self.query_one("#empty", Static).update(why)

    # ── what the user does ───────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a deal there is nothing to launch."""
        return None if action == "launch" and not self.shortlist else True

    def selected(self) -> Deal | None:
        """The deal under the cursor."""
        return self.shortlist[self.table.cursor] if self.shortlist else None

    @on(LineTable.Moved, "#deals")
    def explain(self) -> None:
        """The bill of the deal under the cursor."""
        deal = self.selected()
        if deal is not None:
            self.detail.show_deal(
                deal,
                age_s=self._age_of(deal),
                stale_after_s=self.stale_after_s,
                keeping=self.desk.hunter.advice.keeping(deal),
                demand=self.workload.demand,
            )

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
        self._sort(_after(SORTS, self.wanted.sort))

    @on(LineTable.TitleClicked, "#deals")
    def sort_by_title(self, event: LineTable.TitleClicked) -> None:
        """The order of a column."""
        self._sort(event.key)

    def _sort(self, key: str) -> None:
        self.wanted = replace(self.wanted, sort=key)
        self.rank()

    def action_tenancy(self) -> None:
        """The next tenancy."""
        self.wanted = replace(self.wanted, tenancy=_after(TENANCIES, self.wanted.tenancy))
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
        self._price(self.what_if.times(what, factor))

    def action_what_if_cut(self) -> None:
        """Price everything with bids, or without."""
        self._price(self.what_if.with_bids(not self.workload.run.interruptible))

    def action_as_it_is(self) -> None:
        """The workload as it was chosen."""
        self._price(WhatIf())

    def _price(self, what_if: WhatIf) -> None:
        self.what_if = what_if
        known = self.desk.hunter.prices.sized(self.chosen)
        workload = what_if.of(known)
        self.workload = self.chosen if workload == known else workload
        self._say_where()
        self.rank()


def _after(ring: Sequence[T], one: T) -> T:
    """The next of a ring; the first, after what is not in it."""
    at = ring.index(one) if one in ring else -1
    return ring[(at + 1) % len(ring)]


def _named(workload: Workload, what_if: WhatIf | None) -> list[Piece]:
    """The workload that deals are priced for, and that it is a what-if where it is one."""
    name, job = (f"{workload.name} ", STRONG), job_line(workload)
    if what_if is None:
        return [name, (job, MUTED)]
    return [("WHAT IF ", STRONG), name, (job + what_if.image_words, MUTED)]


def _counted(shown: Shortlist, wanted: Query) -> list[Piece]:
    """How many deals the table shows, and how they were asked for."""
    held = "" if wanted.tenancy is None else f", {wanted.tenancy.value} only"
    return [(shown.count, STRONG), (f" deals by {TITLES[wanted.sort]}{held}", MUTED)]
