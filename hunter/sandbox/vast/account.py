"""An account's money at Vast: balance, itemised bill, deposits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from hunter.sandbox.callers import Refused
from hunter.sandbox.vast.doors import page_two_fails, reply
from hunter.sandbox.vast.instances import charge, user_row
from hunter.sandbox.vast.params import (
    asked_json,
    asked_number,
    invalid_query,
    number,
    read_token,
    token_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from hunter.sandbox.vast.doors import VastDoors

ROWS, ROWS_MOST = 100, 500
"""Lines of a page of charges or invoices: usually, and at most."""
BOUNDS = ("gte", "gt", "lte", "lt")


def span_of(filters: dict[str, Any], name: str) -> tuple[float, float | None]:
    """The two times of a condition on days; Refused where they are none."""
    said = filters.get(name) or {}
    if not isinstance(said, dict) or not {*said} <= {*BOUNDS}:
        raise invalid_query(f"{name} must be an object of {', '.join(BOUNDS)}")
    try:
        found = {bound: number(at, name) for bound, at in said.items() if at is not None}
    except Refused:
        raise invalid_query(f"{name} must be unix seconds") from None
    return found.get("gte", found.get("gt", 0.0)), found.get("lte", found.get("lt"))


class VastAccount:
    """The paths that concern money."""

    def __init__(self, doors: VastDoors) -> None:
        self.doors = doors
        self.market = doors.market

    async def user(self, request: Request) -> Response:
        """The account and its money."""
        key = self.doors.account(request)
        with self.market.open() as page:
            balance = self.market.accounts.balance_usd(page, key, self.market.now(), "vast")
            return reply(user_row(self.market.accounts.of(page, key), balance))

    async def deposit(self, request: Request) -> Response:
        """What is prepaid on one instance: nothing."""
        key = self.doors.account(request)
        with self.market.open() as page:
            if self.market.renting.find(page, key, request.path_params["number"], "vast") is None:
                raise Refused("no_such_instance", "Instance with that ID does not exist.")
        return reply({"success": True, "refundable_deposit": 0.0, "total_discount": 0.0,
                      "discount_months": 0})  # fmt: skip

    async def charges(self, request: Request) -> Response:
        """The itemised bill."""
        key = self.doors.account(request)
        self.doors.pace(request, "charges")
        now, booked = self.market.now(), self.market.booked_until("vast")
        params = request.query_params
        wanted = asked_json(params, "select_filters", dict[str, Any], {})
        since, until = span_of(wanted, "day")
        if until is None or until >= time.time() - 86400.0:
            until = now  # a client that asks up to its own now means the market's
        until = min(until, booked)
        lines = []
        if _wants_instances(wanted):
            with self.market.open() as page:
                lines = [
                    charge(self.market, r, since, until)
                    for r in page.rentals
                    if r.account == key and r.market == "vast" and r.created_at <= until
                    and (r.destroyed_at or now) >= since
                ]  # fmt: skip
        return self._page(params, sorted(lines, key=lambda line: float(line["start"])))

    def _page(self, params: Mapping[str, str], lines: list[dict[str, Any]]) -> Response:
        if params.get("latest_first", "true").lower() == "true":
            lines.reverse()
        place = read_token(params)
        begin = place.get("row") if place else 0
        if not isinstance(begin, int) or begin < 0:
            raise Refused("invalid_token", "Invalid after_token")
        if begin and self.market.faults.active("page-two-fails", "vast"):
            raise page_two_fails()
        limit = asked_number(params, "limit", ROWS)
        if limit < 1:
            raise invalid_query("limit must be at least 1")
        limit = min(limit, ROWS_MOST)
        shown = lines[begin : begin + limit]
        more = token_of({"row": begin + limit}) if begin + limit < len(lines) else None
        return reply({"success": True, "count": len(shown), "total": len(lines),
                      "next_token": more, "results": shown})  # fmt: skip

    async def invoices(self, request: Request) -> Response:
        """What was paid in."""
        key = self.doors.account(request)
        self.doors.pace(request, "invoices")
        params = request.query_params
        wanted = asked_json(params, "select_filters", dict[str, Any], {})
        since, until = span_of(wanted, "when")
        with self.market.open() as page:
            account = self.market.accounts.of(page, key)
        when = int(account.opened_at)
        line = {"start": when, "end": when, "type": "credit",
                "source": "stripe", "description": "Sandbox credit", "amount": -account.credit_usd,
                "metadata": {"invoice_id": account.number}, "items": []}  # fmt: skip
        late = until is not None and until < min(when, time.time() - 86400.0)
        return self._page(params, [] if since > max(when, time.time()) or late else [line])

    async def old_invoices(self, request: Request) -> Response:
        """The deprecated listing: empty."""
        self.doors.account(request)
        return reply({"invoices": [], "current": {}})


def _wants_instances(wanted: dict[str, Any]) -> bool:
    """Whether charges of instances are asked for, which are all that there are."""
    kinds = wanted.get("type")
    if kinds is None:
        return True
    named = kinds.get("in") if isinstance(kinds, dict) else None
    if not isinstance(named, list):
        raise invalid_query("type must be an object of in")
    return "instance" in named
