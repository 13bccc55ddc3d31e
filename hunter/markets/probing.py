"""One cheap read of each interface that an adapter uses: does it answer, as what, and how fast."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from hunter.markets.answers import document_of, message_in
from hunter.markets.protocol import Probed
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hunter.markets.http import Http


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A cheap read."""

    method: str = "GET"
    path: str
    what: str
    """What it is for, in a word or two."""
    keyed: bool = False
    """It needs a key."""
    holds: str
    """What the object that it answers with has to have."""
    request: dict[str, Any] = {}
    """Parameters or body, as httpx takes them."""


async def probe(http: Http, routes: Iterable[Route]) -> tuple[Probed, ...]:
    """Ask each route once, one after the other, and nothing twice."""
    return tuple([await _one(http, route) for route in routes])


async def _one(http: Http, route: Route) -> Probed:
    name = f"{route.method} {route.path}"
    if route.keyed and not http.key:
        return Probed(route=name, what=route.what, keyed=True)
    begun, told = time.monotonic(), None
    status: int | None = None
    problem = ""
    try:
        response = await http.send(route.method, route.path, **route.request)
        status, told = response.status_code, time.time()
        problem = _problem(http, route, response)
    except httpx.HTTPError as error:
        problem = str(http.failures.unreachable(error))
    except HunterError as error:
        problem = str(error)
    seconds = time.monotonic() - begun
    off_s = None if told is None or http.told_s is None else http.told_s - told
    return Probed(
        route=name, what=route.what, keyed=route.keyed, status=status, seconds=seconds,
        problem=problem, off_s=None if http.simulation else off_s,
    )  # fmt: skip


def _problem(http: Http, route: Route, response: httpx.Response) -> str:
    """Why an answer is none; empty where it is one."""
    if not 200 <= response.status_code < 300:
        return str(http.failures.refused(response))
    document = document_of(response.content)
    if document is None:
        return str(http.failures.nonsense(response, ValueError("it is no object")))
    if document.get("errors"):
        return f"{http.title}: {message_in(document['errors'])}"
    return "" if route.holds in document else f"{http.title} answered without {route.holds!r}."
