"""What is for sale: one offer as a value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum


class Tenancy(StrEnum):
    """How an offer is held."""

    ON_DEMAND = "on-demand"
    """Until we end it."""
    INTERRUPTIBLE = "interruptible"
    """Until somebody pays more. Users say spot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One rentable slice of one machine under one tenancy, as a market stated it at `seen_at`.

    Dollars are US dollars, GB is 10^9 bytes, links are megabits a second. None means that the market
    did not say; it never means zero or free.
    """

    market: str
    offer_id: str
    """The market's own id of the offer; it may change while machine and host stay."""
    machine_id: str | None = None
    host_id: str | None = None
    tenancy: str = Tenancy.ON_DEMAND.value
    gpu: str
    """Our name for the model, from `data/gpus.csv`; the market's own where that file lacks it."""
    market_gpu: str
    """The market's name for the model: what a create asks for."""
    location: str | None = None
    country: str | None = None
    """ISO 3166 code of two letters."""
    region: str | None = None
    """Continent code: EU, NA, AS, …"""
    stock: str | None = None
    """The market's own word for how many are left."""
    verified: bool | None = None
    datacenter: bool | None = None
    """In a professional data centre (as a secure cloud)."""
    gpu_count: int
    vram_gb: float
    """Per GPU, the nominal size printed on the box."""
    gpu_frac: float | None = None
    """Share of the machine's GPUs."""
    cpu_cores: float | None = None
    ram_gb: float | None = None
    disk_gb: float | None = None
    """The largest disk that can be rented with it."""
    disk_mb_s: float | None = None
    cuda: float | None = None
    """The newest CUDA version that the host's driver runs."""
    compute_cap: float | None = None
    """NVIDIA compute capability, as 8.9."""
    pcie_gb_s: float | None = None
    dlperf: float | None = None
    """The market's own benchmark score of the whole offer."""
    inet_down_mbps: float | None = None
    inet_up_mbps: float | None = None
    price_usd_h: float
    """All GPUs together, without disk and traffic. The lowest bid where interruptible."""
    on_demand_usd_h: float | None = None
    """The same slice on demand: the ceiling for a bid."""
    storage_usd_gb_month: float | None = None
    storage_stopped_usd_gb_month: float | None = None
    inet_down_usd_gb: float | None = None
    inet_up_usd_gb: float | None = None
    reliability: float | None = None
    """0 … 1 as the market states it."""
    max_rental_h: float | None = None
    """Hours until the host wants the machine back."""
    seen_at: float
    """Unix seconds, by the market's clock."""

    @property
    def ref(self) -> str:
        """The name a user types: `vast:123`, and `vast:123:bid` for the interruptible side."""
        return offer_ref(self.market, self.offer_id, self.tenancy)


TEXTS = ("market", "offer_id", "machine_id", "host_id", "tenancy", "gpu", "market_gpu",
         "location", "country", "region", "stock")  # fmt: skip


FLAGS = ("verified", "datacenter")


NUMBERS = tuple(f.name for f in fields(Offer) if f.name not in TEXTS)


def offer_ref(market: str, offer_id: str, tenancy: str) -> str:
    """The name of an offer that a user types."""
    side = ":bid" if tenancy == Tenancy.INTERRUPTIBLE else ""
    return f"{market}:{offer_id}{side}"


def parse_offer_ref(ref: str) -> tuple[str, str, str]:
    """Market, offer id and tenancy of an offer's name; ValueError where it is none.

    >>> parse_offer_ref("vast:123:bid")
    ('vast', '123', 'interruptible')
    """
    market, _, rest = ref.partition(":")
    if not market or not rest:
        raise ValueError(f"{ref!r} is no offer: an offer is written MARKET:ID, as vast:12345")
    offer_id, _, side = rest.partition(":")
    if side not in ("", "bid"):
        raise ValueError(f"{ref!r} is no offer: after the id only ':bid' may follow")
    return market, offer_id, Tenancy.INTERRUPTIBLE if side else Tenancy.ON_DEMAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A record of a market's reply that could not be read."""

    record: str
    """The market's id of it, as far as it could be made out."""
    reason: str
