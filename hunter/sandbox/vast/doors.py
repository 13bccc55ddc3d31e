"""What every path of Vast's interface passes: keys, paces, refusals, and how a reply is written."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import PlainTextResponse, Response

from hunter.sandbox.callers import Caller, Refused, account_name
from hunter.sandbox.market import SandboxMarket
from hunter.sandbox.vast.params import decoded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

INTERVALS_S = {"search": 6.0, "create": 4.5, "list": 1.0, "show": 2.0, "state": 1.0, "destroy": 3.0,
               "bid": 5.5, "charges": 1.0, "invoices": 3.0}  # fmt: skip
"""Least seconds between two calls of a kind: the vendor's table of 2026-08-07."""
STATUS_OF = {
    "no_such_instance": 404, "not_found": 404, "no_such_ssh_key": 404, "method_not_allowed": 405,
    "ask_unavailable": 410, "auth_error": 401, "login": 403, "not_authorized": 403,
    "quota": 429, "rate": 429,
    "page-two": 502,
}  # fmt: skip
"""All other refusals are 400."""
SPOKEN = {"login": "auth_error", "no-credit": "insufficient_credit", "no_such_ask": "invalid_args",
          "ask_unavailable": "no_such_ask", "expired": "invalid_args", "bad-image": "invalid_args",
          "quota": "search_quota_exceeded", "page-two": "server_error"}  # fmt: skip
"""What the service calls the refusals that are called otherwise here."""
OWN_KEY = re.compile("[0-9a-f]{64}")
"""What a key looks like that may be an instance's."""


def iso(unix_s: float) -> str:
    """A time as the service writes it beside keys."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")


def reply(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A document as the service sends it: bare application/json, which its client insists on."""
    body = msgspec.json.encode(document)
    return Response(body, status, headers, media_type="application/json")


def page_two_fails() -> Refused:
    """What a list says of its second page where that fault is on."""
    return Refused("page-two", "Something went wrong on the server")


class VastDoors:
    """Around each handler: who asks, how often, and what becomes of a refusal."""

    def __init__(self, market: SandboxMarket) -> None:
        self.market = market
        self._last: dict[tuple[str, str], list[float]] = {}

    def guarded(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The handler with refusals answered in the vendor's words."""

        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except Refused as error:
                return self._refusal(error, request.path_params.get("ask"))

        return answer

    def _refusal(self, error: Refused, ask: int | None) -> Response:
        if error.code == "rate":
            return PlainTextResponse("API requests too frequent", 429)
        code = SPOKEN.get(error.code, error.code)
        document: dict[str, Any] = {"success": False, "error": code, "msg": str(error)}
        headers = {}
        if error.code == "quota":
            midnight = (self.market.now() // 86400 + 1) * 86400
            headers["X-RateLimit-Reset"] = f"{midnight:.0f}"
        if ask is not None and code in ("invalid_args", "no_such_ask", "invalid_price"):
            document["ask_id"] = ask
        if error.rental is not None:
            document["new_contract"] = error.rental.number
        return reply(document, STATUS_OF.get(error.code, 400), headers)

    # ── who ──────────────────────────────────────────────────────────────────────────────────

    def caller(self, request: Request) -> Caller:
        """Whom a request's key opens the door for. Not to be called with the book open."""
        header = request.headers.get("authorization", "")
        key = header.removeprefix("Bearer ").strip() or request.query_params.get("api_key", "")
        if not key:
            raise Refused("login", "This action requires login.")
        if self.market.faults.active("bad-key", "vast"):
            raise Refused("auth_error", "Invalid user key")
        own = self.market.rental_of_key(key) if OWN_KEY.fullmatch(key) else None
        return own or Caller(account=account_name(key))

    def account(self, request: Request) -> str:
        """The account of a request that no instance's own key may make."""
        caller = self.caller(request)
        if caller.only is not None:
            raise Refused("not_authorized", "This API key is not authorized for this action.")
        return caller.account

    def owner(self, request: Request, number: int) -> Caller:
        """Who makes a request about one instance, which that instance's own key may make."""
        caller = self.caller(request)
        if caller.only not in (None, number):
            raise Refused("not_authorized", "This API key is not authorized for this instance.")
        return caller

    # ── how often ────────────────────────────────────────────────────────────────────────────

    def pace(self, request: Request, kind: str) -> None:
        """Refuse what comes faster than the service allows, in simulated time."""
        if not self.market.settings.limits:
            return
        who = request.headers.get("authorization", "")
        if kind == "search":
            who = request.client.host if request.client else ""
        now = self.market.now()
        calls = self._last.setdefault((kind, who), [])
        if kind == "search":  # ten a minute and address
            calls[:] = [at for at in calls if at > now - 60]
            if len(calls) >= 10:
                raise Refused("rate", "too frequent")
        elif calls and now - calls[-1] < INTERVALS_S[kind]:
            raise Refused("rate", "too frequent")
        calls.append(now)

    async def dawdle(self) -> None:
        """Take the time that a slow list takes, where that fault is on."""
        if self.market.faults.active("slow-list", "vast"):
            await asyncio.sleep(self.market.settings.slow_s)

    # ── what ─────────────────────────────────────────────────────────────────────────────────

    async def body(self, request: Request) -> dict[str, Any]:
        """A request's object; empty where it sent nothing."""
        sent = await request.body()
        if not sent:
            return {}
        try:
            found: dict[str, Any] = decoded(sent, dict[str, Any])
        except ValueError:
            raise Refused("invalid_request", "Invalid json body") from None
        return found
