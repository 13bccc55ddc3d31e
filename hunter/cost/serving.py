"""A day's demand, served on one deal in every way. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hunter.cost.demand import Host, Served, compared, picture, scaled_to_zero

if TYPE_CHECKING:
    from hunter.cost.deals import Deal
    from hunter.values.workload import Demand


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A day's demand, served on one offer."""

    offer: str
    demand: Demand
    host: Host
    ways: tuple[Served, ...]
    picture: tuple[tuple[str, str], ...]
    """A day in lines of 24 characters, with their labels."""
    up_share: list[float]
    """Of each hour, scaled to zero."""


def serve(deal: Deal, asked: Demand, timeout_s: float | None = None) -> Serving | None:
    """Every way to serve a day's demand on one deal; None where a price or a size is unknown.

    Args:
        deal: prices, cold start and speed.
        asked: the requests of a day.
        timeout_s: the idle time-out; None takes the demand's own, or the best.
    """
    if deal.all_in_usd_h is None or deal.acquire_usd is None or deal.cold_start_s is None:
        return None
    host = Host(
        usd_h=deal.all_in_usd_h,
        cold_usd=deal.acquire_usd,
        cold_h=deal.cold_start_s / 3600,
        request_h=asked.request_s / 3600 / (deal.speed or 1.0),
    )
    own = asked.timeout_s if timeout_s is None else timeout_s
    ways = compared(asked, host, own, asked.wait_usd_h)
    shown = next(way.timeout_s for way in ways if way.timeout_s is not None)
    return Serving(
        offer=deal.offer.ref,
        demand=asked,
        host=host,
        ways=ways,
        picture=picture(asked, host, shown),
        up_share=scaled_to_zero(asked, host, shown / 3600).up_share.tolist(),
    )
