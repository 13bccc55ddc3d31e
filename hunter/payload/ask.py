"""How much has to travel for a reference, learnt without fetching it: one verb, `size`.

    image           ghcr.io/ORG/NAME:TAG, docker.io names, docker://…, oci+http://HOST/NAME (unencrypted)
    hf:             hf:ORG/REPO[@REV][:GLOB], hf:datasets/ORG/NAME
    civitai:        civitai:VERSION, civitai:MODEL@VERSION
    s3://           s3://BUCKET/PREFIX
    https://        a file behind an address
    file            ./path, /path, ~/path, file:path, a pattern, or the name of a file that is there

Servers are not trusted: see `fetch`. What was learnt is kept in the caller's cache; a server that does
not answer is answered for by what the cache holds, with its age.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import msgspec

from hunter.facts.shipped import shipped
from hunter.payload import civitai, docker_login, huggingface, objects, s3
from hunter.payload.fetch import Fetch
from hunter.payload.oci import ImageSizer
from hunter.payload.registry import open_registry, parse_image
from hunter.payload.sizes import Cache, Layer, NoCache, PayloadSize
from hunter.values.errors import PayloadError, PayloadUnreachable, UsageError
from hunter.values.references import KIND_OF_PREFIX, Kind, size_key
from hunter.values.units import duration

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

MAX_AGE_S = 3600.0
"""A tag or a branch may move; what is younger is believed."""
LIMIT_S = 120.0
"""For one reference, everything together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a size depends on besides its reference: everything that is not Hunter's."""

    http: httpx.AsyncClient = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    home: Path
    mirrors: Mapping[str, str] = field(default_factory=dict)
    """Servers to ask in place of others, by host: `ghcr.io`, `huggingface.co`, `civitai.com`."""
    now: Callable[[], float] = time.time
    """Unix seconds."""


@asynccontextmanager
async def surroundings(mirrors: Mapping[str, str] | None = None) -> AsyncIterator[Surroundings]:
    """The user's own: environment, home folder, network."""
    timeout = httpx.Timeout(30.0, connect=10.0)
    async with httpx.AsyncClient(timeout=timeout) as http:
        yield Surroundings(
            http=http, environ=os.environ, home=Path.home(), mirrors=dict(mirrors or {})
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """A reference, taken apart: what kind of thing it names, and the rest of it."""

    kind: Kind
    rest: str


_IMAGE_SCHEMES = ("docker://", "oci://", "oci+http://")


def parse_ref(text: str) -> Ref:
    """What a reference names; UsageError where it names nothing.

    >>> parse_ref("hf:org/repo@main:*.safetensors")
    Ref(kind='huggingface', rest='org/repo@main:*.safetensors')
    >>> parse_ref("ghcr.io/org/app:v1").kind
    'image'
    """
    text = text.strip()
    if not text or re.search(r"[\x00-\x20\x7f]", text.replace(" ", "")):
        raise UsageError(
            "That is no reference.", remedy="Name an image, hf:…, civitai:…, s3://… or a file."
        )
    for prefix, kind in KIND_OF_PREFIX.items():
        if kind != "url" and text.startswith(prefix):
            return Ref(kind=kind, rest=text.removeprefix(prefix))
    if text.startswith(_IMAGE_SCHEMES):
        return Ref(kind="image", rest=text)
    if text.startswith(("https://", "http://")):
        if not urlsplit(text).hostname:
            raise UsageError(
                f"{text[:200]!r} is no web address.", remedy="Write https://HOST/PATH."
            )
        return Ref(kind="url", rest=text)
    if "://" in text:
        raise UsageError(
            f"{text.partition('://')[0]!r} is no kind of reference that Hunter knows.",
            remedy="Name an image, hf:…, civitai:…, s3://…, https://… or a file.",
        )
    if text.startswith(("/", "./", "../", "~")) or any(mark in text for mark in "*?["):
        return Ref(kind="file", rest=text)
    if Path(text).is_file():
        return Ref(kind="file", rest=text)
    return Ref(kind="image", rest=text)


async def size(
    ref: str,
    around: Surroundings,
    cache: Cache | None = None,
    *,
    max_age_s: float = MAX_AGE_S,
    offline: bool = False,
) -> PayloadSize:
    """How much has to travel for a reference; PayloadError says why it cannot be learnt.

    Args:
        ref: as the module's text lists them.
        around: network, environment and home to use.
        cache: what was learnt before; nothing is remembered without one.
        max_age_s: an answer that is no older is given without asking again.
        offline: ask nobody; what the cache holds is the answer, whatever its age.
    """
    parsed, memory, key = parse_ref(ref), cache or NoCache(), size_key(ref)
    kept = _kept(memory, key) if parsed.kind != "file" else None
    if kept and (offline or kept.age_s <= max_age_s):
        return kept
    if offline and parsed.kind != "file":
        raise PayloadError(
            f"The size of {ref} was never learnt.", remedy="Ask once while there is a network."
        )
    try:
        async with asyncio.timeout(LIMIT_S):
            found = await _ask(ref.strip(), parsed, around, memory)
    except TimeoutError as error:
        late = f"{ref} was not described within {LIMIT_S:.0f} s"
        if kept:
            return _stale(kept, late)
        raise PayloadUnreachable(f"{late}.", remedy="Try again later.") from error
    except PayloadUnreachable as error:
        if kept:
            return _stale(kept, str(error).rstrip("."))
        raise
    if parsed.kind != "file":
        memory.put(key, msgspec.json.encode(found))
    return found


def _kept(memory: Cache, key: str) -> PayloadSize | None:
    before = memory.get(key)
    if before is None:
        return None
    try:
        return replace(msgspec.json.decode(before[0], type=PayloadSize), age_s=before[1])
    except msgspec.DecodeError:
        return None  # written by another version of Hunter


def _stale(kept: PayloadSize, why: str) -> PayloadSize:
    words = f"{why}; this is what was learnt {duration(kept.age_s)} ago."
    return replace(kept, warnings=(*kept.warnings, words))


async def _ask(ref: str, parsed: Ref, around: Surroundings, memory: Cache) -> PayloadSize:
    fetch, environ, now = Fetch(around.http), around.environ, around.now()
    if parsed.kind == "image":
        return await _image(ref, parsed.rest, fetch, around, memory)
    if parsed.kind == "huggingface":
        hub = environ.get("HF_ENDPOINT") or around.mirrors.get("huggingface.co") or huggingface.HUB
        token = huggingface.find_token(environ, around.home)
        asked = huggingface.parse_ref(parsed.rest)
        return await huggingface.size(ref, asked, fetch, hub.rstrip("/"), token, now)
    if parsed.kind == "civitai":
        site = around.mirrors.get("civitai.com") or civitai.SITE
        token = civitai.find_token(environ)
        return await civitai.size(ref, parsed.rest, fetch, site.rstrip("/"), token, now)
    if parsed.kind == "s3":
        account = s3.find_account(environ, around.home)
        return await s3.size(ref, parsed.rest, fetch, account, now)
    if parsed.kind == "url":
        return await objects.url_size(ref, fetch, _token_for(ref, around), now)
    return await asyncio.to_thread(objects.local_size, ref, parsed.rest)


def _token_for(url: str, around: Surroundings) -> str | None:
    """The token of the hub that an address belongs to; other hosts get none."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return None
    if parts.hostname == "huggingface.co":
        return huggingface.find_token(around.environ, around.home)
    return civitai.find_token(around.environ) if parts.hostname == "civitai.com" else None


async def _image(
    ref: str, name: str, fetch: Fetch, around: Surroundings, memory: Cache
) -> PayloadSize:
    image = parse_image(name)
    mirror = around.mirrors.get(image.registry)
    path = docker_login.config_file(around.environ, around.home)
    login = None if mirror else await docker_login.login_for(image.registry, path)
    registry = await open_registry(image, fetch, login, around.now(), mirror)
    return await ImageSizer(registry, memory, shipped().coldstart).size(ref)


__all__ = [
    "Cache",
    "Kind",
    "Layer",
    "NoCache",
    "PayloadSize",
    "Ref",
    "Surroundings",
    "parse_ref",
    "size",
    "surroundings",
]
