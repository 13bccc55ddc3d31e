"""The user's registry logins, as `docker login` keeps them. Read, never written, never shown."""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hunter.payload.documents import absent, parsed
from hunter.values.errors import ConfigError, PayloadError
from hunter.values.keys import checked_key

if TYPE_CHECKING:
    from collections.abc import Mapping

HELPER_LIMIT_S = 15.0
"""A credential helper that takes longer is waiting for somebody who is not there."""
_HUB_NAMES = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io")
KEY_FILE_USERS = ("_json_key",)
"""Who logs in with a whole JSON file for a password (Google's registries)."""
LONGEST_LOGIN = 16_384
_NOTHING = msgspec.Raw(b"null")
_HELPER = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login for one registry: a user and password, or a token that buys tokens."""

    user: str = ""
    secret: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    def checked(self, place: str) -> Login:
        """The login as it was read; ConfigError, which names the place only, where it cannot be one.

        A password is sent encoded and may hold any sign that can be typed; the key files that some
        registries take for one have lines. A token is a key.
        """
        checked_key(self.identity_token, place)
        plain = self.user.isprintable() and (
            self.secret.isprintable() or self.user in KEY_FILE_USERS
        )
        if not plain or len(self.user) + len(self.secret) > LONGEST_LOGIN:
            raise ConfigError(
                f"{place} holds a login with a line break or another control character in it, or a much "
                "too long one.",
                remedy="Run `docker login` again.",
            )
        return self

    @property
    def basic(self) -> str:
        """The header for HTTP's basic authentication."""
        pair = f"{self.user}:{self.secret}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


class _Auth(msgspec.Struct):
    auth: str | None = None
    username: str | None = None
    password: str | None = None
    identitytoken: str | None = None


class _Config(msgspec.Struct, rename={"helpers": "credHelpers", "store": "credsStore"}):
    """The settings that matter here. An entry is read when it is the one asked for."""

    auths: dict[str, msgspec.Raw] | None = None
    helpers: dict[str, msgspec.Raw] | None = None
    store: str | None = None


class _FromHelper(msgspec.Struct, rename="pascal"):
    username: str | None = None
    secret: str | None = None


def config_file(environ: Mapping[str, str], home: Path) -> Path:
    """Where docker keeps its settings."""
    folder = environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else home / ".docker") / "config.json"


async def login_for(registry: str, path: Path) -> Login | None:
    """The user's login for a registry; None where there is none.

    Args:
        registry: its host, with the port where one was written; docker.io for Docker Hub.
        path: docker's config.json.
    """
    try:
        body = await asyncio.to_thread(path.read_bytes)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # a NUL in the path
        raise PayloadError(
            f"{path} cannot be read as docker's settings: {error}.",
            remedy="Correct the file, or point DOCKER_CONFIG elsewhere.",
        ) from error
    wrong = f"{path} cannot be read as docker's settings"
    if absent(body):
        return None
    config = parsed(body, _Config, wrong, "Correct the file, or point DOCKER_CONFIG elsewhere.")
    names = _names(registry)
    for name in names:
        entry = (config.helpers or {}).get(name, _NOTHING)
        wrong = f"{path}, credHelpers, names no program for {registry}"
        if not absent(entry) and (helper := parsed(entry, str, wrong, "Correct the file.")):
            return await _ask_helper(helper, name)
    bare = {_bare(name) for name in names}
    for name, entry in (config.auths or {}).items():
        if _bare(name) in bare and not absent(entry) and (login := _kept(entry, path, registry)):
            return login
    if config.store:
        return await _ask_helper(config.store, names[0])
    return None


def _names(registry: str) -> tuple[str, ...]:
    """What docker may call the registry in its settings; the usual name first."""
    return _HUB_NAMES if registry in _HUB_NAMES else (registry, f"https://{registry}")


def _bare(name: str) -> str:
    return re.sub(r"^https?://", "", name).split("/", 1)[0]


def _kept(entry: msgspec.Raw, path: Path, registry: str) -> Login | None:
    """The login that an entry of `auths` holds, if it holds one."""
    wrong = f"{path} holds no login for {registry} that can be read"
    auth = parsed(entry, _Auth, wrong, "Run `docker login` again.")
    if auth.identitytoken:
        return Login(identity_token=auth.identitytoken.strip()).checked(str(path))
    if auth.username:
        return Login(user=auth.username, secret=auth.password or "").checked(str(path))
    if not auth.auth:
        return None
    try:
        user, _, secret = base64.b64decode(auth.auth, validate=True).decode().partition(":")
    except ValueError as error:  # not base64, or not UTF-8 within
        raise PayloadError(
            f"{path} holds a login that cannot be decoded.", remedy="Run `docker login` again."
        ) from error
    return Login(user=user, secret=secret.rstrip("\0")).checked(str(path))


async def _ask_helper(helper: str, name: str) -> Login | None:
    """What a credential helper knows of the registry; None where it knows nothing."""
    if not _HELPER.fullmatch(helper):
        raise PayloadError(
            f"docker's settings name a credential helper {helper!r}, which is no program's name.",
            remedy="Correct credHelpers or credsStore.",
        )
    program = f"docker-credential-{helper}"
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            "get",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise PayloadError(
            f"{program}, which docker's settings name, cannot be started.",
            remedy="Install it, or remove it from credHelpers or credsStore.",
        ) from error
    try:
        answer, _ = await asyncio.wait_for(process.communicate(name.encode()), HELPER_LIMIT_S)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise PayloadError(
            f"{program} did not answer in {HELPER_LIMIT_S:.0f} s.",
            remedy="Unlock it, then try again.",
        ) from error
    if process.returncode != 0:
        return None
    wrong = f"{program} answered nonsense"
    found = parsed(answer, _FromHelper, wrong, "Run `docker login` again.")
    if not found.secret:
        return None
    if found.username == "<token>":
        return Login(identity_token=found.secret.strip()).checked(program)
    return Login(user=found.username or "", secret=found.secret).checked(program)
