"""Reports on prices: what the market asks, and what keeping a disk costs beside computing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hunter.values.billing import disk_usd_h

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from hunter.values.billing import MarketRules
    from hunter.values.columns import Offers, Text
    from hunter.values.units import Floats

Row = dict[str, Any]


def market_report(offers: Offers) -> list[Row]:
    """Per GPU, count, market, tenancy and region: how many offers, and the spread of their prices.

    Prices are of the whole offer. A cell without a known price is None.
    """
    rows: list[Row] = []
    for key, index in _groups(
        offers, ("gpu", "market", "tenancy", "region"), number=offers.gpu_count
    ):
        part = offers.take(index)
        price = part.price_usd_h
        rows.append({
            "gpu": key[0], "gpu_count": int(key[4]), "vram_gb": _median(part.vram_gb),
            "market": key[1], "tenancy": key[2], "region": key[3], "offers": len(part),
            "price_min_usd_h": _quantile(price, 0.0), "price_p10_usd_h": _quantile(price, 0.1),
            "price_median_usd_h": _median(price), "price_p90_usd_h": _quantile(price, 0.9),
            "storage_median_usd_gb_month": _median(part.storage_usd_gb_month),
            "storage_stopped_median_usd_gb_month": _median(part.storage_stopped_usd_gb_month),
            "inet_down_median_usd_gb": _median(part.inet_down_usd_gb),
            "inet_up_median_usd_gb": _median(part.inet_up_usd_gb),
            "inet_down_median_mbps": _median(part.inet_down_mbps),
            "reliability_median": _median(part.reliability),
        })  # fmt: skip
    return rows


def storage_report(
    offers: Offers, disk_gb: float, rules: Mapping[str, MarketRules]
) -> list[Row]:  # fmt: skip
    """Per GPU, count, market, tenancy and region: an hour of the disk beside an hour of computing.

    The share is storage ÷ (storage + compute) of each offer; its median, and how many offers keep the
    disk at more than half of the bill. The break-even is that of a bare 30 s boot, as the talk has it.
    """
    storage = disk_usd_h(offers.storage_usd_gb_month, disk_gb, offers.market, rules)
    stopped = disk_usd_h(offers.storage_stopped_usd_gb_month, disk_gb, offers.market, rules)
    stopped_usd_month = offers.storage_stopped_usd_gb_month * disk_gb
    with np.errstate(divide="ignore", invalid="ignore"):
        share = storage / (storage + offers.price_usd_h)
    rows: list[Row] = []
    for key, index in _groups(
        offers, ("gpu", "market", "tenancy", "region"), number=offers.gpu_count
    ):
        rows.append({
            "gpu": key[0], "gpu_count": int(key[4]), "market": key[1], "tenancy": key[2],
            "region": key[3], "offers": len(index), "disk_gb": disk_gb,
            "compute_median_usd_h": _median(offers.price_usd_h[index]),
            "storage_min_usd_h": _quantile(storage[index], 0.0),
            "storage_median_usd_h": _median(storage[index]),
            "storage_max_usd_h": _quantile(storage[index], 1.0),
            "storage_stopped_median_usd_h": _median(stopped[index]),
            "storage_stopped_median_usd_month": _median(stopped_usd_month[index]),
            "storage_share_median": _median(share[index]),
            "storage_share_max": _quantile(share[index], 1.0),
            "offers_storage_over_half": int(np.sum(share[index] > 0.5)),
        })  # fmt: skip
    return rows


def _groups(
    offers: Offers, names: tuple[str, ...], number: Floats
) -> Iterator[tuple[tuple[Any, ...], NDArray[np.int64]]]:
    """Rows that share these texts and this number, with what they share."""
    if not len(offers):
        return
    texts: list[Text] = [getattr(offers, name) for name in names]
    keys = np.stack([*(text.codes.astype(np.float64) for text in texts), number])
    _, first, group = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(len(first) + 1))
    found = [
        ((*(text[int(row)] for text in texts), number[row]), order[bounds[i] : bounds[i + 1]])
        for i, row in enumerate(first)
    ]
    yield from sorted(found, key=lambda item: tuple(str(part or "") for part in item[0]))


def _quantile(column: Floats, q: float) -> float | None:
    known = column[np.isfinite(column)]
    return round(float(np.quantile(known, q)), 6) if len(known) else None


def _median(column: Floats) -> float | None:
    return _quantile(column, 0.5)
