"""What a market has to offer Hunter: one small protocol, and the values that it speaks.

`docs/add-a-market.md` tells how to write one; `hunter.markets.loading` finds and checks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hunter.facts.shipped import Facts
    from hunter.values.columns import Listing
    from hunter.values.login import Login
    from hunter.values.offers import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a poll should cover. Empty covers the whole market.

    A market narrows its search by it where it can; every filter is checked again by the caller.
    """

    disk_gb: float = 20.0
    """The disk that would be rented; a market may price and filter offers by it."""
    gpus: tuple[str, ...] = ()
    """Our names of the wanted GPUs."""
    gpu_count: int | None = None
    min_vram_gb: float = 0.0
    offer_ids: tuple[str, ...] = ()
    """Only these offers, for a fresh quote."""

    @property
    def whole(self) -> bool:
        """Whether nothing narrows it."""
        return not (self.gpus or self.gpu_count or self.min_vram_gb or self.offer_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a poll is: records so far, and of how many where that is known."""

    market: str
    done: int
    total: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The dead-man switch that an instance is to carry: it ends itself when its time is over."""

    ttl_s: float
    """From its first boot on."""
    required: bool = False
    """Rather nothing is rented than an instance without it: UsageError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to create. `label` is ours and unique: an unclear create is looked up by it."""

    offer: Offer
    label: str
    image: str
    disk_gb: float
    bid_usd_h: float | None = None
    """Only for interruptible offers: all GPUs together."""
    env: Mapping[str, str]
    command: str | None = None
    ports: tuple[str, ...] = ()
    guard: Guard | None = None
    """Started before the command, which runs as it would without. `Created.guarded` tells whether it is."""


State = str
"""One of STATES."""
STATES = (
    "allocating",    # accepted; no container yet
    "pulling",       # the image travels or is unpacked
    "starting",      # the container starts
    "running",       # the container runs; `Instance.reachable` says whether one can log in
    "stopped",       # by us: the GPU is free, the disk may still be billed
    "interrupted",   # by the market: outbid, contract over, balance empty
    "failed",        # will not come up by itself
    "offline",       # the host cannot be reached
    "gone",          # the market says that it does not exist (any more)
    "unclear",       # listed, in a way that cannot be read: `Instance.detail` says why, the rest is unknown
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Something that we rent, as the market describes it now. None is unknown."""

    market: str
    instance_id: str
    label: str | None
    state: State
    detail: str = ""
    """The market's own words on it."""
    tenancy: str
    gpu: str
    gpu_count: int
    price_usd_h: float | None
    """Contract price of the GPUs, without disk and traffic."""
    storage_usd_gb_month: float | None = None
    storage_stopped_usd_gb_month: float | None = None
    inet_down_usd_gb: float | None = None
    inet_up_usd_gb: float | None = None
    disk_gb: float | None = None
    machine_id: str | None = None
    host_id: str | None = None
    location: str | None = None
    created_at: float | None = None
    """Unix seconds, by the market's clock."""
    running_s: float | None = None
    """For how long the container has run, as the market says."""
    reachable: bool = False
    """The container runs and its login port is known."""
    login: Login | None = None
    """The way in, where the market names one that can be."""
    fault: str = ""
    """Where a start failed: `image` that no other machine would mend, `registry` that refuses this machine
    for a while, else `host`."""
    exited: bool = False
    """Its container has ended, or has not begun again after a stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instances:
    """What a market says is running. Only a complete answer is evidence that something is gone."""

    market: str
    instances: tuple[Instance, ...]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A create that the market confirmed."""

    instance_id: str
    note: str = ""
    guarded: bool = False
    """The order's guard was sent along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One line of the market's own bill for an instance."""

    item: str
    """gpu, disk, download or upload."""
    usd: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """An account's money, as far as its market tells. None is unknown."""

    usd: float | None
    """What is left; below zero where it is owed."""
    spend_usd_h: float | None = None
    """What everything on the account costs an hour now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """How one interface of a market answered a cheap read."""

    route: str
    what: str
    keyed: bool
    status: int | None = None
    """None where nothing came, or nothing was asked: it needs a key, and there is none."""
    seconds: float | None = None
    problem: str = ""
    off_s: float | None = None
    """The market's clock less this machine's, where a real one told it; a second or two is the way there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What an embedded market says of itself; a real one says nothing."""

    now: float
    speed: float
    paced: bool
    """It enforces the vendor's rate limits."""


class Market(Protocol):
    """One market. Reading may be repeated and is; a create is sent once and never again.

    An adapter may also have `check(workload)`, which raises UsageError where the market takes no such
    container: it is asked before a quote, so that nothing is spent on it. Two more it may have, and need not:
    `balance() -> Balance`, and `probe() -> tuple[Probed, ...]`, which raises nothing.

    Every verb raises MarketError or one of its kinds, never the library's own exceptions.
    """

    name: str

    def __init__(self, base_url: str, key: str | None, facts: Facts) -> None: ...

    @property
    def simulation(self) -> Simulation | None:
        """The embedded market's own clock, as of its last reply; None on a real market."""
        ...

    async def offers(self, scope: Scope, report: Callable[[Progress], None]) -> Listing:
        """What is for sale now. Needs no key. A refusal raises; it is never an empty listing."""
        ...

    async def create(self, order: Order) -> Created:
        """Rent. One request, never repeated, and nothing is ended here.

        The outcome is one of three: what was made; a refusal that is known for what it is, as one of the
        kinds of MarketError; and CreateUnclear for everything else, with the id that the answer names.
        """
        ...

    async def instances(self) -> Instances:
        """Everything that the account rents; a row that cannot be read is listed as `unclear`."""
        ...

    async def instance(self, instance_id: str) -> Instance:
        """One instance; state `gone` only if the market says so, MarketError where it is unclear."""
        ...

    async def destroy(self, instance_id: str) -> None:
        """Ask for its end. An instance that is gone already is no error. Absence is checked elsewhere."""
        ...

    async def stop(self, instance_id: str) -> None:
        """Free the GPU, keep the disk."""
        ...

    async def logs(self, instance_id: str, lines: int) -> str:
        """The last lines that the container printed."""
        ...

    async def charges(self, instance_id: str) -> tuple[Charge, ...]:
        """What the market has billed for it so far; empty where it has not yet said."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
