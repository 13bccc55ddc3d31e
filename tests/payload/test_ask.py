"""One question for every kind of reference, and what was learnt before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from hunter.payload.ask import payload_size
from hunter.values.errors import PayloadError, UsageError
from tests.payload.layouts import (
    Answer,
    Asked,
    Image,
    Memory,
    around,
    gzipped,
    registry_of,
    serving,
    tar,
)

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.payload.ask import Surroundings


@pytest.mark.parametrize(
    "ref", ["", "hf:", "hf:../x", "civitai:abc", "s3://", "ftp://x/y", "UPPER/Case:v1"]
)
async def test_what_is_no_reference_is_a_mistake_of_usage(ref: str, here: Surroundings) -> None:
    with pytest.raises(UsageError) as error:
        await payload_size(ref, here)
    assert error.value.remedy


IMAGE = Image(layers=[gzipped(tar(50_000, 3))])


async def test_a_server_that_is_down_is_answered_for_by_what_was_learnt(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    memory, up = Memory(), [True]

    def answer(asked: Asked) -> Answer:
        return registry_of(IMAGE)(asked) if up[0] else (503, {}, b"")

    with serving(answer) as server:
        ref = f"{server.host}/team/app:v1"
        before = await payload_size(ref, around(http, tmp_path), memory)
        memory.age_s, up[0] = 7200.0, False
        after = await payload_size(ref, around(http, tmp_path), memory)
    assert after.compressed_bytes == before.compressed_bytes
    assert after.age_s == 7200.0
    assert "learnt 2h00m ago" in after.warnings[-1]


async def test_offline_nothing_is_asked(http: httpx.AsyncClient, tmp_path: Path) -> None:
    with serving(registry_of(IMAGE)) as server:
        with pytest.raises(PayloadError, match="never learnt"):
            await payload_size(
                f"{server.host}/team/app:v1", around(http, tmp_path), Memory(), offline=True
            )
        assert not server.asked


async def test_what_a_digest_names_is_asked_once_and_a_known_tag_by_head(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    memory = Memory()
    with serving(registry_of(IMAGE)) as server:
        ref = f"{server.host}/team/app:v1"
        await payload_size(ref, around(http, tmp_path), memory)
        server.asked.clear()
        memory.age_s = 7200.0
        await payload_size(ref, around(http, tmp_path), memory)
        assert {asked.method for asked in server.asked} == {"HEAD"}
