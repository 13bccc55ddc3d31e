"""Of an index, the entry that GPU machines run; what is no image is passed over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hunter.payload.manifests import Index, Platform, parse_manifest
from hunter.payload.platforms import for_this_platform, is_ours, normalised
from hunter.values.errors import PayloadError
from tests.payload.layouts import OCI

MANIFEST = f"{OCI}.manifest.v1+json"
ALSO_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def entry(n: int, os: str | None = "linux", arch: str | None = "amd64", **more: Any) -> Any:
    platform = {"os": os, "architecture": arch, **more.pop("platform", {})}
    digest = "sha256:" + f"{n:064x}"
    return {"mediaType": MANIFEST, "digest": digest, "size": 7, "platform": platform, **more}


def chosen(*entries: Any) -> int:
    """The number of the entry that is taken of an index."""
    body = json.dumps({"schemaVersion": 2, "manifests": list(entries)}).encode()
    index = parse_manifest(body, "it")
    assert isinstance(index, Index)
    return int(for_this_platform(index, "it").digest[-64:], 16)


GOOD = entry(1)
NO_IMAGES: dict[str, Any] = {
    "an attestation": entry(
        0, "unknown", "unknown", annotations={"vnd.docker.reference.type": "attestation-manifest"}
    ),
    "an attestation that names our platform": entry(
        0, annotations={"vnd.docker.reference.type": "attestation-manifest"}
    ),
    "another thing that refers": entry(0, annotations={"vnd.docker.reference.type": "sbom"}),
    "an unknown platform": entry(0, "unknown", "unknown"),
    "an unknown architecture": entry(0, "linux", "unknown"),
    "an artifact": entry(0, artifactType="application/vnd.dev.cosign.artifact.sig.v1+json"),
    "an artifact without platform": entry(0, platform={})
    | {"platform": None, "artifactType": "a/b"},
    "an image that wants an engine's feature": entry(
        0, platform={"os.features": ["nydus.remoteimage.v1"]}
    ),
    "a layer": entry(0) | {"mediaType": f"{OCI}.layer.v1.tar+gzip"},
    "a chart": entry(0) | {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip"},
    "another machine's": entry(0, "linux", "arm64"),
    "another system's": entry(0, "windows", "amd64", platform={"os.version": "10.0.20348"}),
    "null": None,
    "a number": 5,
    "text": "sha256:",
    "no digest": {"mediaType": MANIFEST, "size": 5},
    "a digest of another kind": entry(0) | {"digest": "blake3:" + "0" * 64},
    "a size in words": entry(0) | {"size": "7"},
    "a negative size": entry(0) | {"size": -7},
    "a platform that is a list": entry(0) | {"platform": ["linux/amd64"]},
    "a variant that is a number": entry(0, platform={"variant": 8}),
}


@pytest.mark.parametrize("what", NO_IMAGES)
def test_what_is_no_image_of_ours_is_passed_over(what: str) -> None:
    odd = NO_IMAGES[what]
    assert chosen(odd, GOOD) == chosen(GOOD, odd) == 1
    with pytest.raises(PayloadError, match="rented GPU machines run linux/amd64"):
        chosen(odd)


@pytest.mark.parametrize(
    "mine",
    [
        entry(1, "linux", "x86_64"),
        entry(1, "Linux", "AMD64"),
        entry(1, "linux", "x86-64", platform={"variant": None}),
        entry(1, "linux", None),
        entry(1, None, "amd64"),
        entry(1, "", ""),
        entry(1, None, None),
        entry(1) | {"platform": None},
        entry(1) | {"mediaType": None, "annotations": None, "artifactType": None},
        entry(1) | {"mediaType": ALSO_MANIFEST, "artifactType": ""},
        entry(1, artifactType=f"{OCI}.config.v1+json"),
        entry(1, annotations={"org.opencontainers.image.base.name": None, "n": 5}),
        entry(1, platform={"os.features": None, "os.version": None}),
        entry(1, platform={"os.features": [], "variant": "v1"}),
    ],
)
def test_our_platform_is_known_by_every_name(mine: Any) -> None:
    assert chosen(entry(0, "linux", "arm64", platform={"variant": "v8"}), mine) == 1


def test_who_names_our_platform_goes_before_who_names_none_and_plain_before_tuned() -> None:
    silent, tuned = entry(3) | {"platform": None}, entry(2, platform={"variant": "v3"})
    assert chosen(silent, tuned) == 2
    assert chosen(silent, tuned, GOOD) == 1
    assert chosen(GOOD, entry(2), silent) == 1


@pytest.mark.parametrize("manifests", [None, []])
def test_an_index_of_nothing_is_for_no_platform(manifests: Any) -> None:
    body = json.dumps({"mediaType": f"{OCI}.index.v1+json", "manifests": manifests}).encode()
    index = parse_manifest(body, "it")
    assert isinstance(index, Index)
    with pytest.raises(PayloadError, match="for no platform at all"):
        for_this_platform(index, "it")


def test_platforms_of_a_thousand_characters_stay_a_sentence() -> None:
    with pytest.raises(PayloadError) as error:
        chosen(*(entry(n, "x" * 1000 + str(n), "y" * 1000) for n in range(50)))
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (Platform("linux", "aarch64"), "linux/arm64"),
        (Platform("linux", "arm64", "v8"), "linux/arm64"),
        (Platform("linux", "arm", "v7"), "linux/arm/v7"),
        (Platform("linux", "armel"), "linux/arm/v6"),
        (Platform("linux", "i386", "x"), "linux/386"),
        (Platform("macOS", "AArch64"), "darwin/arm64"),
        (Platform(), ""),
    ],
)
def test_names_are_normalised_as_engines_do(given: Platform, name: str) -> None:
    assert str(normalised(given)) == name


def test_what_an_image_leaves_out_counts_as_ours() -> None:
    assert is_ours(Platform())
    assert is_ours(Platform(None, "x86_64"))
    assert not is_ours(Platform(None, "aarch64"))
    assert not is_ours(Platform("windows", None))
