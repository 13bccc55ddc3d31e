"""The ledger: what each rental was quoted at, contracted at, metered at by us and billed at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hunter.store import leases as table

if TYPE_CHECKING:
    from hunter.leases.lease import Lease
    from hunter.store import Store

Row = dict[str, Any]


def spend_report(store: Store, leases: list[Lease]) -> list[Row]:
    """One row a rental, newest first. Unknown is None."""
    return [_row(store, lease) for lease in leases]


def _row(store: Store, lease: Lease) -> Row:
    by_item = table.charges(store, lease.lease_id)
    end = lease.ended_at
    lived_h = None
    if end is not None and lease.created_at is not None:
        lived_h = round((end - lease.created_at) / 3600, 4)
    wait_s = None
    if lease.ready_at is not None:
        wait_s = round(lease.ready_at - lease.intended_at, 1)
    return {
        "lease": lease.lease_id, "market": lease.market, "instance": lease.instance_id,
        "workload": lease.workload, "gpu": lease.gpu, "gpu_count": lease.gpu_count,
        "tenancy": lease.tenancy, "state": lease.state, "lived_h": lived_h,
        "time_to_ready_s": wait_s,
        "quoted_usd_h": lease.quoted_usd_h, "contract_usd_h": lease.contract_usd_h,
        "metered_usd": round(lease.metered_usd, 6), "billed_usd": lease.billed_usd,
        "billed_gpu_usd": by_item.get("gpu"), "billed_disk_usd": by_item.get("disk"),
        "billed_download_usd": by_item.get("download"),
        "billed_upload_usd": by_item.get("upload"), "note": lease.note,
    }  # fmt: skip
