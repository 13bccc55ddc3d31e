"""What references and media types mean, for the rooms that learn sizes and for those that only use them."""

from __future__ import annotations

from typing import Literal

Kind = Literal["image", "huggingface", "civitai", "s3", "url", "file"]

KIND_OF_PREFIX: dict[str, Kind] = {
    "hf:": "huggingface",
    "civitai:": "civitai",
    "s3://": "s3",
    "file:": "file",
    "https://": "url",
    "http://": "url",
}
"""Where something is kept, by how its name begins."""


def kind_of(ref: str) -> Kind:
    """Where weights come from, by how they are named: huggingface, civitai, s3, url or file.

    >>> kind_of("hf:org/repo"), kind_of("s3://bucket/x"), kind_of("https://host/x"), kind_of("./x")
    ('huggingface', 's3', 'url', 'file')
    """
    return next((kind for prefix, kind in KIND_OF_PREFIX.items() if ref.startswith(prefix)), "file")


def size_key(ref: str) -> str:
    """Under which key the size of a reference is remembered."""
    return f"size/{ref.strip()}"


def packing(media_type: str) -> str:
    """How a layer is packed: `gzip`, `zstd`, `plain`, or `` where its type does not say."""
    name = media_type.partition(";")[0]
    if name.endswith((".tar.gzip", "+gzip", ".tar.gz")):
        return "gzip"
    if name.endswith(("+zstd", ".tar.zstd", ".zstd")):
        return "zstd"
    return "plain" if name.endswith(".tar") else ""
