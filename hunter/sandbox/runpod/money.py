"""What RunPod has charged in the embedded market, cut into hours, days, weeks, months and years.

The amounts are the market's own meter's; this only asks it span by span.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hunter.sandbox.meter import volume_usd
from hunter.sandbox.runpod.bodies import EARLIEST
from hunter.sandbox.runpod.pods import pod_id, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunter.sandbox.book import Page
    from hunter.sandbox.market import SandboxMarket
    from hunter.sandbox.rental import Rental

BUCKETS = ("hour", "day", "week", "month", "year")
USUAL_S = 30 * 86400.0
"""How far back an answer reaches where no start is asked for."""
POD_AMOUNTS = ("totalAmount", "gpuAmount", "cpuAmount", "diskAmount")
ALL_AMOUNTS = (
    "totalAmount", "podGpuAmount", "podCpuAmount", "podDiskAmount", "serverlessGpuAmount",
    "serverlessCpuAmount", "serverlessDiskAmount", "serverlessFeeAmount", "storageStandardAmount",
    "storageHighPerformanceAmount", "endpointAmount", "clusterGpuAmount", "clusterDiskAmount",
    "clusterNetworkingAmount",
)  # fmt: skip


def bucket_start(at: float, size: str) -> float:
    """When the bucket began that a time is in. Weeks begin on Monday, all in UTC."""
    moment = datetime.fromtimestamp(at, UTC).replace(minute=0, second=0, microsecond=0)
    if size != "hour":
        moment = moment.replace(hour=0)
    if size == "week":
        moment -= timedelta(days=moment.weekday())
    elif size in ("month", "year"):
        moment = moment.replace(day=1)
    if size == "year":
        moment = moment.replace(month=1)
    return moment.timestamp()


def bucket_end(at: float, size: str) -> float:
    """When the bucket ends that a time is in."""
    days = {"hour": 1 / 24, "day": 1, "week": 7, "month": 31, "year": 366}[size]
    return bucket_start(bucket_start(at, size) + days * 86400, size)


def buckets_before(at: float, size: str, n: int) -> float:
    """When the first of the last `n` buckets began, the one that a time is in being the last."""
    begin = bucket_start(at, size)
    for _ in range(n - 1):
        if begin <= EARLIEST:
            break
        begin = bucket_start(begin - 1, size)
    return begin


class Money:
    """Charges of one account."""

    def __init__(self, market: SandboxMarket, page: Page, key: str) -> None:
        self.market = market
        self.page = page
        self.key = key
        self.now = market.booked_until("runpod")
        self.rentals = [r for r in page.rentals if r.account == key and r.market == "runpod"]

    def spans(self, begin: float, end: float, size: str) -> Iterator[tuple[float, float]]:
        """The whole buckets that cover a stretch of time in which there can be charges."""
        opened = self.market.accounts.of(self.page, self.key).opened_at
        at = bucket_start(max(begin, opened), size)
        while at < min(end, self.market.now()):
            after = bucket_end(at, size)
            yield at, after
            at = after

    def pod_record(self, rental: Rental, begin: float, end: float) -> dict[str, Any]:
        """One pod in one bucket."""
        bill = self.market.bill(rental, min(end, self.now), begin)
        amounts = (bill.gpu_usd + bill.disk_usd, bill.gpu_usd, 0.0, bill.disk_usd)
        return {
            "startTime": stamp(begin),
            "endTime": stamp(end),
            "podId": pod_id(rental.number),
            **dict(zip(POD_AMOUNTS, amounts, strict=True)),
        }

    def pod_records(
        self, begin: float, end: float, size: str, wanted: str | None
    ) -> list[dict[str, Any]]:
        """Pods' records by bucket, without those that are nil."""
        rentals = [r for r in self.rentals if wanted in (None, pod_id(r.number))]
        records = [
            self.pod_record(rental, first, last)
            for first, last in self.spans(begin, end, size)
            for rental in rentals
            if rental.created_at < last and first < (rental.destroyed_at or self.now)
        ]
        return [record for record in records if record["totalAmount"]]

    def storage_usd(self, begin: float, end: float) -> float:
        """What network volumes cost between two times."""
        tariff = self.market.tariffs["runpod"]
        volumes = self.market.accounts.of(self.page, self.key).volumes
        until = min(end, self.now)
        return sum(volume_usd(volume, until, tariff, begin) for volume in volumes)

    def all_records(self, begin: float, end: float, size: str) -> list[dict[str, Any]]:
        """Everything by bucket."""
        records = []
        for first, last in self.spans(begin, end, size):
            amounts = dict.fromkeys(ALL_AMOUNTS, 0.0)
            for rental in self.rentals:
                bill = self.market.bill(rental, min(last, self.now), first)
                amounts["podGpuAmount"] += bill.gpu_usd
                amounts["podDiskAmount"] += bill.disk_usd
            amounts["storageStandardAmount"] = self.storage_usd(first, last)
            amounts["totalAmount"] = sum(amounts.values())
            if amounts["totalAmount"]:
                records.append({"startTime": stamp(first), "endTime": stamp(last), **amounts})
        return records

    # ── GraphQL ──────────────────────────────────────────────────────────────────────────────

    def daily_charges(self) -> list[dict[str, Any]]:
        """The last thirty days."""
        return [
            {"amount": r["totalAmount"], "updatedAt": r["startTime"], "type": "CHARGE_POD",
             "podCharges": r["podGpuAmount"], "apiCharges": 0.0, "serverlessCharges": 0.0,
             "diskCharges": r["podDiskAmount"] + r["storageStandardAmount"]}
            for r in self.all_records(self.now - USUAL_S, self.now, "day")
        ]  # fmt: skip

    def billing(self, granularity: str) -> dict[str, Any]:
        """Compute and storage by time."""
        size = {"HOURLY": "hour", "WEEKLY": "week", "MONTHLY": "month"}.get(granularity, "day")
        gpu, storage = [], []
        for first, last in self.spans(self.now - USUAL_S, self.now, size):
            disk_usd = self.storage_usd(first, last)
            for rental in self.rentals:
                bill = self.market.bill(rental, min(last, self.now), first)
                disk_usd += bill.disk_usd
                if bill.gpu_usd:
                    gpu.append({"gpuTypeId": rental.gpu, "time": stamp(first),
                                "timeBilledSeconds": round(bill.gpu_h * 3600),
                                "amount": bill.gpu_usd})  # fmt: skip
            if disk_usd:
                storage.append({"time": stamp(first), "amount": disk_usd})
        return {"gpuCloud": gpu, "cpuCloud": [], "storage": storage}
