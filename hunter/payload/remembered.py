"""A workload with the sizes that were ever learnt of its payload. Asks nobody but the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from hunter.payload.sizes import decoded
from hunter.values.references import packing, size_key
from hunter.values.workload import Fetch, ImageLayer, Payload

if TYPE_CHECKING:
    from hunter.payload.sizes import Memory, PayloadSize, Piece
    from hunter.values.workload import Workload

SAME_WITHIN = 0.02
"""A size given by hand stands; layers that add up to it, but for this share, say how it is spread."""


def sized(workload: Workload, memory: Memory) -> Workload:
    """The workload with every size that was ever learnt; what was given by hand stands.

    The CUDA that the image asks for becomes a need of the GPU.
    """
    payload = workload.payload
    image = _known(memory, workload.image)
    if image is not None:
        payload = _with_image(payload, image)
    fetches = tuple(_with_size(fetch, _known(memory, fetch.ref)) for fetch in payload.fetches)
    gpu = workload.gpu
    if image is not None and image.cuda is not None:
        gpu = replace(gpu, cuda=max(gpu.cuda or 0.0, image.cuda))
    return replace(workload, payload=replace(payload, fetches=fetches), gpu=gpu)


def layers_known(memory: Memory, image: str) -> tuple[ImageLayer, ...]:
    """An image's layers as far as they were ever learnt."""
    found = _known(memory, image)
    return () if found is None else tuple(_layer(piece) for piece in found.layers)


def _with_image(payload: Payload, image: PayloadSize) -> Payload:
    """A payload with an image's layers, unless its size was given by hand and is another."""
    n_bytes, by_hand = image.compressed_bytes, payload.image_bytes
    if by_hand is not None and abs(n_bytes - by_hand) > SAME_WITHIN * by_hand:
        return payload
    return replace(
        payload,
        image_bytes=n_bytes,
        image_unpacked_bytes=image.unpacked_bytes,
        layers=tuple(_layer(piece) for piece in image.layers),
    )


def _layer(piece: Piece) -> ImageLayer:
    return ImageLayer(
        digest=piece.digest,
        compressed_bytes=piece.compressed_bytes,
        unpacked_bytes=piece.unpacked_bytes or piece.compressed_bytes,
        packing=packing(piece.media_type) or "gzip",
    )


def _with_size(fetch: Fetch, known: PayloadSize | None) -> Fetch:
    if known is None:
        return fetch
    n_bytes = known.compressed_bytes if fetch.n_bytes is None else fetch.n_bytes
    files = tuple((piece.name or "", float(piece.compressed_bytes)) for piece in known.layers)
    return replace(fetch, n_bytes=n_bytes, files=files)


def _known(memory: Memory, ref: str) -> PayloadSize | None:
    found = memory.get(size_key(ref))
    return decoded(found[0]) if found else None
