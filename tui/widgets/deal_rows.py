"""The columns of the deals table, and one deal as a row of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.words import duration, gpus, number, percent, usd
from tui.format import STALE, marked_age, tenancy
from tui.widgets.line_table import Cell, Column

if TYPE_CHECKING:
    from hunter.cost.deal import Deal

COLUMNS = (
    Column(key="rank", title="#", width=4, tone="quiet"),
    Column(key="gpu", title="GPU", width=12, left=True, grows=True, most=15),
    Column(key="market", title="market", width=6, left=True, keep=90, tone="quiet"),
    Column(key="tenancy", title="tenancy", width=9, left=True, keep=80),
    Column(key="place", title="place", width=9, left=True, grows=True, most=22, keep=65,
           tone="quiet"),
    Column(key="run_usd", title="run $", width=8, tone="strong", sortable=True),
    Column(key="useful_hour_usd", title="useful h", width=9, keep=40, sortable=True),
    Column(key="all_in_usd_h", title="all-in/h", width=9, keep=95, sortable=True),
    Column(key="disk", title="disk", width=4, keep=50, tone="quiet"),
    Column(key="cold_start_s", title="cold", width=7, keep=85, sortable=True),
    Column(key="cold_start_usd", title="cold $", width=7, keep=55, sortable=True),
    Column(key="down", title="Mbps↓", width=6, keep=52, tone="quiet"),
    Column(key="reliability", title="rel", width=6, keep=45, tone="quiet"),
    Column(key="age", title="age", width=4, keep=92, tone="quiet"),
)  # fmt: skip
SORTS = ("run_usd", "all_in_usd_h", "cold_start_s", "cold_start_usd")
"""What the sort key steps through; an order by useful hours is the order by runs."""
TITLES = {
    "run_usd": "run $",
    "useful_hour_usd": "useful hour $",
    "all_in_usd_h": "all-in $/h",
    "cold_start_s": "cold start",
    "cold_start_usd": "cold start $",
}


def deal_row(deal: Deal, age_s: float, stale_after_s: float) -> tuple[Cell, ...]:
    """One deal, in the order of COLUMNS."""
    offer = deal.offer
    held = tenancy(offer)
    seen = marked_age(age_s, stale_after_s)
    share = None
    if deal.storage_usd_h is not None and deal.all_in_usd_h:
        share = deal.storage_usd_h / deal.all_in_usd_h
    return (
        str(deal.rank),
        gpus(offer.gpu, offer.gpu_count),
        offer.market,
        (held, "accent") if held == "bid" else held,
        offer.location or "?",
        usd(deal.run_usd),
        usd(deal.useful_hour_usd),
        usd(deal.all_in_usd_h),
        percent(share),
        duration(deal.cold_start_s),
        usd(deal.cold_start_usd),
        number(offer.inet_down_mbps, ".0f"),
        percent(offer.reliability, 1),
        (seen, "warning") if seen.startswith(STALE) else seen,
    )
