"""One pull by one engine, timed: Docker through its API, containerd through the interface Kubernetes uses."""

from __future__ import annotations

import json
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import httpx

from bench.pulls.rig import REGISTRY

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S = 180.0


@dataclass(frozen=True, slots=True)
class Timed:
    """How long a pull took, and when each layer was there and unpacked where the engine says so."""

    seconds: float
    there: dict[str, float] = field(default_factory=dict)
    done: dict[str, float] = field(default_factory=dict)


class Puller(Protocol):
    """An engine."""

    def pull(self, name: str) -> Timed:
        """Pull NAME:v1 from the registry."""

    def remove(self, name: str) -> None:
        """Leave nothing of it."""


def reference(name: str) -> str:
    """How the registry calls it."""
    return f"{REGISTRY}/t/{name}:v1"


class Docker:
    """dockerd over its socket."""

    def __init__(self, path: Path) -> None:
        transport = httpx.HTTPTransport(uds=str(path))
        self.client = httpx.Client(transport=transport, base_url="http://docker", timeout=TIMEOUT_S)

    def pull(self, name: str) -> Timed:
        """Pull it and follow the progress of its layers."""
        there: dict[str, float] = {}
        done: dict[str, float] = {}
        params = {"fromImage": f"{REGISTRY}/t/{name}", "tag": "v1"}
        begun = time.perf_counter()
        with self.client.stream("POST", "/images/create", params=params) as reply:
            for line in reply.iter_lines():
                told = json.loads(line) if line else {}
                now = time.perf_counter() - begun
                if "error" in told:
                    raise RuntimeError(told["error"])
                if told.get("status") == "Download complete":
                    there[told["id"]] = now
                elif told.get("status") == "Pull complete":
                    done[told["id"]] = now
        seconds = time.perf_counter() - begun
        if reply.status_code != 200:
            raise RuntimeError(f"docker answers {reply.status_code}")
        return Timed(seconds, there, done)

    def remove(self, name: str) -> None:
        """Leave nothing of it."""
        self.client.delete(
            f"/images/{reference(name)}", params={"force": "true"}
        ).raise_for_status()


class Containerd:
    """containerd's image service: gRPC, as far as two calls with one text field need it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def pull(self, name: str) -> Timed:
        """Pull and unpack it, as a kubelet would ask for it."""
        begun = time.perf_counter()
        self._call("PullImage", name)
        return Timed(time.perf_counter() - begun)

    def remove(self, name: str) -> None:
        """Leave nothing of it."""
        self._call("RemoveImage", name)

    def _call(self, verb: str, name: str) -> None:
        spec = _text(1, reference(name).encode())
        grpc_call(self.path, f"/runtime.v1.ImageService/{verb}", _text(1, spec))


def _text(number: int, data: bytes) -> bytes:
    """A protobuf field of bytes shorter than 128."""
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def grpc_call(path: Path, method: str, message: bytes) -> bytes:
    """One unary call over a Unix socket: HTTP/2 with plain headers.

    Raises:
        RuntimeError: if the call failed; what the other side said is in it.
    """
    headers = b"".join(
        b"\x00" + bytes([len(key)]) + key.encode() + bytes([len(value)]) + value.encode()
        for key, value in (
            (":method", "POST"),
            (":scheme", "http"),
            (":path", method),
            (":authority", "localhost"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        )
    )
    body = b"\x00" + struct.pack(">I", len(message)) + message
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(TIMEOUT_S)
        link.connect(str(path))
        link.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b""))
        link.sendall(_frame(1, 4, 1, headers) + _frame(0, 1, 1, body))
        return _answer(link, method)


def _answer(link: socket.socket, method: str) -> bytes:
    data, last = None, b""
    while True:
        head = _exactly(link, 9)
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
        payload = _exactly(link, int.from_bytes(head[:3], "big"))
        if kind == 4 and not flags & 1:
            link.sendall(_frame(4, 1, 0, b""))
        elif kind == 6 and not flags & 1:
            link.sendall(_frame(6, 1, 0, payload))
        elif kind in (3, 7):
            raise RuntimeError(f"{method}: the stream was reset")
        elif stream == 1 and kind == 0:
            data = (data or b"") + payload
        elif stream == 1 and kind == 1:
            last = payload
        if stream == 1 and kind in (0, 1) and flags & 1:
            break
    if data is None:  # only trailers: an error
        raise RuntimeError(f"{method} failed: {last!r}")
    return data[5:]


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return (
        struct.pack(">I", len(payload))[1:]
        + bytes([kind, flags])
        + struct.pack(">I", stream)
        + payload
    )


def _exactly(link: socket.socket, size: int) -> bytes:
    out = b""
    while len(out) < size:
        part = link.recv(size - len(out))
        if not part:
            raise RuntimeError("the engine hung up")
        out += part
    return out
