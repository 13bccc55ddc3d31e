"""RunPod's second REST interface on the embedded market: what an account has and pays beside pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from hunter.sandbox.callers import Refused
from hunter.sandbox.runpod.belongings import Belongings
from hunter.sandbox.runpod.bodies import (
    ChangeVolume,
    CreateVolume,
    Problem,
    SshKeys,
    count_of,
    invalid,
    moment_of,
    read,
    refusal,
    reply,
)
from hunter.sandbox.runpod.money import (
    ALL_AMOUNTS,
    BUCKETS,
    POD_AMOUNTS,
    USUAL_S,
    Money,
    bucket_end,
    bucket_start,
    buckets_before,
)
from hunter.sandbox.runpod.pods import stamp

if TYPE_CHECKING:
    from starlette.requests import Request

    from hunter.sandbox.book import Page
    from hunter.sandbox.market import SandboxMarket
    from hunter.sandbox.rental import Volume
    from hunter.sandbox.runpod.stock import Stock


class AccountPaths:
    """/v2/account and /v2/network-volumes."""

    def __init__(self, market: SandboxMarket, stock: Stock) -> None:
        self.market = market
        self.belongings = Belongings(market, stock)

    async def ssh_keys(self, request: Request, key: str) -> Response:
        """The account's public keys."""
        with self.market.open() as page:
            return reply({"keys": self.belongings.ssh_keys(page, key)})

    async def replace_ssh_keys(self, request: Request, key: str) -> Response:
        """Other public keys, for pods created from now on."""
        body = read(await request.body(), SshKeys)
        with self.market.open() as page:
            self.market.accounts.of(page, key).pub_key = "\n".join(body.keys)
        return reply({"keys": body.keys})

    @staticmethod
    def _told(volume: Volume) -> dict[str, Any]:
        return {"id": volume.volume_id, "name": volume.name, "size": volume.size_gb,
                "dataCenter": volume.center, "type": volume.tier}  # fmt: skip

    def _find(self, page: Page, key: str, request: Request) -> Volume:
        volume = self.belongings.volume(page, key, request.path_params["id"])
        if volume is None:
            raise Problem(404, "network volume not found")
        return volume

    async def volumes(self, request: Request, key: str) -> Response:
        """Every network volume."""
        with self.market.open() as page:
            found = [self._told(v) for v in self.belongings.volumes(page, key)]
        return reply({"networkVolumes": found})

    async def create_volume(self, request: Request, key: str) -> Response:
        """Rent storage."""
        body = read(await request.body(), CreateVolume)
        with self.market.open() as page:
            try:
                volume = self.belongings.create_volume(
                    page, key, name=body.name, size_gb=body.size, center=body.dataCenter,
                    tier=body.type,
                )  # fmt: skip
            except Refused as error:
                raise refusal(error) from error
            return reply(self._told(volume), 201)

    async def volume(self, request: Request, key: str) -> Response:
        """One network volume."""
        with self.market.open() as page:
            return reply(self._told(self._find(page, key, request)))

    async def change_volume(self, request: Request, key: str) -> Response:
        """Rename it, or let it grow."""
        body = read(await request.body(), ChangeVolume)
        if body.name is None and body.size is None:
            raise invalid("$: minProperties: got 0, want 1")
        with self.market.open() as page:
            volume = self._find(page, key, request)
            try:
                self.belongings.change_volume(volume, body.name, body.size)
            except Refused as error:
                raise refusal(error) from error
            return reply(self._told(volume))

    async def delete_volume(self, request: Request, key: str) -> Response:
        """Release it."""
        with self.market.open() as page:
            volume = self._find(page, key, request)
            try:
                self.belongings.delete_volume(page, volume)
            except Refused as error:
                raise refusal(error) from error
        return Response(status_code=204)


class BillingPaths:
    """/v2/billing."""

    def __init__(self, market: SandboxMarket) -> None:
        self.market = market

    def _window(self, request: Request) -> tuple[float, float, str]:
        """Begin, end and bucket of what is asked for, in whole buckets."""
        size = request.query_params.get("bucketSize") or "day"
        if size not in BUCKETS:
            raise invalid(f"$.bucketSize: value must be one of {', '.join(map(repr, BUCKETS))}")
        begin, end = moment_of(request, "startTime"), moment_of(request, "endTime")
        last = count_of(request, "lastN", 0)
        if last and (begin is not None or end is not None):
            raise Problem(400, "lastN and startTime/endTime are mutually exclusive")
        now = self.market.now()
        end = now if end is None else end
        if last:
            return buckets_before(now, size, last), bucket_end(now, size), size
        begin = end - USUAL_S if begin is None else begin
        if begin >= end:
            raise Problem(400, "startTime must be before endTime")
        on_boundary = bucket_start(end, size) == end
        return bucket_start(begin, size), end if on_boundary else bucket_end(end, size), size

    @staticmethod
    def _query(begin: float, end: float, size: str) -> dict[str, Any]:
        return {"startTime": stamp(begin), "endTime": stamp(end), "bucketSize": size}

    async def pods(self, request: Request, key: str) -> Response:
        """What pods were charged, pod by pod and bucket by bucket."""
        begin, end, size = self._window(request)
        wanted = request.query_params.get("podId")
        with self.market.open() as page:
            records = Money(self.market, page, key).pod_records(begin, end, size, wanted)
        totals = {name: sum(record[name] for record in records) for name in POD_AMOUNTS}
        return reply({"records": records, "metadata": {
            "query": self._query(begin, end, size) | {"podId": wanted},
            "recordCount": len(records),
            "uniquePodCount": len({record["podId"] for record in records}),
            "totals": totals,
        }})  # fmt: skip

    async def all(self, request: Request, key: str) -> Response:
        """What the account was charged in all, bucket by bucket."""
        begin, end, size = self._window(request)
        with self.market.open() as page:
            records = Money(self.market, page, key).all_records(begin, end, size)
        totals = {name: sum(record[name] for record in records) for name in ALL_AMOUNTS}
        return reply({"records": records, "metadata": {
            "query": self._query(begin, end, size), "recordCount": len(records), "totals": totals,
        }})  # fmt: skip
