"""The tables of the database, as earlier versions left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hunter.store import Store


def test_the_table_of_offers_has_the_columns_that_it_had_at_first(store: Store) -> None:
    columns = [tuple(row)[1:3] for row in store.db.execute("pragma table_info(offer)")]
    assert columns == [
        *((name, "TEXT") for name in (
            "market", "offer_id", "machine_id", "host_id", "tenancy", "gpu", "market_gpu",
            "location", "country", "region", "stock")),
        *((name, "INTEGER") for name in ("verified", "datacenter", "gpu_count")),
        *((name, "REAL") for name in (
            "vram_gb", "gpu_frac", "cpu_cores", "ram_gb", "disk_gb", "disk_mb_s", "cuda",
            "compute_cap", "pcie_gb_s", "dlperf", "inet_down_mbps", "inet_up_mbps", "price_usd_h",
            "on_demand_usd_h", "storage_usd_gb_month", "storage_stopped_usd_gb_month",
            "inet_down_usd_gb", "inet_up_usd_gb", "reliability", "max_rental_h", "first_seen_at",
            "changed_at", "gone_at")),
    ]  # fmt: skip
