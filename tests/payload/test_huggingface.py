"""A hub of models: which files a loader fetches, and what the hub refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
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


async def test_plain_answers_of_a_hub_are_not_believed_blindly(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Answer:
        return json_answer({"id": "a/b", "sha": "c", "siblings": [{"rfilename": "x", "size": -1}]})

    with serving(answer) as server, pytest.raises(PayloadError, match="nonsense"):
        await payload_size("hf:a/b", around(http, tmp_path, mirrors={"huggingface.co": server.url}))


def answering(document: Any) -> Callable[[Asked], Answer]:
    if isinstance(document, bytes):
        return lambda asked: (200, {}, document)
    return lambda asked: json_answer(document)


async def test_null_is_nothing_wherever_a_hub_puts_it(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    siblings = [
        None,
        {"rfilename": "model.safetensors", "size": 70, "blobId": None, "lfs": None},
        {"rfilename": "model_mtp.safetensors", "size": None, "lfs": {"sha256": None, "size": 7}},
        {"rfilename": "README.md", "size": None, "blobId": None, "lfs": {"size": None}},
    ]
    document = {"id": None, "sha": None, "gated": None, "siblings": siblings}
    found, _ = await of_hub(http, tmp_path, "hf:org/model", answering(document))
    assert found.compressed_bytes == 77
    assert found.digest.startswith("sha256:")
    assert [piece.digest for piece in found.layers] == [None, None]


async def test_parts_in_several_folders_and_formats_are_all_counted_with_a_warning(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    files = (
        ("diffusion_pytorch_model-00001-of-00002.safetensors", 900),
        ("diffusion_pytorch_model-00002-of-00002.safetensors", 800),
        ("models_t5_umt5-xxl-enc-bf16.pth", 70), ("vae/ae.safetensors", 6), ("config.json", 1),
    )  # fmt: skip
    found, _ = await of_hub(http, tmp_path, "hf:org/model", hub(*files))
    assert found.compressed_bytes == 1777
    assert ":GLOB" in found.warnings[0]


@pytest.mark.parametrize(
    "document",
    [
        b"", b"null", b"[]", b"[" * 100_000, b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"\xff", {}, {"siblings": None}, {"siblings": []}, {"siblings": [None]}, {"siblings": {}},
        {"siblings": ["model.safetensors"]}, {"siblings": [{"size": 5}]}, {"siblings": [{"rfilename": None}]},
        {"siblings": [{"rfilename": "m.safetensors", "size": "5"}]},
        {"siblings": [{"rfilename": "m.safetensors", "size": None}]},
        {"siblings": [{"rfilename": "m.safetensors", "size": 2**63}]},
        {"siblings": [{"rfilename": "m.safetensors", "lfs": {"size": -1}}]},
        {"siblings": [{"rfilename": "m" * 10_000, "size": 5}]},
        b'{"siblings": [{"rfilename": "m.safetensors", "size": ' + b"9" * 4301 + b"}]}",
    ],
    ids=range(20),
)  # fmt: skip
async def test_whatever_a_hub_answers_is_one_sentence(
    document: Any, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with pytest.raises(PayloadError) as error:
        await of_hub(http, tmp_path, "hf:org/model", answering(document))
    assert error.value.remedy
    assert len(str(error.value)) < 400


async def test_a_file_that_cannot_be_read_matters_only_where_it_is_counted(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    good = sibling("model.safetensors", 70)
    odd = [
        5,
        {"size": 5},
        {"rfilename": "README.md", "size": "large"},
        {"rfilename": "x", "lfs": 7},
    ]
    found, _ = await of_hub(http, tmp_path, "hf:org/model", answering({"siblings": [*odd, good]}))
    assert found.compressed_bytes == 70
    assert "2 of the files" in found.warnings[0]
    counted = {"siblings": [good, {"rfilename": "model_mtp.safetensors", "size": "large"}]}
    with pytest.raises(PayloadError, match=r"nonsense, about how large model_mtp\.safetensors"):
        await of_hub(http, tmp_path, "hf:org/model", answering(counted))
