"""HTTP towards servers that are not trusted: bounded bodies, redirects that lead nowhere private,
credentials that stay with the host they are meant for, one clear sentence for every failure."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from hunter import __version__
from hunter.payload.bodies import read_body
from hunter.payload.reach import GLOBAL, Names, closest, farthest
from hunter.values.errors import PayloadError, PayloadUnreachable
from hunter.values.keys import hidden
from hunter.values.patience import retry_after_s

if TYPE_CHECKING:
    from collections.abc import Mapping

REDIRECTS = 5
"""Hops; registries and hubs need one or two."""
ANSWER_S = 90.0
"""For one answer whole, with its redirects and its body: a server that sends a byte a second is none."""
MANIFEST_BYTES = 4 * 2**20
"""The distribution specification asks registries to take manifests of 4 MiB; no image needs more."""
LONGEST_HOST = 255
"""Characters of a name (RFC 1035, 2.3.4)."""
_AUTHORITATIVE = ("authorization", "cookie", "x-amz-security-token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A server's whole answer. Header names are as httpx has them: any case."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: httpx.URL
    """Where the answer came from, after redirects."""

    @property
    def ok(self) -> bool:
        """Whether it is a success."""
        return 200 <= self.status < 300


class PayloadHttp:
    """Asks servers. `client` is the caller's, and so are its proxies and certificates.

    Args:
        client: to ask with; one that dials what was checked is `dial.open_client`.
        names: what names mean, for the client too.
        answer_s: how long one answer may take, all in all.
    """

    def __init__(
        self, client: httpx.AsyncClient, names: Names | None = None, answer_s: float = ANSWER_S
    ) -> None:
        self.client, self.names, self.answer_s = client, names or Names(), answer_s

    async def ask(
        self,
        method: str,
        url: str | httpx.URL,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        limit_bytes: int = MANIFEST_BYTES,
        origin: str | httpx.URL | None = None,
        body: bool = True,
        redirects: int = REDIRECTS,
    ) -> Reply:
        """The answer to one request, after the redirects that are allowed.

        A redirect, and a request that `origin` (another server) told us to make, may not lead closer to
        this machine than the server that names it: a public one cannot make us ask a private address.

        Args:
            method: GET, HEAD or POST.
            url: whom to ask.
            headers: with credentials, if any; they are not sent to another host.
            content: what to send.
            limit_bytes: the longest body that is read; a longer one is an error.
            origin: the server that named `url`, where the user did not.
            body: False leaves the body unread, whatever its length. So does a server that ignores `Range`.
            redirects: how many are followed; 0 takes a redirect for the answer, as it is.
        """
        sent = {"User-Agent": f"hunter/{__version__}", "Accept-Encoding": "identity"}
        sent |= dict(headers or {})
        here, asked = web_address(url), _Asked(method, sent, content, limit_bytes, body, redirects)
        try:
            async with asyncio.timeout(self.answer_s):
                if origin is not None:
                    await self._allow(here, web_address(origin))
                return await self._follow(here, asked)
        except TimeoutError as error:
            raise PayloadUnreachable(
                f"{here.host} did not answer in time.", remedy="Try again later."
            ) from error

    async def _follow(self, here: httpx.URL, asked: _Asked) -> Reply:
        first = here
        for _ in range(asked.redirects + 1):
            reply, target = await self._once(here, asked)
            if target is None:
                return reply
            await self._allow(target, here)
            asked.led(reply.status, here, target)
            here = target
        raise PayloadError(
            f"{first.host} sends us from address to address without end.",
            remedy="Check the reference.",
        )

    async def _once(self, url: httpx.URL, asked: _Asked) -> tuple[Reply, httpx.URL | None]:
        """One exchange: the answer, and where it leads if it is to be followed."""
        try:
            request = self.client.build_request(
                asked.method, url, headers=asked.headers, content=asked.content
            )
            response = await self.client.send(request, stream=True, follow_redirects=False)
            try:
                target = _target(response) if asked.redirects else None
                whole = response.status_code == 200 and "range" in request.headers
                unread = target is not None or whole or not asked.body or asked.method == "HEAD"
                read = b"" if unread else await read_body(response, asked.limit_bytes)
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            raise PayloadUnreachable(
                f"{url.host} did not answer in time.", remedy="Try again later."
            ) from error
        except httpx.TransportError as error:
            raise PayloadUnreachable(
                f"{_where(url)} cannot be reached: {asked.told(error)}.",
                remedy="Check the name and the network, then try again.",
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise PayloadError(
                f"{_where(url)} answered nonsense: {asked.told(error)}.",
                remedy="Check the reference.",
            ) from error
        reply = Reply(status=response.status_code, headers=response.headers, body=read, url=url)
        return reply, target

    async def _allow(self, target: httpx.URL, origin: httpx.URL) -> None:
        """Refuse a target that lies closer to this machine than the server that named it."""
        where = f"{origin.host} sends us to {target.host or str(target)[:200]}"
        if target.scheme not in ("http", "https") or not target.host:
            raise PayloadError(f"{where}, which is no web address.", remedy="Check the reference.")
        if origin.scheme == "https" and target.scheme == "http":
            raise PayloadError(
                f"{where} without encryption.", remedy="Ask who runs it; Hunter does not go there."
            )
        reach = closest(await self.names.of(target))
        if reach < min(farthest(await self.names.of(origin)), GLOBAL):
            raise PayloadError(
                f"{where}, an address inside this machine or its network.",
                remedy="Hunter does not go there: that server is misconfigured or hostile.",
            )


@dataclass(slots=True)
class _Asked:
    """One question on its way from address to address."""

    method: str
    headers: dict[str, str]
    content: bytes | None
    limit_bytes: int
    body: bool
    redirects: int

    def led(self, status: int, here: httpx.URL, target: httpx.URL) -> None:
        """A redirect is followed. What is meant for one server is not told to another."""
        if self.method == "POST" and status in (301, 302, 303):
            self.method, self.content = "GET", None  # as every client has it (RFC 9110, 15.4)
            self.headers = {k: v for k, v in self.headers.items() if k.lower() != "content-type"}
        if same_server(here, target):
            return
        if self.content is not None:
            raise PayloadError(
                f"{here.host} sends what was meant for it on to {target.host}.",
                remedy="Hunter does not: that server is misconfigured or hostile.",
            )
        self.headers = {k: v for k, v in self.headers.items() if k.lower() not in _AUTHORITATIVE}

    def told(self, error: Exception) -> str:
        """An error's words, without what nobody else may read."""
        text = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        return hidden(text, *_secrets(self.headers))


def same_server(one: str | httpx.URL, other: str | httpx.URL) -> bool:
    """Whether two addresses are of one server, to which one login belongs: scheme, host and port."""
    a, b = web_address(one), web_address(other)
    return (a.scheme, a.host, _port(a)) == (b.scheme, b.host, _port(b))


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def web_address(url: str | httpx.URL) -> httpx.URL:
    """An address as httpx has it; PayloadError where it is none, in host and port too."""
    try:
        address = httpx.URL(url)
        good = address.port is None or 0 < address.port < 2**16
        good = good and len(address.host) <= LONGEST_HOST
    except (httpx.InvalidURL, ValueError):  # of odd labels idna raises its own
        good = False
    if not good:
        raise PayloadError(f"{str(url)[:200]!r} is no web address.", remedy="Check the reference.")
    return address


def _target(response: httpx.Response) -> httpx.URL | None:
    """Where a redirect leads; None where the answer is none."""
    if response.status_code not in (301, 302, 303, 307, 308) or "location" not in response.headers:
        return None
    return web_address(response.request.url.join(web_address(response.headers["location"])))


def _secrets(headers: Mapping[str, str]) -> list[str]:
    """The words of a request that nobody else may read."""
    values = [value for name, value in headers.items() if name.lower() in _AUTHORITATIVE]
    return [word for value in values for word in (value, *value.split())]


def _where(url: httpx.URL) -> str:
    return f"{url.host}:{url.port}" if url.port else url.host


def retry_at(headers: httpx.Headers, now: float) -> str | None:
    """When a server wants to be asked again, as UTC; None where it does not say.

    `Retry-After` is seconds or a date, Docker Hub's `X-RateLimit-Reset` and `X-Retry-After` are unix
    seconds (docs.docker.com/reference/api/hub, 2025), `RateLimit-Reset` is seconds.
    """
    for name in ("retry-after", "ratelimit-reset", "x-ratelimit-reset", "x-retry-after"):
        asked_s = retry_after_s(headers.get(name, "").partition(";")[0], now)
        if asked_s is None:
            continue
        at = asked_s if asked_s > 1e9 else now + asked_s
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC") if at < 4e9 else None
    return None


def rate_limited(reply: Reply, who: str, now: float, remedy: str) -> PayloadUnreachable:
    """The error for a server that asks for patience, with the time it names."""
    at = retry_at(reply.headers, now)
    when = f" until {at}" if at else ", and does not say until when"
    return PayloadUnreachable(
        f"{who} answers no more questions{when}: too many asked.", remedy=remedy
    )


def failing(reply: Reply, who: str) -> PayloadError:
    """The error for an answer that nobody expects."""
    if reply.status >= 500:
        return PayloadUnreachable(
            f"{who} is failing (HTTP {reply.status}).", remedy="Try again in a few minutes."
        )
    return PayloadError(
        f"{who} answered HTTP {reply.status}, which says nothing about sizes.",
        remedy="Check the reference.",
    )
