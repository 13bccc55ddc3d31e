"""What must run, and what if it were larger."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hunter.values.workload import Fetch, ImageLayer, Payload, varied
from tests.builders import payload, workload

LAYER = ImageLayer(digest="a", compressed_bytes=4e9, unpacked_bytes=9e9)


def test_weights_are_unknown_as_soon_as_one_of_them_is() -> None:
    known, unknown = (Fetch(ref="hf:a/b", kind="huggingface", n_bytes=n) for n in (2e9, None))
    assert Payload(fetches=(known, known)).weights_bytes == 4e9
    assert Payload(fetches=(known, known), baked_bytes=1e9).model_bytes == 5e9
    assert Payload(fetches=(known, unknown)).weights_bytes is None
    assert Payload(fetches=(known, unknown), baked_bytes=1e9).model_bytes is None


def test_what_if_changes_what_it_names_and_nothing_else() -> None:
    job = workload()
    assert varied(job) == job
    assert varied(job, hours=2.5) == replace(job, run=replace(job.run, hours=2.5))
    assert varied(job, disk=0.5).disk_gb == pytest.approx(50)
    assert varied(job, interruptible=False) == replace(
        job, run=replace(job.run, interruptible=False)
    )


def test_an_image_of_another_size_has_no_layers_that_anybody_knows() -> None:
    known = Payload(image_bytes=4e9, image_unpacked_bytes=9e9, layers=(LAYER,))
    twice = varied(workload(payload=known), image=2.0).payload
    assert (twice.image_bytes, twice.image_unpacked_bytes, twice.layers) == (8e9, 18e9, ())
    assert varied(workload(payload=payload(None, 0)), image=2.0).payload.image_bytes is None
