"""The pane beside the deals: everything that is known of the selected one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll

from hunter.cost.serving import serve
from tui.widgets.bill import BillSheet, KeepSheet
from tui.widgets.demand import DemandSheet
from tui.widgets.facts import FactsSheet
from tui.widgets.left_out import LeftOutSheet
from tui.widgets.timeline import TimelineSheet

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from hunter.cost.deal import Deal
    from hunter.cost.deals import Deals
    from hunter.cost.storage import Storage
    from hunter.values.workload import Demand


class DetailPane(VerticalScroll, can_focus=False):
    """The sheets of one deal, and below them what the whole ranking leaves out."""

    def compose(self) -> ComposeResult:
        """What it is, what it costs, how it starts, how to keep it, how to serve a day with it."""
        yield FactsSheet()
        yield BillSheet()
        yield TimelineSheet()
        yield KeepSheet()
        yield DemandSheet()
        yield LeftOutSheet()

    def show_left_out(self, deals: Deals) -> None:
        """Say what a ranking leaves out."""
        self.query_one(LeftOutSheet).show_left_out(deals)

    def show_deal(
        self,
        deal: Deal,
        *,
        age_s: float,
        stale_after_s: float,
        keeping: Storage,
        demand: Demand | None,
    ) -> None:
        """Draw every sheet anew for this deal."""
        self.query_one(FactsSheet).show_facts(deal, age_s, stale_after_s)
        self.query_one(BillSheet).show_bill(deal)
        self.query_one(TimelineSheet).show_phases(deal)
        self.query_one(KeepSheet).show_keeping(keeping)
        self.query_one(DemandSheet).show_serving(None if demand is None else serve(deal, demand))
