"""The outcome of a create at RunPod, over either interface: made, refused for a known reason, or unclear."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from hunter.markets.http import Http
from hunter.markets.runpod.creating import graphql_outcome, rest_outcome
from hunter.values.errors import BadKey, CreateUnclear, MarketError, NoCredit, OfferGone

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.markets.protocol import Created

POD = {"podFindAndDeployOnDemand": {"id": "p1abc", "costPerHr": 0.7}}
NOTHING = {"podFindAndDeployOnDemand": None}


def read(outcome: Callable[..., Created], status: int, body: Any) -> str:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    http = Http("RunPod", "http://runpod.test", "own-key-of-ours")
    return outcome(httpx.Response(status, content=content), http).instance_id


def errors(*messages: Any, data: Any = None) -> dict[str, Any]:
    return {"errors": [{"message": message} for message in messages], "data": data}


def test_what_names_a_pod_is_made() -> None:
    assert read(graphql_outcome, 200, {"data": POD}) == "p1abc"
    assert read(rest_outcome, 201, {"id": "p1abc", "status": "PROVISIONING"}) == "p1abc"


REFUSED: list[tuple[Any, int, Any, type[MarketError]]] = [
    (graphql_outcome, 200, errors("There are no longer any instances available with enough disk space."), OfferGone),
    (graphql_outcome, 200, errors("There are no instances available with the request", data=NOTHING), OfferGone),
    (graphql_outcome, 200, errors("could not find any pods with required specifications"), OfferGone),
    (graphql_outcome, 200, errors("Your balance is too low"), NoCredit),
    (graphql_outcome, 400, errors('Cannot query field "x" on type "Pod".'), MarketError),
    (graphql_outcome, 400, errors('Variable "$input" got invalid value 5'), MarketError),
    (graphql_outcome, 401, b"", BadKey),
    (graphql_outcome, 402, {}, NoCredit),
    (rest_outcome, 400, {"title": "Bad Request", "status": 400, "detail": "There are no longer any instances "
                         "available with the requested specifications."}, OfferGone),
    (rest_outcome, 400, {"title": "Bad Request", "status": 400, "detail": "rule", "id": "req1"}, MarketError),
    (rest_outcome, 422, {"title": "Unprocessable Entity", "detail": "Request validation failed."}, MarketError),
    (rest_outcome, 402, {"title": "x", "detail": "insufficient balance"}, NoCredit),
    (rest_outcome, 401, {"title": "Unauthorized", "detail": "missing bearer token"}, BadKey),
    (rest_outcome, 403, {"title": "Forbidden", "detail": "access denied"}, BadKey),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "status", "body", "kind"), REFUSED)
def test_a_refusal_that_is_known_is_one(
    outcome: Any, status: int, body: Any, kind: type[MarketError]
) -> None:
    with pytest.raises(kind) as caught:
        read(outcome, status, body)
    assert not isinstance(caught.value, CreateUnclear)


NEITHER: list[tuple[int, Any]] = [
    (408, {}), (429, b"slow"), (429, {"title": "Too Many Requests", "detail": "x"}), (500, {"error": "x"}),
    (500, errors("There are no longer any instances available")), (502, b"<html>"), (503, b""), (504, b""),
    (200, b""), (200, {}), (200, b"[]"), (200, b"<html>"), (200, {"data": None}), (200, {"data": {}}),
    (200, {"data": NOTHING}), (200, errors("Something went wrong.")), (200, errors(None)), (200, {"errors": ["boom"]}),
    (200, {"errors": {}}), (200, {"data": {"podFindAndDeployOnDemand": {}}}), (202, {}), (302, b""),
    (200, {"data": {"podFindAndDeployOnDemand": {"id": None}}}), (200, {"data": {"podFindAndDeployOnDemand": {"id": 5}}}),
    (403, b"<html>1010</html>"), (404, b"nothing here"), (200, b'{"data": {"podFindAndDeployOnDemand": {"id": "p1'),
    (409, b""), (200, b"{" * 100_000), (201, b'{"id": '),
]  # fmt: skip


@pytest.mark.parametrize("outcome", [graphql_outcome, rest_outcome])
@pytest.mark.parametrize(("status", "body"), NEITHER)
def test_whatever_is_not_recognised_is_unclear(outcome: Any, status: int, body: Any) -> None:
    with pytest.raises(CreateUnclear) as caught:
        read(outcome, status, body)
    assert caught.value.instance_id is None


NAMED: list[tuple[Any, int, Any]] = [
    (graphql_outcome, 200, errors("a field failed", data=POD)),
    (graphql_outcome, 200, errors("There are no longer any instances available", data=POD)),
    (graphql_outcome, 500, {"data": POD}),
    (graphql_outcome, 402, {"data": POD}),
    (graphql_outcome, 200, {"data": {"created": {"id": "p1abc"}}, "errors": [1]}),
    (graphql_outcome, 200, b'{"data": {"podFindAndDeployOnDemand": {"id": "p1abc", "cost'),
    (rest_outcome, 200, {"id": "p1abc"}),
    (rest_outcome, 500, {"id": "p1abc", "status": "PROVISIONING"}),
    (rest_outcome, 202, {"pod": {"id": "p1abc"}}),
    (rest_outcome, 201, b'{"id": "p1abc", "status": "PROVI'),
]


@pytest.mark.parametrize(("outcome", "status", "body"), NAMED)
def test_an_id_anywhere_in_the_answer_counts(outcome: Any, status: int, body: Any) -> None:
    with pytest.raises(CreateUnclear) as caught:
        read(outcome, status, body)
    assert caught.value.instance_id == "p1abc"
