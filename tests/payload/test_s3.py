"""Objects in a bucket, listed by a real S3 server."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from contextlib import suppress
from itertools import repeat
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from hunter.payload.ask import payload_size
from hunter.payload.s3 import each_object
from hunter.values.errors import PayloadError, PayloadUnreachable
from tests.payload.layouts import Answer, Asked, Server, around, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hunter.payload.sizes import PayloadSize

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """A store with one bucket: a model of three files, and something beside it."""
    server = pytest.importorskip("moto.server", reason="moto's server is not installed")
    boto3 = pytest.importorskip("boto3")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    url = f"http://{host}:{port}"
    client: Any = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1",
        aws_access_key_id="testing", aws_secret_access_key="testing",
    )  # fmt: skip
    client.create_bucket(Bucket="models")
    for key, n_bytes in (("sd/a.safetensors", 70_000), ("sd/b.safetensors", 3_000),
                         ("sd/config.json", 10), ("sdxl/c.safetensors", 999)):  # fmt: skip
        client.put_object(Bucket="models", Key=key, Body=bytes(n_bytes))
    yield url
    running.stop()


@pytest.mark.parametrize(
    ("ref", "n_bytes"),
    [
        ("s3://models/sd", 73_010),  # the folder, and not what merely begins alike
        ("s3://models/sd/", 73_010),
        ("s3://models/sd/*.safetensors", 73_000),
        ("s3://models/sd/a.safetensors", 70_000),
        ("s3://models", 74_009),
    ],
)
async def test_a_prefix_means_a_folder_a_pattern_or_one_object(
    ref: str, n_bytes: int, store: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    env = {"AWS_ENDPOINT_URL": store, **KEYS}
    assert (
        await payload_size(ref, around(http, tmp_path, environ=env))
    ).compressed_bytes == n_bytes


@pytest.mark.parametrize(
    ("ref", "words"),
    [("s3://nowhere/x", "no bucket nowhere"), ("s3://models/none", "nothing under")],
)
async def test_what_is_not_there_is_one_sentence(
    ref: str, words: str, store: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    with pytest.raises(PayloadError, match=words) as error:
        await payload_size(ref, around(http, tmp_path, environ={"AWS_ENDPOINT_URL": store, **KEYS}))
    assert error.value.remedy


def page(keys: list[str], more: str | None) -> bytes:
    listed = "".join(f"<Contents><Key>{key}</Key><Size>100</Size></Contents>" for key in keys)
    rest = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    return (
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{rest}{listed}</ListBucketResult>"
    ).encode()


async def test_every_page_of_a_listing_is_read(http: httpx.AsyncClient, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.query.get("continuation-token") == "next+page":
            return 200, {}, page(["m/2"], None)
        return 200, {}, page(["m/0", "m/1"], "next+page")

    with serving(answer) as server:
        env = {"AWS_ENDPOINT_URL": server.url, **KEYS}
        found = await payload_size("s3://models/m", around(http, tmp_path, environ=env))
        assert [asked.headers["authorization"][:16] for asked in server.asked] == [
            "AWS4-HMAC-SHA256"
        ] * 2
    assert found.compressed_bytes == 300


async def test_a_store_that_shows_nothing_to_strangers_says_what_to_set(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Answer:
        assert "authorization" not in asked.headers
        return 403, {}, b"<Error><Code>AccessDenied</Code></Error>"

    with serving(answer) as server, pytest.raises(PayloadError, match="AccessDenied") as error:
        await listed(server, http, tmp_path, {})
    assert "AWS_ACCESS_KEY_ID" in error.value.remedy


async def listed(
    server: Server, http: httpx.AsyncClient, home: Path, environ: dict[str, str] = KEYS
) -> PayloadSize:
    """`s3://models/m` of a server."""
    env = {"AWS_ENDPOINT_URL": server.url, **environ}
    return await payload_size("s3://models/m", around(http, home, environ=env))


# ── who asks ────────────────────────────────────────────────────────────────────────────────────
def scope(asked: Asked) -> str:
    """Key, day and region that a request is signed for."""
    found = re.search(r"Credential=([^/]+)/\d+/([^/]+)/s3", asked.headers["authorization"])
    assert found
    return f"{found[1]} in {found[2]}"


def answers_page(asked: Asked) -> Answer:
    return 200, {}, page(["m/0"], None)


async def test_a_profile_of_the_users_own_files_asks(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = NOTME\naws_secret_access_key = x\n"
        "[work]\naws_access_key_id = WORKKEY\naws_secret_access_key = x\n"
        "aws_session_token = TOKEN\n"
    )
    with serving(answers_page) as server:
        (tmp_path / ".aws" / "config").write_text(
            f"[profile work]\nregion = eu-north-1\nendpoint_url = {server.url}\n"
        )
        await payload_size("s3://models/m", around(http, tmp_path, environ={"AWS_PROFILE": "work"}))
    [asked] = server.asked
    assert scope(asked) == "WORKKEY in eu-north-1"
    assert asked.headers["x-amz-security-token"] == "TOKEN"
    assert asked.headers["user-agent"].startswith("hunter/")


async def test_keys_of_the_environment_come_before_files(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = NOTME\naws_secret_access_key = x\n"
    )
    with serving(answers_page) as server:
        await listed(server, http, tmp_path, {**KEYS, "AWS_REGION": "eu-west-3"})
    assert [scope(asked) for asked in server.asked] == ["testing in eu-west-3"]


SECRET = "wJalrXUtnFEMI"


@pytest.mark.parametrize(
    ("config", "environ", "words"),
    [
        ("", {"AWS_PROFILE": "nobody"}, "nobody"),
        ("no section\n", {}, "config"),
        (f"[default]\ncredential_process = sh -c 'echo {SECRET} >&2; false'\n", {}, "Credential"),
        ("[default]\nregion = evil.example/\n", {}, "evil.example"),
    ],
)
async def test_an_account_that_cannot_be_used_is_one_sentence_without_secrets(
    config: str, environ: dict[str, str], words: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(config)
    with serving(answers_page) as server, pytest.raises(PayloadError, match=words) as error:
        await listed(server, http, tmp_path, environ)
    assert not server.asked
    assert error.value.remedy
    assert SECRET not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("endpoint", ["minio", "https://", "http://[::1"])
async def test_an_endpoint_that_is_none_is_said_to_be(
    endpoint: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    env = {**KEYS, "AWS_ENDPOINT_URL_S3": endpoint}
    with pytest.raises(PayloadError, match="no web address") as error:
        await payload_size("s3://models/m", around(http, tmp_path, environ=env))
    assert "https://HOST" in error.value.remedy


def test_the_client_is_loaded_only_where_a_bucket_is_asked_for() -> None:
    code = "import sys, hunter.payload.learn; sys.exit('botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ── where a bucket is ───────────────────────────────────────────────────────────────────────────
WRONG_REGION = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"
ELSEWHERE = b"<Error><Code>PermanentRedirect</Code><Message>Elsewhere.</Message></Error>"


async def test_a_bucket_in_another_region_is_signed_for_there(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Answer:
        if scope(asked).endswith("eu-west-1"):
            return answers_page(asked)
        return 400, {"x-amz-bucket-region": "eu-west-1"}, WRONG_REGION

    with serving(answer) as server:
        assert (await listed(server, http, tmp_path)).compressed_bytes == 100
    assert [scope(asked) for asked in server.asked] == [
        "testing in us-east-1",
        "testing in eu-west-1",
    ]


async def ask_amazon(
    tmp_path: Path, answer: Callable[[httpx.Request], httpx.Response], bucket: str = "models"
) -> list[httpx.URL]:
    """Where requests go for a bucket of Amazon's whose servers answer so."""
    seen: list[httpx.URL] = []

    def transport(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return answer(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(transport)) as client:
        with suppress(PayloadError):
            await payload_size(f"s3://{bucket}/m", around(client, tmp_path, environ=KEYS))
    return seen


async def test_amazon_is_asked_at_the_bucket_s_own_region(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "eu-west-1" in request.url.host:
            return httpx.Response(200, content=page(["m/0"], None))
        return httpx.Response(301, headers={"x-amz-bucket-region": "eu-west-1"}, content=ELSEWHERE)

    first, second = await ask_amazon(tmp_path, answer)
    assert first.host == "models.s3.amazonaws.com"
    assert second.host == "models.s3.eu-west-1.amazonaws.com"
    first, second = await ask_amazon(tmp_path, answer, "my.models")  # fits no certificate
    assert (second.host, second.path) == ("s3.eu-west-1.amazonaws.com", "/my.models")


@pytest.mark.parametrize("status", [301, 307])
@pytest.mark.parametrize(
    "headers",
    [
        {"x-amz-bucket-region": "evil.example"},
        {"x-amz-bucket-region": "evil.example/"},
        {"x-amz-bucket-region": "evil.example#"},
        {"x-amz-bucket-region": "a@evil.example:80/"},
        {"x-amz-bucket-region": "169.254.169.254/latest/"},
        {"location": "http://169.254.169.254/latest/meta-data/"},
        {"location": "https://evil.example/"},
    ],
)
async def test_a_store_cannot_send_us_or_our_token_anywhere_else(
    headers: dict[str, str], status: int, tmp_path: Path
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, content=ELSEWHERE)

    asked = await ask_amazon(tmp_path, answer)
    assert {url.host for url in asked} == {"models.s3.amazonaws.com"}
    assert len(asked) <= 2


# ── stores that fail or lie ─────────────────────────────────────────────────────────────────────
LIST = b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</ListBucketResult>'
BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>' + LIST % b"<Name>&a;</Name>"


def sized(text: bytes) -> bytes:
    return LIST % (b"<Contents><Key>m/0</Key><Size>%s</Size></Contents>" % text)


CASES: dict[str, tuple[int, bytes, str]] = {
    "a web page": (200, b"<html>hello", "cannot be read"),
    "half a web page": (206, b"<html>hello", "cannot be read"),
    "nothing": (200, b"", "nothing under"),
    "entities": (200, BOMB, "cannot be read"),
    "entities in UTF-16": (200, BOMB.decode().encode("utf-16"), "cannot be read"),
    "entities in UTF-16 without a mark": (200, BOMB.decode().encode("utf-16-be"), "cannot be read"),
    "an encoding that hides declarations": (
        200, b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE x+AD4-', "cannot be read"),
    "nested deep": (200, b"<a>" * 2_000_000, "cannot be read"),
    "two sizes": (200, sized(b"1</Size><Size>2"), "cannot be read"),
    "a size within a size": (200, sized(b"<Size>1</Size>"), "cannot be read|unknown bytes"),
    "a date beyond all time": (200, sized(b"1</Size><LastModified>inf</LastModified><Size>1"), "cannot be read"),
    "a date that is none": (200, sized(b"1</Size><LastModified>x</LastModified><Size>1"), "cannot be read"),
    "a key of a megabyte": (
        200, LIST % (b"<Contents><Key>" + b"m" * 2**20 + b"</Key><Size>1</Size></Contents>"), "cannot be read"),
    "a size in words": (200, sized(b"many"), "cannot be read"),
    "a size of many digits": (200, sized(b"9" * 5000), "cannot be read"),
    "a negative size": (200, sized(b"-1"), "object of -1 bytes"),
    "an absurd size": (200, sized(str(2**60).encode()), "object of"),
    "no key": (200, LIST % b"<EncodingType>url</EncodingType><Contents/>", "cannot be read"),
    "no size": (200, LIST % b"<Contents><Key>m/0</Key></Contents>", "object of unknown bytes"),
    "a long page": (200, b" " * 9_000_000, "more than"),
    "the same next page for ever": (200, page(["m/0"], "again"), "cannot be read"),
    "a code of several lines": (400, b"<Error><Code>a\nb\n</Code></Error>", "HTTP 400"),
    "no such bucket": (404, b"<Error><Code>NoSuchBucket</Code></Error>", "no bucket models"),
    "rate-limited": (429, b"", "until 20"),
    "rate-limited as Amazon says it": (503, b"<Error><Code>SlowDown</Code></Error>", "until 20"),
    "down": (503, b"<Error><Code>InternalError</Code></Error>", "HTTP 503"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_a_store_that_fails_or_lies_is_one_sentence(
    case: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    status, body, words = CASES[case]
    with (
        serving(lambda asked: (status, {"Retry-After": "60"}, body)) as server,
        pytest.raises(PayloadError, match=words) as error,
    ):
        await listed(server, http, tmp_path)
    assert error.value.remedy
    assert "\n" not in str(error.value)
    assert "testing" not in str(error.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
async def test_a_list_in_another_unicode_or_with_comments_is_read(
    encoding: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    entry = "<!-- one --><Contents><Key><![CDATA[m/0]]></Key><Size>5</Size><ETag/></Contents>"
    body = (LIST.decode() % entry).encode(encoding)
    with serving(lambda asked: (200, {}, body)) as server:
        assert (await listed(server, http, tmp_path)).compressed_bytes == 5


async def test_a_store_that_is_not_there_is_named(http: httpx.AsyncClient, tmp_path: Path) -> None:
    with serving(answers_page) as server:
        pass
    with pytest.raises(PayloadUnreachable, match=r"127\.0"):
        await listed(server, http, tmp_path)


class Pages:
    """A client whose listing has these pages."""

    def __init__(self, pages: Iterator[dict[str, Any]]) -> None:
        self.pages = pages

    def get_paginator(self, name: str) -> Pages:
        return self

    def paginate(self, **wanted: str) -> Iterator[dict[str, Any]]:
        return self.pages


@pytest.mark.parametrize("n_objects", [0, 1000])
def test_a_listing_without_end_comes_to_one(n_objects: int) -> None:
    full = {"Contents": [{"Key": "m/0", "Size": 1}] * n_objects}
    with pytest.raises(PayloadError, match="more than"):
        list(each_object(Pages(repeat(full)), "models", "m"))


async def test_nothing_is_asked_when_nobody_waits_any_more(tmp_path: Path) -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def transport(request: httpx.Request) -> httpx.Response:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(transport)) as client:
        work = asyncio.create_task(payload_size("s3://models/m", around(client, tmp_path)))
        await asked.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        await ended.wait()
