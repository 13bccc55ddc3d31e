"""A server's answer is read with limits: on the wire, unpacked, in time, and from nowhere else."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING

import httpx
import pytest

from hunter.markets import http as client
from hunter.markets.body import BODY_BYTES
from hunter.markets.http import Http
from hunter.values.errors import MarketError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable


class Wire(httpx.AsyncByteStream):
    """A body as it comes, piece by piece; `hangs` never ends it."""

    def __init__(self, pieces: Iterable[bytes], *, hangs: bool = False) -> None:
        self.pieces, self.hangs, self.sent = pieces, hangs, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.sent += len(piece)
            yield piece
        if self.hangs:
            await asyncio.Event().wait()


def asking(answer: Callable[[httpx.Request], httpx.Response], key: str | None = None) -> Http:
    return Http("Market", "http://market.test", key, transport=httpx.MockTransport(answer))


async def read(wire: Wire, encoding: str | None = None) -> bytes:
    headers = {} if encoding is None else {"content-encoding": encoding}
    http = asking(lambda request: httpx.Response(200, headers=headers, stream=wire))
    return await http.read("GET", "/", bytes)


def pieces_of(body: bytes, size: int = 50) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        (None, b"a" * 999),
        ("gzip", gzip.compress(b"a" * 999, mtime=0)),
        ("deflate", zlib.compress(b"a" * 999)),
    ],
)
async def test_a_body_is_unpacked_piece_by_piece(encoding: str | None, packed: bytes) -> None:
    assert await read(Wire(pieces_of(packed)), encoding) == b"a" * 999


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
async def test_a_bomb_ends_at_the_limit_unpacked(pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(bytes(20 * BODY_BYTES))
    wire = Wire(pieces_of(bomb, 1000))
    with pytest.raises(MarketError, match="longer than 8 MiB"):
        await read(wire, "gzip" if pack is gzip.compress else "deflate")
    assert wire.sent < len(bomb) / 10


async def test_a_body_without_end_is_read_up_to_the_limit_and_asked_for_once() -> None:
    def endless() -> Iterable[bytes]:
        while True:
            yield bytes(2**20)

    wire = Wire(endless())
    with pytest.raises(MarketError, match="longer than 8 MiB"):
        await read(wire)
    assert wire.sent == BODY_BYTES + 2**20


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x\x01"])
async def test_a_packing_that_was_not_asked_for_is_not_unpacked(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TRIES", 1)
    with pytest.raises(MarketError, match="not asked for"):
        await read(Wire([b"x"]), encoding)


async def test_packed_nonsense_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TRIES", 1)
    with pytest.raises(MarketError, match="cannot be unpacked"):
        await read(Wire([b"not packed at all"]), "gzip")


async def test_a_drip_ends_whatever_comes_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TRIES", 1)
    monkeypatch.setattr(client, "TRY_WITHIN_S", 0.05)
    with pytest.raises(MarketError, match="did not answer in time"):
        await read(Wire([b"{"] * 3, hangs=True))


async def test_a_create_that_drips_has_had_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TRY_WITHIN_S", 0.05)
    http = asking(lambda request: httpx.Response(200, stream=Wire([b"{"], hangs=True)))
    with pytest.raises(httpx.ReadTimeout):
        await http.send("PUT", "/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed_and_no_key_goes_elsewhere(status: int) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(status, headers={"location": "http://elsewhere.test/"})

    with pytest.raises(MarketError, match="does not follow"):
        await asking(answer, "secret-key").read("GET", "/", bytes)
    assert asked == ["http://market.test/"]


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.test/log", "https://127.0.0.1/log", "https://169.254.169.254/latest",
        "https://[::1]/", "https://10.0.0.7/", "https://localhost/", "https://nas.local/x", "file:///etc/passwd",
        "https://user:word@s3.test/x", "ftp://s3.test/x", "//", "https://a:99999/", "\x00", "",
    ],
)  # fmt: skip
async def test_an_address_that_a_market_names_is_a_public_one_or_its_own(url: str) -> None:
    http = asking(lambda request: httpx.Response(200, content=b"text"))
    with pytest.raises(MarketError, match="does not ask"):
        await http.fetch(url, 100)


@pytest.mark.parametrize("url", ["https://s3.amazonaws.com/log?x=1", "http://market.test/log"])
async def test_what_lies_there_is_asked_for_without_the_key(url: str) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"text")

    assert await asking(answer, "secret-key").fetch(url, 100) == b"text"
    assert "authorization" not in asked[0].headers
    with pytest.raises(MarketError, match="cannot be used"):
        await asking(answer).fetch(url, 3)
