"""What an offer's figures can be. Whatever a market says beyond that is a record rejected, with the reason.

Each market's offers come through here once more after its adapter, plug-ins included: a negative price
would win every ranking, and one of 1e300 would break the arithmetic of all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hunter.values.columns import Listing, Offers
from hunter.values.offers import FLAGS, NUMBERS, Rejected

if TYPE_CHECKING:
    from numpy.typing import NDArray

GPU_USD_H = 10_000.0
"""Of one offer. A node of eight B300 costs about 65 (RunPod, 2026-08); a node of 100 would not reach it."""
GB_USD = 100.0
"""Of a GB of traffic, and of a GB kept for a month. The dearest traffic seen is 0.04 (2026-06-12)."""
TINY = 1e-6
"""Dollars an hour: what is less is no price. Vast's lowest bid is 0.001."""

NOTHING = 1e-9
"""Of any figure, in its own unit."""
MEASURED = ("inet_down_mbps", "inet_up_mbps", "disk_mb_s", "pcie_gb_s", "dlperf")
"""Rates. Of 1,132 machines of 2026-06-12 some state zero, which is what nobody measured."""

RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(FLAGS, (0.0, 1.0)),
    **dict.fromkeys(("price_usd_h", "on_demand_usd_h"), (TINY, GPU_USD_H)),
    **dict.fromkeys(("storage_usd_gb_month", "storage_stopped_usd_gb_month"), (0.0, GB_USD)),
    **dict.fromkeys(("inet_down_usd_gb", "inet_up_usd_gb"), (0.0, GB_USD)),
    **dict.fromkeys(MEASURED, (1e-3, 1e8)),
    "gpu_count": (1.0, 1024.0),
    "vram_gb": (0.1, 1e4),
    "gpu_frac": (0.0, 1.001),
    "cpu_cores": (0.0, 1e5),
    "ram_gb": (0.0, 1e6),
    "disk_gb": (0.0, 1e9),
    "cuda": (0.0, 1e3),
    "compute_cap": (0.0, 1e3),
    "reliability": (0.0, 1.001),
    "max_rental_h": (-1e9, 1e9),
    "seen_at": (0.0, 1e11),
}
"""The least and the most of each figure; what is not stated is left to be unknown."""
STATED = ("price_usd_h", "gpu_count", "vram_gb", "seen_at")
"""What no offer lacks."""
WORDS = {
    "price_usd_h": "a price of the GPU",
    "on_demand_usd_h": "a price of the GPU",
    "storage_usd_gb_month": "a price of the disk",
    "storage_stopped_usd_gb_month": "a price of the disk",
    "inet_down_usd_gb": "a price of traffic",
    "inet_up_usd_gb": "a price of traffic",
}


def plausible(listing: Listing) -> Listing:
    """The listing without offers that cannot be; each of them is named among the rejected."""
    offers, bad = sifted(listing.offers)
    if offers is listing.offers:
        return listing
    known = {rejected.record for rejected in listing.rejected}
    new = tuple(one for one in bad if one.record not in known)
    return msgspec.structs.replace(listing, offers=offers, rejected=(*listing.rejected, *new))


def sifted(offers: Offers) -> tuple[Offers, list[Rejected]]:
    """The offers that can be, and the names of the others; what is as good as zero is zero.

    A rate of zero is unknown.
    """
    changed: dict[str, NDArray[np.float64]] = {}
    for name in NUMBERS:
        values = getattr(offers, name)
        nothing = np.abs(values) < NOTHING
        zero = np.nan if name in MEASURED else 0.0
        if (nothing & (values != zero)).any():
            changed[name] = np.where(nothing, zero, values)
    if changed:
        offers = msgspec.structs.replace(offers, **changed)
    good = np.ones(len(offers), dtype=np.bool_)
    bad: dict[str, Rejected] = {}
    for name in NUMBERS:
        values = getattr(offers, name)
        wrong = _outside(name, values)
        for row in np.flatnonzero(wrong & good).tolist():
            record = str(offers.offer_id[row])
            reason = f"{name} is {float(values[row]):g}: that is {_no(name)}"
            bad.setdefault(record, Rejected(record=record, reason=reason))
        good &= ~wrong
    return (offers if good.all() else offers.take(good)), list(bad.values())


def _outside(name: str, values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which figures lie outside their range; one that is unknown does not, where it may be."""
    least, most = RANGES[name]
    inside: NDArray[np.bool_] = (values >= least) & (values <= most)
    if name not in STATED:
        inside |= np.isnan(values)
    return ~inside


def _no(name: str) -> str:
    least, most = RANGES[name]
    if name in WORDS:
        return f"no {WORDS[name].removeprefix('a ')}"
    return f"not from {least:g} to {most:g}"
