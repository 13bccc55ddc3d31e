"""What goes wrong on any market: the type of `data/risk.toml`. What differs by market stands in its file."""

from __future__ import annotations

from msgspec import Struct

from hunter.values.figures import Figure, Prior, Share


class RiskFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much a record is worth, what a dud costs, and what is looked at twice."""

    host_launches: Figure
    machine_launches: Figure
    half_life_days: Figure
    dud_s: Prior
    dud_gpu_share: Share
    dud_bytes_share: Share
    machine_hours: Figure
    quote_share: Prior
    """A contract's price by its quote."""
    narrow_pcie_gb_s: Figure
    slice_below: Share
    """Share of its model's memory below which an offer is part of a GPU."""
