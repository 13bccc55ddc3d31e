"""Weights where people keep them: a hub, a shop of models, a web address, a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.payload.ask import payload_size
from hunter.values.errors import PayloadError, UsageError
from tests.payload.layouts import (
    Answer,
    Asked,
    Image,
    around,
    gzipped,
    json_answer,
    registry_of,
    serving,
    tar,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from hunter.payload.ask import Surroundings


def sibling(name: str, n_bytes: int) -> dict[str, Any]:
    return {
        "rfilename": name,
        "size": n_bytes,
        "blobId": "b" * 40,
        "lfs": {"sha256": "a" * 64, "size": n_bytes, "pointerSize": 135},
    }


def hub(*files: tuple[str, int], gated: Any = False) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        if not asked.path.startswith("/api/models/org/model/"):
            return json_answer({"error": "not found"}, 404, **{"X-Error-Code": "RepoNotFound"})
        if asked.path.endswith("/revision/none"):
            return json_answer({"error": "no"}, 404, **{"X-Error-Code": "RevisionNotFound"})
        assert asked.query == {"blobs": "true"}
        siblings = [sibling(name, n_bytes) for name, n_bytes in files]
        return json_answer(
            {"id": "org/model", "sha": "c" * 40, "gated": gated, "siblings": siblings}
        )

    return answer


REPOSITORY = (
    ("README.md", 100), ("config.json", 10), ("model-00001-of-00002.safetensors", 5000),
    ("model-00002-of-00002.safetensors", 3000), ("pytorch_model.bin", 8000),
    ("original/consolidated.00.pth", 8100),
)  # fmt: skip


async def of_hub(
    http: httpx.AsyncClient, home: Path, ref: str, answer: Callable[[Asked], Answer], **env: str
) -> Any:
    with serving(answer) as server:
        found = await payload_size(
            ref, around(http, home, environ=env, mirrors={"huggingface.co": server.url})
        )
        return found, server.asked


@pytest.mark.parametrize(
    ("files", "ref", "n_bytes"),
    [
        (REPOSITORY, "hf:org/model", 5000 + 3000 + 10),  # safetensors, not the same as pickles
        (REPOSITORY, "hf:org/model:*.bin", 8000),
        (REPOSITORY, "hf:org/model@main:model-00001*", 5000),
        ((("m-Q4_K_M.gguf", 400), ("m-Q8_0.gguf", 800)), "hf:org/model", 400),  # one of several
        ((("m-Q4_K_M.gguf", 400), ("m-Q8_0.gguf", 800)), "hf:org/model:*Q8_0*", 800),
        (
            (("model_index.json", 5), ("unet/d.safetensors", 70), ("unet/d.fp16.safetensors", 35),
             ("vae/d.safetensors", 8), ("whole.safetensors", 78)),
            "hf:org/model",
            5 + 70 + 8,  # a pipeline's parts, each in one precision, and not the copy of the whole
        ),
    ],
)  # fmt: skip
async def test_of_a_repository_what_a_loader_fetches_is_counted(
    files: tuple[tuple[str, int], ...],
    ref: str,
    n_bytes: int,
    http: httpx.AsyncClient,
    tmp_path: Path,
) -> None:
    found, _ = await of_hub(http, tmp_path, ref, hub(*files))
    assert (found.compressed_bytes, found.unpacked_bytes) == (n_bytes, n_bytes)
    assert found.digest == "c" * 40


async def test_the_hub_gets_the_users_token_in_a_header_and_nowhere_else(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    found, asked = await of_hub(
        http, tmp_path, "hf:org/model", hub(*REPOSITORY), HF_TOKEN="hf_secret"
    )
    assert asked[0].headers["authorization"] == "Bearer hf_secret"
    assert "hf_secret" not in asked[0].path + str(asked[0].query) + str(found.as_json())


async def test_a_gated_model_that_shows_its_files_is_sized_and_warned_of(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    found, _ = await of_hub(http, tmp_path, "hf:org/model", hub(*REPOSITORY, gated="manual"))
    assert "accept its terms" in found.warnings[0]


@pytest.mark.parametrize(
    ("ref", "status", "code", "words"),
    [
        ("hf:org/model", 403, "GatedRepo", "org/model is gated"),
        ("hf:org/gone", 404, "RepoNotFound", "has no org/gone that you may see"),
        ("hf:org/model@none", 404, "RevisionNotFound", "no revision 'none'"),
        ("hf:org/model", 429, "", "Hugging Face"),
        ("hf:org/model", 500, "", "Hugging Face"),
    ],
)
async def test_what_a_hub_refuses_is_one_sentence_with_a_remedy(
    ref: str, status: int, code: str, words: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Answer:
        return json_answer({"error": "x"}, status, **({"X-Error-Code": code} if code else {}))

    with pytest.raises(PayloadError, match=words) as error:
        await of_hub(http, tmp_path, ref, answer)
    assert error.value.remedy


async def test_a_pattern_that_matches_nothing_says_so(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with pytest.raises(PayloadError, match="No file of org/model matches"):
        await of_hub(http, tmp_path, "hf:org/model:*.gguf", hub(*REPOSITORY))


# ── Civitai ─────────────────────────────────────────────────────────────────────────────────────
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


# ── token servers ───────────────────────────────────────────────────────────────────────────────
IMAGE = Image(layers=[gzipped(tar(50_000, 3))], env=["NVIDIA_REQUIRE_CUDA=cuda>=12.4"])


def guarded(field: str) -> Callable[[Asked], Answer]:
    """A registry that wants a token from the other side of a challenge with a comma inside quotes."""
    inner = registry_of(IMAGE)

    def answer(asked: Asked) -> Answer:
        here = f"http://{asked.headers['host']}"
        if asked.path == "/token":
            assert asked.query["scope"] == "repository:team/app:pull,push"
            return json_answer({field: "tok3n", "expires_in": 300})
        if asked.headers.get("authorization") != "Bearer tok3n":
            challenge = (
                f'Bearer realm="{here}/token",service="reg",scope="repository:team/app:pull,push"'
            )
            return 401, {"WWW-Authenticate": challenge}, b"{}"
        return inner(asked)

    return answer


@pytest.mark.parametrize("field", ["token", "access_token"])
async def test_a_registry_that_asks_for_a_token_gets_one(
    field: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with serving(guarded(field)) as server:
        found = await payload_size(f"{server.host}/team/app:v1", around(http, tmp_path))
    assert found.compressed_bytes == IMAGE.compressed_bytes
    assert found.cuda == 12.4


async def test_a_blob_that_lies_elsewhere_is_fetched_without_the_token(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with serving(registry_of(IMAGE)) as store:
        plain = guarded("token")

        def answer(asked: Asked) -> Answer:
            if "/blobs/" in asked.path and asked.headers.get("authorization"):
                return 307, {"Location": f"{store.url}{asked.path}"}, b""
            return plain(asked)

        with serving(answer) as server:
            found = await payload_size(f"{server.host}/team/app:v1", around(http, tmp_path))
        assert store.asked
        assert all("authorization" not in asked.headers for asked in store.asked)
    assert found.compressed_bytes == IMAGE.compressed_bytes


# ── addresses and files ─────────────────────────────────────────────────────────────────────────
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
    "ref", ["", "hf:", "hf:../x", "civitai:abc", "s3://", "ftp://x/y", "UPPER/Case:v1"]
)
async def test_what_is_no_reference_is_a_mistake_of_usage(ref: str, here: Surroundings) -> None:
    with pytest.raises(UsageError) as error:
        await payload_size(ref, here)
    assert error.value.remedy
