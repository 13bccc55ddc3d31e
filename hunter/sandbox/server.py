"""The embedded market as a server on loopback."""

from __future__ import annotations

import json
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette

from hunter.sandbox.facts import PAYLOAD_PATH, sandbox_facts
from hunter.sandbox.market import SandboxMarket, Settings
from hunter.sandbox.payload_api import PayloadApi
from hunter.sandbox.vast.api import VastApi
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
PAGE = b"<!doctype html><html><head><title>Just a moment...</title></head><body>Please wait.</body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Settings):
    """A market, and where to serve it. Port 0 picks a free one."""

    port: int = 0


class Manners:
    """Around both interfaces: the market's clock in every reply, and whatever faults are on."""

    def __init__(self, app: ASGIApp, market: SandboxMarket) -> None:
        self.app = app
        self.market = market

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(PAYLOAD_PATH):
            await self.app(scope, receive, send)
            return
        name = "vast" if scope["path"].startswith("/api/") else "runpod"
        fault = next(
            (f for f in ("html", "server-error", "rate-limited", "truncate", "down")
             if self.market.faults.active(f, name)), None,
        )  # fmt: skip
        if fault in ("html", "server-error", "rate-limited"):
            await self._instead(send, fault)
            return

        async def speak(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._clock()]
            elif fault in ("truncate", "down") and message["type"] == "http.response.body":
                keep = len(message["body"]) // 2 if fault == "truncate" else 0
                await send({**message, "body": message["body"][:keep], "more_body": False})
                return
            await send(message)

        await self.app(scope, receive, speak)

    def _clock(self) -> list[tuple[bytes, bytes]]:
        now, settings = self.market.now(), self.market.settings
        limits = "on" if settings.limits else "off"
        speed = self.market.book.page.speed
        said = f"now={now:.3f};speed={speed:g};limits={limits}"
        return [
            (b"date", formatdate(now, usegmt=True).encode()),
            (b"x-hunter-sandbox", said.encode()),
        ]

    async def _instead(self, send: Send, fault: str) -> None:
        status, kind, body = {
            "html": (200, b"text/html", PAGE),
            "server-error": (503, b"text/plain", b"Service Unavailable"),
            "rate-limited": (429, b"text/plain", b"API requests too frequent"),
        }[fault]
        headers = [(b"content-type", kind), *self._clock()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def application(market: SandboxMarket) -> ASGIApp:
    """Both vendors' interfaces on one market."""
    from hunter.sandbox.runpod.api import RunpodApi  # noqa: PLC0415  graphql-core, 0.15 s

    payload = PayloadApi(market.facts).routes()
    routes = [*payload, *VastApi(market).routes(), *RunpodApi(market).routes()]
    return Manners(Starlette(routes=routes), market)


def _server(market: SandboxMarket, port: int) -> tuple[uvicorn.Server, socket.socket]:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        raise HunterError(
            f"Port {port} cannot be used: {error.strerror}.", remedy="Give --port 0 for a free one."
        ) from error
    config = uvicorn.Config(
        application(market), log_level="error", date_header=False, server_header=False,
        lifespan="off", timeout_graceful_shutdown=1,
    )  # fmt: skip
    return uvicorn.Server(config), listener


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


@contextmanager
def running(options: Options) -> Iterator[tuple[str, SandboxMarket]]:
    """The market served from a thread of this process: its address, and itself for looking inside."""
    market = SandboxMarket(options, sandbox_facts())
    server, listener = _server(market, options.port)
    listener.listen(128)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        with _guarding(market, _url(listener)):
            yield _url(listener), market
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def serve(options: Options, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; `ready` is told the address once connections are accepted."""
    market = SandboxMarket(options, sandbox_facts())
    server, listener = _server(market, options.port)
    listener.listen(128)
    with _guarding(market, _url(listener)):
        ready(_url(listener))
        server.run(sockets=[listener])


@contextmanager
def _guarding(market: SandboxMarket, url: str) -> Iterator[None]:
    """The machines run their dead-man switches, where that is wanted."""
    if not market.settings.run_guards:
        yield
        return
    from hunter.sandbox.guards import Guards  # noqa: PLC0415  only where it is wanted

    guards = Guards(market, url)
    guards.begin()
    try:
        yield
    finally:
        guards.end()


def serve_child(options: Options) -> None:
    """Serve for a parent: one line of JSON with the address, then until standard input closes."""
    with running(options) as (url, _):
        sys.stdout.write(json.dumps({"url": url}) + "\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()
