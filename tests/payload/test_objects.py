"""Weights at a web address and in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hunter.payload.ask import payload_size
from hunter.values.errors import PayloadError
from tests.payload.layouts import (
    Answer,
    Asked,
    serving,
)

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.payload.ask import Surroundings


async def test_a_web_address_is_sized_by_its_head_or_else_by_one_byte(here: Surroundings) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/a.safetensors" and asked.method == "HEAD":
            return 200, {"Content-Length": "12345", "ETag": '"x"'}, b""
        if asked.path == "/b.safetensors" and asked.headers.get("range"):
            return 206, {"Content-Range": "bytes 0-0/777"}, b"x"
        return 405, {}, b""

    with serving(answer) as server:
        assert (await payload_size(f"{server.url}/a.safetensors", here)).compressed_bytes == 12345
        assert (await payload_size(f"{server.url}/b.safetensors", here)).compressed_bytes == 777
        with pytest.raises(PayloadError, match=r"HTTP 405|does not say how large"):
            await payload_size(f"{server.url}/c", here)


async def test_local_files_are_counted_as_they_lie(here: Surroundings, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "a.safetensors").write_bytes(bytes(1000))
    (folder / "b.safetensors").write_bytes(bytes(500))
    assert (await payload_size(f"{folder}/a.safetensors", here)).compressed_bytes == 1000
    assert (await payload_size(f"{folder}/*.safetensors", here)).compressed_bytes == 1500
    with pytest.raises(PayloadError):
        await payload_size(f"{folder}/none", here)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "12", "Content-Encoding": "gzip"},
        {"Content-Range": "bytes 0-0/*"},
        {"Content-Range": "bytes 0-0/" + "9" * 5000},
        {"Content-Range": "bytes 0-0/9999999999999999"},
        {"Content-Range": "bytes x-y/5"},
    ],
)
async def test_a_length_that_cannot_be_is_unknown(
    headers: dict[str, str], here: Surroundings
) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.method == "HEAD":
            return 405, {}, b""
        return (206 if "Content-Range" in headers else 200), headers, b""

    with serving(answer) as server, pytest.raises(PayloadError, match="does not say how large"):
        await payload_size(f"{server.url}/x", here)


@pytest.mark.parametrize("status", [200, 401, 404, 500])
async def test_the_login_and_the_signature_in_an_address_are_in_no_sentence(
    status: int, here: Surroundings
) -> None:
    def answer(asked: Asked) -> Answer:
        return status, {"Content-Encoding": "gzip"}, b""

    with serving(answer) as server, pytest.raises(PayloadError) as error:
        await payload_size(f"http://me:s3cret@{server.host}/x?sig=s1gn#s1gn", here)
    told = str(error.value) + error.value.remedy
    assert "s3cret" not in told
    assert "s1gn" not in told
