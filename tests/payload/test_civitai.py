"""A shop of models: the file that a version is meant by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hunter.payload.ask import payload_size
from hunter.values.errors import PayloadError
from tests.payload.layouts import (
    Answer,
    Asked,
    around,
    json_answer,
    serving,
)

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

VERSION = {
    "id": 128713,
    "name": "8",
    "files": [
        {"id": 1, "name": "train.zip", "sizeKB": 9.0, "type": "Training Data", "primary": False},
        {"id": 2, "name": "m.safetensors", "sizeKB": 2082642.474609375, "type": "Model",
         "primary": True, "hashes": {"SHA256": "AB" * 32}},
    ],
}  # fmt: skip


def shop(asked: Asked) -> Answer:
    if asked.path == "/api/v1/model-versions/128713":
        return json_answer(VERSION)
    if asked.path == "/api/v1/models/4384":
        return json_answer({"name": "dream", "modelVersions": [VERSION]})
    if asked.path == "/api/v1/model-versions/7":
        return json_answer({"error": "members only"}, 401)
    return json_answer({"error": "no"}, 404)


@pytest.mark.parametrize("ref", ["civitai:128713", "civitai:4384@128713", "civitai:4384"])
async def test_of_a_version_the_primary_file_is_counted(
    ref: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with serving(shop) as server:
        found = await payload_size(ref, around(http, tmp_path, mirrors={"civitai.com": server.url}))
    assert found.compressed_bytes == round(2082642.474609375 * 1024)  # sizeKB counts KiB
    assert found.digest == "sha256:" + "ab" * 32
    assert bool(found.warnings) == (ref == "civitai:4384")


@pytest.mark.parametrize(
    ("ref", "words"), [("civitai:7", "only to members"), ("civitai:9", "no version")]
)
async def test_what_civitai_refuses_is_one_sentence(
    ref: str, words: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with serving(shop) as server, pytest.raises(PayloadError, match=words) as error:
        await payload_size(ref, around(http, tmp_path, mirrors={"civitai.com": server.url}))
    assert error.value.remedy
