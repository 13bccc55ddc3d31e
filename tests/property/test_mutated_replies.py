"""Replies that somebody has tampered with: each verb gives values that can be, or one of our own failures."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from hunter.facts.shipped import shipped
from hunter.markets import http as client
from hunter.markets.plausible import RANGES
from hunter.markets.protocol import STATES, Instance, Instances, Order, Scope
from hunter.markets.runpod.adapter import Runpod
from hunter.markets.vast.adapter import Vast
from hunter.values.columns import Listing
from hunter.values.errors import MarketError
from tests.builders import offer
from tests.markets.runpod.test_adapter import center, gpu
from tests.markets.runpod.test_pods import pod, rest
from tests.markets.vast.records import ask
from tests.markets.vast.test_instances import row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SEEDS = 250
"""Documents for each verb."""
SIMULATED = {"x-hunter-sandbox": "now=1790000000.0;speed=1000000;limits=off"}

VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2**63, 10**30, -0.0, 0.5, 1e300, -1e300, float("nan"), float("inf"), "", "x", "0.3",
    "\x1b]52;c;x\x07", "‮", "a\nb", "x" * 5000, [], [None], {}, {"id": 1}, [[[[]]]], "nan", "../..", "٣",
]  # fmt: skip


def mutated(document: Any, chance: random.Random) -> bytes:
    """A document with one to three changes, sometimes of its bytes."""
    tree = json.loads(json.dumps(document))
    for _ in range(chance.randint(1, 3)):
        _change(tree, chance)
    body = json.dumps(tree).encode()
    kind = chance.random()
    if kind < 0.06:
        return body[: chance.randrange(len(body))]
    if kind < 0.1:
        at = chance.randrange(len(body))
        return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]
    if kind < 0.12:
        return body.replace(b"null", b"[" * 5000 + b"]" * 5000, 1)
    return body


def _change(node: Any, chance: random.Random) -> None:
    while isinstance(node, dict | list) and node:
        key: Any = (
            chance.choice(list(node)) if isinstance(node, dict) else chance.randrange(len(node))
        )
        if isinstance(node[key], dict | list) and node[key] and chance.random() < 0.9:
            node = node[key]
            continue
        if chance.random() < 0.2:
            del node[key]
        else:
            node[key] = chance.choice(VALUES)
        return


ORDER = Order(offer=offer("RTX 4090 $0.3/h #77", market_gpu="NVIDIA GeForce RTX 4090"), label="hunter-1",
              image="a:1", disk_gb=40.0, env={})  # fmt: skip
CHARGE = {
    "source": "instance-5",
    "amount": 1.0,
    "items": [{"type": "gpu", "amount": 1.0, "description": "x"}],
}
RECORD = {"podId": "5", "gpuAmount": 1.0, "diskAmount": 0.1, "totalAmount": 1.1}
CATALOGUE = {
    "countryCodes": ["US", None],
    "gpuTypes": [gpu(), gpu(id="B")],
    "dataCenters": [center()],
}
MODELS = {"gpus": [{"id": "A", "name": "A", "memory": 24, "secure": True, "community": True, "availability": "HIGH",
                    "price": {"secure": 0.7, "community": 0.3}, "dataCenters": [{"id": "EU-1", "availability": "LOW"}]}],
          "pagination": {"hasNextPage": False, "nextCursor": None}}  # fmt: skip


def everything(market: Any) -> Awaitable[Any]:
    return market.offers(Scope(gpu_count=1), lambda progress: None)  # type: ignore[no-any-return]


VERBS: dict[str, tuple[Any, Any, bool, Callable[[Any], Awaitable[Any]]]] = {
    "vast offers": (Vast, {"offers": [ask(n, n / 10) for n in range(1, 5)]}, False, everything),
    "vast instances": (Vast, {"instances": [row(1), row(2)], "total_instances": 2, "next_token": None}, False,
                       lambda m: m.instances()),
    "vast instance": (Vast, {"instances": row(5)}, False, lambda m: m.instance("5")),
    "vast create": (Vast, {"success": True, "new_contract": 5, "instance_api_key": "0" * 64}, False,
                    lambda m: m.create(ORDER)),
    "vast destroy": (Vast, {"success": True, "msg": "destroying instance", "a": [1, {"b": 2}]}, False,
                     lambda m: m.destroy("5")),
    "vast charges": (Vast, {"results": [CHARGE], "next_token": None}, False, lambda m: m.charges("5")),
    "runpod offers": (Runpod, {"data": CATALOGUE}, False, everything),
    "runpod models": (Runpod, MODELS, True, everything),
    "runpod pods": (Runpod, {"data": {"myself": {"pods": [pod("a"), pod("b")]}}}, False, lambda m: m.instances()),
    "runpod pod": (Runpod, {"data": {"pod": pod("5")}}, False, lambda m: m.instance("5")),
    "runpod pods over rest": (Runpod, {"pods": [rest("a"), rest("b")], "pagination": {"hasNextPage": False}}, True,
                              lambda m: m.instances()),
    "runpod pod over rest": (Runpod, rest("5"), True, lambda m: m.instance("5")),
    "runpod create": (Runpod, {"data": {"podFindAndDeployOnDemand": {"id": "p1"}}}, False, lambda m: m.create(ORDER)),
    "runpod create over rest": (Runpod, rest("5"), True, lambda m: m.create(ORDER)),
    "runpod destroy": (Runpod, {"data": {"podTerminate": None}}, False, lambda m: m.destroy("5")),
    "runpod charges": (Runpod, {"records": [RECORD]}, False, lambda m: m.charges("5")),
}  # fmt: skip


def check(answer: Any) -> None:
    """What came out can be."""
    if isinstance(answer, Listing):
        for name, (least, most) in RANGES.items():
            values = getattr(answer.offers, name)
            assert not ((values < least) | (values > most)).any(), name
    for found in answer.instances if isinstance(answer, Instances) else (answer,):
        if isinstance(found, Instance):
            assert found.state in STATES
            assert isinstance(found.instance_id, str)
            assert found.price_usd_h is None or found.price_usd_h >= 0


@pytest.mark.parametrize("verb", VERBS)
async def test_a_mutated_reply_is_values_that_can_be_or_a_failure_of_ours(
    verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TRIES", 1)
    adapter, document, retired, ask_for = VERBS[verb]
    body = b""

    def handle(request: httpx.Request) -> httpx.Response:
        if retired and request.url.path == "/graphql":
            return httpx.Response(410, json={"error": "retired"}, headers=SIMULATED)
        status = 201 if retired and request.method == "POST" else 200
        return httpx.Response(status, content=body, headers=SIMULATED)

    market = adapter("http://market.test", "an-own-key", shipped())
    market.http._client = httpx.AsyncClient(
        transport=httpx.MockTransport(handle), base_url="http://market.test"
    )
    monkeypatch.setattr(type(market), "pause", _at_once)
    read = 0
    for seed in range(SEEDS):
        body = mutated(document, random.Random(seed))
        try:
            check(await ask_for(market))
            read += 1
        except MarketError as error:
            assert "0" * 30 not in str(error)  # noqa: PT017  a key in an answer is not repeated
    assert read > SEEDS / 10, "too few documents are read at all for this to say anything"


async def _at_once(market: Any) -> None:
    """Nobody waits."""
