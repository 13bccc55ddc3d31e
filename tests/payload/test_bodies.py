"""No body is longer than was asked for, neither on the wire nor unpacked."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import httpx
import pytest

from hunter.payload.bodies import read_body
from hunter.values.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

MIB = 2**20
BOMB = gzip.compress(bytes(200 * MIB), 9)


async def read(parts: Iterable[bytes], limit_bytes: int = MIB, **headers: str) -> tuple[bytes, int]:
    """What is read of an answer that comes in these parts, and how many of them were taken."""
    n_taken = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal n_taken
        for part in parts:
            n_taken += 1
            yield part

    response = httpx.Response(
        200,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        content=stream(),
        request=httpx.Request("GET", "https://h.example/"),
    )
    return await read_body(response, limit_bytes), n_taken


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (b"hello", "identity"),
        (gzip.compress(b"hello", mtime=0), "gzip"),
        (gzip.compress(b"hello", mtime=0), "X-GZIP"),
        (zlib.compress(b"hello"), "deflate"),
        (b"", "gzip"),
    ],
)
async def test_what_is_packed_though_nobody_asked_is_unpacked(packed: bytes, encoding: str) -> None:
    for parts in ([packed], [packed[n : n + 1] for n in range(len(packed))]):
        body, _ = await read(parts, content_encoding=encoding)
        assert body in (b"hello", b"")


async def test_a_gzip_bomb_is_left_before_it_unfolds() -> None:
    tracemalloc.start()
    with pytest.raises(PayloadError, match=r"more than 1,048,576 bytes"):
        await read([BOMB], content_encoding="gzip")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 8 * MIB


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "gzip, identity", "x" * 5000])
async def test_other_packings_are_not_unpacked(encoding: str) -> None:
    with pytest.raises(PayloadError, match="nobody asked for"):
        await read([gzip.compress(BOMB)], content_encoding=encoding)


@pytest.mark.parametrize(
    "parts", [[b"x" * (MIB + 1)], [b"x"] * (MIB + 1), [b"", *[b"xx"] * MIB]], ids=len
)
async def test_endless_parts_come_to_an_end(parts: list[bytes]) -> None:
    with pytest.raises(PayloadError, match="more than"):
        await read(parts)


async def test_what_says_that_it_is_too_long_is_not_begun() -> None:
    taken = []

    def parts() -> Iterable[bytes]:
        taken.append(1)
        yield b"x"

    with pytest.raises(PayloadError, match="more than"):
        await read(parts(), content_length=str(MIB + 1))
    assert not taken


@pytest.mark.parametrize(
    "body", [b"no gzip", gzip.compress(b"x" * 1000, mtime=0)[:-12], b"\x1f\x8b" + b"\0" * 30]
)
async def test_broken_packing_is_one_sentence(body: bytes) -> None:
    with pytest.raises(PayloadError) as error:
        await read([body], content_encoding="gzip")
    assert error.value.remedy
