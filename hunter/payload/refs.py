"""What a reference to a payload looks like, and which kind of thing it names.

image           ghcr.io/ORG/NAME:TAG, docker.io names, docker://…, oci+http://HOST/NAME (unencrypted)
hf:             hf:ORG/REPO[@REV][:GLOB], hf:datasets/ORG/NAME
civitai:        civitai:VERSION, civitai:MODEL@VERSION
s3://           s3://BUCKET/PREFIX
https://        a file behind an address
file            ./path, /path, ~/path, file:path, a pattern, or the name of a file that is there
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from hunter.values.errors import UsageError
from hunter.values.references import KIND_OF_PREFIX, Kind

IMAGE_SCHEMES = ("docker://", "oci://", "oci+http://")
"""How an image's name may begin, though docker's own have none of it; the last is without encryption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadRef:
    """A reference, taken apart: what kind of thing it names, and the rest of it."""

    kind: Kind
    rest: str


def parse_payload_ref(text: str) -> PayloadRef:
    """What a reference names; UsageError where it names nothing.

    >>> parse_payload_ref("hf:org/repo@main:*.safetensors")
    PayloadRef(kind='huggingface', rest='org/repo@main:*.safetensors')
    >>> parse_payload_ref("ghcr.io/org/app:v1").kind
    'image'
    """
    text = text.strip()
    if not text or re.search(r"[\x00-\x20\x7f]", text.replace(" ", "")):
        raise UsageError(
            "That is no reference.", remedy="Name an image, hf:…, civitai:…, s3://… or a file."
        )
    for prefix, kind in KIND_OF_PREFIX.items():
        if kind != "url" and text.startswith(prefix):
            return PayloadRef(kind=kind, rest=text.removeprefix(prefix))
    if text.startswith(IMAGE_SCHEMES):
        return PayloadRef(kind="image", rest=text)
    if text.startswith(("https://", "http://")):
        if not _has_host(text):
            raise UsageError(
                f"{shown(text)[:200]!r} is no web address.", remedy="Write https://HOST/PATH."
            )
        return PayloadRef(kind="url", rest=text)
    if "://" in text:
        raise UsageError(
            f"{text.partition('://')[0]!r} is no kind of reference that Hunter knows.",
            remedy="Name an image, hf:…, civitai:…, s3://…, https://… or a file.",
        )
    if text.startswith(("/", "./", "../", "~")) or any(mark in text for mark in "*?["):
        return PayloadRef(kind="file", rest=text)
    if os.path.isfile(text):
        return PayloadRef(kind="file", rest=text)
    return PayloadRef(kind="image", rest=text)


def _has_host(text: str) -> bool:
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:  # [::1
        return False


def shown(ref: str) -> str:
    """A reference for sentences: of a web address neither login nor query, which may be keys.

    >>> shown("https://me:pass@host/x?sig=abc"), shown("hf:org/repo")
    ('https://host/x', 'hf:org/repo')
    """
    if not ref.strip().startswith(("https://", "http://")):
        return ref
    scheme, _, rest = ref.strip().partition("://")
    place, slash, path = re.split("[?#]", rest)[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"
