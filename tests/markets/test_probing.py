"""A cheap read of each interface: asked once, told as it is, its key in no sentence."""

from __future__ import annotations

import time

import httpx
import pytest

from hunter.markets.http import Http
from hunter.markets.probing import Route, probe
from hunter.markets.protocol import Probed

KEY = "0123456789abcdef0123456789abcdef"
OPEN = Route(path="/offers", what="offers", holds="offers")
SHUT = Route(path="/mine", what="account", holds="id", keyed=True)


async def probed(
    answer: httpx.Response | Exception, route: Route = OPEN, key: str | None = KEY
) -> Probed:
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    http = Http("Market", "http://market.test", key, transport=httpx.MockTransport(handle))
    (found,) = await probe(http, [route])
    await http.close()
    assert len(asked) == (0 if route.keyed and key is None else 1)
    assert KEY not in found.problem
    return found


async def test_an_answer_with_what_was_asked_for_is_well() -> None:
    found = await probed(httpx.Response(200, json={"offers": []}))
    assert (found.status, found.problem, found.route) == (200, "", "GET /offers")
    assert found.seconds is not None
    assert found.off_s is None  # it told no time


async def test_what_needs_a_key_is_not_asked_without_one() -> None:
    found = await probed(httpx.Response(200, json={"id": 1}), SHUT, key=None)
    assert (found.status, found.seconds, found.problem, found.keyed) == (None, None, "", True)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(401, json={"msg": f"no {KEY}"}), "does not accept the key"),
        (httpx.Response(503), "503"),
        (httpx.Response(302, headers={"location": "/x"}), "does not follow"),
        (httpx.Response(200, text="<html>", headers={"content-type": "text/html"}), "web page"),
        (httpx.Response(200, json=[1]), "cannot be read"),
        (httpx.Response(200, json={"errors": [{"message": "boom"}], "offers": []}), "boom"),
        (httpx.Response(200, json={"other": 1}), "answered without 'offers'"),
        (httpx.ConnectError("refused"), "cannot be reached"),
        (httpx.ReadTimeout("slow"), "in time"),
    ],
)  # fmt: skip
async def test_every_other_answer_is_told_for_what_it_is(
    answer: httpx.Response | Exception, said: str
) -> None:
    assert said in (await probed(answer)).problem


async def test_a_markets_time_is_held_against_ours() -> None:
    ahead = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3600))
    found = await probed(httpx.Response(200, json={"offers": []}, headers={"date": ahead}))
    assert found.off_s == pytest.approx(3600, abs=30)


async def test_an_embedded_markets_time_says_nothing_of_ours() -> None:
    headers = {"x-hunter-sandbox": "now=1.0;speed=30;limits=off",
               "date": "Thu, 01 Jan 1970 00:00:01 GMT"}  # fmt: skip
    assert (await probed(httpx.Response(200, json={"offers": []}, headers=headers))).off_s is None
