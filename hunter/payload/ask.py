"""How much has to travel for a reference, learnt without fetching it: one verb, `payload_size`.

`refs` says what a reference looks like, one module a kind asks its servers, `http` distrusts them all.
What was learnt is kept in the caller's cache; a server that does not answer is answered for by what the
cache holds, with its age. `learn` does this for the user's own machine and database, and `remembered`
reads what it left there.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from hunter.facts.shipped import shipped
from hunter.payload import civitai, docker_login, huggingface, objects, s3
from hunter.payload.dial import open_client
from hunter.payload.http import PayloadHttp, same_server
from hunter.payload.oci import ImageSizer
from hunter.payload.reach import Names
from hunter.payload.refs import parse_payload_ref, shown
from hunter.payload.registry import open_registry, parse_image
from hunter.payload.sizes import NoCache, cleaned_size, decoded
from hunter.values.errors import PayloadError, PayloadUnreachable
from hunter.values.keys import remember
from hunter.values.references import size_key
from hunter.values.words import duration

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    import httpx

    from hunter.payload.refs import PayloadRef
    from hunter.payload.sizes import Cache, PayloadSize

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
    names: Names = field(default_factory=Names, repr=False)
    """What names mean, for `http` and for whoever checks where it is sent."""


def home_folder() -> Path:
    """The user's own folder; one that holds nothing where this user has none."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")


@asynccontextmanager
async def surroundings(mirrors: Mapping[str, str] | None = None) -> AsyncIterator[Surroundings]:
    """The user's own: environment, home folder, network."""
    names = Names()
    async with open_client(names) as http:
        yield Surroundings(
            http=http,
            environ=os.environ,
            home=home_folder(),
            mirrors=dict(mirrors or {}),
            names=names,
        )


async def payload_size(
    ref: str,
    around: Surroundings,
    cache: Cache | None = None,
    *,
    max_age_s: float = MAX_AGE_S,
    offline: bool = False,
) -> PayloadSize:
    """How much has to travel for a reference; PayloadError says why it cannot be learnt.

    Args:
        ref: as `refs` lists them.
        around: network, environment and home to use.
        cache: what was learnt before; nothing is remembered without one.
        max_age_s: an answer that is no older is given without asking again.
        offline: ask nobody; what the cache holds is the answer, whatever its age.
    """
    parsed, memory, key = parse_payload_ref(ref), cache or NoCache(), size_key(ref)
    kept = _kept(memory, key) if parsed.kind != "file" else None
    if kept and (offline or kept.age_s <= max_age_s):
        return kept
    if offline and parsed.kind != "file":
        raise PayloadError(
            f"The size of {shown(ref)} was never learnt.",
            remedy="Ask once while there is a network.",
        )
    try:
        async with asyncio.timeout(LIMIT_S):
            found = cleaned_size(await _ask(ref.strip(), parsed, around, memory))
    except TimeoutError as error:
        late = f"{shown(ref)} was not described within {LIMIT_S:.0f} s"
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
    found = decoded(before[0]) if before else None
    return replace(found, age_s=before[1]) if before and found else None


def _stale(kept: PayloadSize, why: str) -> PayloadSize:
    words = f"{why}; this is what was learnt {duration(kept.age_s)} ago."
    return replace(kept, warnings=(*kept.warnings, words))


async def _ask(ref: str, parsed: PayloadRef, around: Surroundings, memory: Cache) -> PayloadSize:
    http, environ, now = PayloadHttp(around.http, around.names), around.environ, around.now()
    if parsed.kind == "image":
        return await _image(ref, parsed.rest, http, around, memory)
    if parsed.kind == "huggingface":
        hub = environ.get("HF_ENDPOINT") or around.mirrors.get("huggingface.co") or huggingface.HUB
        token = huggingface.find_token(environ, around.home)
        remember([token])
        asked = huggingface.parse_hub_ref(parsed.rest)
        return await huggingface.hub_size(ref, asked, http, hub.rstrip("/"), token, now)
    if parsed.kind == "civitai":
        site = around.mirrors.get("civitai.com") or civitai.SITE
        token = civitai.find_token(environ)
        remember([token])
        return await civitai.civitai_size(ref, parsed.rest, http, site.rstrip("/"), token, now)
    if parsed.kind == "s3":
        return await s3.bucket_size(ref, parsed.rest, http, environ, around.home, now)
    if parsed.kind == "url":
        return await objects.url_size(ref, http, _token_for(ref, around), now)
    return await asyncio.to_thread(objects.local_size, ref, parsed.rest)


def _token_for(url: str, around: Surroundings) -> str | None:
    """The token of the hub that an address belongs to; other hosts get none."""
    if same_server(url, huggingface.HUB):
        return huggingface.find_token(around.environ, around.home)
    return civitai.find_token(around.environ) if same_server(url, civitai.SITE) else None


async def _image(
    ref: str, name: str, http: PayloadHttp, around: Surroundings, memory: Cache
) -> PayloadSize:
    image = parse_image(name)
    mirror = around.mirrors.get(image.registry)
    path = docker_login.config_file(around.environ, around.home)
    login, no_login = None, None
    try:
        login = None if mirror else await docker_login.login_for(image.registry, path)
    except PayloadError as error:
        no_login = error  # a public image needs none; a private one says why there is none
    remember([login.secret, login.identity_token] if login else [])
    registry = await open_registry(image, http, login, around.now(), mirror, no_login)
    return await ImageSizer(registry, memory, shipped().coldstart).learn(ref)
