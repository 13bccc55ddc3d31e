"""What is for sale: one offer as a value."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

Word = TypeVar("Word")
MaybeWord = TypeVar("MaybeWord")
Count = TypeVar("Count")
Number = TypeVar("Number")
MaybeNumber = TypeVar("MaybeNumber")
MaybeFlag = TypeVar("MaybeFlag")
UNKNOWN: Any = None


class Tenancy(StrEnum):
    """How an offer is held."""

    ON_DEMAND = "on-demand"
    """Until we end it."""
    INTERRUPTIBLE = "interruptible"
    """Until somebody pays more. Users say spot."""


ON_DEMAND: Any = Tenancy.ON_DEMAND.value


class OfferFields(
    msgspec.Struct,
    Generic[Word, MaybeWord, Count, Number, MaybeNumber, MaybeFlag],
    frozen=True,
    kw_only=True,
):
    """The fields of an offer, written once: for one offer, for many as columns, and for the stored table.

    Each field says of which kind it is; `Offer` and `Offers` say what a kind is made of. Dollars are US
    dollars, GB is 10^9 bytes, links are megabits a second. What a market does not say is unknown; that
    never means zero or free.
    """

    market: Word
    offer_id: Word
    """The market's own id of the offer; it may change while machine and host stay."""
    machine_id: MaybeWord = UNKNOWN
    host_id: MaybeWord = UNKNOWN
    tenancy: Word = ON_DEMAND
    gpu: Word
    """Our name for the model, from `data/gpus.csv`; the market's own where that file lacks it."""
    market_gpu: Word
    """The market's name for the model: what a create asks for."""
    location: MaybeWord = UNKNOWN
    country: MaybeWord = UNKNOWN
    """ISO 3166 code of two letters."""
    region: MaybeWord = UNKNOWN
    """Continent code: EU, NA, AS, …"""
    stock: MaybeWord = UNKNOWN
    """The market's own word for how many are left."""
    verified: MaybeFlag = UNKNOWN
    datacenter: MaybeFlag = UNKNOWN
    """In a professional data centre (as a secure cloud)."""
    gpu_count: Count
    vram_gb: Number
    """Per GPU, the nominal size printed on the box."""
    gpu_frac: MaybeNumber = UNKNOWN
    """Share of the machine's GPUs."""
    cpu_cores: MaybeNumber = UNKNOWN
    ram_gb: MaybeNumber = UNKNOWN
    disk_gb: MaybeNumber = UNKNOWN
    """The largest disk that can be rented with it."""
    disk_mb_s: MaybeNumber = UNKNOWN
    cuda: MaybeNumber = UNKNOWN
    """The newest CUDA version that the host's driver runs."""
    compute_cap: MaybeNumber = UNKNOWN
    """NVIDIA compute capability, as 8.9."""
    pcie_gb_s: MaybeNumber = UNKNOWN
    dlperf: MaybeNumber = UNKNOWN
    """The market's own benchmark score of the whole offer."""
    inet_down_mbps: MaybeNumber = UNKNOWN
    inet_up_mbps: MaybeNumber = UNKNOWN
    price_usd_h: Number
    """All GPUs together, without disk and traffic. The lowest bid where interruptible."""
    on_demand_usd_h: MaybeNumber = UNKNOWN
    """The same slice on demand: the ceiling for a bid."""
    storage_usd_gb_month: MaybeNumber = UNKNOWN
    storage_stopped_usd_gb_month: MaybeNumber = UNKNOWN
    inet_down_usd_gb: MaybeNumber = UNKNOWN
    inet_up_usd_gb: MaybeNumber = UNKNOWN
    reliability: MaybeNumber = UNKNOWN
    """0 … 1 as the market states it."""
    max_rental_h: MaybeNumber = UNKNOWN
    """Hours until the host wants the machine back."""
    seen_at: Number
    """Unix seconds, by the market's clock."""


class Offer(
    OfferFields[str, str | None, int, float, float | None, bool | None], frozen=True, kw_only=True
):
    """One rentable slice of one machine under one tenancy, as a market stated it at `seen_at`.

    None means that the market did not say.
    """

    @property
    def ref(self) -> str:
        """The name a user types: `vast:123`, and `vast:123:bid` for the interruptible side."""
        return offer_ref(self.market, self.offer_id, self.tenancy)


KIND_OF: dict[str, str] = OfferFields.__annotations__
"""The kind of every field, in order: the name of its type variable."""
TEXTS = tuple(name for name, kind in KIND_OF.items() if kind in ("Word", "MaybeWord"))
FLAGS = tuple(name for name, kind in KIND_OF.items() if kind == "MaybeFlag")
COUNTS = tuple(name for name, kind in KIND_OF.items() if kind == "Count")
NUMBERS = tuple(name for name in KIND_OF if name not in TEXTS)
"""All that is no text: as columns, flags and counts are numbers too."""


def offer_ref(market: str, offer_id: str, tenancy: str) -> str:
    """The name of an offer that a user types."""
    side = ":bid" if tenancy == Tenancy.INTERRUPTIBLE else ""
    return f"{market}:{offer_id}{side}"


def parse_offer_ref(ref: str) -> tuple[str, str, str]:
    """Market, offer id and tenancy of an offer's name; ValueError where it is none.

    >>> parse_offer_ref("vast:123:bid")
    ('vast', '123', <Tenancy.INTERRUPTIBLE: 'interruptible'>)
    """
    market, _, rest = ref.partition(":")
    if not market or not rest:
        raise ValueError(f"{ref!r} is no offer: an offer is written MARKET:ID, as vast:12345")
    offer_id, _, side = rest.partition(":")
    if side not in ("", "bid"):
        raise ValueError(f"{ref!r} is no offer: after the id only ':bid' may follow")
    return market, offer_id, Tenancy.INTERRUPTIBLE if side else Tenancy.ON_DEMAND


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a market's reply that could not be read."""

    record: str
    """The market's id of it, as far as it could be made out."""
    reason: str
