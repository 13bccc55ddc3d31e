"""The client that asks servers which are not trusted: it dials the addresses that were checked.

The name stays in the `Host` header and in the TLS handshake, and certificates are checked against it.
Where the environment names a proxy, the proxy dials, and what names mean is its own affair.
"""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING
from urllib.request import getproxies

import httpx

if TYPE_CHECKING:
    from hunter.payload.reach import Address, Names

MOST_ADDRESSES = 4
"""Of one name that are tried; large sites have a dozen, and a network that fails fails for all of them."""
CONNECT_S = 10.0
"""To connect, all addresses together."""


class Dialer(httpx.AsyncBaseTransport):
    """Carries requests to the addresses of their hosts as `names` has them, the next where one fails.

    Every host has connections of its own: one that was opened for another name has the other's certificate.

    Args:
        names: what names mean.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self._tls = httpx.create_ssl_context()
        self._of_host: dict[bytes, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the first address that takes the connection."""
        host = request.url.raw_host
        carrier = self._of_host.get(host)
        if carrier is None:
            carrier = self._of_host[host] = httpx.AsyncHTTPTransport(verify=self._tls)
        addresses = _tried(await self.names.of(request.url))
        if not addresses:
            raise httpx.ConnectError("nobody knows its name", request=request)
        for address in addresses[:-1]:
            try:
                return await carrier.handle_async_request(_dialled(request, address, addresses))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await carrier.handle_async_request(_dialled(request, addresses[-1], addresses))

    async def aclose(self) -> None:
        """Let go of connections."""
        for carrier in self._of_host.values():
            await carrier.aclose()


def open_client(names: Names) -> httpx.AsyncClient:
    """A client for servers that are not trusted; the caller closes it."""
    timeout = httpx.Timeout(30.0, connect=CONNECT_S)
    proxies = getproxies()
    if any(proxies.get(kind) for kind in ("http", "https", "all")):
        return httpx.AsyncClient(timeout=timeout)
    return httpx.AsyncClient(timeout=timeout, transport=Dialer(names))


def _tried(addresses: tuple[Address, ...]) -> list[Address]:
    """The first few, both families in turn: where one does not work, the other often does."""
    if not addresses:
        return []
    first = addresses[0].version
    same = [address for address in addresses if address.version == first]
    other = [address for address in addresses if address.version != first]
    mixed = chain.from_iterable(zip_longest(same, other))
    return [address for address in mixed if address is not None][:MOST_ADDRESSES]


def _dialled(request: httpx.Request, address: Address, among: list[Address]) -> httpx.Request:
    """The request as it goes to one address of its host."""
    timeout = dict(request.extensions.get("timeout", {}))
    if timeout.get("connect"):
        timeout["connect"] /= len(among)
    extensions = {**request.extensions, "timeout": timeout}
    if str(address) != request.url.host:
        extensions["sni_hostname"] = request.url.raw_host.decode("ascii")
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )
