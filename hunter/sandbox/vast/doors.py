"""What every path of Vast's interface passes: keys, paces, refusals, and how a reply is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import PlainTextResponse, Response

from hunter.sandbox.market import Refused, SandboxMarket, account_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

INTERVALS_S = {"search": 6.0, "create": 4.5, "list": 1.0, "show": 2.0, "state": 1.0, "destroy": 3.0,
               "bid": 5.5, "charges": 1.0, "invoices": 3.0}  # fmt: skip
"""Least seconds between two calls of a kind: the vendor's table of 2026-08-07."""
STATUS_OF = {
    "invalid_request": 400, "no_such_ask": 400, "invalid_args": 400, "insufficient_credit": 400,
    "no-credit": 400, "expired": 400, "no_such_instance": 404, "auth_error": 401, "login": 403,
    "bid_low": 400, "quota": 429, "rate": 429,
}  # fmt: skip


def iso(unix_s: float) -> str:
    """A time as the service writes it beside keys."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")


def reply(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A document as the service sends it: bare application/json, which its client insists on."""
    body = msgspec.json.encode(document)
    return Response(body, status, headers, media_type="application/json")


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
                return self._refusal(error)
            except msgspec.DecodeError:
                return reply({"error": "invalid_request", "msg": "Invalid json body"}, 400)

        return answer

    def _refusal(self, error: Refused) -> Response:
        if error.code == "rate":
            return PlainTextResponse("API requests too frequent", 429)
        code = {"login": "auth_error", "no-credit": "insufficient_credit", "no_such_ask": "invalid_args",
                "quota": "search_quota_exceeded"}.get(error.code, error.code)  # fmt: skip
        document: dict[str, Any] = {"success": False, "error": code, "msg": str(error)}
        headers = {}
        if error.code == "quota":
            midnight = (self.market.now() // 86400 + 1) * 86400
            headers["X-RateLimit-Reset"] = f"{midnight:.0f}"
        if error.rental is not None:
            document["new_contract"] = error.rental.number
        return reply(document, STATUS_OF.get(error.code, 400), headers)

    def key(self, request: Request) -> str:
        """The account that a request's key opens."""
        header = request.headers.get("authorization", "")
        key = header.removeprefix("Bearer ").strip() or request.query_params.get("api_key", "")
        if not key:
            raise Refused("login", "This action requires login.")
        if self.market.faults.active("bad-key", "vast"):
            raise Refused("auth_error", "Invalid user key")
        return account_name(key)

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

    async def body(self, request: Request) -> dict[str, Any]:
        """A request's object; empty where it sent nothing."""
        body = await request.body()
        return msgspec.json.decode(body, type=dict[str, Any]) if body else {}
