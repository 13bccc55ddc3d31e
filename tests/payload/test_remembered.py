"""Sizes that were learnt before fill what a workload leaves open."""

from __future__ import annotations

from typing import Any

import msgspec

from hunter.payload.remembered import sized
from hunter.payload.sizes import PayloadSize, Piece
from hunter.values.references import size_key
from hunter.values.workload import Fetch, Payload
from tests.builders import (
    payload,
    workload,
)


class Kept(dict[str, bytes]):
    def get(self, key: str, default: Any = None) -> Any:  # type: ignore[override]
        return (self[key], 60.0) if key in self else None


def known(n_bytes: int, cuda: float | None = None) -> bytes:
    layer = Piece(
        digest="sha256:a", compressed_bytes=n_bytes, media_type="x.tar+gzip", unpacked_bytes=2 * n_bytes
    )  # fmt: skip
    size = PayloadSize(
        ref="x", kind="image", digest="sha256:b", compressed_bytes=n_bytes, unpacked_bytes=2 * n_bytes,
        unpacked_is_estimate=False, layers=(layer,), cuda=cuda,
    )  # fmt: skip
    return msgspec.json.encode(size)


def test_sizes_that_were_learnt_fill_what_the_workload_leaves_open() -> None:
    fetch = Fetch(ref="hf:a/b", kind="huggingface", n_bytes=None)
    job = workload(payload=Payload(fetches=(fetch,)))
    memory = Kept({size_key(job.image): known(100, 12.4), size_key("hf:a/b"): known(7)})
    found = sized(job, memory)
    assert (found.payload.image_bytes, found.payload.weights_bytes) == (100, 7)
    assert found.gpu.cuda == 12.4  # what the image asks for becomes a need
    assert len(found.payload.layers) == 1


def test_a_size_given_by_hand_stands() -> None:
    job = workload(payload=payload(500, 9))
    found = sized(job, Kept({size_key(job.image): known(100), size_key("hf:org/model"): known(7)}))
    assert (found.payload.image_bytes, found.payload.layers) == (500, ())
    assert found.payload.weights_bytes == 9
