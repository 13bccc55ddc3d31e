"""Every verb of both markets, over the careful client, on replies of a server that is none of theirs."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx

from bench.fuzz.parser import JSON, LINES, ROWS, SECRET, Form, Parser
from hunter.facts.shipped import shipped
from hunter.markets import http as client
from hunter.markets.plausible import RANGES
from hunter.markets.protocol import STATES, Instance, Instances, Order, Scope
from hunter.markets.runpod.adapter import Runpod
from hunter.markets.vast import adapter as vast_adapter
from hunter.markets.vast.adapter import Vast
from hunter.values.columns import Listing
from tests.builders import offer
from tests.markets.runpod.test_adapter import center, gpu
from tests.markets.runpod.test_pods import pod, rest
from tests.markets.vast.records import ask
from tests.markets.vast.test_instances import row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from bench.fuzz.parser import Read

SIMULATED = {"x-hunter-sandbox": "now=1790000000.0;speed=1000000;limits=off"}
KEY = SECRET
RECORDED = Path(__file__).resolve().parents[2] / "tests" / "markets"
ORDER = Order(offer=offer("RTX 4090 $0.3/h #77", market_gpu="NVIDIA GeForce RTX 4090"), label="hunter-1",
              image="a:1", disk_gb=40.0, env={})  # fmt: skip
OFFERS = [ask(n, n / 10) for n in range(1, 5)]
CHARGE = {
    "source": "instance-5",
    "amount": 1.0,
    "items": [{"type": "gpu", "amount": 1.0, "description": "x"}],
}
BILLED = {"podId": "5", "gpuAmount": 1.0, "diskAmount": 0.1, "totalAmount": 1.1}
CATALOGUE = {
    "countryCodes": ["US", None],
    "gpuTypes": [gpu(), gpu(id="B")],
    "dataCenters": [center()],
}
MODELS = {"gpus": [{"id": "A", "name": "A", "memory": 24, "secure": True, "community": True, "availability": "HIGH",
                    "price": {"secure": 0.7, "community": 0.3}, "dataCenters": [{"id": "EU-1", "availability": "LOW"}]}],
          "pagination": {"hasNextPage": False, "nextCursor": None}}  # fmt: skip
VAST_ROWS = {"instances": [row(1, ports={"22/tcp": [{"HostIp": "0.0.0.0", "HostPort": "30022"}]},
                               public_ipaddr="192.0.2.4", status_msg="success", start_date=1.79e9), row(2)],
             "total_instances": 2, "next_token": None}  # fmt: skip
REFUSAL = {"success": False, "error": "invalid_args", "msg": "no such ask 7", "ask_id": 7}
LOG = 'data: {"line": "hello", "timestamp": "2026-11-27T10:00:00Z"}\ndata: plain\n\nevent: end\ndata: {"x": 1}\n'


def recorded(name: str) -> Any:
    """A reply in a recorded shape, of ours."""
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))


def check(answer: Any) -> None:
    """What came out can be."""
    if isinstance(answer, Listing):
        for name, (least, most) in RANGES.items():
            values = getattr(answer.offers, name)
            assert not ((values < least) | (values > most)).any(), f"{name} cannot be"
    for found in answer.instances if isinstance(answer, Instances) else (answer,):
        if isinstance(found, Instance):
            assert found.state in STATES
            assert isinstance(found.instance_id, str)
            assert found.price_usd_h is None or found.price_usd_h >= 0


async def _at_once() -> None:
    """Nobody waits."""


@contextmanager
def asking(
    adapter: Callable[..., Any],
    verb: Callable[[Any], Awaitable[Any]],
    answer: Callable[..., httpx.Response],
) -> Iterator[Read]:
    """A market whose server answers each request as `answer(input, request)` says."""
    loop = asyncio.new_event_loop()
    sent: list[Any] = [b""]
    market = adapter("http://market.test", KEY, shipped())
    made = loop.run_until_complete(_closed(market))
    made.http._client = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda request: answer(sent[0], request)),
        base_url="http://market.test", headers={"Authorization": f"Bearer {KEY}"},
    )  # fmt: skip
    made.pause = _at_once

    def read(body: Any) -> object:
        sent[0] = body
        found = loop.run_until_complete(verb(made))
        check(found)
        return found

    short = patch.object(client, "TRIES", 1), patch.object(vast_adapter, "LOG_WITHIN_S", 0.02)
    try:
        with short[0], short[1], patch.object(vast_adapter, "LOG_EVERY_S", 0.01):
            yield read
    finally:
        loop.run_until_complete(made.close())
        loop.close()


async def _closed(market: Any) -> Any:
    """The market without the client that it made for itself."""
    await market.http._client.aclose()
    return market


def _whole(body: bytes, request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=body, headers=SIMULATED)


def _retired(body: bytes, request: httpx.Request) -> httpx.Response:
    """RunPod without GraphQL."""
    if request.url.path == "/graphql":
        return httpx.Response(410, json={"error": "retired"}, headers=SIMULATED)
    return httpx.Response(201 if request.method == "POST" else 200, content=body, headers=SIMULATED)


def _refusing(status: int) -> Callable[[bytes, httpx.Request], httpx.Response]:
    return lambda body, request: httpx.Response(status, content=body, headers=SIMULATED)


def _log_told(body: bytes, request: httpx.Request) -> httpx.Response:
    if request.method == "GET":
        return httpx.Response(200, content=b"HUNTER_PHASE boot 1 2\n")
    return httpx.Response(200, content=body, headers=SIMULATED)


def _headers(said: Any, request: httpx.Request) -> httpx.Response:
    """A status and headers as they come; what no wire carries is left out of them."""
    kept = []
    pairs = said.items() if isinstance(said, dict) else ()
    for name, value in pairs:
        text = "".join(sign for sign in str(value)[:9000] if sign not in "\r\n\0")
        if str(name).isascii() and str(name).replace("-", "").isalnum():
            kept.append((str(name).encode(), text.encode("utf-8", "replace")))
    told = said.get("status") if isinstance(said, dict) else None
    status = told if type(told) is int and 200 <= told <= 599 else 429
    return httpx.Response(status, headers=kept, content=b'{"offers": []}')


def offers(market: Any) -> Awaitable[Any]:
    """Everything of one width."""
    return market.offers(Scope(gpu_count=1), lambda progress: None)  # type: ignore[no-any-return]


def _instances(market: Any) -> Awaitable[Any]:
    return market.instances()  # type: ignore[no-any-return]


def _instance(market: Any) -> Awaitable[Any]:
    return market.instance("5")  # type: ignore[no-any-return]


def _create(market: Any) -> Awaitable[Any]:
    return market.create(ORDER)  # type: ignore[no-any-return]


def _destroy(market: Any) -> Awaitable[Any]:
    return market.destroy("5")  # type: ignore[no-any-return]


def _stop(market: Any) -> Awaitable[Any]:
    return market.stop("5")  # type: ignore[no-any-return]


def _charges(market: Any) -> Awaitable[Any]:
    return market.charges("5")  # type: ignore[no-any-return]


def _logs(market: Any) -> Awaitable[Any]:
    return market.logs("5", 20)  # type: ignore[no-any-return]


def of(
    name: str, adapter: Any, verb: Any, *seeds: Any, answer: Any = _whole, form: Form = JSON, weight: float = 1.0
) -> Parser:  # fmt: skip
    """A verb on a reply in these shapes."""
    return Parser(name=name, seeds=seeds, form=form, weight=weight,
                  opened=lambda: asking(adapter, verb, answer))  # fmt: skip


HEADERS = {"status": 429, "retry-after": "30", "date": "Fri, 27 Nov 2026 10:00:00 GMT", "x-ratelimit-reset": "1790000000",
           "content-type": "application/json", **SIMULATED}  # fmt: skip
MADE = {"success": True, "new_contract": 5, "instance_api_key": SECRET}
DONE = {"success": True, "msg": "destroying instance", "a": [1, {"b": 2}]}
REPLIED = {"success": True, "result_url": "http://market.test/log/5.txt", "msg": "ok"}
PODS = {"pods": [rest("a"), rest("b")], "pagination": {"hasNextPage": False, "nextCursor": None}}
TWO = {"data": {"myself": {"pods": [pod("a"), pod("b")]}}}
NO = {"errors": [{"message": "There are no longer any instances available", "path": ["pod"], "extensions": {"code": "X"}}],
      "data": None}  # fmt: skip
PARSERS = (
    of("vast offers", Vast, offers, {"offers": OFFERS}, recorded("vast/payloads/offers.json"), weight=1.5),
    of("vast instances", Vast, _instances, VAST_ROWS),
    of("vast instance", Vast, _instance, {"instances": row(5)}),
    of("vast create", Vast, _create, MADE),
    of("vast create refused", Vast, _create, REFUSAL, answer=_refusing(400)),
    of("vast destroy", Vast, _destroy, DONE),
    of("vast stop", Vast, _stop, DONE),
    of("vast charges", Vast, _charges, {"results": [CHARGE], "next_token": None}),
    of("vast logs", Vast, _logs, REPLIED, answer=_log_told, weight=0.3),
    of("runpod offers", Runpod, offers, {"data": CATALOGUE}, recorded("runpod/payloads/gpu_types_and_data_centers.json")),
    of("runpod offers over REST", Runpod, offers, MODELS, answer=_retired),
    of("runpod instances", Runpod, _instances, TWO),
    of("runpod instances over REST", Runpod, _instances, PODS, answer=_retired),
    of("runpod instance", Runpod, _instance, {"data": {"pod": pod("5")}}),
    of("runpod instance over REST", Runpod, _instance, rest("5"), answer=_retired),
    of("runpod create", Runpod, _create, {"data": {"podFindAndDeployOnDemand": {"id": "p1"}}}, NO),
    of("runpod create over REST", Runpod, _create, rest("5"), answer=_retired),
    of("runpod destroy", Runpod, _destroy, {"data": {"podTerminate": None}}, NO),
    of("runpod stop", Runpod, _stop, {"data": {"podStop": {"id": "5", "desiredStatus": "EXITED"}}}, NO),
    of("runpod charges", Runpod, _charges, {"records": [BILLED]}),
    of("runpod logs", Runpod, _logs, LOG, form=LINES),
    of("market headers", Vast, offers, HEADERS, HEADERS | {"status": 200}, answer=_headers, form=ROWS),
)  # fmt: skip
