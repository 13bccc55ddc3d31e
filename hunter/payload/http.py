"""HTTP towards servers that are not trusted: bounded bodies, redirects that lead nowhere private,
credentials that stay with the host they are meant for, one clear sentence for every failure."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import httpx

from hunter import __version__
from hunter.values.errors import PayloadError, PayloadUnreachable
from hunter.values.keys import hidden
from hunter.values.patience import retry_after_s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

REDIRECTS = 5
"""Hops; registries and hubs need one or two."""
MANIFEST_BYTES = 4 * 2**20
"""The distribution specification asks registries to take manifests of 4 MiB; no image needs more."""
_AUTHORITATIVE = ("authorization", "cookie", "x-amz-security-token")
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16")
)
"""Where clouds answer a machine with its own secrets (AWS, GCP and Azure; AWS over IPv6; Alibaba; Azure)."""


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


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine sees them; none where it does not know the name."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in found]


class PayloadHttp:
    """Asks servers. `client` is the caller's, and so are its proxies and certificates.

    Args:
        client: to ask with.
        look_up: how names become addresses.
    """

    def __init__(self, client: httpx.AsyncClient, look_up: Resolve = resolve) -> None:
        self.client = client
        self.look_up = look_up

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
        this machine than `origin` itself lies: a public server cannot make us ask a private address.

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
        here = _url(url)
        start = _url(origin) if origin is not None else here
        if origin is not None:
            await self._allow(here, start)
        sent = {"User-Agent": f"hunter/{__version__}", "Accept-Encoding": "identity"}
        sent |= dict(headers or {})
        for _ in range(redirects + 1):
            reply, target = await self._once(
                method, here, sent, content, limit_bytes, body=body, follow=redirects > 0
            )
            if target is None:
                return reply
            await self._allow(target, start)
            if (target.host, target.port, target.scheme) != (here.host, here.port, here.scheme):
                sent = {k: v for k, v in sent.items() if k.lower() not in _AUTHORITATIVE}
            if reply.status == 303 and method != "HEAD":
                method, content = "GET", None
            here = target
        raise PayloadError(
            f"{start.host} sends us from address to address without end.",
            remedy="Check the reference.",
        )

    async def _once(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        content: bytes | None,
        limit_bytes: int,
        *,
        body: bool,
        follow: bool,
    ) -> tuple[Reply, httpx.URL | None]:
        try:
            request = self.client.build_request(method, url, headers=headers, content=content)
            response = await self.client.send(request, stream=True, follow_redirects=False)
            try:
                target = _target(response) if follow else None
                whole = response.status_code == 200 and "range" in request.headers
                unread = target is not None or whole or not body
                read = b"" if unread else await _read(response, limit_bytes)
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            raise PayloadUnreachable(
                f"{url.host} did not answer in time.", remedy="Try again later."
            ) from error
        except httpx.TransportError as error:
            raise PayloadUnreachable(
                f"{_where(url)} cannot be reached: {hidden(_reason(error), *_secrets(headers))}.",
                remedy="Check the name and the network, then try again.",
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PayloadError(
                f"{_where(url)} answered nonsense: {hidden(str(error), *_secrets(headers))}.",
                remedy="Check the reference.",
            ) from error
        reply = Reply(status=response.status_code, headers=response.headers, body=read, url=url)
        return reply, target

    async def _allow(self, target: httpx.URL, origin: httpx.URL) -> None:
        """Refuse a target that lies closer to this machine than the server that named it."""
        where = f"{origin.host} sends us to {target.host or target}"
        if target.scheme not in ("http", "https") or not target.host:
            raise PayloadError(f"{where}, which is no web address.", remedy="Check the reference.")
        if origin.scheme == "https" and target.scheme == "http":
            raise PayloadError(
                f"{where} without encryption.", remedy="Ask who runs it; Hunter does not go there."
            )
        closest = _reach(await self._addresses(target))
        if closest < min(_reach(await self._addresses(origin)), GLOBAL):
            raise PayloadError(
                f"{where}, an address inside this machine or its network.",
                remedy="Hunter does not go there: that server is misconfigured or hostile.",
            )

    async def _addresses(self, url: httpx.URL) -> list[Address]:
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            return [ipaddress.ip_address(url.host)]
        except ValueError:
            found = await self.look_up(url.host, port)
            return [ipaddress.ip_address(text.partition("%")[0]) for text in found]


NOWHERE, LOOPBACK, PRIVATE, GLOBAL = range(4)


def _reach(addresses: list[Address]) -> int:
    """How far the closest address lies from this machine; a name that nobody knows is far."""
    return min((_distance(address) for address in addresses), default=GLOBAL)


def _distance(address: Address) -> int:
    mapped = getattr(address, "ipv4_mapped", None) or address
    if mapped in METADATA or mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified:
        return NOWHERE
    if mapped.is_loopback:
        return LOOPBACK
    return GLOBAL if mapped.is_global else PRIVATE


def _url(url: str | httpx.URL) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise PayloadError(
            f"{str(url)[:200]!r} is no web address.", remedy="Check the reference."
        ) from error


def _target(response: httpx.Response) -> httpx.URL | None:
    """Where a redirect leads; None where the answer is none."""
    if response.status_code not in (301, 302, 303, 307, 308) or "location" not in response.headers:
        return None
    return response.request.url.join(_url(response.headers["location"]))


async def _read(response: httpx.Response, limit_bytes: int) -> bytes:
    parts, n_bytes = [], 0
    async for part in response.aiter_bytes():
        n_bytes += len(part)
        if n_bytes > limit_bytes:
            raise PayloadError(
                f"{response.request.url.host} answered with more than {limit_bytes:,} bytes "
                "where a short description belongs.",
                remedy="Hunter reads no more: that server is misconfigured or hostile.",
            )
        parts.append(part)
    return b"".join(parts)


def _secrets(headers: Mapping[str, str]) -> list[str]:
    """The words of a request that nobody else may read."""
    values = [value for name, value in headers.items() if name.lower() in _AUTHORITATIVE]
    return [word for value in values for word in (value, *value.split())]


def _where(url: httpx.URL) -> str:
    return f"{url.host}:{url.port}" if url.port else url.host


def _reason(error: httpx.TransportError) -> str:
    text = str(error).strip().rstrip(".")
    return text or type(error).__name__


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
