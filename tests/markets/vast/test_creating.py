"""The outcome of a create at Vast: made, refused for a known reason, or unclear; an id anywhere counts."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from hunter.markets.http import Http
from hunter.markets.vast.creating import outcome
from hunter.values.errors import BadKey, CreateUnclear, MarketError, NoCredit, OfferGone

KEY = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
MADE = {"success": True, "new_contract": 77, "instance_api_key": KEY}


def read(status: int, body: Any) -> str:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = httpx.Response(status, content=content)
    return outcome(response, Http("Vast.ai", "http://vast.test", "own-key-of-ours")).instance_id


def test_what_says_so_and_names_it_is_made() -> None:
    assert read(200, MADE) == "77"
    assert read(200, MADE | {"new_contract": "77"}) == "77"


REFUSALS: list[tuple[int, Any, type[MarketError]]] = [
    (
        400,
        {
            "success": False,
            "error": "invalid_args",
            "msg": "error 404/3603: no_such_ask  Instance type",
        },
        OfferGone,
    ),
    (
        410,
        {"success": False, "error": "no_such_ask", "msg": "error 410/3907: no_such_ask"},
        OfferGone,
    ),
    (404, {"success": False, "error": "no_such_ask", "msg": "x"}, OfferGone),
    (
        400,
        {"success": False, "error": "insufficient_credit", "msg": "Your account lacks credit"},
        NoCredit,
    ),
    (411, {"error": "prepay", "msg": "Insufficient credit"}, NoCredit),
    (401, b"Two Factor Authentication", BadKey),
    (403, {"success": False, "error": "auth_error", "msg": "This action requires login."}, BadKey),
    (404, {"error": "auth_error", "msg": "Invalid user key"}, BadKey),
    (400, {"success": False, "error": "invalid_price", "msg": "x"}, MarketError),
    (
        400,
        {"success": False, "error": "invalid_args", "msg": "error 400/3467: Invalid args: disk"},
        MarketError,
    ),
    (200, {"success": False, "error": "no_such_ask", "msg": "x"}, OfferGone),
]


@pytest.mark.parametrize(("status", "body", "kind"), REFUSALS)
def test_a_refusal_that_is_known_is_one(status: int, body: Any, kind: type[MarketError]) -> None:
    with pytest.raises(kind) as caught:
        read(status, body)
    assert not isinstance(caught.value, CreateUnclear)
    assert caught.value.remedy


NEITHER: list[tuple[int, Any]] = [
    (408, {"success": False, "error": "timeout"}), (429, b"API requests too frequent"),
    (429, {"success": False, "error": "no_such_ask"}), (500, {"success": False, "error": "no_such_ask", "msg": "x"}),
    (502, b"<html>Bad Gateway</html>"), (503, b""), (504, b""), (200, b""), (200, {}), (200, b"[]"), (200, b"null"),
    (200, b"<html>hello</html>"), (200, {"success": True}), (200, {"success": True, "new_contract": None}),
    (200, {"success": True, "new_contract": 0}), (200, {"success": True, "new_contract": -5}),
    (200, {"success": False, "msg": "something"}), (200, {"success": False}), (204, b""), (302, b""), (308, b"x"),
    (400, b"<html>proxy</html>"), (403, b"<html>1010</html>"), (404, b"not found"), (400, {"msg": "what?"}),
    (400, {"success": False, "error": "a_new_code", "msg": "x"}), (410, b""), (418, {"success": False, "error": "x"}),
    (200, b'{"success": tru'), (200, b'{"success": true, "new_con'), (200, b'{"success": true, "new_contract": 7'),
    (200, b"\xff\xfe"), (200, b"[" * 100_000), (200, b'{"success": true, "new_contract": NaN}'),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), NEITHER)
def test_whatever_is_not_recognised_is_unclear(status: int, body: Any) -> None:
    with pytest.raises(CreateUnclear) as caught:
        read(status, body)
    assert caught.value.instance_id is None


NAMED: list[tuple[int, Any, bool]] = [
    (200, {"success": False, "new_contract": 77, "msg": "bid too low"}, True),
    (400, {"success": False, "new_contract": 77, "error": "no_such_ask"}, True),
    (
        400,
        {
            "success": False,
            "new_contract": 77,
            "error": "insufficient_credit",
            "msg": "lacks credit",
        },
        True,
    ),
    (500, {"success": True, "new_contract": 77}, False),
    (201, {"success": True, "new_contract": 77}, False),
    (200, {"new_contract": 77}, False),
    (200, {"data": {"new_contract": 77}}, False),
    (200, {"results": [{"success": True, "new_contract": "77"}]}, False),
    (200, json.dumps(MADE).encode()[:60], False),
    (502, b'<html>upstream said {"success": true, "new_contract": 77, </html>', False),
]


@pytest.mark.parametrize(("status", "body", "said_no"), NAMED)
def test_an_id_anywhere_in_the_answer_counts(status: int, body: Any, *, said_no: bool) -> None:
    with pytest.raises(CreateUnclear) as caught:
        read(status, body)
    assert (caught.value.instance_id, caught.value.said_no) == ("77", said_no)


@pytest.mark.parametrize("size", range(1, len(json.dumps(MADE))))
def test_an_answer_cut_anywhere_gives_no_wrong_id_and_no_part_of_a_key(size: int) -> None:
    with pytest.raises(CreateUnclear) as caught:
        read(200, json.dumps(MADE).encode()[:size])
    assert caught.value.instance_id in (None, "77")
    assert KEY[:4] not in str(caught.value) + caught.value.remedy
