"""An account's instances at Vast: listing, reading, starting, stopping, ending them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import PlainTextResponse, Response

from hunter.sandbox.callers import Refused
from hunter.sandbox.vast.belongings import template_of
from hunter.sandbox.vast.doors import page_two_fails, reply
from hunter.sandbox.vast.instances import instance_row
from hunter.sandbox.vast.listing import page_of
from hunter.sandbox.vast.params import invalid_args, number, numbers, text, whole

if TYPE_CHECKING:
    from starlette.requests import Request

    from hunter.sandbox.book import Page
    from hunter.sandbox.rental import Rental
    from hunter.sandbox.vast.doors import VastDoors

PAGE_MOST = 25
LABEL_MOST = 1024
"""Of a label that is set later; a create allows fewer characters."""
BID_MOST_USD_H = 32.0
"""For one GPU."""
LOG_LINES = 1000
STATES = ("running", "stopped")


class VastInstances:
    """Their paths."""

    def __init__(self, doors: VastDoors) -> None:
        self.doors = doors
        self.market = doors.market

    def _mine(self, page: Page, key: str) -> list[Rental]:
        mine = [
            r for r in page.rentals
            if r.account == key and r.market == "vast" and r.destroyed_at is None
        ]  # fmt: skip
        return self.market.renting.listed(mine, "vast")

    def _find(self, page: Page, key: str, number: int) -> Rental:
        rental = self.market.renting.find(page, key, number, "vast")
        if rental is None:
            raise Refused("no_such_instance", f"Instance {number} not found.")
        return rental

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    async def listing(self, request: Request) -> Response:
        """GET v1 instances: 25 rows a page, going on from a token."""
        key = self.doors.account(request)
        self.doors.pace(request, "list")
        await self.doors.dawdle()
        params = request.query_params
        if params.get("after_token") and self.market.faults.active("page-two-fails", "vast"):
            raise page_two_fails()
        with self.market.open() as page:
            rows = [instance_row(self.market, r) for r in self._mine(page, key)]
        found = page_of(rows, params, self.market.settings.page_rows or PAGE_MOST)
        return reply({"success": True, "instances_found": len(found.rows),
                      "total_instances": found.matching, "label_counts": found.labels,
                      "next_token": found.token, "instances": found.rows})  # fmt: skip

    async def legacy(self, request: Request) -> Response:
        """GET v0 instances: gone since 2026, and says so."""
        return reply({"success": False, "error": "gone", "msg": "Use /api/v1/instances/."}, 410)

    async def filters(self, request: Request) -> Response:
        """What an account's instances can be told apart by."""
        key = self.doors.account(request)
        with self.market.open() as page:
            rows = [instance_row(self.market, r) for r in self._mine(page, key)]
        names = ("actual_status", "verification", "gpu_name")
        return reply({"filters": [{name: row[name] for name in names} for row in rows]})

    async def get(self, request: Request) -> Response:
        """GET one instance; null where there is none."""
        which = request.path_params["number"]
        key = self.doors.owner(request, which).account
        self.doors.pace(request, "show")
        with self.market.open() as page:
            rental = self.market.renting.find(page, key, which, "vast")
            row = None if rental is None else instance_row(self.market, rental)
        if row is not None:
            row.pop("volume_info")
        return reply({"instances": row})

    async def logs(self, request: Request) -> Response:
        """PUT request_logs: where the text will be."""
        key = self.doors.account(request)
        tail = whole((await self.doors.body(request)).get("tail") or LOG_LINES, "tail")
        with self.market.open() as page:
            rental = self._find(page, key, request.path_params["number"])
        query = urlencode({"account": key, "tail": max(0, tail)})
        url = f"{str(request.base_url).rstrip('/')}/api/v0/sandbox/logs/{rental.number}?{query}"
        return reply({"success": True, "result_url": url, "msg": ""})

    async def log_text(self, request: Request) -> Response:
        """The text behind request_logs; its address is the only secret."""
        params = request.query_params
        tail = whole(params.get("tail") or LOG_LINES, "tail")
        with self.market.open() as page:
            rental = self._find(page, params.get("account", ""), request.path_params["number"])
            lines = self.market.logs(rental).splitlines()
        return PlainTextResponse("\n".join(lines[-tail:] if tail > 0 else []) + "\n")

    # ── changing ─────────────────────────────────────────────────────────────────────────────

    async def manage(self, request: Request) -> Response:
        """PUT one instance: start, stop or label it."""
        which = request.path_params["number"]
        caller = self.doors.owner(request, which)
        self.doors.pace(request, "state")
        body = _changes(await self.doors.body(request))
        if caller.only is not None and "label" in body:
            raise Refused("not_authorized", "This API key is not authorized for this action.")
        with self.market.open() as page:
            started = self._change(page, self._find(page, caller.account, which), body)
        if not started:
            told = "Required resources are currently unavailable, state change queued."
            return reply({"success": False, "msg": told})
        return reply({"success": True})

    def _change(self, page: Page, rental: Rental, body: dict[str, Any]) -> bool:
        """Label, stop or start; False where a start has to wait."""
        if "label" in body:
            rental.label = body["label"]
        if body.get("state") == "stopped":
            self.market.renting.stop(rental)
        return body.get("state") != "running" or self.market.renting.start(page, rental)

    async def many(self, request: Request) -> Response:
        """PUT instances: start or stop several, or none where one of them does not exist."""
        key = self.doors.account(request)
        body = _changes(await self.doors.body(request))
        ids = numbers(body.get("ids"), "ids")
        with self.market.open() as page:
            for rental in [self._find(page, key, which) for which in ids]:
                self._change(page, rental, body)
        return reply({"success": True})

    async def destroy(self, request: Request) -> Response:
        """DELETE one instance."""
        which = request.path_params["number"]
        key = self.doors.owner(request, which).account
        self.doors.pace(request, "destroy")
        with self.market.open() as page:
            self.market.renting.destroy(self._find(page, key, which))
        return reply({"success": True, "msg": "destroying instance"})

    async def destroy_many(self, request: Request) -> Response:
        """DELETE several instances, or none where one of them does not exist."""
        key = self.doors.account(request)
        ids = numbers((await self.doors.body(request)).get("instance_ids"), "instance_ids")
        with self.market.open() as page:
            for rental in [self._find(page, key, which) for which in dict.fromkeys(ids)]:
                self.market.renting.destroy(rental)
        return reply({"success": True})

    async def reboot(self, request: Request) -> Response:
        """PUT reboot or recycle."""
        key = self.doors.account(request)
        with self.market.open() as page:
            rental = self._find(page, key, request.path_params["number"])
            if rental.state == "stopped":
                raise invalid_args("the instance is stopped")
            self.market.renting.reboot(rental)
        return reply({"success": True})

    async def bid(self, request: Request) -> Response:
        """PUT bid_price: another price; null means what wins now."""
        key = self.doors.account(request)
        self.doors.pace(request, "bid")
        said = (await self.doors.body(request)).get("price")
        price = None if said is None else number(said, "price")
        with self.market.open() as page:
            rental = self._find(page, key, request.path_params["number"])
            if price is None:
                price = self.market.floors.usd_h(rental, self.market.now())
            if price < 0.001:
                raise Refused("invalid_args", "Please set a bid price >= 0.001.")
            if price > BID_MOST_USD_H * rental.gpu_count:
                most = BID_MOST_USD_H * rental.gpu_count
                raise Refused("invalid_args", f"Please set a bid price <= {most:g}.")
            if rental.bid_usd_h is None:
                raise invalid_args("the instance is not interruptible")
            self.market.renting.change_bid(rental, price)
        return reply({"success": True})

    async def update(self, request: Request) -> Response:
        """PUT update_template: another image or start, from a template or said; it starts again."""
        key = self.doors.account(request)
        body = await self.doors.body(request)
        with self.market.open() as page:
            rental = self._find(page, key, request.path_params["number"])
            base = template_of(self.market.accounts.of(page, key), body) or {}
            image, onstart = (body.get(n) or base.get(n) for n in ("image", "onstart"))
            rental.image = text(image or rental.image, "image")
            rental.onstart = rental.onstart if onstart is None else text(onstart, "onstart")
            rental.template = base.get("hash_id", rental.template)
            if rental.state != "stopped":
                self.market.renting.reboot(rental)
        return reply({"success": True})

    # ── public keys of one instance ──────────────────────────────────────────────────────────

    async def ssh_keys(self, request: Request) -> Response:
        """The keys that open an instance, as text inside the reply."""
        key = self.doors.account(request)
        with self.market.open() as page:
            known = self._find(page, key, request.path_params["number"]).ssh_keys
        rows = [{"id": int(n), "public_key": said} for n, said in known.items()]
        return reply({"success": True, "ssh_keys": msgspec.json.encode(rows).decode()})

    async def attach_ssh_key(self, request: Request) -> Response:
        """Let a key in."""
        key = self.doors.account(request)
        said = (await self.doors.body(request)).get("ssh_key")
        if not isinstance(said, str) or not said.strip():
            raise Refused("no_ssh_key", "No ssh key provided")
        with self.market.open() as page:
            rental = self._find(page, key, request.path_params["number"])
            if said not in rental.ssh_keys.values():
                n = 1 + max((int(n) for n in rental.ssh_keys), default=0)
                rental.ssh_keys[str(n)] = said
        return reply({"success": True, "msg": "SSH key added to instance."})

    async def detach_ssh_key(self, request: Request) -> Response:
        """Let a key in no more."""
        key = self.doors.account(request)
        which = str(request.path_params["key"])
        with self.market.open() as page:
            rental = self._find(page, key, request.path_params["number"])
            if rental.ssh_keys.pop(which, None) is None:
                raise Refused("no_such_ssh_key", "SSH key not found.")
        return reply({"success": True, "msg": "SSH key removed from instance."})


def _changes(body: dict[str, Any]) -> dict[str, Any]:
    """What is to be changed of an instance, checked."""
    if body.get("label") is not None:
        text(body["label"], "label", LABEL_MOST)
    if "state" in body and body["state"] not in STATES:
        raise invalid_args("state must be running or stopped")
    return body
