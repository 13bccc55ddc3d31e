"""Image sizes from a real registry: exact to the byte, whatever the packing and the shape."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from hunter.payload.ask import Surroundings, payload_size
from hunter.values.errors import PayloadError
from tests.payload.layouts import (
    OCI,
    Answer,
    Asked,
    Image,
    Memory,
    Registry,
    around,
    digest,
    gzipped,
    plain,
    registry_of,
    serving,
    tar,
    write_layout,
    zstd,
)

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

BASE = gzipped(tar(300_000, 1), "FROM base")


def one_layer() -> Image:
    return Image(layers=[gzipped(tar(2_000_000, 2))])


def many_layers() -> Image:
    return Image(layers=[BASE, *(gzipped(tar(20_000 * n, n)) for n in range(1, 25))])


def push(registry: Registry, folder: Path, image: Image, name: str, *options: str) -> str:
    layout = write_layout(folder / re.sub("[/:]", "_", name), image)
    return registry.push(layout, name, *options)


@pytest.mark.parametrize("make", [one_layer, many_layers])
async def test_gzip_layers_are_sized_to_the_byte(
    make: Any, registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    image = make()
    found = await payload_size(
        push(registry, tmp_path, image, f"gzip/{make.__name__}:v1".replace("_", "-")), here
    )
    assert found.compressed_bytes == image.compressed_bytes
    assert found.compressed_bytes == sum(
        registry.stored_bytes(x.digest or "") for x in found.layers
    )
    assert (found.unpacked_bytes, found.unpacked_is_estimate) == (image.unpacked_bytes, False)
    assert [x.unpacked_bytes for x in found.layers] == [len(b.unpacked) for b in image.layers]
    assert (found.platform, found.kind, found.digest) == (
        "linux/amd64",
        "image",
        digest(image.manifest),
    )


async def test_zstd_layers_that_state_their_size_are_sized_to_the_byte(
    registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    image = Image(layers=[zstd(tar(200_000, 3)), zstd(tar(50_000, 4))])
    found = await payload_size(push(registry, tmp_path, image, "zstd/sized:v1"), here)
    assert found.compressed_bytes == image.compressed_bytes
    assert (found.unpacked_bytes, found.unpacked_is_estimate) == (image.unpacked_bytes, False)
    assert any("docker before 23" in warning for warning in found.warnings)


async def test_zstd_layers_as_skopeo_packs_them_are_exact_on_the_wire_and_estimated_on_the_disk(
    registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    image = Image(layers=[gzipped(tar(3_000_000, 5)), gzipped(tar(1_000_000, 6))])
    ref = registry.push_as_zstd(write_layout(tmp_path / "source", image), "zstd/skopeo:v1")
    found = await payload_size(ref, here)
    assert {x.media_type for x in found.layers} == {f"{OCI}.layer.v1.tar+zstd"}
    assert found.compressed_bytes == sum(
        registry.stored_bytes(x.digest or "") for x in found.layers
    )
    assert found.unpacked_bytes is not None
    if not found.unpacked_is_estimate:
        assert found.unpacked_bytes == image.unpacked_bytes


async def test_layers_that_are_not_packed_are_as_large_on_the_disk_as_on_the_wire(
    registry: Registry, here: Surroundings
) -> None:
    image = Image(layers=[plain(tar(100_000, 7)), BASE])
    found = await payload_size(registry.put(image, "plain/mixed:v1"), here)
    assert (
        found.layers[0].compressed_bytes
        == found.layers[0].unpacked_bytes
        == len(image.layers[0].body)
    )
    assert (found.unpacked_bytes, found.unpacked_is_estimate) == (image.unpacked_bytes, False)


async def test_of_an_index_the_image_for_gpu_machines_is_taken(
    registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    arm = Image(layers=[gzipped(tar(10_000, 8))], architecture="arm64")
    mine = Image(layers=[BASE, gzipped(tar(30_000, 9))])
    layout = write_layout(tmp_path / "index", arm, mine)
    found = await payload_size(registry.push(layout, "index/both:v1", "--all"), here)
    assert found.digest == digest(mine.manifest)
    assert found.compressed_bytes == mine.compressed_bytes


async def test_dockers_own_format_is_sized_like_that_of_oci(
    registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    image = one_layer()
    found = await payload_size(
        push(registry, tmp_path, image, "docker/v2s2:v1", "-f", "v2s2"), here
    )
    assert [x.media_type for x in found.layers] == [
        "application/vnd.docker.image.rootfs.diff.tar.gzip"
    ]
    assert (found.compressed_bytes, found.unpacked_bytes) == (
        image.compressed_bytes,
        image.unpacked_bytes,
    )
    assert found.platform == "linux/amd64"


async def test_a_shared_base_is_the_same_layer_in_both_images(
    registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    first = Image(layers=[BASE, gzipped(tar(40_000, 10))])
    second = Image(layers=[BASE, gzipped(tar(50_000, 11))])
    a = await payload_size(push(registry, tmp_path, first, "base/a:v1"), here)
    b = await payload_size(push(registry, tmp_path, second, "base/b:v1"), here)
    assert {x.digest for x in a.layers} & {x.digest for x in b.layers} == {digest(BASE.body)}


async def test_a_layer_that_stands_twice_in_an_image_travels_once(
    registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    image = Image(layers=[BASE, gzipped(tar(9_000, 12)), BASE])
    found = await payload_size(push(registry, tmp_path, image, "twice/base:v1"), here)
    assert len(found.layers) == 2
    assert found.compressed_bytes == image.compressed_bytes


async def test_an_image_can_be_named_by_its_digest(
    registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    image = one_layer()
    ref = push(registry, tmp_path, image, "pinned/app:v1").removesuffix(":v1")
    found = await payload_size(f"{ref}@{digest(image.manifest)}", here)
    assert found.compressed_bytes == image.compressed_bytes


async def test_the_history_names_the_instruction_behind_each_layer(
    registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    image = Image(layers=[BASE, gzipped(tar(9_000, 13), "RUN pip install torch")])
    found = await payload_size(push(registry, tmp_path, image, "history/app:v1"), here)
    assert [x.made_by for x in found.layers] == ["FROM base", "RUN pip install torch"]


@pytest.mark.parametrize(
    ("env", "cuda"),
    [
        ([], None),
        (["CUDA_VERSION=12.4.1"], 12.4),
        (["CUDA_VERSION=12.4.1", "NVIDIA_REQUIRE_CUDA=cuda>=12.1 driver>=470"], 12.1),
        (
            [
                "NVIDIA_REQUIRE_CUDA=cuda>=12.8 brand=unknown,driver>=470,driver<471 brand=grid,cuda>=11.0"
            ],
            12.8,
        ),
        (["NVIDIA_REQUIRE_CUDA=cuda>=12.8", "NVIDIA_DISABLE_REQUIRE=1"], None),
        (["CUDA_VERSION=latest"], None),
    ],
)
async def test_the_cuda_that_an_image_needs_is_read_from_its_environment(
    env: list[str], cuda: float | None, registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    image = Image(layers=[BASE], env=env)
    name = "cuda/" + digest(image.config)[7:19]
    assert (await payload_size(push(registry, tmp_path, image, f"{name}:v1"), here)).cuda == cuda


# ── refusals ────────────────────────────────────────────────────────────────────────────────────
async def test_an_image_that_is_not_there_is_said_in_a_sentence(
    registry: Registry, here: Surroundings
) -> None:
    with pytest.raises(PayloadError, match=r"has no image .*/no/such:v9") as error:
        await payload_size(f"{registry.host}/no/such:v9", here)
    assert "docker login" in error.value.remedy


async def test_an_image_for_other_machines_names_them(
    registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    arm = Image(layers=[BASE], architecture="arm64")
    windows = Image(layers=[BASE], architecture="amd64", os="windows")
    layout = write_layout(tmp_path / "others", arm, windows)
    for ref in (
        registry.push(layout, "others/index:v1", "--all"),
        push(registry, tmp_path, arm, "others/plain:v1", "--override-arch", "arm64"),
    ):
        with pytest.raises(PayloadError, match=r"linux/arm64.*run linux/amd64") as error:
            await payload_size(ref, here)
        assert "--platform linux/amd64" in error.value.remedy


async def test_a_registry_that_is_down_is_said_in_a_sentence(here: Surroundings) -> None:
    with pytest.raises(PayloadError, match=r"127\.0\.0\.1:9 cannot be reached"):
        await payload_size("127.0.0.1:9/app:v1", here)


# ── memory ──────────────────────────────────────────────────────────────────────────────────────
async def test_a_known_image_is_answered_without_its_registry(
    registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    memory, image = Memory(), one_layer()
    ref = push(registry, tmp_path, image, "known/app:v1")
    first = await payload_size(ref, here, memory)
    memory.age_s = 1800.0
    assert await payload_size(ref, here, memory) == replace(first, age_s=1800.0)
    memory.age_s = 90_000.0
    assert (await payload_size(ref, here, memory, offline=True)).age_s == 90_000.0


async def test_a_moved_tag_is_noticed_when_the_answer_is_old(
    registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    memory = Memory()
    ref = push(registry, tmp_path, one_layer(), "moving/app:v1")
    before = await payload_size(ref, here, memory)
    again = write_layout(tmp_path / "second", many_layers())
    registry.push(again, "moving/app:v1")
    memory.age_s = 7200.0
    after = await payload_size(ref, here, memory)
    assert after.digest == digest(many_layers().manifest) != before.digest


# ── documents that leave things out ─────────────────────────────────────────────────────────────
async def sized(
    http: httpx.AsyncClient, home: Path, config: Any, manifest: dict[str, Any] | None = None
) -> Any:
    """The size of an image whose config is this one, and whose manifest has these changes."""
    image = one_layer()
    body = config if isinstance(config, bytes) else json.dumps(config).encode()
    described = {"mediaType": f"{OCI}.config.v1+json", "digest": digest(body), "size": len(body)}
    top = {**json.loads(image.manifest), "config": described, **(manifest or {})}
    inner = registry_of(image)

    def answer(asked: Asked) -> Answer:
        if "/manifests/" in asked.path:
            return 200, {}, json.dumps(top).encode()
        return (200, {}, body) if asked.path.endswith(digest(body)) else inner(asked)

    with serving(answer) as server:
        return await payload_size(f"{server.host}/team/app:v1", around(http, home))


CONFIG: dict[str, Any] = {"os": "linux", "architecture": "amd64"}


@pytest.mark.parametrize(
    ("config", "manifest"),
    [
        (CONFIG | {"variant": None, "history": None, "config": None}, {}),
        (CONFIG | {"history": [None, {"created_by": None, "empty_layer": None}]}, {}),
        (CONFIG | {"config": {"Env": None}}, {"mediaType": None, "annotations": None}),
        (CONFIG | {"config": {"Env": [None, "A", "=", "CUDA_VERSION"]}}, {"subject": None}),
        (CONFIG | {"architecture": "x86_64", "os": "Linux"}, {"schemaVersion": None}),
        (CONFIG | {"architecture": None}, {}),
        (CONFIG | {"os": None}, {"manifests": None}),
        ({"rootfs": None}, {}),
        (CONFIG | {"config": {"Env": ["CUDA_VERSION=" + "9" * 400 + ".0"]}}, {}),
        (CONFIG | {"config": {"Env": ["NVIDIA_REQUIRE_CUDA=cuda>=" + "9" * 400 + ".1"]}}, {}),
    ],
)
async def test_null_and_nothing_are_the_same_in_a_manifest_and_a_config(
    config: Any, manifest: dict[str, Any], http: httpx.AsyncClient, tmp_path: Path
) -> None:
    found = await sized(http, tmp_path, config, manifest)
    assert found.compressed_bytes == one_layer().compressed_bytes
    assert (found.platform, found.cuda) == ("linux/amd64", None)
    said = config.get("os") and config.get("architecture")
    assert any("does not say for which" in text for text in found.warnings) == (not said)


async def test_a_layer_whose_optional_texts_are_null_is_sized(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    layer = json.loads(one_layer().manifest)["layers"][0]
    odd = layer | {"mediaType": None, "annotations": None, "urls": None, "platform": None}
    found = await sized(http, tmp_path, CONFIG, {"layers": [odd]})
    assert found.compressed_bytes == one_layer().compressed_bytes
    assert found.unpacked_is_estimate
    nothing = await sized(http, tmp_path, CONFIG, {"layers": None})
    assert nothing.compressed_bytes == 0


@pytest.mark.parametrize(
    "config",
    [
        b"", b"null", b"[]", b"[" * 100_000, b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"history": [' + b"9" * 5000 + b"]}", b"\xff",
        {"os": 5}, {"history": {}}, {"history": ["RUN"]}, {"config": []}, {"config": {"Env": "A=1"}},
        {"architecture": ["amd64"]}, {"config": {"Env": [5]}},
    ],
    ids=range(14),
)  # fmt: skip
async def test_a_config_of_another_shape_is_one_sentence(
    config: Any, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with pytest.raises(PayloadError, match="cannot be believed") as error:
        await sized(http, tmp_path, config)
    assert error.value.remedy


@pytest.mark.parametrize("total", ["9" * 5000, "*", "x", "9999999999999999999"])
async def test_a_range_of_an_absurd_whole_is_not_believed(
    total: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    image = one_layer()
    inner = registry_of(image)

    def answer(asked: Asked) -> Answer:
        status, headers, body = inner(asked)
        if status == 206:
            headers = {"Content-Range": f"bytes 0-3/{total}"}
        return status, headers, body

    with serving(answer) as server:
        found = await payload_size(f"{server.host}/team/app:v1", around(http, tmp_path))
    assert found.compressed_bytes == image.compressed_bytes
