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
