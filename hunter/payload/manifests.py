"""What registries answer, parsed strictly: indexes, manifests, image configs. No network here."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, TypeVar

import msgspec

from hunter.payload.documents import absent, parsed
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
MOST_LAYERS = 1000
"""Docker itself makes at most 127."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

Size = Annotated[int, msgspec.Meta(ge=0, le=2**50)]
Digest = Annotated[str, msgspec.Meta(pattern=f"^({DIGEST.pattern})$")]
Document = TypeVar("Document")


class Platform(msgspec.Struct, frozen=True, rename={"features": "os.features"}):
    """What an image runs on."""

    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    features: list[str | None] | None = None
    """What the engine must be able to do besides."""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A thing that a registry holds: its type, digest and size as it travels."""

    digest: Digest
    size: Size
    media_type: str | None = None
    artifact_type: str | None = None
    platform: Platform | None = None
    annotations: dict[str, object] | None = None

    @property
    def packed_as(self) -> str:
        """Its media type; empty where it has none."""
        return self.media_type or ""


class Index(msgspec.Struct, frozen=True, rename="camel"):
    """The manifests of one image, one a platform; each is read for itself (`Descriptor`)."""

    manifests: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MOST_LAYERS)] | None = None
    media_type: str | None = None


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """One image: its config and its layers, the base first."""

    config: Descriptor
    layers: Annotated[list[Descriptor], msgspec.Meta(max_length=MOST_LAYERS)] | None = None
    media_type: str | None = None


class BuildStep(msgspec.Struct, frozen=True):
    """One instruction that the image was made by."""

    created_by: str | None = None
    empty_layer: bool | None = None


class _Settings(msgspec.Struct, frozen=True, rename="pascal"):
    env: list[str | None] | None = None


class ImageConfig(msgspec.Struct, frozen=True):
    """What an image says about itself, as far as Hunter reads it."""

    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    history: list[BuildStep | None] | None = None
    config: _Settings | None = None

    @property
    def platform(self) -> Platform:
        """What it says that it runs on."""
        return Platform(self.os, self.architecture, self.variant)


class _Shape(msgspec.Struct, rename="camel"):
    """As much of a manifest as tells which kind it is."""

    media_type: str | None = None
    schema_version: int | None = None
    manifests: msgspec.Raw = msgspec.Raw()
    layers: msgspec.Raw = msgspec.Raw()


def parse(body: bytes, kind: type[Document], what: str) -> Document:
    """A registry's JSON as one of the types above; PayloadError says what is wrong with it."""
    wrong = f"{what} has a description that cannot be believed"
    return parsed(body, kind, wrong, "Push the image again, or ask who runs the registry.")


def parse_manifest(body: bytes, what: str) -> Index | Manifest:
    """An index or a manifest, whichever the body is."""
    shape = parse(body, _Shape, what)
    if shape.schema_version == 1:
        raise PayloadError(
            f"{what} is in docker's first format, which tells no sizes.",
            remedy="Push it again with a docker of this decade.",
        )
    if shape.media_type in INDEX_TYPES or (not absent(shape.manifests) and absent(shape.layers)):
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


_REQUIRED = re.compile(r"\bcuda\s*>=?\s*([0-9]{1,3}\.[0-9]{1,3})(?![0-9])")
_VERSION = re.compile(r"([0-9]{1,3}\.[0-9]{1,3})(?![0-9])")


def cuda_needed(config: ImageConfig) -> float | None:
    """The CUDA version that the image asks of the driver; None where it asks for none.

    NVIDIA_REQUIRE_CUDA is what the container runtime itself checks before it starts an image: groups
    apart by blanks, of which one must hold; those with `brand=` are exceptions for data-centre
    drivers. CUDA_VERSION is what the image was built with.
    Source: NVIDIA container toolkit documentation, environment variables, 2025.
    """
    variables = config.config.env or [] if config.config else []
    env = dict(entry.split("=", 1) for entry in variables if entry and "=" in entry)
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
    history = [step or BuildStep() for step in config.history or []]
    steps = [step.created_by for step in history if not step.empty_layer]
    if len(steps) != n_layers:
        return [None] * n_layers
    return [step or None for step in steps]
