"""What references and media types mean."""

from __future__ import annotations

import pytest

from hunter.values.references import kind_of, packing, size_key


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        ("hf:org/model", "huggingface"), ("civitai:128713", "civitai"), ("s3://bucket/key", "s3"),
        ("https://host/x", "url"), ("http://host/x", "url"), ("file:/x", "file"), ("./x", "file"),
    ],
)  # fmt: skip
def test_where_weights_come_from_shows_in_how_they_are_named(ref: str, kind: str) -> None:
    assert kind_of(ref) == kind


@pytest.mark.parametrize(
    ("media_type", "packed"),
    [
        ("application/vnd.oci.image.layer.v1.tar+gzip", "gzip"),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip"),
        ("application/x.tar.gz; charset=x", "gzip"),
        ("application/vnd.oci.image.layer.v1.tar+zstd", "zstd"),
        ("application/vnd.oci.image.layer.v1.tar", "plain"),
        ("application/octet-stream", ""),
    ],
)
def test_how_a_layer_is_packed_shows_in_its_type_or_is_not_known(
    media_type: str, packed: str
) -> None:
    assert packing(media_type) == packed


def test_blanks_around_a_reference_make_no_other_key() -> None:
    assert size_key(" hf:a/b ") == size_key("hf:a/b") == "size/hf:a/b"
