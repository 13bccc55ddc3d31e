"""The tables of the database, as earlier versions left them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hunter.store import Store
from hunter.store.schema import SCRUBBED

if TYPE_CHECKING:
    from pathlib import Path


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


SECRET = "hf_s3cr3t0123456789"
RENTED = {"offer": {"market": "vast"}, "workload": {"name": "job", "env": {"HF_TOKEN": SECRET},
          "command": f"serve --key {SECRET}"}}  # fmt: skip


def test_values_of_an_environment_that_older_versions_kept_are_gone_from_the_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "hunter.db"
    store = Store(path)
    with store.writing() as db:
        db.execute("delete from _sqlite_migrations where name = ?", [SCRUBBED])
        db.execute("insert into lease (lease_id, market) values ('a', 'vast')")
        for detail in [json.dumps(RENTED), "{odd " + SECRET, json.dumps([SECRET]), b"\xff", None]:
            sql = (
                "insert into lease_event (lease_id, at, event, detail) values ('a', 1, 'rented', ?)"
            )
            db.execute(sql, [detail])
        other = "insert into lease_event (lease_id, at, event, detail) values ('a', 1, 'seen', 'x')"
        db.execute(other)
    store.close()
    assert SECRET.encode() in path.read_bytes()
    store = Store(path)
    details = [
        row[0] for row in store.db.execute("select detail from lease_event order by event_id")
    ]
    assert json.loads(details[0])["workload"] == {
        "name": "job",
        "env": {"HF_TOKEN": ""},
        "command": None,
    }
    assert details[1:] == ["", "", "", "", "x"]
    for file in tmp_path.iterdir():
        assert SECRET.encode() not in file.read_bytes(), file
