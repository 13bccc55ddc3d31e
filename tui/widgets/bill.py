"""The bill of one deal: lines with their shares, the cold start, and where fetching beats keeping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from tui.format import age, number, seconds, share_bar, usd

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hunter.deals import BillLine, Deal, PhaseLine
    from hunter.workload import Workload

PHASE_WORDS = {
    "allocate": "allocate",
    "download": "pull image",
    "start": "start",
    "weights": "fetch weights",
}


class BillPanel(Static):
    """Shows what it is given; finished values only."""

    def show_deal(
        self,
        deal: Deal,
        lines: tuple[BillLine, ...],
        phases: tuple[PhaseLine, ...],
        workload: Workload,
        stale_after_s: float,
    ) -> None:
        """The bill of a deal for a workload."""
        self.update(bill_of(deal, lines, phases, workload, stale_after_s))


def bill_of(
    deal: Deal,
    lines: tuple[BillLine, ...],
    phases: tuple[PhaseLine, ...],
    workload: Workload,
    stale_after_s: float,
) -> RenderableType:
    """The whole panel as one renderable."""
    return Group(
        _head(deal, workload, stale_after_s),
        Text(),
        _lines(deal, lines),
        Text(
            f"between {usd(deal.run_low_usd)} and {usd(deal.run_high_usd)}, by the cold start",
            style="dim",
        ),
        Text(),
        _phases(deal, phases),
        Text(),
        _keeping(deal, workload),
    )


def _head(deal: Deal, workload: Workload, stale_after_s: float) -> Text:
    offer = deal.offer
    title = Text()
    title.append(f"{offer.gpu_count}× {offer.gpu}", style="bold")
    title.append(f"  {offer.vram_gb:g} GB  {offer.tenancy}\n")
    title.append(f"{offer.ref}\n", style="dim")
    title.append(f"{offer.location or 'place unknown'}")
    kind = {True: "verified", False: "unverified", None: ""}[offer.verified]
    facts = [
        kind,
        f"reliability {number(offer.reliability, '.3f')}" if offer.reliability is not None else "",
        f"{number(offer.inet_down_mbps)} Mbps down" if offer.inet_down_mbps else "",
        f"stock {offer.stock}" if offer.stock else "",
    ]
    title.append("".join(f" · {fact}" for fact in facts if fact))
    seen = age(deal.age_s, stale_after_s)
    words = "price is stale: quoted afresh before a launch" if seen.startswith("▲") else "price"
    title.append(
        f"\n{words}, {seen} old · {workload.run.hours:g} h, {workload.disk_gb:g} GB", style="dim"
    )
    return title


def _lines(deal: Deal, lines: tuple[BillLine, ...]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True, show_header=True, header_style="dim")
    table.add_column("bill of one run", no_wrap=True, min_width=17)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("$ each", justify="right", no_wrap=True)
    table.add_column("$", justify="right", no_wrap=True)
    table.add_column("share", no_wrap=True, width=6)
    for line in lines:
        share = (line.usd or 0.0) / deal.run_usd if deal.run_usd else 0.0
        table.add_row(
            line.item,
            f"{number(line.quantity, '.3g')} {line.unit}",
            usd(line.rate),
            usd(line.usd),
            Text(share_bar(share, 6), style="cyan"),
        )
    table.add_row(Text("one run", style="bold"), "", "", Text(usd(deal.run_usd), style="bold"), "")
    return table


def _phases(deal: Deal, phases: tuple[PhaseLine, ...]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True, show_header=True, header_style="dim")
    table.add_column(f"cold start {seconds(deal.cold_start_s)}", no_wrap=True, ratio=1)
    table.add_column("range", justify="right", no_wrap=True)
    table.add_column("$", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=8)
    for phase in phases:
        share = (phase.seconds or 0.0) / deal.cold_start_s if deal.cold_start_s else 0.0
        table.add_row(
            f"{PHASE_WORDS.get(phase.phase, phase.phase)} {seconds(phase.seconds)}",
            f"{seconds(phase.low_s)}-{seconds(phase.high_s)}",
            usd(phase.usd),
            Text(share_bar(share, 8), style="yellow"),
        )
    return table


def _keeping(deal: Deal, workload: Workload) -> Text:
    text = Text()
    keep = f"${usd(deal.keep_usd_h)}/h"
    idle = deal.break_even_idle_h
    if idle is None:
        text.append("Whether keeping the disk pays is unknown: a price or a size is.", style="dim")
    else:
        text.append("Fetch again", style="bold")
        text.append(f" rather than keep {workload.disk_gb:g} GB ({keep}) when idle for more than ")
        text.append(seconds(idle * 3600), style="bold")
    text.append(
        f"\nEach hour it runs: ${usd(deal.all_in_usd_h)} with disk, ${usd(deal.storage_usd_h)} of it disk."
    )
    return text
