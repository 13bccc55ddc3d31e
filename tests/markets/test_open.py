"""Markets are opened one by one: what is wrong with one is said of that one."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from hunter.facts.config import base_url
from hunter.facts.in_use import InUse
from hunter.facts.shipped import shipped
from hunter.markets.open import Embedded, OpenMarkets
from hunter.markets.protocol import Scope
from hunter.markets.vast.adapter import Vast
from hunter.values.errors import ConfigError, MarketError, MarketUnusable
from tests.builders import NOW
from tests.fakes import FakeMarket, SteppedClock

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLES = ("VAST_URL", "RUNPOD_API_BASE_URL")


@pytest.mark.parametrize(
    "url",
    ["http://localhost:99999", "http://localhost:65536", "https://host:0", "https://host:-1", "https://host:abc",
     "http://", "host", "ftp://host", "http://a b", "http://host\n", "http://-oProxy", "http://[::1", "http://ho_st",
     "https://user:word@host", "https://host/?api_key=1", "https://host/#x", "http://host\\x", "http://höst",
     "http://1.2.3.999", "https://" + "a" * 300, "javascript:alert(1)", "https://host:٥"],
)  # fmt: skip
@pytest.mark.parametrize("variable", VARIABLES)
def test_an_address_that_can_be_none_is_a_sentence_that_names_its_variable(
    url: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, url)
    [facts] = [one for one in shipped().markets.values() if one.url_variable == variable]
    with pytest.raises(ConfigError, match=variable) as caught:
        base_url(facts)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "https://[::1]:65535", "http://127.0.0.1:8080/", "https://a.example/base"]
)  # fmt: skip
def test_an_address_of_a_server_is_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAST_URL", url)
    assert base_url(shipped().market("vast")) == url.rstrip("/")


async def test_a_proxy_that_cannot_be_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks9://x")
    with pytest.raises(ConfigError, match="cannot be asked") as caught:
        Vast("http://vast.test", None, shipped())
    assert "proxies" in caught.value.remedy


async def test_a_port_that_no_socket_takes_is_a_market_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hunter.markets.http.TRIES", 1)
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:99999")
    vast = Vast("http://vast.test", None, shipped())
    with pytest.raises(MarketError, match="cannot be reached"):
        await vast.offers(Scope(), lambda progress: None)


def opened(given: dict[str, Any] | None = None, embedded: Embedded | None = None) -> OpenMarkets:
    served = embedded.served if embedded else None
    in_use = InUse(facts=shipped(), given=tuple(given or ()), embedded=served)
    return OpenMarkets(shipped(), SteppedClock(), in_use, given=given, embedded=embedded)


async def test_an_adapter_that_cannot_be_made_is_one_market_unusable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(plugin: Any) -> Any:
        def make(url: str, key: str | None, facts: Any) -> Any:
            raise RuntimeError(f"no config for {key}")

        return make

    monkeypatch.setenv("VAST_API_KEY", "abcdefgh12345678")
    monkeypatch.setattr("hunter.markets.open.adapter_of", broken)
    with pytest.raises(MarketUnusable, match="RuntimeError") as caught:
        await opened().open("vast")
    assert "abcdefgh" not in str(caught.value)


async def test_a_market_that_cannot_let_go_keeps_no_other_from_it() -> None:
    class Stuck(FakeMarket):
        async def close(self) -> None:
            raise RuntimeError("stuck")

    class Closing(FakeMarket):
        closed = False

        async def close(self) -> None:
            self.closed = True

    other = Closing(name="runpod")
    await opened({"vast": Stuck(), "runpod": other}).close()
    assert other.closed


async def test_the_embedded_market_leaves_the_environment_as_it_was() -> None:
    ended = []

    @contextmanager
    def start() -> Iterator[str]:
        yield "http://127.0.0.1:9"
        ended.append(True)

    before = dict(os.environ)
    embedded = Embedded(served=("vast", "runpod"), mirrors=lambda url: {"a": url}, start=start)
    markets = opened(embedded=embedded)
    for name in ("vast", "runpod"):
        market: Any = await markets.open(name)
        assert market.base_url == "http://127.0.0.1:9"
    assert await markets.mirrors() == {"a": "http://127.0.0.1:9"}
    await markets.close()
    assert dict(os.environ) == before
    assert ended


class Slow:
    """A market that opens when it is let, and says what became of it."""

    def __init__(self, error: MarketError | None = None) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.events: list[str] = []
        self.error = error

    @contextmanager
    def start(self) -> Iterator[str]:
        self.begun.set()
        assert self.go_on.wait(60)
        if self.error:
            raise self.error
        self.events.append("opened")
        yield "http://127.0.0.1:1"
        self.events.append("closed")


def markets_on(slow: Slow) -> OpenMarkets:
    names = ("vast", "runpod")
    embedded = Embedded(served=names, mirrors=lambda url: {}, start=slow.start)
    in_use = InUse(facts=shipped(), embedded=names)
    return OpenMarkets(shipped(), SteppedClock(market_s=NOW), in_use, embedded=embedded)


@pytest.mark.parametrize("error", [None, MarketError("it did not start")])
async def test_called_off_while_it_opens_it_is_closed(
    monkeypatch: pytest.MonkeyPatch, error: MarketError | None
) -> None:
    for name in ("VAST_URL", "RUNPOD_API_BASE_URL"):
        monkeypatch.setenv(name, "")
    slow = Slow(error)
    markets = markets_on(slow)
    opening = asyncio.gather(markets.open("vast"), markets.open("runpod"))  # two that wait for one
    await asyncio.to_thread(slow.begun.wait)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    closing = asyncio.ensure_future(markets.close())
    await asyncio.sleep(0)
    slow.go_on.set()
    await closing
    assert slow.events == ([] if error else ["opened", "closed"])
