"""A shop of models: the file that a version is meant by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    from collections.abc import Callable
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


def answering(document: Any, *, as_model: bool = False) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        if as_model and "model-versions" in asked.path:
            return json_answer({}, 404)
        if isinstance(document, bytes):
            return 200, {}, document
        return json_answer(document)

    return answer


@pytest.mark.parametrize(
    "file",
    [
        {"name": None, "type": None, "primary": None, "hashes": None},
        {"name": "m.safetensors", "type": "Model", "primary": True, "hashes": {"SHA256": None}},
        {"type": "Model", "hashes": {"AutoV2": None}},
    ],
)
async def test_null_is_nothing_wherever_the_shop_puts_it(
    file: dict[str, Any], http: httpx.AsyncClient, tmp_path: Path
) -> None:
    version = {"id": 5, "name": None, "files": [None, {**file, "sizeKB": 2.5}]}
    for as_model in (False, True):
        document = {"name": None, "modelVersions": [None, version]} if as_model else version
        with serving(answering(document, as_model=as_model)) as server:
            here = around(http, tmp_path, mirrors={"civitai.com": server.url})
            found = await payload_size("civitai:5", here)
        assert (found.compressed_bytes, found.digest) == (2560, "version:5")


@pytest.mark.parametrize(
    "document",
    [
        b"", b"null", b"[" * 100_000, b'{"id": 5, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        {}, {"id": None}, {"id": "5"}, {"id": -5}, {"id": 2**63}, {"id": 5}, {"id": 5, "files": None},
        {"id": 5, "files": [None]}, {"id": 5, "files": [{"sizeKB": None}]},
        {"id": 5, "files": [{"sizeKB": -1}]}, {"id": 5, "files": [{"sizeKB": 1e300}]},
        {"id": 5, "files": [{"sizeKB": "9"}]}, {"id": 5, "files": {}}, {"modelVersions": None},
        {"modelVersions": [None]}, {"modelVersions": [{"id": 5, "files": None}]},
        b'{"id": 5, "files": [{"sizeKB": 1e999}]}', b'{"id": ' + b"9" * 4301 + b"}",
    ],
    ids=range(22),
)  # fmt: skip
@pytest.mark.parametrize("as_model", [False, True])
async def test_whatever_the_shop_answers_is_one_sentence(
    document: Any, as_model: bool, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with serving(answering(document, as_model=as_model)) as server:
        here = around(http, tmp_path, mirrors={"civitai.com": server.url})
        with pytest.raises(PayloadError) as error:
            await payload_size("civitai:5", here)
    assert error.value.remedy


@pytest.mark.parametrize("odd", [5, "x", {"sizeKB": "9"}, {"primary": "yes"}, {"hashes": []}])
async def test_a_file_that_cannot_be_read_matters_only_where_it_might_be_meant(
    odd: Any, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    async def size_of(*files: Any) -> int:
        with serving(answering({"id": 5, "files": files})) as server:
            here = around(http, tmp_path, mirrors={"civitai.com": server.url})
            return (await payload_size("civitai:5", here)).compressed_bytes

    assert await size_of(odd, {"sizeKB": 3.0, "primary": True}) == 3072
    with pytest.raises(PayloadError, match="nonsense"):
        await size_of(odd, {"sizeKB": 3.0})
