"""What RunPod's second REST interface says of money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from hunter.sandbox.runpod_pods import pod_id, stamp

if TYPE_CHECKING:
    from starlette.requests import Request

    from hunter.sandbox.market import SandboxMarket
    from hunter.sandbox.rental import Rental

TITLES = {400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 404: "Not Found",
          409: "Conflict", 422: "Unprocessable Entity", 429: "Too Many Requests"}  # fmt: skip
BUCKETS = {"hour": 3600.0, "day": 86400.0, "week": 7 * 86400.0, "month": 30 * 86400.0,
           "year": 365 * 86400.0}  # fmt: skip


class Problem(Exception):
    """A refusal of the REST interface."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.document = {"title": TITLES[status], "status": status, "detail": detail, **more}


def reply(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON document."""
    return Response(msgspec.json.encode(document), status, headers, media_type="application/json")


class RunpodBilling:
    """The paths about money and keys."""

    def __init__(self, market: SandboxMarket) -> None:
        self.market = market

    async def pod_billing(self, request: Request, key: str) -> Response:
        """What pods were charged, by span of time."""
        params = request.query_params
        now = self.market.now()
        bucket = params.get("bucketSize") or "day"
        if bucket not in BUCKETS:
            raise Problem(400, "bucketSize must be hour, day, week, month or year")
        begin, wanted = now - 30 * 86400.0, params.get("podId")
        records = []
        with self.market.open() as page:
            for rental in page.rentals:
                mine = rental.account == key and rental.market == "runpod"
                if mine and wanted in (None, pod_id(rental.number)):
                    records += self._records(rental, begin, now, BUCKETS[bucket])
        names = ("totalAmount", "gpuAmount", "cpuAmount", "diskAmount")
        totals = {name: sum(record[name] for record in records) for name in names}
        query = {
            "startTime": stamp(begin),
            "endTime": stamp(now),
            "bucketSize": bucket,
            "podId": wanted,
        }
        return reply({"records": records, "metadata": {
            "query": query, "recordCount": len(records),
            "uniquePodCount": len({record["podId"] for record in records}), "totals": totals,
        }})  # fmt: skip

    def _records(
        self, rental: Rental, begin: float, end: float, span: float
    ) -> list[dict[str, Any]]:
        records = []
        first = max(begin, rental.created_at) // span * span
        last = min(end, rental.destroyed_at or end)
        while first <= last:
            bill = self.market.bill(rental, min(first + span, last), max(first, begin))
            if bill.usd:
                records.append({
                    "startTime": stamp(first), "endTime": stamp(first + span),
                    "podId": pod_id(rental.number), "totalAmount": bill.gpu_usd + bill.disk_usd,
                    "gpuAmount": bill.gpu_usd, "cpuAmount": 0.0, "diskAmount": bill.disk_usd,
                })  # fmt: skip
            first += span
        return records

    async def billing(self, request: Request, key: str) -> Response:
        """What the account was charged in all, over thirty days."""
        now = self.market.now()
        gpu = disk = 0.0
        with self.market.open() as page:
            for rental in page.rentals:
                if rental.account == key and rental.market == "runpod":
                    bill = self.market.bill(rental, now, now - 30 * 86400.0)
                    gpu, disk = gpu + bill.gpu_usd, disk + bill.disk_usd
        nothing = dict.fromkeys(
            ("podCpuAmount", "serverlessGpuAmount", "serverlessCpuAmount", "serverlessDiskAmount",
             "serverlessFeeAmount", "storageStandardAmount", "storageHighPerformanceAmount",
             "endpointAmount", "clusterGpuAmount", "clusterDiskAmount", "clusterNetworkingAmount"),
            0.0,
        )  # fmt: skip
        amounts = {"totalAmount": gpu + disk, "podGpuAmount": gpu, "podDiskAmount": disk} | nothing
        span = {"startTime": stamp(now - 30 * 86400.0), "endTime": stamp(now)}
        return reply({"records": [span | amounts], "metadata": {
            "query": span | {"bucketSize": "month"}, "recordCount": 1, "totals": amounts,
        }})  # fmt: skip

    async def ssh_keys(self, request: Request, key: str) -> Response:
        """The account's public keys."""
        with self.market.open() as page:
            text = self.market.account(page, key).pub_key
        return reply({"keys": [line for line in text.splitlines() if line]})
