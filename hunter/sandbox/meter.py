"""The embedded market's own bill: each meter, state by state, to the second.

It shares nothing with Hunter's arithmetic, so that either can be checked against the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hunter.sandbox.rental import Flow, Rental, Volume

GIB = float(1 << 30)
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """How a market turns states into money."""

    month_h: float
    gpu_states: frozenset[str]
    disk_states: frozenset[str]
    bytes_per_gb: float
    image_pull_counts: bool
    stopped_factor: float = 1.0
    """On the price of a stopped rental's storage."""


VAST = Tariff(
    month_h=720.0,
    gpu_states=frozenset({"running", "exited"}),  # "ends on stop, outbid or destroy"
    disk_states=frozenset(
        {"allocating", "pulling", "starting", "running", "exited", "error", "stopped"}
    ),
    bytes_per_gb=GIB,
    image_pull_counts=True,
)
RUNPOD = Tariff(
    month_h=730.0,
    gpu_states=frozenset({"allocating", "pulling", "starting", "running", "error"}),
    disk_states=frozenset({"allocating", "pulling", "starting", "running", "error", "stopped"}),
    bytes_per_gb=1e9,
    image_pull_counts=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What one rental has been charged, and for how much of what."""

    gpu_usd: float
    gpu_h: float
    disk_usd: float
    disk_h: float
    down_usd: float
    down_gb: float
    up_usd: float
    up_gb: float

    @property
    def usd(self) -> float:
        """All meters together."""
        return self.gpu_usd + self.disk_usd + self.down_usd + self.up_usd


def bill(rental: Rental, until: float, tariff: Tariff, since: float = 0.0) -> Bill:
    """The charges of a rental between two times, in simulated unix seconds.

    Past the last recorded change of state the rental is taken to stay in it.
    """
    end = until if rental.destroyed_at is None else min(until, rental.destroyed_at)
    gpu_usd = gpu_h = disk_usd = disk_h = 0.0
    turns = rental.history
    for i, turn in enumerate(turns):
        leave = turns[i + 1].at if i + 1 < len(turns) else end
        begin, finish = max(turn.at, since), min(leave, end)
        if finish <= begin:
            continue
        hours = (finish - begin) / HOUR_S
        if turn.state in tariff.gpu_states:
            gpu_h += hours
            gpu_usd += _gpu_usd(rental, begin, finish)
        if turn.state in tariff.disk_states:
            disk_h += hours
            disk_usd += hours * _disk_usd_h(rental, turn.state, tariff)
    down_gb, up_gb = _traffic_gb(rental.flows, since, end, tariff)
    return Bill(
        gpu_usd=gpu_usd,
        gpu_h=gpu_h,
        disk_usd=disk_usd,
        disk_h=disk_h,
        down_usd=down_gb * rental.down_usd_gb,
        down_gb=down_gb,
        up_usd=up_gb * rental.up_usd_gb,
        up_gb=up_gb,
    )


def _gpu_usd(rental: Rental, begin: float, finish: float) -> float:
    """GPU time at the fixed rate, or at whatever bid stood at each moment."""
    if rental.bid_usd_h is None:
        return (finish - begin) / HOUR_S * rental.gpu_usd_h
    total = 0.0
    for i, (since, bid) in enumerate(rental.bids):
        until = rental.bids[i + 1][0] if i + 1 < len(rental.bids) else finish
        span = min(until, finish) - max(since, begin)
        total += max(0.0, span) / HOUR_S * bid
    return total


def _disk_usd_h(rental: Rental, state: str, tariff: Tariff) -> float:
    if state == "stopped":
        kept = rental.volume_gb if rental.market == "runpod" else rental.disk_gb
        rate = rental.storage_stopped_usd_gb_month * tariff.stopped_factor
        return kept * rate / tariff.month_h
    return (rental.disk_gb + rental.volume_gb) * rental.storage_usd_gb_month / tariff.month_h


def _traffic_gb(
    flows: list[Flow], since: float, until: float, tariff: Tariff
) -> tuple[float, float]:
    down = up = 0.0
    for flow in flows:
        if flow.kind == "image" and not tariff.image_pull_counts:
            continue
        span = max(0.0, min(until, flow.end) - max(since, flow.begin))
        share = span / (flow.end - flow.begin) if flow.end > flow.begin else 0.0
        down += flow.bytes_in * share / tariff.bytes_per_gb
        up += flow.bytes_out * share / tariff.bytes_per_gb
    return down, up


def volume_usd(volume: Volume, until: float, tariff: Tariff, since: float = 0.0) -> float:
    """What a network volume is charged between two times: each hour that has begun, at its size then."""
    end = until if volume.deleted_at is None else min(until, volume.deleted_at)
    begun = ceil((end - volume.created_at) / HOUR_S)
    first = max(0, ceil((since - volume.created_at) / HOUR_S))
    total = 0.0
    for hour in range(first, begun):
        at = volume.created_at + hour * HOUR_S
        size = next(size for began, size in reversed(volume.sizes) if began <= at)
        within = min(size, volume.tier_gb)
        month = within * volume.usd_gb_month + (size - within) * volume.beyond_usd_gb_month
        total += month / tariff.month_h
    return total
