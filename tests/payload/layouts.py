"""Images of known bytes, written as OCI layouts, and small servers that answer as a test says."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import subprocess
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx

from hunter.payload.ask import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

OCI = "application/vnd.oci.image"
NOW = 1_795_000_000.0


def digest(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


def tar(
    n_bytes: int, seed: int, *, name: str = "usr/lib/data.bin", random_share: float = 0.5
) -> bytes:
    """A tar of one file, part of it random, so that it packs to about that share."""
    chance = random.Random(seed)
    noise = chance.randbytes(int(n_bytes * random_share))
    content = noise + bytes(n_bytes - len(noise))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


@dataclass(kw_only=True)
class Blob:
    """A layer as it is pushed, and what it unpacks to."""

    body: bytes
    media_type: str
    unpacked: bytes
    made_by: str = "RUN make"


def gzipped(unpacked: bytes, made_by: str = "RUN make") -> Blob:
    packed = gzip.compress(unpacked, mtime=0)
    return Blob(
        body=packed, media_type=f"{OCI}.layer.v1.tar+gzip", unpacked=unpacked, made_by=made_by
    )


def plain(unpacked: bytes) -> Blob:
    return Blob(body=unpacked, media_type=f"{OCI}.layer.v1.tar", unpacked=unpacked)


def zstd_frame(unpacked: bytes, *, sized: bool = True) -> bytes:
    """A valid zstd frame of raw blocks (RFC 8878), with or without its content size in the header."""
    single_segment = bytes([0xE0]) + len(unpacked).to_bytes(8, "little")
    head = single_segment if sized else bytes([0x00, 0x50])  # a window of 1 MiB
    blocks = []
    starts = range(0, max(len(unpacked), 1), 2**17)
    for start in starts:
        block = unpacked[start : start + 2**17]
        last = start + 2**17 >= len(unpacked)
        blocks.append((len(block) << 3 | int(last)).to_bytes(3, "little") + block)
    return (0xFD2FB528).to_bytes(4, "little") + head + b"".join(blocks)


def zstd(unpacked: bytes, *, sized: bool = True) -> Blob:
    body = zstd_frame(unpacked, sized=sized)
    return Blob(body=body, media_type=f"{OCI}.layer.v1.tar+zstd", unpacked=unpacked)


@dataclass(kw_only=True)
class Image:
    """One image of one platform."""

    layers: list[Blob]
    env: list[str] = field(default_factory=list)
    architecture: str = "amd64"
    os: str = "linux"

    @property
    def config(self) -> bytes:
        steps = [{"created_by": layer.made_by} for layer in self.layers]
        return json.dumps(
            {
                "architecture": self.architecture,
                "os": self.os,
                "config": {"Env": self.env},
                "rootfs": {"type": "layers", "diff_ids": [digest(b.unpacked) for b in self.layers]},
                "history": [{"created_by": "ENV A=1", "empty_layer": True}, *steps],
            }
        ).encode()

    @property
    def manifest(self) -> bytes:
        def described(body: bytes, media_type: str) -> dict[str, Any]:
            return {"mediaType": media_type, "digest": digest(body), "size": len(body)}

        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": f"{OCI}.manifest.v1+json",
                "config": described(self.config, f"{OCI}.config.v1+json"),
                "layers": [described(b.body, b.media_type) for b in self.layers],
            }
        ).encode()

    @property
    def blobs(self) -> dict[str, bytes]:
        bodies = [self.config, *(layer.body for layer in self.layers)]
        return {digest(body): body for body in bodies}

    @property
    def compressed_bytes(self) -> int:
        return sum({b.body: len(b.body) for b in self.layers}.values())

    @property
    def unpacked_bytes(self) -> int:
        return sum({b.body: len(b.unpacked) for b in self.layers}.values())


def index(*images: Image) -> bytes:
    """An index over images, with the attestation that buildkit adds."""
    entries: list[dict[str, Any]] = [
        {
            "mediaType": f"{OCI}.manifest.v1+json",
            "digest": digest(image.manifest),
            "size": len(image.manifest),
            "platform": {"os": image.os, "architecture": image.architecture},
        }
        for image in images
    ]
    return json.dumps(
        {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": entries}
    ).encode()


def write_layout(folder: Path, *images: Image) -> Path:
    """An OCI layout that skopeo can push: of one image, or of an index over several."""
    one = len(images) == 1
    top = images[0].manifest if one else index(*images)
    media_type = f"{OCI}.{'manifest' if one else 'index'}.v1+json"
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    bodies = {digest(top): top}
    for image in images:
        bodies |= image.blobs | {digest(image.manifest): image.manifest}
    for name, body in bodies.items():
        (blobs / name.removeprefix("sha256:")).write_bytes(body)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    root = {
        "mediaType": media_type,
        "digest": digest(top),
        "size": len(top),
        "annotations": {"org.opencontainers.image.ref.name": "it"},
    }
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [root]}))
    return folder


# ── a real registry ─────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, kw_only=True)
class Registry:
    """A running registry: where it listens and where it keeps what it holds."""

    host: str
    storage: Path

    def push(self, layout: Path, name: str, *options: str) -> str:
        """Push an OCI layout with skopeo; the reference it has then."""
        ref = f"{self.host}/{name}"
        command = ["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", *options]
        subprocess.run([*command, f"oci:{layout}:it", f"docker://{ref}"], check=True, timeout=60)
        return ref

    def push_as_zstd(self, layout: Path, name: str) -> str:
        """Push an OCI layout with its layers packed anew: skopeo keeps packed ones as they are."""
        ref, loose = f"{self.host}/{name}", layout.with_name("loose")
        copy = ["skopeo", "--insecure-policy", "copy", "-q"]
        unpack = [*copy, "--dest-decompress", f"oci:{layout}:it", f"dir:{loose}"]
        subprocess.run(unpack, check=True, timeout=60)
        packing = ["--dest-tls-verify=false", "--dest-compress-format", "zstd", "-f", "oci"]
        subprocess.run([*copy, *packing, f"dir:{loose}", f"docker://{ref}"], check=True, timeout=60)
        return ref

    def put(self, image: Image, name: str) -> str:
        """Put an image by the registry's own interface, its layers as they are; its reference then."""
        repository, _, tag = name.partition(":")
        url = f"http://{self.host}/v2/{repository}"
        with httpx.Client(trust_env=False) as client:
            for blob, body in image.blobs.items():
                place = client.post(f"{url}/blobs/uploads/").headers["location"]
                done = client.put(
                    httpx.URL(place).copy_merge_params({"digest": blob}), content=body
                )
                assert done.status_code == 201, done.text
            kind = {"Content-Type": f"{OCI}.manifest.v1+json"}
            put = client.put(f"{url}/manifests/{tag}", content=image.manifest, headers=kind)
            assert put.status_code == 201, put.text
        return f"{self.host}/{name}"

    def stored_bytes(self, digest: str) -> int:
        """The bytes of a blob as they lie on the registry's disk."""
        blobs = self.storage / "docker/registry/v2/blobs/sha256"
        name = digest.removeprefix("sha256:")
        return (blobs / name[:2] / name / "data").stat().st_size


# ── servers ─────────────────────────────────────────────────────────────────────────────────────
@dataclass(kw_only=True)
class Asked:
    """One request that a server got."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


Answer = tuple[int, dict[str, str], bytes]


class Server:
    """A server on loopback that answers as `answer` says and remembers what it was asked."""

    def __init__(self, answer: Callable[[Asked], Answer], tls: Any = None) -> None:
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length") or 0)
                asked = Asked(
                    method=self.command,
                    path=parts.path,
                    query={k: v[0] for k, v in parse_qs(parts.query).items()},
                    headers={k.lower(): v for k, v in self.headers.items()},
                    body=self.rfile.read(length),
                )
                outer.asked.append(asked)
                status, headers, body = answer(asked)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "content-length" not in {name.lower() for name in headers}:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = _answer

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(answer: Callable[[Asked], Answer], tls: Any = None) -> Iterator[Server]:
    server = Server(answer, tls)
    try:
        yield server
    finally:
        server.close()


def json_answer(document: Any, status: int = 200, **headers: str) -> Answer:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(document).encode()


def registry_of(image: Image, *, ranges: bool = True) -> Callable[[Asked], Answer]:
    """A registry that holds one image under every tag."""
    blobs = image.blobs

    def answer(asked: Asked) -> Answer:
        name = asked.path.rpartition("/")[2]
        if "/manifests/" in asked.path:
            named = {"Docker-Content-Digest": digest(image.manifest)}
            return 200, {"Content-Type": f"{OCI}.manifest.v1+json", **named}, image.manifest
        if name not in blobs:
            return json_answer({}, 200 if asked.path == "/v2/" else 404)
        body, wanted = blobs[name], asked.headers.get("range", "")
        if wanted and ranges:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            part = body[int(first) : int(last) + 1]
            return 206, {"Content-Range": f"bytes {first}-{last}/{len(body)}"}, part
        return 200, {}, body

    return answer


# ── surroundings ────────────────────────────────────────────────────────────────────────────────
class Memory:
    """A cache whose age is what the test says."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.age_s = 0.0

    def get(self, key: str) -> tuple[bytes, float] | None:
        return (self.kept[key], self.age_s) if key in self.kept else None

    def put(self, key: str, body: bytes) -> None:
        self.kept[key] = body


def around(
    http: httpx.AsyncClient,
    home: Path,
    *,
    environ: Mapping[str, str] | None = None,
    mirrors: Mapping[str, str] | None = None,
) -> Surroundings:
    return Surroundings(
        http=http, environ=environ or {}, home=home, mirrors=mirrors or {}, now=lambda: NOW
    )
