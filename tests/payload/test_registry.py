"""Registries that fail, refuse, lie, attack or ask for tokens: one clear sentence each."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from hunter.payload.ask import payload_size
from hunter.values.errors import HunterError, PayloadError, PayloadUnreachable
from tests.payload.layouts import (
    OCI,
    Answer,
    Asked,
    Image,
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

    import httpx

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
    "a manifest that is null": (always(200, b"null"), "cannot be believed"),
    "a size of five thousand digits": (
        always(200, b'{"config": {"size": ' + b"9" * 5000 + b"}, \"layers\": []}"), "cannot be believed"),
    "nested deep where nobody looks": (
        always(200, b'{"x":' + b"[" * 10**5 + b"]" * 10**5 + b"}"), "cannot be believed"),
    "packed in a way nobody asked for": (always(200, b"x", Content_Encoding="br"), "nobody asked for"),
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


# ── token servers ───────────────────────────────────────────────────────────────────────────────
NEEDS_CUDA = Image(layers=[gzipped(tar(50_000, 3))], env=["NVIDIA_REQUIRE_CUDA=cuda>=12.4"])


def guarded(field: str) -> Callable[[Asked], Answer]:
    """A registry that wants a token from the other side of a challenge with a comma inside quotes."""
    inner = registry_of(NEEDS_CUDA)

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
    assert found.compressed_bytes == NEEDS_CUDA.compressed_bytes
    assert found.cuda == 12.4


async def test_a_blob_that_lies_elsewhere_is_fetched_without_the_token(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with serving(registry_of(NEEDS_CUDA)) as store:
        plain = guarded("token")

        def answer(asked: Asked) -> Answer:
            if "/blobs/" in asked.path and asked.headers.get("authorization"):
                return 307, {"Location": f"{store.url}{asked.path}"}, b""
            return plain(asked)

        with serving(answer) as server:
            found = await payload_size(f"{server.host}/team/app:v1", around(http, tmp_path))
        assert store.asked
        assert all("authorization" not in asked.headers for asked in store.asked)
    assert found.compressed_bytes == NEEDS_CUDA.compressed_bytes


# ── whose login it is ───────────────────────────────────────────────────────────────────────────
LOGIN = "Basic " + base64.b64encode(b"anna:s3cret:pass").decode()


def logged_in(home: Path, host: str, **entry: str) -> None:
    """Docker's settings with a login for a registry."""
    auth = entry or {"auth": LOGIN.removeprefix("Basic ")}
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps({"auths": {host: auth}}))


def authorizations(asked: list[Asked]) -> set[str]:
    return {one.headers["authorization"] for one in asked if "authorization" in one.headers}


@pytest.mark.parametrize(
    "challenge",
    ['Basic realm="x"', 'Bearer realm="{own}/token"', 'Bearer realm="{first}/token"',
     'Basic realm="x", Bearer realm="{own}/token"'],
)  # fmt: skip
@pytest.mark.parametrize("entry", [{}, {"identitytoken": "s3cret-identity"}])
async def test_a_server_that_the_registry_redirects_to_gets_no_login_for_its_own_challenge(
    challenge: str, entry: dict[str, str], http: httpx.AsyncClient, tmp_path: Path
) -> None:
    first_url = ""

    def other(asked: Asked) -> Answer:
        own = f"http://{asked.headers['host']}"
        if asked.path == "/token":
            return json_answer({"token": "anonymous"}, 401 if "first" in challenge else 200)
        return 401, {"WWW-Authenticate": challenge.format(own=own, first=first_url)}, b""

    with serving(other) as elsewhere:

        def registry(asked: Asked) -> Answer:
            if asked.path == "/token":
                return json_answer({"token": "anonymous"})
            return 307, {"Location": f"{elsewhere.url}{asked.path}"}, b""

        with serving(registry) as server:
            first_url = server.url
            logged_in(tmp_path, server.host, **entry)
            with pytest.raises(PayloadError, match=r"sends us to .* lets no stranger in") as error:
                await payload_size(f"{server.host}/team/app:v1", around(http, tmp_path))
        for asked in elsewhere.asked + server.asked:
            assert LOGIN not in str(asked.headers)
            assert b"s3cret" not in asked.body
        assert authorizations(elsewhere.asked) <= {"Bearer anonymous"}
    assert "docker login" in error.value.remedy


async def test_a_server_that_the_registry_redirects_to_is_asked_as_a_stranger(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with serving(guarded("token")) as elsewhere:

        def registry(asked: Asked) -> Answer:
            return 307, {"Location": f"{elsewhere.url}{asked.path}"}, b""

        with serving(registry) as server:
            logged_in(tmp_path, server.host)
            found = await payload_size(f"{server.host}/team/app:v1", around(http, tmp_path))
        assert authorizations(server.asked) == set()
        assert authorizations(elsewhere.asked) == {"Bearer tok3n"}
        assert sum(asked.path == "/token" for asked in elsewhere.asked) == 1
    assert found.compressed_bytes == NEEDS_CUDA.compressed_bytes


async def test_a_token_server_of_another_host_gets_the_login_that_its_registry_asks_for(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    inner = registry_of(NEEDS_CUDA)
    with serving(lambda asked: json_answer({"token": "tok3n"})) as auth:

        def registry(asked: Asked) -> Answer:
            if asked.headers.get("authorization") != "Bearer tok3n":
                header = f'Negotiate, Basic realm="x", Bearer realm="{auth.url}/t",service="s"'
                return 401, {"WWW-Authenticate": header}, b""
            return inner(asked)

        with serving(registry) as server:
            logged_in(tmp_path, server.host)
            await payload_size(f"{server.host}/team/app:v1", around(http, tmp_path))
        assert authorizations(server.asked) == {"Bearer tok3n"}
        assert authorizations(auth.asked) == {LOGIN}
        assert auth.asked[0].query["scope"] == "repository:team/app:pull"


async def test_a_token_that_buys_tokens_is_not_sent_on_by_the_token_server(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with serving(lambda asked: json_answer({"token": "tok3n"})) as evil:

        def registry(asked: Asked) -> Answer:
            if asked.path == "/token":
                return 307, {"Location": f"{evil.url}/token"}, b""
            realm = f"http://{asked.headers['host']}/token"
            return 401, {"WWW-Authenticate": f'Bearer realm="{realm}"'}, b""

        with serving(registry) as server:
            logged_in(tmp_path, server.host, identitytoken="s3cret-identity")
            with pytest.raises(PayloadError, match="what was meant for it"):
                await payload_size(f"{server.host}/team/app:v1", around(http, tmp_path))
        assert not evil.asked


@pytest.mark.parametrize(
    "header",
    [
        'Basic realm="x"', "Basic", 'Negotiate, Basic realm="x"', 'Digest realm="x", Basic realm="y"',
        'Bearer, Basic realm="x"', 'Bearer realm="", Basic realm="x"', 'basic realm="a, Bearer b"',
    ],
)  # fmt: skip
async def test_of_several_challenges_the_one_is_taken_that_a_login_answers(
    header: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    inner = registry_of(NEEDS_CUDA)

    def registry(asked: Asked) -> Answer:
        if asked.headers.get("authorization") != LOGIN:
            return 401, {"WWW-Authenticate": header}, b""
        return inner(asked)

    with serving(registry) as server:
        logged_in(tmp_path, server.host)
        found = await payload_size(f"{server.host}/team/app:v1", around(http, tmp_path))
    assert found.compressed_bytes == NEEDS_CUDA.compressed_bytes


@pytest.mark.parametrize(
    "body",
    [
        b'{"token": null}', b'{"token": 5}', b"null", b"[]", b"[" * 100_000, b'{"token": "a b"}',
        b'{"token": "a\\nb"}', b'{"token": "\xc3\xa9"}', b"", b'{"token": "' + b"x" * 20_000 + b'"}',
        b'{"token": "", "access_token": null}', b'{"token": ' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
async def test_a_token_that_is_none_is_one_sentence(body: bytes, here: Surroundings) -> None:
    def registry(asked: Asked) -> Answer:
        if asked.path == "/token":
            return 200, {}, body
        realm = f"http://{asked.headers['host']}/token"
        return 401, {"WWW-Authenticate": f'Bearer realm="{realm}"'}, b""

    with serving(registry) as server, pytest.raises(PayloadError, match="gives no token"):
        await payload_size(f"{server.host}/team/app:v1", here)


async def test_a_token_beside_a_null_is_taken(here: Surroundings) -> None:
    inner = registry_of(NEEDS_CUDA)

    def registry(asked: Asked) -> Answer:
        if asked.path == "/token":
            return json_answer({"token": None, "access_token": "tok3n"})
        if asked.headers.get("authorization") != "Bearer tok3n":
            realm = f"http://{asked.headers['host']}/token"
            return 401, {"WWW-Authenticate": f'Bearer realm="{realm}"'}, b""
        return inner(asked)

    with serving(registry) as server:
        assert (await payload_size(f"{server.host}/team/app:v1", here)).cuda == 12.4


@pytest.mark.parametrize(
    "realm",
    ["/token", "token", "ftp://h/", "https://xn--/", "https://[::1", "https://h:99999/", "//h/t"],
)
async def test_a_realm_that_is_no_web_address_is_one_sentence(
    realm: str, here: Surroundings
) -> None:
    answer = always(401, WWW_Authenticate=f'Bearer realm="{realm}"')
    with serving(answer) as server, pytest.raises(PayloadError, match="no web address"):
        await payload_size(f"{server.host}/team/app:v1", here)


@pytest.mark.parametrize(
    "ref", ["xn--/app:v1", "xn--a.example/app", "h.example:99999/a/b", "h.x:0/a"]
)
async def test_a_registry_that_is_none_is_one_sentence(ref: str, here: Surroundings) -> None:
    with pytest.raises(HunterError) as error:
        await payload_size(ref, here)
    assert error.value.remedy


async def test_bytes_that_are_not_those_of_their_digest_are_refused(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    def lying(asked: Asked) -> Answer:
        status, headers, body = registry_of(IMAGE)(asked)
        return status, headers, body.replace(b"amd64", b"arm64") if b"amd64" in body else body

    with serving(lying) as server, pytest.raises(PayloadError, match="other bytes than its digest"):
        await payload_size(f"{server.host}/team/app:v1", around(http, tmp_path))
