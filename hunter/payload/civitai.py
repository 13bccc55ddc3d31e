"""Weights on Civitai: the primary file of a model's version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec

from hunter.payload.documents import absent, believable, parsed
from hunter.payload.http import failing, rate_limited
from hunter.payload.sizes import file_piece, size_of_files
from hunter.values.errors import PayloadError, UsageError
from hunter.values.keys import checked_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.payload.http import PayloadHttp, Reply
    from hunter.payload.sizes import PayloadSize

VARIABLE = "CIVITAI_API_TOKEN"
SITE = "https://civitai.com"
MODEL_BYTES = 16 * 2**20
"""A model with all its versions and pictures' descriptions."""
_REF = re.compile(r"(?:([0-9]{1,18})@)?([0-9]{1,18})")
Document = TypeVar("Document")


class _VersionFile(msgspec.Struct, frozen=True, rename={"size_kib": "sizeKB"}):
    size_kib: Annotated[float, msgspec.Meta(ge=0, le=2**40)] | None = None
    name: str | None = None
    type: str | None = None
    primary: bool | None = None
    hashes: dict[str, str | None] | None = None


class _Version(msgspec.Struct, frozen=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**62)]
    files: list[msgspec.Raw] | None = None


class _Model(msgspec.Struct, frozen=True, rename="camel"):
    model_versions: list[msgspec.Raw] | None = None


async def civitai_size(
    ref: str, text: str, http: PayloadHttp, base_url: str, token: str | None, now: float
) -> PayloadSize:
    """The bytes of a version's primary file.

    `ID` is a version, or where there is none of that number a model, of which the newest is taken;
    `MODEL@ID` is a version for certain.
    """
    found = _REF.fullmatch(text)
    if not found:
        raise UsageError(
            f"{text[:200]!r} names nothing on Civitai.",
            remedy="Write civitai:VERSION, the number behind modelVersionId= in the page's address.",
        )
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    warnings: list[str] = []

    async def ask(path: str) -> Reply:
        return await http.ask(
            "GET", f"{base_url}/api/v1/{path}", headers=headers, limit_bytes=MODEL_BYTES
        )

    reply = await ask(f"model-versions/{found[2]}")
    if reply.status == 404 and not found[1]:
        reply = await ask(f"models/{found[2]}")
        model = _parsed(_checked(reply, text, token, now).body, _Model, text)
        versions = [record for record in model.model_versions or [] if not absent(record)]
        if not versions:
            raise _missing(text, token)
        version = _parsed(versions[0], _Version, text)
        warnings.append(
            f"{text} is a model and no version: its newest, {version.id}, is counted. "
            f"Write civitai:{version.id} to keep it."
        )
    else:
        version = _parsed(_checked(reply, text, token, now).body, _Version, text)
    chosen = _main_file(version, text)
    if chosen is None or chosen.size_kib is None:
        raise PayloadError(
            f"Civitai does not say how large {text} is.",
            remedy="Give the size by hand in the workload file.",
        )
    sha256 = ((chosen.hashes or {}).get("SHA256") or "").lower()
    digest = f"sha256:{sha256}" if sha256 else None
    n_bytes = round((chosen.size_kib or 0.0) * 1024)
    files = [file_piece(chosen.name or text, n_bytes, digest)]
    return size_of_files(ref, "civitai", digest or f"version:{version.id}", files, warnings)


def _main_file(version: _Version, text: str) -> _VersionFile | None:
    """The primary file, else the first model, else the first file; None where there is none.

    A record that cannot be read does not matter beside a primary file that can; without one it might be it.
    """
    records = [record for record in version.files or [] if not absent(record)]
    files = [file for record in records if (file := believable(record, _VersionFile)) is not None]
    for file in files:
        if file.primary:
            return file
    for record in records:
        _parsed(record, _VersionFile, text)
    models = [file for file in files if file.type in (None, "", "Model", "Pruned Model")]
    return next(iter(models or files), None)


def find_token(environ: Mapping[str, str]) -> str | None:
    """The user's key; ConfigError where it cannot be one."""
    return checked_key(environ.get(VARIABLE, ""), VARIABLE)


def _checked(reply: Reply, text: str, token: str | None, now: float) -> Reply:
    if reply.ok:
        return reply
    if reply.status in (401, 403):
        raise PayloadError(
            f"Civitai shows {text} only to members who may fetch it.",
            remedy="Set CIVITAI_API_TOKEN to a key of your account.",
        )
    if reply.status == 404:
        raise _missing(text, token)
    if reply.status == 429:
        raise rate_limited(reply, "Civitai", now, "Wait, then try again.")
    raise failing(reply, "Civitai")


def _missing(text: str, token: str | None) -> PayloadError:
    private = "" if token else " Some are shown only with CIVITAI_API_TOKEN."
    return PayloadError(
        f"Civitai has no version and no model {text}.",
        remedy=f"Take the number behind modelVersionId= in the page's address.{private}",
    )


def _parsed(body: bytes | msgspec.Raw, kind: type[Document], text: str) -> Document:
    return parsed(body, kind, f"Civitai answered nonsense about {text}", "Try again later.")
