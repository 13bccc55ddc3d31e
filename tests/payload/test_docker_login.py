"""Private images of a real registry, and the logins that Docker keeps."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from hunter.payload.ask import Surroundings, payload_size
from hunter.values.errors import PayloadError
from tests.payload.layouts import (
    Image,
    Registry,
    around,
    gzipped,
    tar,
    write_layout,
)

if TYPE_CHECKING:
    from pathlib import Path

    import httpx


def one_layer() -> Image:
    return Image(layers=[gzipped(tar(2_000_000, 2))])


def push(registry: Registry, folder: Path, image: Image, name: str, *options: str) -> str:
    layout = write_layout(folder / re.sub("[/:]", "_", name), image)
    return registry.push(layout, name, *options)


def logged_in(home: Path, config: dict[str, Any]) -> None:
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps(config))


@pytest.fixture
def private_image(private_registry: Registry, tmp_path: Path) -> str:
    image = one_layer()
    layout = write_layout(tmp_path / "layout", image)
    return private_registry.push(layout, "team/app:v1", "--dest-creds", "anna:s3cret:pass")


async def test_a_private_image_without_a_login_says_how_to_log_in(
    private_image: str, here: Surroundings
) -> None:
    with pytest.raises(PayloadError, match="is private, or does not exist") as error:
        await payload_size(private_image, here)
    assert "docker login 127.0.0.1" in error.value.remedy


async def test_the_login_in_dockers_settings_opens_a_private_image(
    private_image: str, private_registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    auth = base64.b64encode(b"anna:s3cret:pass").decode()
    logged_in(
        tmp_path, {"auths": {private_registry.host: {"auth": auth}}, "HttpHeaders": {"a": "b"}}
    )
    assert (
        await payload_size(private_image, here)
    ).compressed_bytes == one_layer().compressed_bytes


async def test_a_credential_helper_opens_a_private_image(
    private_image: str,
    private_registry: Registry,
    http: httpx.AsyncClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    helper = tools / "docker-credential-vault"
    helper.write_text(
        "#!/bin/sh\n"
        f'read host; [ "$1 $host" = "get {private_registry.host}" ] || exit 1\n'
        'echo \'{"ServerURL":"x","Username":"anna","Secret":"s3cret:pass"}\'\n'
    )
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "config.json").write_text(
        json.dumps({"credHelpers": {private_registry.host: "vault"}})
    )
    here = around(http, tmp_path, environ={"DOCKER_CONFIG": str(folder)})
    assert (await payload_size(private_image, here)).kind == "image"
    (folder / "config.json").write_text(json.dumps({"credsStore": "vault"}))
    assert (await payload_size(private_image, here)).kind == "image"


async def test_a_login_that_is_refused_is_not_called_a_missing_one(
    private_image: str, private_registry: Registry, here: Surroundings, tmp_path: Path
) -> None:
    auth = base64.b64encode(b"anna:wrong").decode()
    logged_in(tmp_path, {"auths": {f"https://{private_registry.host}/v2/": {"auth": auth}}})
    with pytest.raises(PayloadError, match="does not let your login read") as error:
        await payload_size(private_image, here)
    assert "wrong" not in str(error.value) + error.value.remedy
