"""Images of known sizes, written straight into a registry's own storage: no build, no upload.

A layer is a tar of many files, packed by pigz or zstd. Code is what lies under /usr on this machine,
weights are random bytes, bf16 are normally distributed numbers as half-precision weights hold them.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

MB = 1_000_000
DOCKER = "application/vnd.docker"
OCI = "application/vnd.oci.image"
PACKERS = {
    "gzip": ["pigz", "-4", "-n", "-c"],
    "zstd": ["zstd", "-3", "-q", "-T2", "-c"],
}
POOL_BYTES = 640 * MB


@dataclass(frozen=True, slots=True)
class Layer:
    """What goes into a layer: so many megabytes before packing, in so many files."""

    kind: str
    """code, weights or bf16."""
    mb: float
    files: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """What goes into an image, the base first."""

    name: str
    layers: tuple[Layer, ...]
    codec: str = "gzip"
    training: bool = False
    """For calibration only; the images that are predicted are drawn from the other half of the pool."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A layer as the registry holds it."""

    digest: str
    diff_id: str
    compressed: int
    unpacked: int
    files: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image as the registry holds it."""

    name: str
    codec: str
    blobs: tuple[Blob, ...]

    @property
    def mb(self) -> float:
        """On the wire."""
        return sum(blob.compressed for blob in self.blobs) / MB

    @property
    def unpacked_mb(self) -> float:
        """On the disk."""
        return sum(blob.unpacked for blob in self.blobs) / MB


class Pool:
    """Bytes as programs have them, read once from this machine."""

    def __init__(
        self, roots: tuple[str, ...] = ("/usr/lib", "/usr/bin", "/usr/local", sys.prefix)
    ) -> None:
        parts: tuple[list[bytes], list[bytes]] = ([], [])
        size = 0
        for number, data in enumerate(_programs(roots)):
            parts[number % 2].append(data)
            size += len(data)
            if size >= POOL_BYTES:
                break
        self._halves = (memoryview(b"".join(parts[0])), memoryview(b"".join(parts[1])))
        if min(map(len, self._halves)) < 10 * MB:
            raise RuntimeError(f"too few programs under {', '.join(roots)}")

    def take(self, rng: np.random.Generator, size: int, *, training: bool) -> bytes:
        """So many bytes from a random place; training takes from one half, the rest from the other."""
        half = self._halves[0 if training else 1]
        out = b""
        while len(out) < size:
            begin = int(rng.integers(0, len(half)))
            out += half[begin : begin + size - len(out)]
        return out


def _programs(roots: tuple[str, ...]) -> Iterator[bytes]:
    for root in roots:
        for path in sorted(Path(root).rglob("*")):
            if path.is_symlink() or not path.is_file() or not 4_000 < path.stat().st_size < 40 * MB:
                continue
            with path.open("rb") as file:
                head = file.read(4)
                if head == b"\x7fELF":
                    yield head + file.read()


class _Counted:
    """Passes bytes on, counts and hashes them."""

    def __init__(self, to: IO[bytes]) -> None:
        self.to, self.hash, self.size = to, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        self.size += len(data)
        return self.to.write(data)


class Shelf:
    """A registry's storage folder, written to directly."""

    def __init__(self, root: Path, pool: Pool) -> None:
        self.v2 = root / "docker" / "registry" / "v2"
        self.pool = pool
        (self.v2 / "blobs").mkdir(parents=True, exist_ok=True)

    def add(self, recipe: Recipe) -> Image:
        """Build an image and put it on the shelf as NAME:v1."""
        seed = int.from_bytes(hashlib.sha256(recipe.name.encode()).digest()[:8], "big")
        rng = np.random.default_rng(seed)
        blobs = tuple(
            self._layer(recipe, number, layer, rng) for number, layer in enumerate(recipe.layers)
        )
        image = Image(recipe.name, recipe.codec, blobs)
        config = json.dumps(_config(blobs)).encode()
        manifest = json.dumps(_manifest(image, self._keep(config), len(config))).encode()
        digest = self._keep(manifest)
        repository = self.v2 / "repositories" / "t" / recipe.name
        layers = [_sha(config), *(blob.digest for blob in blobs)]
        for name in layers:
            _link(repository / "_layers", name)
        _link(repository / "_manifests" / "revisions", digest)
        tag = repository / "_manifests" / "tags" / "v1"
        _link(tag / "index", digest)
        (tag / "current").mkdir(parents=True)
        (tag / "current" / "link").write_text(digest)
        return image

    def warm(self, image: Image) -> None:
        """Read an image's blobs, so that the registry's own disk is not what a pull waits for."""
        for blob in image.blobs:
            with self._path(blob.digest).open("rb") as file:
                while file.read(1 << 22):
                    pass

    def _path(self, digest: str) -> Path:
        word = digest.removeprefix("sha256:")
        return self.v2 / "blobs" / "sha256" / word[:2] / word / "data"

    def _keep(self, data: bytes) -> str:
        path = self._path(_sha(data))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return _sha(data)

    def _layer(self, recipe: Recipe, number: int, layer: Layer, rng: np.random.Generator) -> Blob:
        draft = self.v2.parent / "draft"
        with draft.open("wb") as out:
            packer = subprocess.Popen(PACKERS[recipe.codec], stdin=subprocess.PIPE, stdout=out)
            assert packer.stdin is not None
            counted = _Counted(packer.stdin)
            # the stream needs nothing of a file but write()
            with tarfile.open(
                fileobj=cast("IO[bytes]", counted), mode="w|", bufsize=1 << 20
            ) as tar:
                self._fill(tar, recipe, f"l{number}", layer, rng)
            packer.stdin.close()
            if packer.wait():
                raise RuntimeError(f"{PACKERS[recipe.codec][0]} failed")
        with draft.open("rb") as file:
            digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
        size = draft.stat().st_size
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(path)
        return Blob(digest, "sha256:" + counted.hash.hexdigest(), size, counted.size, layer.files)

    def _fill(
        self,
        tar: tarfile.TarFile,
        recipe: Recipe,
        folder: str,
        layer: Layer,
        rng: np.random.Generator,
    ) -> None:
        shares = rng.lognormal(0.0, 1.0, layer.files)
        for number, size in enumerate((shares / shares.sum() * layer.mb * MB).astype(int).tolist()):
            head = tarfile.TarInfo(f"opt/{folder}/{number // 200}/{number}")
            head.size, head.mode = size, 0o644
            if layer.kind == "code":
                data = self.pool.take(rng, size, training=recipe.training)
            else:
                data = _numbers(rng, size, halves=layer.kind == "bf16")
            tar.addfile(head, io.BytesIO(data))


def _numbers(rng: np.random.Generator, size: int, *, halves: bool) -> bytes:
    if not halves:
        return rng.bytes(size)
    out = []
    for begin in range(0, size, 32 * MB):
        count = (min(32 * MB, size - begin) + 1) // 2
        numbers = rng.standard_normal(count, dtype=np.float32) * np.float32(0.02)
        out.append((numbers.view(np.uint32) >> 16).astype(np.uint16).tobytes())
    return b"".join(out)[:size]


def _sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _link(folder: Path, digest: str) -> None:
    place = folder / "sha256" / digest.removeprefix("sha256:")
    place.mkdir(parents=True, exist_ok=True)
    (place / "link").write_text(digest)


def _config(blobs: tuple[Blob, ...]) -> dict[str, object]:
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["/opt/l0/0/0"]},
        "rootfs": {"type": "layers", "diff_ids": [blob.diff_id for blob in blobs]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "pulls"} for _ in blobs],
    }


def _manifest(image: Image, config: str, size: int) -> dict[str, object]:
    docker = image.codec == "gzip"
    kind = f"{DOCKER}.distribution.manifest.v2+json" if docker else f"{OCI}.manifest.v1+json"
    of_config = f"{DOCKER}.container.image.v1+json" if docker else f"{OCI}.config.v1+json"
    of_layer = f"{DOCKER}.image.rootfs.diff.tar.gzip" if docker else f"{OCI}.layer.v1.tar+zstd"
    return {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": {"mediaType": of_config, "size": size, "digest": config},
        "layers": [
            {"mediaType": of_layer, "size": blob.compressed, "digest": blob.digest}
            for blob in image.blobs
        ],
    }


def plain(image: Image) -> dict[str, Any]:
    """For a file of raw rows."""
    return asdict(image)


def image_of(row: dict[str, Any]) -> Image:
    """Back from a file of raw rows."""
    return Image(row["name"], row["codec"], tuple(Blob(**blob) for blob in row["blobs"]))
