"""Who sells one deal, what it is, and how old its prices are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.words import age, gpus, money, number, percent
from tui.format import STALE
from tui.widgets.sheet import ACCENT, MUTED, STRONG, WARN, Sheet, apart, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.content import Content

    from hunter.cost.deal import Deal
    from hunter.values.offers import Offer


class FactsSheet(Sheet):
    """The offer behind a deal."""

    def show_facts(self, deal: Deal, age_s: float, stale_after_s: float) -> None:
        """Show this offer."""
        self.show(lambda width: fact_lines(deal, age_s, stale_after_s, width))


def fact_lines(deal: Deal, age_s: float, stale_after_s: float, width: int) -> Iterator[Content]:
    """The offer in a few lines."""
    offer = deal.offer
    yield apart(
        [(gpus(offer.gpu, offer.gpu_count), STRONG), (f"  {offer.vram_gb:g} GB", MUTED)],
        [(f"{money(deal.all_in_usd_h)}/h", ACCENT)],
        width,
    )
    yield apart(
        [offer.ref, (f"  {offer.tenancy}", MUTED)],
        [("with disk", MUTED)],
        width,
    )
    yield line(offer.location or "place unknown", (f" · {vouched(offer)}", MUTED))
    yield line((_links(offer), MUTED))
    if age_s > stale_after_s:
        yield line((f"{STALE} prices {age(age_s)} old: quoted afresh before a launch", WARN))
    else:
        yield line((f"prices seen {age(age_s)} ago", MUTED))


def vouched(offer: Offer) -> str:
    """How far its market vouches for it."""
    verified = {True: "verified", False: "unverified", None: "verified?"}[offer.verified]
    house = {True: " data centre", False: "", None: ""}[offer.datacenter]
    stock = f" · stock {offer.stock}" if offer.stock else ""
    rel = f" · reliable {percent(offer.reliability, 1)}" if offer.reliability is not None else ""
    return f"{verified}{house}{rel}{stock}"


def _links(offer: Offer) -> str:
    cuda = f" · CUDA {offer.cuda:g}" if offer.cuda is not None else ""
    return f"↓ {number(offer.inet_down_mbps)} ↑ {number(offer.inet_up_mbps)} Mbps{cuda}"
