"""An account's money and keys at Vast: balance, itemised bill, deposits, public keys, volumes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from hunter.sandbox.market import Refused
from hunter.sandbox.vast.doors import VastDoors, iso, reply
from hunter.sandbox.vast.instances import charge, user_row

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


class VastAccount(VastDoors):
    """The paths that concern an account."""

    async def user(self, request: Request) -> Response:
        """The account and its money."""
        key = self.key(request)
        with self.market.open() as page:
            balance = self.market.balance_usd(page, key, self.market.now(), "vast")
            return reply(user_row(self.market.account(page, key), balance))

    async def deposit(self, request: Request) -> Response:
        """What is prepaid on one instance: nothing."""
        self.key(request)
        return reply(
            {
                "success": True,
                "refundable_deposit": 0.0,
                "total_discount": 0.0,
                "discount_months": 0,
            }
        )

    async def charges(self, request: Request) -> Response:
        """The itemised bill."""
        key = self.key(request)
        self.pace(request, "charges")
        now = self.market.now()
        params = request.query_params
        wanted = msgspec.json.decode(params.get("select_filters") or "{}")
        day = wanted.get("day") or {}
        since, until = float(day.get("gte") or 0), float(day.get("lte") or now)
        if until >= time.time() - 86400.0:
            until = now  # a client that asks up to its own now means the market's
        with self.market.open() as page:
            lines = [
                charge(self.market, r, since, until)
                for r in page.rentals
                if r.account == key and r.market == "vast" and r.created_at <= until
                and (r.destroyed_at or now) >= since
            ]  # fmt: skip
        return self._page(params, sorted(lines, key=lambda line: float(line["start"])))

    def _page(self, params: Any, lines: list[dict[str, Any]]) -> Response:
        if params.get("latest_first") == "true":
            lines.reverse()
        begin, limit = int(params.get("after_token") or 0), int(params.get("limit") or 20)
        shown = lines[begin : begin + limit]
        more = str(begin + limit) if begin + limit < len(lines) else None
        return reply({"success": True, "count": len(shown), "total": len(lines),
                      "next_token": more, "results": shown})  # fmt: skip

    async def invoices(self, request: Request) -> Response:
        """What was paid in."""
        key = self.key(request)
        self.pace(request, "invoices")
        with self.market.open() as page:
            account = self.market.account(page, key)
        when = int(account.opened_at)
        line = {"start": when, "end": when, "type": "credit",
                "source": "stripe", "description": "Sandbox credit", "amount": -account.credit_usd,
                "metadata": {"invoice_id": account.number}, "items": []}  # fmt: skip
        return self._page(request.query_params, [line])

    async def old_invoices(self, request: Request) -> Response:
        """The deprecated listing: empty."""
        self.key(request)
        return reply({"invoices": [], "current": {}})

    # ── keys and volumes ─────────────────────────────────────────────────────────────────────

    async def ssh_keys(self, request: Request) -> Response:
        """The account's public keys."""
        key = self.key(request)
        with self.market.open() as page:
            account = self.market.account(page, key)
        rows = [
            {"id": int(n), "user_id": account.number, "key": text, "public_key": text,
             "created_at": iso(account.opened_at), "deleted_at": None}
            for n, text in account.ssh_keys.items()
        ]  # fmt: skip
        return reply(rows)

    async def add_ssh_key(self, request: Request) -> Response:
        """Add a public key."""
        key = self.key(request)
        body = await self.body(request)
        with self.market.open() as page:
            account = self.market.account(page, key)
            number = str(len(account.ssh_keys) + 1)
            account.ssh_keys[number] = str(body.get("ssh_key") or "")
        row = {"id": int(number), "user_id": account.number, "public_key": account.ssh_keys[number],
               "created_at": iso(self.market.now())}  # fmt: skip
        return reply({"success": True, "key": row})

    async def drop_ssh_key(self, request: Request) -> Response:
        """Remove a public key."""
        key = self.key(request)
        with self.market.open() as page:
            account = self.market.account(page, key)
            if account.ssh_keys.pop(str(request.path_params["number"]), None) is None:
                raise Refused("invalid_args", "no_ssh_key")
        return reply({"success": True})

    async def volumes(self, request: Request) -> Response:
        """The account's volumes: none are rented here."""
        self.key(request)
        return reply({"volumes": []})
