"""Servers that fail, refuse, lie or attack: one clear sentence each, and nothing is asked that should not be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from hunter.payload.ask import payload_size
from hunter.payload.http import PayloadHttp
from hunter.values.errors import PayloadError, PayloadUnreachable
from tests.payload.layouts import (
    OCI,
    Answer,
    Asked,
    Image,
    Memory,
    around,
    gzipped,
    index,
    json_answer,
    registry_of,
    serving,
    tar,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hunter.payload.ask import Surroundings

IMAGE = Image(layers=[gzipped(tar(50_000, 3))])
LAYER = {"mediaType": f"{OCI}.layer.v1.tar+gzip", "digest": "sha256:" + "a" * 64, "size": 10}
CONFIG = {"mediaType": f"{OCI}.config.v1+json", "digest": "sha256:" + "b" * 64, "size": 10}


def manifest(**changes: Any) -> Callable[[Asked], Answer]:
    """A registry with one manifest, which is as the test wants it."""
    document = {"schemaVersion": 2, "config": CONFIG, "layers": [LAYER], **changes}
    body = json.dumps(document).encode()
    return lambda asked: (200, {"Content-Type": f"{OCI}.manifest.v1+json"}, body)


def always(status: int, body: bytes = b"{}", **headers: str) -> Callable[[Asked], Answer]:
    return lambda asked: (status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


def endless_index(asked: Asked) -> Answer:
    body = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.index.v1+json",
            "manifests": [
                {"mediaType": f"{OCI}.index.v1+json", "digest": "sha256:" + "c" * 64, "size": 1}
            ],
        }
    ).encode()
    return 200, {"Content-Type": f"{OCI}.index.v1+json"}, body


CASES: dict[str, tuple[Callable[[Asked], Answer], str]] = {
    "no such image": (always(404), "has no image"),
    "private without login": (always(401), "asks for a login"),
    "forbidden": (always(403), "asks for a login"),
    "rate-limited": (always(429), "127.0.0.1"),
    "rate-limited with a time": (always(429, Retry_After="90"), "until 20"),
    "down": (always(503), "503"),
    "a web page": (always(200, b"<html>hello"), "cannot be believed"),
    "a million layers": (manifest(layers=[LAYER] * 10**6), "larger|longer|more than|cannot be believed"),
    "a thousand and one layers": (manifest(layers=[LAYER] * 1001), "cannot be believed"),
    "a negative size": (manifest(layers=[LAYER | {"size": -5}]), "cannot be believed"),
    "an absurd size": (manifest(layers=[LAYER | {"size": 2**60}]), "cannot be believed"),
    "a broken digest": (manifest(layers=[LAYER | {"digest": "sha256:xyz"}]), "cannot be believed"),
    "docker's first format": (manifest(schemaVersion=1), "first format"),
    "nested too deep": (always(200, b"[" * 10**6), "cannot be believed"),
    "redirects without end": (always(302, Location="/again"), "without end"),
    "a redirect to the cloud's secrets": (
        always(302, Location="http://169.254.169.254/latest/"), "inside this machine"),
    "a redirect to no web address": (always(302, Location="file:///etc/passwd"), "no web address"),
    "a token server among the cloud's secrets": (
        always(401, WWW_Authenticate='Bearer realm="http://169.254.169.254/token"'), "inside this machine"),
    "another digest": (
        lambda asked: (200, {"Docker-Content-Digest": "sha256:" + "d" * 64}, IMAGE.manifest), "other bytes"),
    "an index of indexes": (endless_index, "without end|other bytes"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_each_is_one_sentence_with_a_remedy(case: str, here: Surroundings) -> None:
    answer, words = CASES[case]
    with serving(answer) as server, pytest.raises(PayloadError, match=words) as error:
        await payload_size(f"{server.host}/team/app:v1", here)
    assert error.value.remedy
    assert len(str(error.value)) < 400
    assert "\n" not in str(error.value)


async def test_an_image_for_other_machines_says_for_which(here: Surroundings) -> None:
    arm = Image(layers=IMAGE.layers, architecture="arm64")
    inner = registry_of(arm)

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/manifests/v1"):
            return 200, {"Content-Type": f"{OCI}.index.v1+json"}, index(arm)
        return inner(asked)

    with (
        serving(answer) as server,
        pytest.raises(PayloadError, match="only for linux/arm64") as error,
    ):
        await payload_size(f"{server.host}/team/app:v1", here)
    assert "--platform linux/amd64" in error.value.remedy


async def test_a_server_that_is_not_there_is_named(here: Surroundings) -> None:
    with serving(always(200)) as server:
        host = server.host
    with pytest.raises(PayloadUnreachable, match="127\\.0"):
        await payload_size(f"{host}/team/app:v1", here)


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:9/x", "http://10.0.0.1/x", "https://inside.example/x"]
)
async def test_a_public_server_cannot_send_us_into_our_own_network(target: str) -> None:
    asked: list[str] = []

    def transport(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(307, headers={"Location": target})

    async def look_up(host: str, port: int) -> list[str]:
        return ["192.168.1.5"] if host == "inside.example" else ["93.184.216.34"]

    async with httpx.AsyncClient(transport=httpx.MockTransport(transport)) as http:
        with pytest.raises(
            PayloadError, match=r"inside this machine or its network|without encryption"
        ):
            await PayloadHttp(http, look_up).ask("GET", "https://registry.example/v2/")
    assert asked == ["https://registry.example/v2/"]


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


async def test_plain_answers_of_a_hub_are_not_believed_blindly(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Answer:
        return json_answer({"id": "a/b", "sha": "c", "siblings": [{"rfilename": "x", "size": -1}]})

    with serving(answer) as server, pytest.raises(PayloadError, match="nonsense"):
        await payload_size("hf:a/b", around(http, tmp_path, mirrors={"huggingface.co": server.url}))
