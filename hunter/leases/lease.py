"""A lease: our record of something rented, and what it has cost by our own arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from hunter.leases.states import LIVE
from hunter.values.amounts import LEAST_TTL_S, MOST_TTL_S, MOST_USD
from hunter.values.errors import UsageError
from hunter.values.units import BYTES_PER_GB, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.values.billing import MarketRules

Wish = Literal["running", "stopped", "gone"]

PHASE_OF_STATE = {
    "allocating": "allocate",
    "pulling": "download",
    "starting": "start",
    "running": "running",
    "failed": "start",
    "stopped": "stopped",
    "interrupted": "stopped",
}
"""The billing phase that an instance's state falls under. Offline and gone bill nothing."""


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """What the user agreed to spend at most. There are no caps that cap nothing: UsageError."""

    max_usd_h: float
    """GPU and disk together."""
    max_usd: float
    ttl_s: float

    def __post_init__(self) -> None:
        for what, value in (("an hour", self.max_usd_h), ("in all", self.max_usd)):
            if not 0 < value <= MOST_USD:
                raise UsageError(
                    f"The cap of dollars {what} has to be above zero and up to {MOST_USD:,.0f}.",
                    remedy="Write it as 0.60.",
                )
        if not LEAST_TTL_S <= self.ttl_s <= MOST_TTL_S:
            raise UsageError(
                "The time to live has to be between 1 minute and 365 days.",
                remedy="Write it as 90m or 2h.",
            )


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """One rental, from intent to proof of end. Unix seconds by the market's clock; None is unknown."""

    lease_id: str
    label: str
    """The name it carries at the market: unique, and all that proves an instance to be this lease's."""
    market: str
    instance_id: str | None = None
    offer: str
    workload: str
    image: str | None = None
    state: str
    """One of `hunter.leases.states.MOVES`."""
    wish: Wish = "running"
    """What is to become of it."""
    version: int = 0
    """How often it was moved: who moves it says which version he saw."""
    phase: str | None = None
    """The instance's state as last seen."""
    last_seen_at: float | None = None
    """When its market last said anything of it."""
    absent_at: float | None = None
    """Since when its market says, without a break, that there is no such instance."""
    gpu: str
    gpu_count: int
    tenancy: str
    machine_id: str | None = None
    host_id: str | None = None
    disk_gb: float
    intended_at: float
    created_at: float | None = None
    ready_at: float | None = None
    destroy_asked_at: float | None = None
    ended_at: float | None = None
    ttl_at: float
    max_usd_h: float
    max_usd: float
    quoted_usd_h: float
    """GPU alone, as quoted just before the create."""
    contract_usd_h: float | None = None
    """GPU alone, as read back after it."""
    storage_usd_h: float | None = None
    storage_stopped_usd_h: float | None = None
    inet_down_usd_gb: float | None = None
    inet_up_usd_gb: float | None = None
    bytes_in: float | None = None
    """Image and weights, as the workload states them."""
    metered_usd: float = 0.0
    """By our own arithmetic."""
    billed_usd: float | None = None
    """As the market's bill says."""
    note: str = ""
    owner: str | None = None
    """The process that sends its create, as `hunter.leases.owner` writes it."""
    guard: str = "off"
    """Whether it is to carry a dead-man switch: required, wanted or off."""
    guard_said: str | None = None
    """What the switch said of its key, or that it was not sent along; None: nothing was heard of it."""
    progress: str | None = None
    """What its market said last of its start."""
    progress_at: float | None = None
    """Since when it says so."""
    fault: str | None = None
    """Why its start failed, as a class of `data/duds.toml`."""
    watcher: str | None = None
    """The process that keeps it, written as `owner` is."""

    @property
    def live(self) -> bool:
        """Whether it may still cost money."""
        return self.state in LIVE


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """An instance was seen in one state from one time to another."""

    state: str
    begin_s: float
    end_s: float


def before(stays: Sequence[Stay], at: float) -> list[Stay]:
    """The stays as they were known at a time: what began later is left out, the last one ends there.

    >>> before([Stay(state="pulling", begin_s=0, end_s=9), Stay(state="gone", begin_s=9, end_s=9)], 5)
    [Stay(state='pulling', begin_s=0, end_s=5)]
    """
    there = [stay for stay in stays if stay.begin_s <= at and stay.state != "gone"]
    return [replace(stay, end_s=min(stay.end_s, at)) for stay in there]


def metered_items(
    lease: Lease, stays: Sequence[Stay], rules: MarketRules
) -> dict[str, float]:  # fmt: skip
    """What a lease has cost so far by item, named as a market's charges are: gpu, disk, download.

    Traffic is counted as the workload states it: image and weights once the container ran. The
    market's own bill replaces these numbers when it comes.
    """
    gpu_h = lease.contract_usd_h if lease.contract_usd_h is not None else lease.quoted_usd_h
    gpu = disk = download = 0.0
    for stay in stays:
        phase = PHASE_OF_STATE.get(stay.state)
        if phase is None:
            continue
        hours = (stay.end_s - stay.begin_s) / SECONDS_PER_HOUR
        stopped = phase == "stopped"
        disk_h = lease.storage_stopped_usd_h if stopped else lease.storage_usd_h
        gpu += hours * gpu_h * rules.billed(phase, "gpu")
        disk += hours * (disk_h or 0.0) * rules.billed(phase, "disk")
    if any(stay.state == "running" for stay in stays) and rules.billed("running", "bandwidth"):
        download = (lease.bytes_in or 0.0) / BYTES_PER_GB * (lease.inet_down_usd_gb or 0.0)
    return {"gpu": gpu, "disk": disk, "download": download}


def burn_usd_h(lease: Lease, rules: MarketRules) -> float | None:
    """What it costs an hour in the state it was last seen in; None before it was seen."""
    phase = PHASE_OF_STATE.get(lease.phase or "")
    if phase is None:
        return None
    gpu_h = lease.contract_usd_h if lease.contract_usd_h is not None else lease.quoted_usd_h
    disk_h = lease.storage_stopped_usd_h if phase == "stopped" else lease.storage_usd_h
    return gpu_h * rules.billed(phase, "gpu") + (disk_h or 0.0) * rules.billed(phase, "disk")


def most_usd(lease: Lease, now: float) -> float:
    """What a lease may have cost up to a time at most, $.

    What was metered when it was seen last, and since then GPU and disk without a break: at the contract
    where that is known, at the cap where not. Bytes count from the create on. Traffic that the job itself
    makes is not in it: nobody can see that.
    """
    seen = lease.last_seen_at or lease.created_at or lease.intended_at
    gpu_h = lease.contract_usd_h if lease.contract_usd_h is not None else lease.max_usd_h
    unseen_h = max(0.0, now - seen) / SECONDS_PER_HOUR
    travels = 0.0 if lease.ready_at is not None else lease.bytes_in or 0.0
    download = travels / BYTES_PER_GB * (lease.inet_down_usd_gb or 0.0)
    return lease.metered_usd + unseen_h * (gpu_h + (lease.storage_usd_h or 0.0)) + download
