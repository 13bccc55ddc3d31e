"""Private images of a real registry, and the logins that Docker keeps."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from hunter.payload.ask import Surroundings, payload_size
from hunter.payload.docker_login import login_for
from hunter.values.errors import PayloadError
from tests.payload.layouts import (
    Image,
    Registry,
    around,
    gzipped,
    registry_of,
    serving,
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


# ── settings as people have them ────────────────────────────────────────────────────────────────
PAIR = base64.b64encode(b"anna:s3cret:pass").decode()


async def kept(home: Path, config: Any) -> Any:
    body = config if isinstance(config, bytes) else json.dumps(config).encode()
    (home / "config.json").write_bytes(body)
    return await login_for("reg.example", home / "config.json")


@pytest.mark.parametrize(
    "config",
    [
        None,
        {},
        {"auths": None, "credHelpers": None, "credsStore": None},
        {"auths": {"reg.example": None}},
        {"auths": {"reg.example": {}}, "credsStore": ""},
        {"auths": {"reg.example": {"auth": None, "username": None, "identitytoken": None}}},
        {"credHelpers": {"reg.example": None}},
        {"credHelpers": {"reg.example": ""}},
        {"auths": {"other.example": 5, "b": [], "c": "x"}, "credHelpers": {"other.example": {}}},
        {"auths": {"other.example": {"auth": "no base64"}}, "proxies": "[" * 500},
    ],
)
async def test_null_is_no_login_and_the_entries_of_others_do_not_matter(
    config: Any, tmp_path: Path
) -> None:
    assert await kept(tmp_path, config) is None


@pytest.mark.parametrize(
    "config",
    [
        {"auths": {"reg.example": {"auth": PAIR, "identitytoken": None, "email": None}}},
        {"auths": {"bad": 5, "https://reg.example/v1/": {"auth": PAIR}}, "credHelpers": None},
        {"auths": {"reg.example": {"username": "anna", "password": "s3cret:pass", "auth": None}}},
        {"auths": {"reg.example": {"auth": PAIR}}, "credHelpers": {"reg.example": None}},
    ],
)
async def test_a_login_among_nulls_is_found(config: Any, tmp_path: Path) -> None:
    login = await kept(tmp_path, config)
    assert (login.user, login.secret) == ("anna", "s3cret:pass")


@pytest.mark.parametrize(
    "config",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        [],
        {"auths": []},
        {"auths": {"reg.example": 5}},
        {"auths": {"reg.example": {"auth": 5}}},
        {"auths": {"reg.example": {"auth": "\u00e9"}}},
        {"auths": {"reg.example": {"auth": "====="}}},
        {"auths": {"reg.example": {"auth": base64.b64encode(b"\xff:x").decode()}}},
        {"credHelpers": {"reg.example": ["x"]}},
        {"credHelpers": {"reg.example": "../../evil"}},
        {"credsStore": "no-such-program"},
    ],
)
async def test_settings_that_cannot_be_used_block_no_public_image(
    config: Any, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    image = one_layer()
    with serving(registry_of(image)) as server:
        text = config if isinstance(config, bytes) else json.dumps(config).encode()
        folder = tmp_path / "docker"
        folder.mkdir()
        (folder / "config.json").write_bytes(text.replace(b"reg.example", server.host.encode()))
        here = around(http, tmp_path, environ={"DOCKER_CONFIG": str(folder)})
        found = await payload_size(f"{server.host}/team/app:v1", here)
    assert found.compressed_bytes == image.compressed_bytes


@pytest.mark.parametrize(
    ("helper", "why"),
    [
        ("", "cannot be started"),
        ("#!/bin/sh\necho nonsense\n", "answered nonsense"),
        ("#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' '['\n", "answered nonsense"),
        ("#!/bin/sh\necho '{\"Username\": 5}'\n", "answered nonsense"),
    ],
)
async def test_a_private_image_says_why_there_is_no_login(
    helper: str,
    why: str,
    private_image: str,
    private_registry: Registry,
    here: Surroundings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if helper:
        program = tmp_path / "docker-credential-gone"
        program.write_text(helper)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    logged_in(tmp_path, {"credHelpers": {private_registry.host: "gone"}})
    with pytest.raises(PayloadError, match=f"asks for a login.*{why}") as error:
        await payload_size(private_image, here)
    assert error.value.remedy


async def test_a_helper_without_a_login_gives_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "docker-credential-empty"
    program.write_text('#!/bin/sh\necho \'{"ServerURL":null,"Username":null,"Secret":null}\'\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert await kept(tmp_path, {"credsStore": "empty"}) is None


@pytest.mark.parametrize("helper", ["../evil", "/bin/sh", "a b", "x;id", "$(id)", "x\n", "-"])
async def test_a_helper_is_a_programs_name_and_never_a_path(helper: str, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"credsStore": helper}))
    with pytest.raises(PayloadError, match=r"no program's name|cannot be started"):
        await login_for("registry.example", path)
