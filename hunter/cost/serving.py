"""Always on, scaled to zero, or in batches: what a day's demand costs in each way, and who waits. Pure.

Requests come at random with the rate of their hour. An instance that scales to zero stays while requests
keep coming within its idle time-out, so that it lives as an M/G/∞ queue is busy when each request holds it
for its own time and the time-out (Takács 1962):

    alive   (e^(r × (s + τ)) − 1) / r + r × c × s    hours from its being up to its sleep, r requests an hour
            of s hours each; those that came during the cold start of c hours are done one after another
    cycle   c + alive + 1 / r                        hours from one wake-up to the next

A wake-up costs a cold start, and lets wait whoever asked first for all of it, and those who came meanwhile
for half of it on average.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.cost.deal import Deal
    from hunter.values.units import Floats
    from hunter.values.workload import Demand

DAYS_A_MONTH = 30.0
BATCHES_H = (6, 12, 24)
TIMEOUTS_S = (0, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)
"""Idle time-outs that are tried for the best."""
SELDOM = 1e-9
"""Requests an hour below which nobody ever asks: one in a hundred thousand years."""
ALMOST_FOR_EVER = 700.0
"""e to more than this is no number any more, and an instance that stays up so long never sleeps."""
BARS = " ▁▂▃▄▅▆▇█"


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """What demand is served on: one deal's prices and times."""

    usd_h: float
    """GPU and disk, while it runs."""
    cold_usd: float
    """A wake-up, duds and all."""
    cold_h: float
    request_h: float
    """Of one request, on its GPU."""


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One way to serve a month of demand."""

    way: str
    usd_month: float
    up_h_month: float
    """Instance hours, cold starts included."""
    wakes_month: float
    wait_h_month: float
    """Of all users together, for cold starts and for batches."""
    wait_s: float
    """Of one request on average."""
    timeout_s: float | None = None


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """A day of scaling to zero, hour by hour: 24 figures each."""

    up_share: Floats
    """Of the hour that an instance is there, waking included."""
    wakes: Floats
    wait_h: Floats
    instances: Floats


def instances_needed(demand: Demand, request_h: float) -> Floats:
    """Instances at once in each hour so that requests do not pile up: one at least.

    >>> from hunter.values.workload import Demand
    >>> instances_needed(Demand(hourly=(30.0,) * 24, request_s=0), 0.1)[0]
    np.float64(3.0)
    """
    load = _rates(demand) * request_h
    return np.maximum(1.0, np.ceil(load - 1e-9))


def scaled_to_zero(demand: Demand, host: Host, timeout_h: float) -> Hours:
    """Each hour of the day when an instance sleeps after so many idle hours."""
    rate = _rates(demand)
    some = np.maximum(rate, SELDOM)
    held = rate * (host.request_h + timeout_h)
    for_ever = held > ALMOST_FOR_EVER
    alive = np.where(for_ever, 0.0, np.expm1(np.minimum(held, ALMOST_FOR_EVER)) / some)
    alive = alive + rate * host.cold_h * host.request_h
    cycle = host.cold_h + alive + 1 / some
    wakes = np.where((rate > 0) & ~for_ever, 1 / cycle, 0.0)
    up = np.where(for_ever, 1.0, wakes * (host.cold_h + alive))
    waits = wakes * (host.cold_h + rate * host.cold_h**2 / 2)
    return Hours(
        up_share=np.minimum(up, 1.0),
        wakes=wakes,
        wait_h=waits,
        instances=instances_needed(demand, host.request_h),
    )


def to_zero(demand: Demand, host: Host, timeout_s: float) -> Served:
    """Scale to zero with an idle time-out."""
    hours = scaled_to_zero(demand, host, timeout_s / 3600)
    wakes = float((hours.wakes * hours.instances).sum()) * DAYS_A_MONTH
    up_h = float((hours.up_share * hours.instances).sum()) * DAYS_A_MONTH
    served_h = up_h - wakes * host.cold_h
    waits = float(hours.wait_h.sum()) * DAYS_A_MONTH
    return Served(
        way="scale to zero",
        usd_month=served_h * host.usd_h + wakes * host.cold_usd,
        up_h_month=up_h,
        wakes_month=wakes,
        wait_h_month=waits,
        wait_s=_each(waits, demand),
        timeout_s=timeout_s,
    )


def always_on(demand: Demand, host: Host) -> Served:
    """As many instances as the busiest hour needs, day and night."""
    up_h = float(instances_needed(demand, host.request_h).max()) * 24 * DAYS_A_MONTH
    return Served(
        way="always on", usd_month=up_h * host.usd_h, up_h_month=up_h, wakes_month=0.0,
        wait_h_month=0.0, wait_s=0.0,
    )  # fmt: skip


def batched(demand: Demand, host: Host, every_h: int) -> Served:
    """Requests are gathered and done together, one batch each so many hours.

    A request waits half the period on average, then for the cold start and half of its batch's work.
    """
    gathered = _rates(demand).reshape(-1, every_h).sum(axis=1)
    gathered = gathered[gathered > 0]
    work_h = gathered * host.request_h
    waits = gathered * (every_h / 2 + host.cold_h + work_h / 2)
    n, up_h = len(gathered) * DAYS_A_MONTH, float((work_h + host.cold_h).sum()) * DAYS_A_MONTH
    wait_h = float(waits.sum()) * DAYS_A_MONTH
    return Served(
        way=f"batch every {every_h} h",
        usd_month=float(work_h.sum()) * DAYS_A_MONTH * host.usd_h + n * host.cold_usd,
        up_h_month=up_h,
        wakes_month=n,
        wait_h_month=wait_h,
        wait_s=_each(wait_h, demand),
    )


def _rates(demand: Demand) -> Floats:
    """Requests of each hour; a rate that never brings one in a lifetime is none."""
    rate = np.array(demand.hourly, dtype=np.float64)
    return np.where(rate < SELDOM, 0.0, rate)


def _each(wait_h_month: float, demand: Demand) -> float:
    asked = float(_rates(demand).sum()) * DAYS_A_MONTH
    return wait_h_month * 3600 / asked if asked else 0.0


def best_timeout_s(demand: Demand, host: Host, wait_usd_h: float = 0.0) -> float:
    """The idle time-out of least cost, waiting counted at this price an hour.

    Args:
        demand: of a day.
        host: what serves it.
        wait_usd_h: what an hour of a user's waiting is worth; 0 counts money alone.
    """

    def cost(timeout_s: float) -> float:
        served = to_zero(demand, host, timeout_s)
        return served.usd_month + wait_usd_h * served.wait_h_month

    return float(min(TIMEOUTS_S, key=cost))


def compared(
    demand: Demand, host: Host, timeout_s: float | None = None, wait_usd_h: float = 0.0
) -> tuple[Served, ...]:
    """Every way to serve a day's demand, the user's own time-out and the best one included."""
    best = best_timeout_s(demand, host, wait_usd_h)
    zero = [to_zero(demand, host, best)]
    if timeout_s is not None and timeout_s != best:
        zero.insert(0, to_zero(demand, host, timeout_s))
    batches = [batched(demand, host, every_h) for every_h in BATCHES_H]
    return (always_on(demand, host), *zero, *batches)


def bars(figures: Sequence[float], most: float | None = None) -> str:
    """Figures as a line of bars, one character each; the largest is full.

    >>> bars([0, 1, 2, 4])
    ' ▂▄█'
    """
    top = max(figures, default=0.0) if most is None else most
    steps = len(BARS) - 1
    return "".join(
        BARS[0 if top <= 0 or f <= 0 else max(1, min(steps, round(f / top * steps)))]
        for f in figures
    )


def picture(demand: Demand, host: Host, timeout_s: float) -> tuple[tuple[str, str], ...]:
    """A day in three lines of 24 characters: requests, instances up, and wake-ups."""
    hours = scaled_to_zero(demand, host, timeout_s / 3600)
    return (
        ("requests", bars(demand.hourly)),
        ("up", bars((hours.up_share * hours.instances).tolist(), float(hours.instances.max()))),
        ("wake-ups", bars(hours.wakes.tolist())),
        ("hour", "0     6     12    18    "),
    )


# ── on one deal ──────────────────────────────────────────────────────────────────────────────────
class Serving(msgspec.Struct, frozen=True, kw_only=True):
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
