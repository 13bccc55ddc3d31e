"""What registries answer, parsed strictly: indexes, manifests, image configs. No network here."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, TypeVar

import msgspec

from hunter.values.errors import PayloadError

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
CONFIG_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
OS, ARCHITECTURE = "linux", "amd64"
"""What rented GPU machines run."""
MOST_LAYERS = 1000
"""Docker itself makes at most 127."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

Size = Annotated[int, msgspec.Meta(ge=0, le=2**50)]
Digest = Annotated[str, msgspec.Meta(pattern=f"^({DIGEST.pattern})$")]
Document = TypeVar("Document")


class Platform(msgspec.Struct, frozen=True):
    """What an image runs on."""

    os: str = ""
    architecture: str = ""
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A thing that a registry holds: its type, digest and size as it travels."""

    digest: Digest
    size: Size
    media_type: str = ""
    platform: Platform | None = None
    urls: list[str] | None = None
    annotations: dict[str, str] | None = None


class Index(msgspec.Struct, frozen=True, rename="camel"):
    """The manifests of one image, one a platform."""

    manifests: Annotated[list[Descriptor], msgspec.Meta(max_length=MOST_LAYERS)]
    media_type: str = ""


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """One image: its config and its layers, the base first."""

    config: Descriptor
    layers: Annotated[list[Descriptor], msgspec.Meta(max_length=MOST_LAYERS)]
    media_type: str = ""


class BuildStep(msgspec.Struct, frozen=True):
    """One instruction that the image was made by."""

    created_by: str = ""
    empty_layer: bool = False


class _Settings(msgspec.Struct, frozen=True, rename="pascal"):
    env: list[str] | None = None


class ImageConfig(msgspec.Struct, frozen=True):
    """What an image says about itself, as far as Hunter reads it."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    history: list[BuildStep] | None = None
    config: _Settings | None = None

    @property
    def platform(self) -> Platform:
        """What it runs on."""
        return Platform(self.os, self.architecture, self.variant)


class _Shape(msgspec.Struct, rename="camel"):
    """As much of a manifest as tells which kind it is."""

    media_type: str = ""
    schema_version: int = 2
    manifests: msgspec.Raw = msgspec.Raw()
    layers: msgspec.Raw = msgspec.Raw()


def parse(body: bytes, kind: type[Document], what: str) -> Document:
    """A registry's JSON as one of the types above; PayloadError says what is wrong with it."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise PayloadError(
            f"{what} has a description that cannot be believed: {error}.",
            remedy="Push the image again, or ask who runs the registry.",
        ) from error


def parse_manifest(body: bytes, what: str) -> Index | Manifest:
    """An index or a manifest, whichever the body is."""
    shape = parse(body, _Shape, what)
    if shape.schema_version == 1:
        raise PayloadError(
            f"{what} is in docker's first format, which tells no sizes.",
            remedy="Push it again with a docker of this decade.",
        )
    if shape.media_type in INDEX_TYPES or (bytes(shape.manifests) and not bytes(shape.layers)):
        return parse(body, Index, what)
    return parse(body, Manifest, what)


def verify(body: bytes, digest: str, what: str) -> None:
    """Refuse bytes that are not those which the digest names."""
    algorithm, _, expected = digest.partition(":")
    if hashlib.new(algorithm, body).hexdigest() != expected:
        raise PayloadError(
            f"{what} came with other bytes than its digest {digest[:19]}… names.",
            remedy="Try again; if it stays so, that registry is damaged or hostile.",
        )


def for_this_platform(index: Index, what: str) -> Descriptor:
    """The manifest of an index that GPU machines run; attestations are passed over.

    Of several micro-architectures the plainest is taken, as docker does.
    """
    mine, others = [], set()
    for entry in index.manifests:
        platform = entry.platform or Platform()
        if (entry.annotations or {}).get("vnd.docker.reference.type") == "attestation-manifest":
            continue
        if (platform.os, platform.architecture) == (OS, ARCHITECTURE):
            mine.append(entry)
        elif platform.os not in ("", "unknown"):
            others.add(str(platform))
        elif entry.media_type in INDEX_TYPES or entry.platform is None:
            mine.append(entry)  # it does not say; its own config will
    if not mine:
        raise not_for_us(what, sorted(others))
    return min(mine, key=lambda entry: (entry.platform or Platform("?", "?", "?")).variant)


def not_for_us(what: str, platforms: list[str]) -> PayloadError:
    """The error for an image that GPU machines cannot run."""
    there = f"only for {', '.join(platforms[:8])}" if platforms else "for no platform at all"
    return PayloadError(
        f"{what} is there {there}; rented GPU machines run {OS}/{ARCHITECTURE}.",
        remedy=f"Build it with --platform {OS}/{ARCHITECTURE}.",
    )


_REQUIRED = re.compile(r"\bcuda\s*>=?\s*(\d+\.\d+)")
_VERSION = re.compile(r"(\d+\.\d+)")


def cuda_needed(config: ImageConfig) -> float | None:
    """The CUDA version that the image asks of the driver; None where it asks for none.

    NVIDIA_REQUIRE_CUDA is what the container runtime itself checks before it starts an image: groups
    apart by blanks, of which one must hold; those with `brand=` are exceptions for data-centre
    drivers. CUDA_VERSION is what the image was built with.
    Source: NVIDIA container toolkit documentation, environment variables, 2025.
    """
    variables = config.config.env or [] if config.config else []
    env = dict(entry.split("=", 1) for entry in variables if "=" in entry)
    if env.get("NVIDIA_DISABLE_REQUIRE", "").lower() not in ("", "0", "false"):
        return None
    groups = env.get("NVIDIA_REQUIRE_CUDA", "").split()
    plain = [group for group in groups if "brand" not in group] or groups
    asked = [float(found[1]) for group in plain if (found := _REQUIRED.search(group))]
    if asked:
        return min(asked)
    built = _VERSION.match(env.get("CUDA_VERSION", ""))
    return float(built[1]) if built else None


def made_by(config: ImageConfig, n_layers: int) -> list[str | None]:
    """The instruction behind each layer; unknown where the history does not add up."""
    steps = [step.created_by for step in config.history or [] if not step.empty_layer]
    if len(steps) != n_layers:
        return [None] * n_layers
    return [step or None for step in steps]
