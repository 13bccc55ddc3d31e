"""How long the one client of all markets waits before it asks again: as long as it is asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
import stamina.instrumentation

from hunter.markets.http import LONGEST_WAIT_S, TRIES, USUAL_WAIT_S, Http
from hunter.values.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stamina.instrumentation import RetryDetails

NOW, SPEED = (
    1_795_003_200,
    1e6,
)  # Wed, 18 Nov 2026 12:00:00 UTC, on a market whose seconds are short


@pytest.fixture
def pauses_s() -> Iterator[list[float]]:
    """The pauses that stamina makes, in the market's seconds."""
    seen: list[float] = []

    def note(details: RetryDetails) -> None:
        seen.append(round(details.wait_for * SPEED, 3))

    stamina.instrumentation.set_on_retry_hooks([note])
    yield seen
    stamina.instrumentation.set_on_retry_hooks(())


async def read(*answers: httpx.Response) -> bytes:
    """One read of a market that gives these answers, the last for ever."""
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        answer.headers["x-hunter-sandbox"] = f"now={NOW};speed={SPEED};limits=on"
        return answer

    http = Http("Market", "http://market.test", None, transport=httpx.MockTransport(handle))
    try:
        return await http.read("GET", "/", bytes)
    finally:
        await http.close()


def slow_down(asked: str | None) -> httpx.Response:
    named = [] if asked is None else [(b"retry-after", asked.encode("latin-1"))]
    return httpx.Response(429, headers=named)


@pytest.mark.parametrize(
    ("asked", "pause_s"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("Wed, 18 Nov 2026 12:01:00 GMT", 60.0),
        (None, USUAL_WAIT_S),
        ("²", USUAL_WAIT_S),
    ],
)
async def test_the_pause_is_the_one_that_the_market_asks_for(
    asked: str | None, pause_s: float, pauses_s: list[float]
) -> None:
    assert await read(slow_down(asked), httpx.Response(200, content=b"ok")) == b"ok"
    assert pauses_s == [pause_s]


async def test_a_market_that_never_has_time_is_left_alone_after_some_tries(
    pauses_s: list[float],
) -> None:
    with pytest.raises(RateLimited, match="slow down"):
        await read(slow_down("10"))
    assert pauses_s == [10.0] * (TRIES - 1)


@pytest.mark.parametrize("asked", [str(int(LONGEST_WAIT_S) + 1), "Wed, 18 Nov 2026 12:05:00 GMT"])
async def test_a_pause_that_is_too_long_is_not_made(asked: str, pauses_s: list[float]) -> None:
    with pytest.raises(RateLimited, match="slow down"):
        await read(slow_down(asked))
    assert pauses_s == []
