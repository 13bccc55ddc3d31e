"""A server's whole answer, read with limits: bytes on the wire, bytes unpacked, no redirect followed."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

BODY_BYTES = 8 * 2**20
"""Of one reply, packed and unpacked. 2,000 offers of Vast, the most that is ever asked for, have 6 MB."""
ENCODINGS = "gzip, deflate"
"""What we unpack piece by piece; a server is asked for no other."""


class TooLong(httpx.HTTPError):
    """A reply that is longer than any that belongs here; the rest of it was not read."""


async def whole(client: httpx.AsyncClient, request: httpx.Request, limit: int) -> httpx.Response:
    """Send a request once, and its answer with the body unpacked. httpx's own exceptions pass through."""
    request.headers["Accept-Encoding"] = ENCODINGS
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        body = await _read(response, limit)
    finally:
        await response.aclose()
    kept = [
        (name, value)
        for name, value in response.headers.raw
        if name.lower() not in (b"content-encoding", b"content-length", b"transfer-encoding")
    ]
    return httpx.Response(response.status_code, headers=kept, content=body, request=request)


async def _read(response: httpx.Response, limit: int) -> bytes:
    if response.is_stream_consumed:  # it never was on a wire
        return _within(response.content, limit)
    unpack = _unpacker(response.headers.get("content-encoding", ""), limit)
    parts: list[bytes] = []
    packed = unpacked = 0
    async for piece in response.aiter_raw():
        packed += len(piece)
        part = unpack(piece)
        unpacked += len(part)
        if max(packed, unpacked) > limit:
            raise _too_long(limit)
        parts.append(part)
    return b"".join(parts)


def _unpacker(encoding: str, limit: int) -> Callable[[bytes], bytes]:
    """What unpacks a body piece by piece, and no piece to more than one byte above the limit."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return bytes
    if name not in ("gzip", "x-gzip", "deflate"):
        raise httpx.DecodingError(
            f"the reply is packed as {encoding[:40]!r}, which was not asked for"
        )
    inner = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, as its first bytes say

    def unpack(piece: bytes) -> bytes:
        try:
            part = inner.decompress(piece, limit + 1)
        except zlib.error as error:
            raise httpx.DecodingError(f"the reply cannot be unpacked ({error})") from error
        if inner.unconsumed_tail:
            raise _too_long(limit)
        return part

    return unpack


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_long(limit)
    return body


def _too_long(limit: int) -> TooLong:
    return TooLong(f"the reply is longer than {limit / 2**20:.0f} MiB")
