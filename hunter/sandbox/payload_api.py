"""Registries and hubs of the sample workloads: manifests and sizes, no bytes.

What they say agrees with what an instance of the embedded market has to fetch: both come from the
same tables of `data/sandbox.toml`.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hunter.sandbox.facts import PAYLOAD_PATH as PREFIX

if TYPE_CHECKING:
    from starlette.requests import Request

OCI = "application/vnd.oci.image"


def digest(body: bytes) -> str:
    """What a registry calls these bytes."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def shares(total: int, n: int, decay: float = 0.72) -> list[int]:
    """A whole number parted into n, the largest neither first nor last; the parts add up to it."""
    weights = [decay ** ((i * 7 + 5) % n) for i in range(n)]
    parts = [int(total * weight / sum(weights)) for weight in weights]
    parts[0] += total - sum(parts)
    return parts


class Image:
    """One sample image as a registry describes it.

    Args:
        ref: its name, registry and tag included.
        facts: its row in `sandbox.toml`.
    """

    def __init__(self, ref: str, facts: dict[str, Any]) -> None:
        packed = facts.get("layer_bytes") or shares(
            round(facts["compressed_gb"] * 1e9), facts["layers"]
        )
        whole = round(facts["unpacked_gb"] * 1e9)
        unpacked = [round(size * whole / sum(packed)) for size in packed]
        unpacked[packed.index(max(packed))] += whole - sum(unpacked)
        self.layers = {
            digest(f"{ref} {number}".encode()): sizes
            for number, sizes in enumerate(zip(packed, unpacked, strict=True))
        }
        self.config = self._config(facts)
        self.manifest = self._manifest()

    def _config(self, facts: dict[str, Any]) -> bytes:
        steps = [f"RUN step {number}" for number in range(len(self.layers))]
        steps[0] = "ADD base system"
        cuda = facts.get("cuda")
        env = [f"CUDA_VERSION={cuda}", f"NVIDIA_REQUIRE_CUDA=cuda>={cuda}"] if cuda else []
        return json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Env": env},
                "rootfs": {"type": "layers", "diff_ids": list(self.layers)},
                "history": [{"created_by": step} for step in steps],
            }
        ).encode()

    def _manifest(self) -> bytes:
        layers = [
            {"mediaType": f"{OCI}.layer.v1.tar+gzip", "digest": name, "size": packed}
            for name, (packed, _) in self.layers.items()
        ]
        config = {
            "mediaType": f"{OCI}.config.v1+json",
            "digest": digest(self.config),
            "size": len(self.config),
        }
        document = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": config,
            "layers": layers,
        }
        return json.dumps(document).encode()

    def blob(self, name: str, wanted: str) -> Response | None:
        """The config whole, or the last four bytes of a layer, which tell what it unpacks to."""
        if name == digest(self.config):
            return Response(self.config, media_type="application/octet-stream")
        if name not in self.layers:
            return None
        packed, unpacked = self.layers[name]
        span = f"{packed - 4}-{packed - 1}"
        if wanted != f"bytes={span}":
            return Response(status_code=416)
        trailer = (unpacked % 2**32).to_bytes(4, "little")
        return Response(trailer, 206, {"Content-Range": f"bytes {span}/{packed}"})


class PayloadApi:
    """What registries and hubs answer about the sample workloads."""

    def __init__(self, facts: dict[str, Any]) -> None:
        named = {ref: row for ref, row in facts["images"].items() if ref != "default"}
        self.images = {ref: Image(ref, row) for ref, row in named.items()}
        self.models: dict[str, dict[str, Any]] = facts["weights"]

    def routes(self) -> list[Route]:
        """Every address that is answered."""
        return [
            Route(PREFIX + "/{server}/v2/", self.hello),
            Route(PREFIX + "/{server}/v2/{name:path}/manifests/{tag}", self.manifest),
            Route(PREFIX + "/{server}/v2/{name:path}/blobs/{digest}", self.blob),
            Route(PREFIX + "/huggingface.co/api/models/{name:path}/revision/{rev}", self.model),
            Route(PREFIX + "/{server}/{rest:path}", self.nothing),
        ]

    async def hello(self, request: Request) -> Response:
        """That a registry is here."""
        return JSONResponse({})

    async def manifest(self, request: Request) -> Response:
        """The manifest of a sample image under its tag or digest."""
        server, name, tag = (request.path_params[key] for key in ("server", "name", "tag"))
        for ref, image in self.images.items():
            wanted = (f"{server}/{name}:{tag}", f"{server}/{name}@{tag}")
            same = ref.startswith(f"{server}/{name}:") and tag == digest(image.manifest)
            if ref in wanted or same:
                headers = {"Docker-Content-Digest": digest(image.manifest)}
                kind = f"{OCI}.manifest.v1+json"
                return Response(image.manifest, 200, headers, media_type=kind)
        error = {"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}
        return JSONResponse({"errors": [error]}, 404)

    async def blob(self, request: Request) -> Response:
        """A config, or the end of a layer."""
        for image in self.images.values():
            wanted = request.headers.get("range", "")
            if (found := image.blob(request.path_params["digest"], wanted)) is not None:
                return found
        return JSONResponse({"errors": [{"code": "BLOB_UNKNOWN"}]}, 404)

    async def model(self, request: Request) -> Response:
        """What a hub says of a sample model: its files and their sizes."""
        name = request.path_params["name"]
        model = self.models.get(f"hf:{name}")
        if model is None:
            refused = {"X-Error-Code": "RepoNotFound"}
            return JSONResponse({"error": "Repository not found"}, 404, refused)
        files = [
            {"rfilename": file, "size": size, "blobId": digest(file.encode())[7:47],
             "lfs": {"sha256": digest(f"{name} {file}".encode())[7:], "size": size,
                     "pointerSize": 135}}
            for file, size in model["files"].items()
        ]  # fmt: skip
        sha = digest(name.encode())[7:47]
        return JSONResponse({"id": name, "sha": sha, "gated": model["gated"], "siblings": files})

    async def nothing(self, request: Request) -> Response:
        """Whatever is no sample."""
        return JSONResponse({"error": "not found"}, 404)
