"""How much a layer unpacks to, from a few of its bytes: zstd frame headers and gzip trailers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hunter.payload.bodies import LARGEST_BYTES
from hunter.values.references import packing

if TYPE_CHECKING:
    from hunter.payload.manifests import Descriptor
    from hunter.values.coldstart_facts import Unpacked

GZIP_TRAILER_BYTES = 4
ZSTD_HEADER_BYTES = 18
"""The longest frame header: magic, descriptor, window, dictionary id, content size (RFC 8878, 3.1.1.1)."""
_ZSTD_MAGIC = 0xFD2FB528
_MANY_MEMBERS = (
    "containerd.io/snapshot/stargz/toc.digest",
    "io.containers.estargz.uncompressed-size",
)
_MANY_FRAMES = "io.github.containers.zstd-chunked.manifest-position"


def is_foreign(media_type: str) -> bool:
    """Whether the layer lies elsewhere than in its registry, by its licence."""
    return ".nondistributable." in media_type or ".foreign." in media_type


def wanted_range(layer: Descriptor) -> tuple[int, int] | None:
    """The first and last byte that tell the unpacked size; None where no few bytes do."""
    packed, notes = packing(layer.packed_as), layer.annotations or {}
    if is_foreign(layer.packed_as):
        return None
    if packed == "gzip" and layer.size > 18 and not any(key in notes for key in _MANY_MEMBERS):
        return layer.size - GZIP_TRAILER_BYTES, layer.size - 1
    if packed == "zstd" and layer.size > 0 and _MANY_FRAMES not in notes:
        return 0, min(layer.size, ZSTD_HEADER_BYTES) - 1
    return None


def from_bytes(layer: Descriptor, few: bytes, ratios: Unpacked) -> tuple[int, bool] | None:
    """The unpacked size that the wanted bytes tell, and whether it is certain; None where they do not."""
    if packing(layer.packed_as) == "zstd":
        size = zstd_content_size(few)
        return None if size is None or size < ratios.trailer.low * layer.size else (size, True)
    return gzip_size(int.from_bytes(few, "little"), layer.size, ratios)


def gzip_size(trailer: int, compressed: int, ratios: Unpacked) -> tuple[int, bool] | None:
    """What a gzip trailer means: it counts modulo 2^32 (RFC 1952, ISIZE), so 4 GiB may be missing.

    Certain where no other number of them gives a ratio that layers have.

    >>> from hunter.values.coldstart_facts import Unpacked
    >>> from hunter.values.figures import Prior
    >>> code, weights = (Prior(low=1.0, expected=x, high=3.0) for x in (2.6, 1.0))
    >>> usual = Unpacked(code=code, weights=weights, trailer=Prior(low=0.98, expected=2.6, high=8.0))
    >>> gzip_size(260, 100, usual)
    (260, True)
    >>> gzip_size(100, 2 * 10**9, usual)  # 4 GiB and 100 bytes, or more
    (4294967396, False)
    >>> gzip_size(100, 10**7, usual) is None  # the last of many members
    True
    """
    low, high = ratios.trailer.low * compressed, ratios.trailer.high * compressed
    first = max(0, math.ceil((low - trailer) / 2**32))
    last = max(
        0, math.floor((high - trailer) / 2**32)
    )  # what it says itself may be more than usual
    if first > last:
        return None
    nearest = round((ratios.code.expected * compressed - trailer) / 2**32)
    return trailer + min(max(nearest, first), last) * 2**32, first == last


def zstd_content_size(header: bytes) -> int | None:
    """The content size that a zstd frame states; None where it states none (RFC 8878, 3.1.1.1)."""
    if len(header) < 6 or int.from_bytes(header[:4], "little") != _ZSTD_MAGIC:
        return None
    descriptor = header[4]
    flag, single_segment = descriptor >> 6, bool(descriptor & 0x20)
    width = 1 if flag == 0 and single_segment else (0, 2, 4, 8)[flag]
    start = 5 + (0 if single_segment else 1) + (0, 1, 2, 4)[descriptor & 0x03]
    field = header[start : start + width]
    if width == 0 or len(field) < width:
        return None
    size = int.from_bytes(field, "little") + (256 if width == 2 else 0)
    return size if size <= LARGEST_BYTES else None


def estimate(layer: Descriptor, ratios: Unpacked, *, weights: bool) -> int:
    """What a layer usually unpacks to."""
    return round(layer.size * (ratios.weights.expected if weights else ratios.code.expected))
