"""What a payload's size is: the answer of every room here, and the memory that it may be kept in."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from hunter.values.references import Kind
from hunter.values.text import LONGEST_SENTENCE, cleaned


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that travels by itself: a layer of an image, or a file. None is unknown."""

    digest: str | None
    """What names the bytes, where the server says: `sha256:…` of layers and weights, an ETag of objects."""
    compressed_bytes: int
    """As it travels."""
    media_type: str
    name: str | None = None
    """A file's path; None for layers."""
    unpacked_bytes: int | None = None
    """As it lies on the disk."""
    unpacked_is_estimate: bool = False
    made_by: str | None = None
    """The instruction that made the layer, as the image's history tells it."""


class PayloadSize(msgspec.Struct, frozen=True, kw_only=True):
    """How much has to travel for a reference, learnt without fetching it. None is unknown."""

    ref: str
    kind: Kind
    digest: str
    """Changes when the payload does: a manifest's digest, a commit, or a hash over names and sizes."""
    compressed_bytes: int
    """Over the wire; equal layers travel once."""
    unpacked_bytes: int | None
    """On the disk: tar bytes of an image's layers, file bytes of everything else."""
    unpacked_is_estimate: bool
    layers: tuple[Piece, ...]
    """In the order of the manifest, the base first; files by name."""
    platform: str | None = None
    cuda: float | None = None
    """The CUDA version that the driver must reach."""
    warnings: tuple[str, ...] = ()
    age_s: float = 0.0
    """Seconds since it was learnt."""

    def as_json(self) -> dict[str, Any]:
        """The document of `hunter size --json`. Unknown is null."""
        return {
            "ref": self.ref,
            "kind": self.kind,
            "digest": self.digest,
            "compressed_bytes": self.compressed_bytes,
            "unpacked_bytes": self.unpacked_bytes,
            "unpacked_is_estimate": self.unpacked_is_estimate,
            "layers": [
                {
                    "digest": layer.digest,
                    "compressed_bytes": layer.compressed_bytes,
                    "media_type": layer.media_type,
                    "name": layer.name,
                    "unpacked_bytes": layer.unpacked_bytes,
                    "unpacked_is_estimate": layer.unpacked_is_estimate,
                    "made_by": layer.made_by,
                }
                for layer in self.layers
            ],
            "platform": self.platform,
            "cuda": self.cuda,
            "warnings": list(self.warnings),
            "age_s": self.age_s,
        }


def decoded(body: bytes) -> PayloadSize | None:
    """The size that was remembered as these bytes; None where another version of Hunter wrote them."""
    try:
        return msgspec.json.decode(body, type=PayloadSize)
    except (ValueError, RecursionError):
        return None


def cleaned_size(found: PayloadSize) -> PayloadSize:
    """The same, with what servers wrote about it cleaned. Names of files stay: they are looked up by them."""

    def words(text: str | None) -> str | None:
        return None if text is None else cleaned(text, LONGEST_SENTENCE)

    layers = tuple(
        replace(
            piece,
            digest=words(piece.digest),
            media_type=cleaned(piece.media_type),
            made_by=words(piece.made_by),
        )
        for piece in found.layers
    )
    return replace(
        found,
        digest=cleaned(found.digest),
        layers=layers,
        platform=words(found.platform),
        warnings=tuple(cleaned(warning, LONGEST_SENTENCE) for warning in found.warnings),
    )


class Memory(Protocol):
    """What was learnt, by key."""

    def get(self, key: str) -> tuple[bytes, float] | None:
        """What was put under the key, and its age in seconds; None where nothing was."""
        ...


class Cache(Memory, Protocol):
    """A memory that learns. What lies under keys that begin with `blob/` or `unpacked/` never changes."""

    def put(self, key: str, body: bytes) -> None:
        """Remember the bytes under the key, from now on."""
        ...


class NoCache:
    """A cache that forgets."""

    def get(self, key: str) -> None:
        """Nothing, always."""

    def put(self, key: str, body: bytes) -> None:
        """Not remembered."""


def size_of_files(
    ref: str, kind: Kind, digest: str, files: list[Piece], warnings: list[str]
) -> PayloadSize:
    """The size of a payload that is files: they travel as they lie on the disk."""
    total = sum(file.compressed_bytes for file in files)
    return PayloadSize(
        ref=ref,
        kind=kind,
        digest=digest,
        compressed_bytes=total,
        unpacked_bytes=total,
        unpacked_is_estimate=False,
        layers=tuple(sorted(files, key=lambda file: file.name or "")),
        warnings=tuple(warnings),
    )


def file_piece(name: str, n_bytes: int, digest: str | None) -> Piece:
    """A file as a layer of its own."""
    return Piece(
        digest=digest,
        compressed_bytes=n_bytes,
        media_type="application/octet-stream",
        name=name,
        unpacked_bytes=n_bytes,
    )
