"""Objects in a bucket, listed by a real S3 server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hunter.payload.ask import payload_size
from hunter.values.errors import PayloadError
from tests.payload.layouts import Answer, Asked, around, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

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
        await payload_size(
            "s3://models/m", around(http, tmp_path, environ={"AWS_ENDPOINT_URL": server.url})
        )
    assert "AWS_ACCESS_KEY_ID" in error.value.remedy
