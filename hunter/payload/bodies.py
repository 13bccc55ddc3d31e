"""Bodies of servers that are not trusted: no more bytes than asked for, neither as sent nor as unpacked."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from hunter.values.errors import PayloadError, PayloadUnreachable

if TYPE_CHECKING:
    import httpx

LARGEST_BYTES = 2**50
"""Of anything whose size is told; more is a lie."""
_NOT_PACKED = ("", "identity")
_PACKED = ("gzip", "x-gzip", "deflate")
_EITHER_HEADER = zlib.MAX_WBITS | 32
"""Zlib's word for: gzip's header or its own."""


async def read_body(response: httpx.Response, limit_bytes: int) -> bytes:
    """The whole body; an error where it is longer than the limit, as it travels or as it unpacks.

    Nothing packed is asked for, and some servers pack nevertheless: gzip is unpacked here, piece by piece
    and never further than the limit, since a kilobyte of it may hold a megabyte.
    """
    host = response.request.url.host
    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed not in _NOT_PACKED + _PACKED:
        raise PayloadError(
            f"{host} packs its answer in a way that nobody asked for.",
            remedy="Hunter does not unpack it: that server is misconfigured or hostile.",
        )
    stated = stated_length(response.headers)
    if stated is not None and stated > limit_bytes:
        raise _too_long(host, limit_bytes)
    if response.is_stream_consumed:  # the client has it whole, and unpacked
        if len(response.content) > limit_bytes:
            raise _too_long(host, limit_bytes)
        return response.content
    unpack = zlib.decompressobj(_EITHER_HEADER) if packed in _PACKED else None
    body, n_sent = bytearray(), 0
    async for part in response.aiter_raw():
        n_sent += len(part)
        if unpack is None:
            body += part
        else:
            body += _unpacked(unpack, part, limit_bytes + 1 - len(body), host)
        if max(n_sent, len(body)) > limit_bytes:
            raise _too_long(host, limit_bytes)
    if unpack is not None and n_sent and not unpack.eof:
        raise PayloadUnreachable(f"{host} ended in mid-answer.", remedy="Try again.")
    return bytes(body)


def stated_length(headers: httpx.Headers) -> int | None:
    """The bytes that an answer says to have; None where it does not, or not in a believable way."""
    return believed_size(headers.get("content-length", ""))


def total_of_range(headers: httpx.Headers) -> int | None:
    """The bytes of the whole, of which an answer is a part; None where it does not say."""
    found = re.fullmatch(r"bytes [0-9]+-[0-9]+/([0-9]+)", headers.get("content-range", ""))
    return believed_size(found[1]) if found else None


def believed_size(text: str) -> int | None:
    """A count of bytes written in digits; None where it is none, or larger than anything is.

    >>> believed_size("12"), believed_size("-1"), believed_size("9" * 5000), believed_size("²")
    (12, None, None, None)
    """
    if not re.fullmatch(r"[0-9]{1,16}", text):
        return None
    return int(text) if int(text) <= LARGEST_BYTES else None


def _unpacked(unpack: zlib._Decompress, part: bytes, most: int, host: str) -> bytes:
    try:
        return unpack.decompress(part, most)
    except zlib.error as error:
        raise PayloadError(
            f"{host} says that its answer is packed, and it is not.",
            remedy="Try again; if it stays so, that server is broken.",
        ) from error


def _too_long(host: str, limit_bytes: int) -> PayloadError:
    return PayloadError(
        f"{host} answered with more than {limit_bytes:,} bytes where a short description belongs.",
        remedy="Hunter reads no more: that server is misconfigured or hostile.",
    )
