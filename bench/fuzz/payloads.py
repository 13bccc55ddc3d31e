"""Registries, hubs and stores: everything that `payload_size` reads, and what it is asked by."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx

from bench.fuzz.parser import BLOB, JSON, ROWS, SECRET, WORDS, XML, Form, Parser, plain, scratch
from hunter.facts.shipped import shipped
from hunter.payload.ask import Surroundings, payload_size
from hunter.payload.docker_login import login_for
from hunter.payload.http import retry_at
from hunter.payload.huggingface import parse_hub_ref
from hunter.payload.manifests import Descriptor
from hunter.payload.refs import parse_payload_ref
from hunter.payload.registry import parse_image
from hunter.payload.sizes import NoCache, decoded
from hunter.payload.unpacked import from_bytes
from hunter.values.references import kind_of, packing, size_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.fuzz.parser import Read

    Answer = Callable[[Any, httpx.Request], httpx.Response]

NOW = 1_795_000_000.0
OCI = "application/vnd.oci.image"
ENV = ["PATH=/bin", "NVIDIA_REQUIRE_CUDA=cuda>=12.4 brand=tesla,driver>=470", "CUDA_VERSION=12.4.1"]
CONFIG = {"architecture": "amd64", "os": "linux", "config": {"Env": ENV}, "rootfs": {"type": "layers", "diff_ids": []},
          "history": [{"created_by": "ENV A=1", "empty_layer": True}, {"created_by": "RUN pip install x"}]}  # fmt: skip
LAYER = {
    "mediaType": f"{OCI}.layer.v1.tar+gzip",
    "digest": "sha256:" + "1" * 64,
    "size": 70_000,
    "annotations": {"a": "b"},
}
NOTED = {"vnd.docker.reference.type": "attestation-manifest"}
REALM = 'Bearer realm="http://127.0.0.1:1/token",service="registry.test",scope="repository:a:pull"'


def _digest(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


def _described(body: bytes, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "mediaType": f"{OCI}.{kind}.v1+json",
        "digest": _digest(body),
        "size": len(body),
        **more,
    }


def _manifest(config: bytes) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json", "config": _described(config, "config"),
            "layers": [LAYER]}  # fmt: skip


GOOD_CONFIG = json.dumps(CONFIG).encode()
GOOD = json.dumps(_manifest(GOOD_CONFIG)).encode()
INDEX = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": [
    _described(GOOD, "manifest", platform={"os": "linux", "architecture": "amd64"}),
    _described(b"{}", "manifest", platform={"os": "linux", "architecture": "arm64", "variant": "v8"}),
    _described(b"{}", "manifest", platform={"os": "unknown", "architecture": "unknown"}, annotations=NOTED)]}  # fmt: skip


def _blob(request: httpx.Request, bodies: Mapping[str, bytes]) -> httpx.Response:
    """A blob, or the last bytes of the one layer."""
    name = request.url.path.rpartition("/")[2]
    if "range" in request.headers:
        return httpx.Response(206, content=(260_000).to_bytes(4, "little"),
                              headers={"Content-Range": "bytes 69996-69999/70000"})  # fmt: skip
    return (
        httpx.Response(200, content=bodies[name])
        if name in bodies
        else httpx.Response(404, json={})
    )


def _registry(part: str) -> Answer:
    """A registry whose index, manifest or config is the input; all else is as it should be."""

    def answer(body: Any, request: httpx.Request) -> httpx.Response:
        config = body if part == "config" else GOOD_CONFIG
        manifest = json.dumps(_manifest(config)).encode() if part == "config" else GOOD
        top = body if part in ("index", "manifest") else manifest
        path = request.url.path
        if "/manifests/" in path:
            named = path.rpartition("/")[2]
            found = GOOD if named == _digest(GOOD) and part == "index" else top
            return httpx.Response(
                200, content=found, headers={"Docker-Content-Digest": _digest(found)}
            )
        return _blob(request, {_digest(config): config})

    return answer


def _wire(words: Any) -> bytes:
    """A header's value as a wire can carry it."""
    text = "".join(sign for sign in str(words)[:60_000] if sign not in "\r\n\0")
    return text.encode("utf-8", "replace")


def _challenging(words: Any, request: httpx.Request) -> httpx.Response:
    """A registry that wants a token, and says so in these words; several headers where there are lines."""
    if "/manifests/" in request.url.path and "authorization" not in request.headers:
        values = words if isinstance(words, list) else [words]
        return httpx.Response(
            401, headers=[(b"WWW-Authenticate", _wire(value)) for value in values[:70]], json={}
        )
    if "/manifests/" in request.url.path or "/blobs/" in request.url.path:
        return _registry("none")(b"", request)
    return httpx.Response(200, json={"token": SECRET, "expires_in": 300})


def _selling_tokens(body: bytes, request: httpx.Request) -> httpx.Response:
    """The same with the token's document as the input."""
    if request.url.path == "/token":
        return httpx.Response(200, content=body)
    return _challenging([REALM], request)


def _ranges(said: Any, request: httpx.Request) -> httpx.Response:
    """A registry that answers the question for the last bytes of a layer in its own way."""
    if "range" not in request.headers or not isinstance(said, dict):
        return _registry("none")(b"", request)
    headers = [(name.encode(), _wire(value)) for name, value in said.items() if name in PARTS]
    status = said.get("status")
    body = str(said.get("body", "")).encode("utf-8", "replace")[:100]
    return httpx.Response(
        status if type(status) is int and 200 <= status <= 599 else 206,
        headers=headers,
        content=body,
    )


PARTS = ("content-range", "content-length", "content-type", "content-encoding", "retry-after")


def _headed(said: Any, request: httpx.Request) -> httpx.Response:
    """An address that is described by headers alone."""
    pairs = said.items() if isinstance(said, dict) else ()
    headers = [(name.encode(), _wire(value)) for name, value in pairs if name in HEADED]
    status = said.get("status") if isinstance(said, dict) else None
    return httpx.Response(
        status if type(status) is int and 200 <= status <= 599 else 200, headers=headers
    )


HEADED = {"status": 200, "content-length": "70000", "content-range": "bytes 0-0/70000", "etag": '"abc"', "retry-after": "30",
          "last-modified": "Fri, 27 Nov 2026 10:00:00 GMT", "content-type": "application/octet-stream",
          "content-encoding": "identity", "location": "http://127.0.0.1:1/there", "ratelimit-reset": "9"}  # fmt: skip


def _as_it_is(body: bytes, request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=body, headers={"Content-Type": "application/json"})


def _model_after(body: bytes, request: httpx.Request) -> httpx.Response:
    """Civitai where the number is no version but a model."""
    if "model-versions" in request.url.path:
        return httpx.Response(404, json={})
    return _as_it_is(body, request)


def _file(name: str, n_bytes: int, lfs: bool = True) -> dict[str, Any]:
    large = {"lfs": {"sha256": "a" * 64, "size": n_bytes, "pointerSize": 135}} if lfs else {}
    return {"rfilename": name, "size": n_bytes, "blobId": "b" * 40, **large}


SHARDS = [_file(f"model-0000{n}-of-00002.safetensors", 5000) for n in (1, 2)]
REPOSITORY = {"id": "org/model", "sha": "c" * 40, "gated": False, "siblings": [
    _file("README.md", 100, lfs=False), _file("config.json", 10, lfs=False), *SHARDS, _file("pytorch_model.bin", 8000),
    _file("model.safetensors.index.json", 60, lfs=False), _file("original/consolidated.00.pth", 8100),
    _file("x-Q4_K_M.gguf", 400), _file("unet/diffusion_pytorch_model.fp16.safetensors", 900)]}  # fmt: skip
VERSION = {"id": 691639, "name": "v1", "modelId": 618692, "files": [
    {"name": "flux.safetensors", "type": "Model", "sizeKB": 23245568.0, "primary": True,
     "hashes": {"SHA256": "A" * 64, "CRC32": "1"}, "downloadUrl": "https://civitai.com/api/download/models/691639"},
    {"name": "config.yaml", "type": "Config", "sizeKB": 1.5}]}  # fmt: skip
LISTED = {"ListBucketResult": {"Name": "models", "Prefix": "sd/", "KeyCount": 2, "MaxKeys": 1000, "IsTruncated": False,
          "Contents": [{"Key": f"sd/{name}.safetensors", "LastModified": "2026-11-27T10:00:00.000Z", "ETag": '"abc"',
                        "Size": 70_000, "StorageClass": "STANDARD"} for name in "ab"]}}  # fmt: skip
DENIED = {
    "Error": {"Code": "AccessDenied", "Message": "Access Denied", "RequestId": "1", "HostId": "2"}
}
DOCKER = {"auths": {"registry.test": {"auth": "YW5uYTpzM2NyZXQ="}, "https://index.docker.io/v1/": {"identitytoken": SECRET},
                    "other.test": {"username": "anna", "password": SECRET}},
          "credHelpers": {"gcr.io": "gcloud"}, "credsStore": None, "HttpHeaders": {"a": "b"}}  # fmt: skip


class _Remembered(NoCache):
    """A memory of layers' sizes that says what the input says."""

    body = b""

    def get(self, key: str) -> Any:
        return (self.body, 5.0) if key.startswith("unpacked/") else None


@contextmanager
def _remembering() -> Iterator[Read]:
    memory = _Remembered()
    with sizing(IMAGE, lambda said, request: _registry("none")(b"", request), memory) as read:

        def done(body: bytes) -> object:
            memory.body = body
            return read(b"")

        yield done


@contextmanager
def sizing(
    ref: str, answer: Answer, memory: NoCache | None = None, **environ: str
) -> Iterator[Read]:
    """`payload_size` of one reference, whose servers answer with the input."""
    loop = asyncio.new_event_loop()
    sent: list[Any] = [b""]
    http = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda request: answer(sent[0], request))
    )
    server = "http://127.0.0.1:1"
    with tempfile.TemporaryDirectory(dir=scratch()) as home:
        around = Surroundings(
            http=http, environ=environ, home=Path(home), now=lambda: NOW,
            mirrors={"registry.test": server, "huggingface.co": server, "civitai.com": server},
        )  # fmt: skip

        def read(given: Any) -> object:
            sent[0] = given
            found = loop.run_until_complete(payload_size(ref, around, memory))
            assert found.compressed_bytes >= 0
            return json.dumps(found.as_json())

        yield read
        loop.run_until_complete(http.aclose())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@contextmanager
def _storing() -> Iterator[Read]:
    """A bucket. Botocore's client is made once: making one takes a hundred times as long as asking it."""
    from botocore.session import Session

    made: dict[str, Any] = {}
    create = Session.create_client

    def once(session: Any, *args: Any, **more: Any) -> Any:
        if not made:
            made["client"] = create(session, *args, **more)
            register = made["client"].meta.events.register
            made["client"].meta.events.register = lambda event, hook: (
                made.update(hook=hook) or register(event, hook)
            )
        elif "hook" in made:
            made["client"].meta.events.unregister("before-send.s3", made.pop("hook"))
        return made["client"]

    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": SECRET}
    with ExitStack() as stack:
        stack.enter_context(patch.object(Session, "create_client", once))
        yield stack.enter_context(
            sizing(
                "s3://models/sd/",
                _bucket,
                AWS_ENDPOINT_URL="http://127.0.0.1:1",
                AWS_REGION="eu-x",
                **keys,
            )
        )


def _bucket(body: bytes, request: httpx.Request) -> httpx.Response:
    status = 403 if b"AccessDenied" in body else 200
    return httpx.Response(status, content=body, headers={"Content-Type": "application/xml"})


@contextmanager
def _logins(helper: bool = False) -> Iterator[Read]:
    """Docker's settings in a file; programs that they name are not there, or answer with the input."""
    loop = asyncio.new_event_loop()

    async def program(*words: Any, **more: Any) -> Any:
        if not helper:
            raise FileNotFoundError(words[0])
        return _Program(given[0])

    given = [b""]
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        path = Path(folder) / "config.json"

        def read(body: bytes) -> object:
            given[0] = body
            path.write_bytes(json.dumps({"credsStore": "pass"}).encode() if helper else body)
            return [
                loop.run_until_complete(login_for(name, path))
                for name in ("registry.test", "docker.io", "other.test")
            ]

        with patch.object(asyncio, "create_subprocess_exec", program):
            yield read
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


class _Program:
    """A credential helper that has ended."""

    returncode = 0

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    async def communicate(self, sent: bytes) -> tuple[bytes, bytes]:
        return self.answer, b""

    def kill(self) -> None: ...

    async def wait(self) -> int:
        return 0


def _unpacked(body: bytes) -> object:
    ratios = shipped().coldstart.unpack
    kinds = (f"{OCI}.layer.v1.tar+gzip", f"{OCI}.layer.v1.tar+zstd")
    layers = [Descriptor(digest="sha256:" + "1" * 64, size=size, media_type=kind)
              for kind in kinds for size in (20, 70_000, 9 * 10**9, 2**50)]  # fmt: skip
    return [from_bytes(layer, body, ratios) for layer in layers]


def _references(words: str) -> object:
    size_key(words), kind_of(words), packing(words)
    return parse_payload_ref(words)


def _retry_at(said: Any) -> object:
    pairs = said.items() if isinstance(said, dict) else ()
    return retry_at(
        httpx.Headers(
            [(b"" + name.encode(), _wire(v)) for name, v in pairs if re.fullmatch("[a-z-]+", name)]
        ),
        NOW,
    )


RETRIES = {
    "retry-after": "120",
    "ratelimit-reset": "100;w=60",
    "x-ratelimit-reset": "1795000300",
    "x-retry-after": "1795000300",
}
REMEMBERED = {"ref": "a:1", "kind": "image", "digest": "sha256:0", "compressed_bytes": 5, "unpacked_bytes": None,
              "unpacked_is_estimate": False, "layers": [{"digest": None, "compressed_bytes": 5, "media_type": "x"}],
              "warnings": ["x"], "age_s": 1.0}  # fmt: skip
REFS = ("ghcr.io/org/name:v1", "docker.io/library/nginx@sha256:" + "0" * 64, "localhost:5000/a/b", "oci+http://h:1/n:t",
        "hf:org/repo@main:*.safetensors", "hf:datasets/org/name", "civitai:618692@691639", "s3://bucket/prefix/*",
        "https://host.example/a/b.safetensors?x=1", "file:./x", "./x", "docker://[::1]:5000/a")  # fmt: skip
IMAGE = "registry.test/org/app:v1"


def of(
    name: str, ref: str, answer: Answer, *seeds: Any, form: Form = JSON, weight: float = 0.5
) -> Parser:
    """What a server says of one reference."""
    return Parser(
        name=name, seeds=seeds, form=form, weight=weight, opened=lambda: sizing(ref, answer)
    )


PARSERS = (
    of("image index", IMAGE, _registry("index"), INDEX),
    of("image manifest", IMAGE, _registry("manifest"), _manifest(GOOD_CONFIG)),
    of("image config", IMAGE, _registry("config"), CONFIG),
    of("challenges", IMAGE, _challenging, [REALM], ['Basic realm="x"', REALM], ["Negotiate, " + REALM], form=ROWS),
    of("registry tokens", IMAGE, _selling_tokens, {"token": SECRET, "access_token": SECRET, "expires_in": 300}),
    of("layer ranges", IMAGE, _ranges, {"content-range": "bytes 69996-69999/70000", "body": "abcd", "status": 206}, form=ROWS),
    Parser(name="member sizes", seeds=((70_000).to_bytes(4, "little"), bytes.fromhex("28b52ffde0") + (10**7).to_bytes(13, "little")),
           form=BLOB, opened=plain(_unpacked), weight=3.0),
    of("Hugging Face", "hf:org/model", _as_it_is, REPOSITORY),
    of("Civitai version", "civitai:618692@691639", _as_it_is, VERSION),
    of("Civitai model", "civitai:618692", _model_after, {"id": 618692, "name": "x", "modelVersions": [VERSION]}),
    of("web addresses by headers", "http://127.0.0.1:1/a", _headed, HEADED, HEADED | {"status": 302}, HEADED | {"status": 429},
       form=ROWS),
    Parser(name="S3 listings", seeds=(LISTED, DENIED), form=XML, opened=_storing, weight=0.2),
    Parser(name="docker config.json", seeds=(DOCKER, DOCKER | {"credHelpers": {"registry.test": "pass"}, "credsStore": "desktop"}), form=JSON, opened=_logins, weight=0.5),
    Parser(name="credential helpers", seeds=({"ServerURL": "x", "Username": "anna", "Secret": SECRET},
                                             {"Username": "<token>", "Secret": SECRET}),
           form=JSON, opened=lambda: _logins(helper=True), weight=0.5),
    Parser(name="references", seeds=REFS, form=WORDS, opened=plain(_references), weight=4.0),
    Parser(name="image names", seeds=REFS[:4], form=WORDS, opened=plain(parse_image), weight=4.0),
    Parser(name="hub references", seeds=("org/repo@main:*.safetensors", "datasets/org/name"), form=WORDS,
           opened=plain(parse_hub_ref), weight=4.0),
    Parser(name="times to ask again", seeds=(RETRIES,), form=ROWS, opened=plain(_retry_at), weight=3.0),
    Parser(name="layers remembered", seeds=([260_000, True],), form=JSON, weight=0.5, opened=_remembering),
    Parser(name="sizes remembered", seeds=(REMEMBERED,), form=JSON, weight=3.0, opened=plain(decoded)),
)  # fmt: skip
