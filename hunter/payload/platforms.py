"""Which image of an index rented GPU machines run, as container engines choose it. No network here.

The names of systems and architectures are normalised as containerd does (package platforms, normalizeOS and
normalizeArch, 2.1); what no engine could run as an image is passed over.
"""

from __future__ import annotations

from hunter.payload.documents import believable
from hunter.payload.manifests import (
    CONFIG_TYPES,
    INDEX_TYPES,
    MANIFEST_TYPES,
    Descriptor,
    Index,
    Platform,
)
from hunter.values.errors import PayloadError

OS, ARCHITECTURE = "linux", "amd64"
"""What rented GPU machines run."""
_SYSTEMS = {"macos": "darwin"}
_ARCHITECTURES = {
    "i386": ("386", ""),
    "x86_64": ("amd64", None),
    "x86-64": ("amd64", None),
    "amd64": ("amd64", None),
    "aarch64": ("arm64", None),
    "arm64": ("arm64", None),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
_USUAL_VARIANTS = {"amd64": ("v1",), "arm64": ("8", "v8")}
"""What is as good as none."""
_REFERRING = "vnd.docker.reference.type"
"""Buildkit's mark on what belongs to an image and is none: attestations."""
LONGEST_NAME = 40
"""Characters of a platform in a sentence."""


def normalised(platform: Platform) -> Platform:
    """A platform under its usual names. What it does not say stays empty.

    >>> str(normalised(Platform("Linux", "x86_64", "v1"))), str(normalised(Platform("linux", "armhf")))
    ('linux/amd64', 'linux/arm/v7')
    """
    system = (platform.os or "").strip().lower()
    named = (platform.architecture or "").strip().lower()
    architecture, fixed = _ARCHITECTURES.get(named, (named, None))
    variant = (platform.variant or "").strip().lower() if fixed is None else fixed
    if variant in _USUAL_VARIANTS.get(architecture, ()):
        variant = ""
    return Platform(_SYSTEMS.get(system, system), architecture, variant)


def of_image(platform: Platform) -> Platform:
    """What an image runs on by its own config: engines take what it leaves out for their own.

    >>> str(of_image(Platform(None, "aarch64")))
    'linux/arm64'
    """
    named = normalised(platform)
    return Platform(named.os or OS, named.architecture or ARCHITECTURE, named.variant)


def is_ours(platform: Platform) -> bool:
    """Whether rented GPU machines run it; what is left out counts as ours."""
    named = of_image(platform)
    return (named.os, named.architecture) == (OS, ARCHITECTURE)


def for_this_platform(index: Index, what: str) -> Descriptor:
    """The manifest of an index that GPU machines run.

    Attestations, artifacts, images for engines with features of their own, things of other types and
    entries that cannot be read are passed over. One that names our platform goes before one that names
    none, and of several micro-architectures the plainest is taken, as docker does.
    """
    mine, others = list[tuple[bool, str, Descriptor]](), set[str]()
    for record in index.manifests or []:
        entry = believable(record, Descriptor)
        if entry is None or not _may_be_image(entry):
            continue
        named = normalised(entry.platform or Platform())
        if is_ours(named):
            silent = not (named.os and named.architecture)
            mine.append((silent, named.variant or "", entry))
        else:
            others.add(str(named)[:LONGEST_NAME])
    if not mine:
        raise not_for_us(what, sorted(others))
    return min(mine, key=lambda found: found[:2])[2]


def _may_be_image(entry: Descriptor) -> bool:
    if entry.media_type and entry.media_type not in (*INDEX_TYPES, *MANIFEST_TYPES):
        return False
    if entry.artifact_type and entry.artifact_type not in CONFIG_TYPES:
        return False  # of an image the artifact's type is that of its config (image-spec 1.1, descriptor)
    if (entry.annotations or {}).get(_REFERRING):
        return False
    platform = entry.platform or Platform()
    return not platform.features and "unknown" not in (platform.os, platform.architecture)


def not_for_us(what: str, platforms: list[str]) -> PayloadError:
    """The error for an image that GPU machines cannot run."""
    there = f"only for {', '.join(platforms[:8])}" if platforms else "for no platform at all"
    return PayloadError(
        f"{what} is there {there}; rented GPU machines run {OS}/{ARCHITECTURE}.",
        remedy=f"Build it with --platform {OS}/{ARCHITECTURE}.",
    )
