"""A market whose time is set by hand, and calls to its interfaces without a server."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

from hunter.sandbox.facts import sandbox_facts
from hunter.sandbox.market import SandboxMarket, Settings
from hunter.sandbox.server import application

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Still(SandboxMarket):
    """Time passes only where a test says so."""

    at = 1_795_000_000.0

    def now(self) -> float:
        return self.at

    @cached_property
    def app(self) -> ASGIApp:
        """Both interfaces on this market."""
        return application(self)


def still(*faults: str, **settings: Any) -> Still:
    return Still(Settings(offers=300, faults=faults, **settings), sandbox_facts())


def client(market: Still, key: str | None = "any") -> httpx.AsyncClient:
    """Calls both interfaces with a key; a crash of theirs is a 500, as it would be from a server."""
    transport = httpx.ASGITransport(market.app, raise_app_exceptions=False)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=headers)
