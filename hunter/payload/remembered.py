"""A workload with the sizes that were ever learnt of its payload. Asks nobody but the database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from hunter.values.references import packing, size_key
from hunter.values.workload import Fetch, ImageLayer, Payload

if TYPE_CHECKING:
    from hunter.values.workload import Workload

SAME_WITHIN = 0.02
"""A size given by hand stands; layers that add up to it, but for this share, say how it is spread."""


class Memory(Protocol):
    """Where sizes were put when they were learnt."""

    def get(self, key: str) -> tuple[bytes, float] | None:
        """What was put under the key, and its age in seconds."""
        ...


def sized(workload: Workload, memory: Memory) -> Workload:
    """The workload with every size that was ever learnt; what was given by hand stands.

    The CUDA that the image asks for becomes a need of the GPU.
    """
    payload = workload.payload
    image = _known(memory, workload.image)
    if image is not None:
        payload = with_image(payload, image)
    fetches = tuple(_with_size(fetch, _known(memory, fetch.ref)) for fetch in payload.fetches)
    gpu = workload.gpu
    if image is not None and image.get("cuda") is not None:
        gpu = replace(gpu, cuda=max(gpu.cuda or 0.0, image["cuda"]))
    return replace(workload, payload=replace(payload, fetches=fetches), gpu=gpu)


def with_image(payload: Payload, image: dict[str, Any]) -> Payload:
    """A payload with an image's layers, unless its size was given by hand and is another."""
    n_bytes, by_hand = image["compressed_bytes"], payload.image_bytes
    if by_hand is not None and abs(n_bytes - by_hand) > SAME_WITHIN * by_hand:
        return payload
    layers = tuple(_layer(layer) for layer in image["layers"])
    return replace(
        payload,
        image_bytes=n_bytes,
        image_unpacked_bytes=image["unpacked_bytes"],
        layers=layers,
        baked_bytes=payload.baked_bytes or image.get("weights_bytes", 0.0),
    )


def layers_known(memory: Memory, image: str) -> tuple[ImageLayer, ...]:
    """An image's layers as far as they were ever learnt."""
    found = _known(memory, image)
    return () if found is None else tuple(_layer(layer) for layer in found["layers"])


def _layer(layer: dict[str, Any]) -> ImageLayer:
    return ImageLayer(
        digest=layer["digest"],
        compressed_bytes=layer["compressed_bytes"],
        unpacked_bytes=layer["unpacked_bytes"] or layer["compressed_bytes"],
        packing=packing(layer["media_type"]) or "gzip",
    )


def _with_size(fetch: Fetch, known: dict[str, Any] | None) -> Fetch:
    if known is None:
        return fetch
    n_bytes = known["compressed_bytes"] if fetch.n_bytes is None else fetch.n_bytes
    files = tuple((file["name"] or "", float(file["compressed_bytes"])) for file in known["layers"])
    return replace(fetch, n_bytes=n_bytes, files=files)


def _known(memory: Memory, ref: str) -> dict[str, Any] | None:
    found = memory.get(size_key(ref))
    if found is None:
        return None
    try:
        document: dict[str, Any] = msgspec.json.decode(found[0])
    except msgspec.DecodeError:
        return None  # written by another version of Hunter
    return document
