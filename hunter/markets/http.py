"""What every market's HTTP has in common: a client with limits, patience for reads, a sentence for failures.

A try ends after TRY_WITHIN_S whatever the server does, a reply is read up to BODY_BYTES, packed and unpacked,
and no redirect is followed: a key is sent to the one server that it is for.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import re
import time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import httpx
import stamina
import stamina.instrumentation

from hunter import __version__
from hunter.facts.strict import convert
from hunter.markets.body import BODY_BYTES, TooLong, whole
from hunter.markets.failures import Failures
from hunter.markets.probing import Route, probe
from hunter.markets.protocol import Instance, Probed, Simulation
from hunter.values.errors import HunterError, MarketError, Misdirected, NoKey, RateLimited
from hunter.values.keys import checked_key, remember
from hunter.values.offers import Tenancy
from hunter.values.patience import date_s, retry_after_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.facts.shipped import Facts
    from hunter.values.market_facts import MarketFacts

T = TypeVar("T")

# Retries and requests are ours to tell.
stamina.instrumentation.set_on_retry_hooks(())
logging.getLogger("httpx").setLevel(logging.WARNING)

TRIES = 4
"""Of a read, the first included."""
TRY_WITHIN_S = 15.0
"""Seconds of ours for one request and its whole answer."""
LONGEST_WAIT_S = 70.0
"""A market that asks for more patience than this is left alone."""
USUAL_WAIT_S = 2.0
"""Where a market asks to slow down and does not say for how long."""
_SANDBOX = re.compile(r"now=([0-9.]{1,24});speed=([0-9.e+-]{1,24});limits=(on|off)")
MOST_SPEED = 1e7
"""Of an embedded market's clock, its seconds for one of ours."""
MOST_NOW = 4e9
"""Of its clock: the year 2096."""


class _TryAgain(Exception):
    """A read failed in a way that may pass; `error` is what to say if it does not.

    `pause_s` is the pause that the market asks for; None leaves it to the growing ones of stamina.
    """

    def __init__(self, error: MarketError, pause_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.pause_s = pause_s


class Http:
    """One market's server. `title` names it in sentences; the key goes into a header and nowhere else.

    Args:
        title: the market's.
        base_url: the server.
        key: the user's, if there is one.
        transport: what carries requests in place of the network.
    """

    def __init__(
        self,
        title: str,
        base_url: str,
        key: str | None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.title = title
        self.key = checked_key(key or "", f"The key for {title}")
        remember([self.key])
        self.failures = Failures(title, self.key)
        self.simulation: Simulation | None = None
        self._odd_clock: str | None = None
        self._told: tuple[float, float] | None = None
        headers = {"User-Agent": f"hunter/{__version__}", "Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        try:
            self._client = httpx.AsyncClient(
                base_url=base_url,
                headers=headers,
                timeout=httpx.Timeout(TRY_WITHIN_S, connect=10.0),
                transport=transport,
                follow_redirects=False,
            )
        except (httpx.InvalidURL, ValueError, OSError) as error:
            raise Misdirected(
                f"{title} cannot be asked: {self.failures.why(error)}.",
                remedy="Check its address, and the proxies and certificates that the environment names.",
            ) from error

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def read(self, method: str, path: str, parse: Callable[[bytes], T], **request: Any) -> T:
        """A read, repeated with growing waits while it may still succeed; MarketError where it does not.

        `parse` turns the body into values and raises ValueError where the body is not what was asked for.
        """
        begun = time.monotonic()
        try:
            async for attempt in stamina.retry_context(
                on=_pause_s, attempts=TRIES, wait_initial=0.5, wait_max=20.0, timeout=120.0
            ):
                with attempt:
                    slow = time.monotonic() - begun > TRY_WITHIN_S
                    return await self._read_once(method, path, parse, last=slow, **request)
        except _TryAgain as error:
            raise error.error from error
        raise AssertionError("stamina either returns or raises")

    async def _read_once(
        self, method: str, path: str, parse: Callable[[bytes], T], *, last: bool, **request: Any
    ) -> T:
        try:
            response = await self.send(method, path, **request)
        except TooLong as error:
            raise self.failures.unusable(error) from error
        except httpx.HTTPError as error:
            if last and isinstance(error, httpx.TimeoutException):
                raise self.failures.unreachable(
                    error
                ) from error  # twice is enough of a server that says nothing
            raise _TryAgain(self.failures.unreachable(error)) from error
        if self._odd_clock is not None:
            raise Misdirected(
                f"{self.title} states a clock that no embedded market has: {self._odd_clock!r}.",
                remedy="Check where it is pointed at; `hunter sandbox serve` is an embedded market.",
            )
        status = response.status_code
        if status == 429:
            raise self._patience(response)
        if status in (408, 502, 503, 504):
            raise _TryAgain(self.failures.refused(response))
        if not 200 <= status < 300:
            raise self.failures.refused(response)
        try:
            return parse(response.content)
        except HunterError:
            raise
        except Exception as error:  # whatever a reply breaks, it is a reply that cannot be read
            raise _TryAgain(self.failures.nonsense(response, error)) from error

    async def act(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Something that is asked for once, and is no create; MarketError where the answer is no."""
        try:
            response = await self.send(method, path, **request)
        except TooLong as error:
            raise self.failures.unusable(error) from error
        except httpx.HTTPError as error:
            raise self.failures.unreachable(error) from error
        if not 200 <= response.status_code < 300:
            raise self.failures.refused(response)
        return response

    async def send(
        self, method: str, path: str, *, limit_bytes: int = BODY_BYTES, **request: Any
    ) -> httpx.Response:
        """One request, once, and its whole answer; httpx's own exceptions pass through."""
        wish = self._client.build_request(method, path, **request)
        try:
            async with asyncio.timeout(TRY_WITHIN_S):
                response = await whole(self._client, wish, limit_bytes)
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"no whole answer within {TRY_WITHIN_S:g} s") from error
        except httpx.HTTPError:
            raise
        except Exception as error:  # a proxy's port above 65535 is a group with an OverflowError
            raise httpx.TransportError(f"{type(error).__name__}: {error}") from error
        if said_s := date_s(response.headers.get("date", "")):
            self._told = said_s, time.monotonic()
        self._note_clock(response.headers.get("x-hunter-sandbox"))
        return response

    async def fetch(self, url: str, limit_bytes: int) -> bytes | None:
        """What lies at an address that the market names, asked for without the key; None where nothing does.

        The address is the market's own server, or a public one over https: no market makes us ask this
        machine or its network.
        """
        if not self._may_ask(url):
            raise MarketError(
                f"{self.title} sends us to an address that Hunter does not ask.",
                remedy="Look at it on the market's own page.",
            )
        try:
            wish = self._client.build_request("GET", url)
            wish.headers.pop("Authorization", None)
            async with asyncio.timeout(TRY_WITHIN_S):
                response = await whole(self._client, wish, limit_bytes)
        except TooLong as error:
            raise self.failures.unusable(error) from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            return None
        return response.content if response.status_code == 200 else None

    def _may_ask(self, url: str) -> bool:
        try:
            there = httpx.URL(url)
        except (httpx.InvalidURL, ValueError):
            return False
        here = self._client.base_url
        if (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port):
            return True
        try:
            near = not ipaddress.ip_address(there.host).is_global
        except ValueError:
            near = "." not in there.host.strip(".") or there.host.endswith((".local", ".internal"))
        return there.scheme == "https" and not near and not there.userinfo

    def _note_clock(self, text: str | None) -> None:
        """Run by the clock that an embedded market states; one that cannot be is remembered as odd."""
        if text is None:
            return
        try:
            said = _SANDBOX.fullmatch(text)
            now, speed = (float(said[1]), float(said[2])) if said else (math.nan, math.nan)
        except ValueError:
            now = speed = math.nan
        if said and 0 < now < MOST_NOW and 1 / MOST_SPEED <= speed <= MOST_SPEED:
            self.simulation = Simulation(now=now, speed=speed, paced=said[3] == "on")
            self._odd_clock = None
        else:
            self._odd_clock = text[:80]

    @property
    def told_s(self) -> float | None:
        """The server's own time by its last reply that told it, carried on to now, unix seconds."""
        if self._told is None:
            return None
        said_s, then_s = self._told
        return said_s + time.monotonic() - then_s

    def now(self) -> float:
        """The market's time, unix seconds."""
        return self.simulation.now if self.simulation else time.time()

    def _patience(self, response: httpx.Response) -> _TryAgain | MarketError:
        """What to raise where the market asks to slow down: as long a pause as it asks for, or the end."""
        if b"search_quota_exceeded" in response.content:
            return self.failures.refused(response)
        asked_s = retry_after_s(response.headers.get("retry-after", ""), self.now())
        wait_s = USUAL_WAIT_S if asked_s is None else asked_s
        limited = RateLimited(
            f"{self.title} asks to slow down (429).", remedy="Wait a minute and try again."
        )
        if wait_s > LONGEST_WAIT_S:
            return limited
        return _TryAgain(limited, wait_s / (self.simulation.speed if self.simulation else 1.0))


class HttpMarket:
    """What every market over HTTP has: its facts, its client, its clock and its pace."""

    name: str
    routes: tuple[Route, ...] = ()
    """A cheap read of each interface that is used."""

    def __init__(
        self,
        base_url: str,
        key: str | None,
        facts: Facts,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """A market at an address; `transport` carries requests in place of the network."""
        self.facts = facts
        self.base_url = base_url
        self.market = facts.market(self.name)
        self.http = Http(self.market.title, base_url, key, transport)
        self.key = self.http.key

    @property
    def simulation(self) -> Simulation | None:
        """The embedded market's clock, as of its last reply."""
        return self.http.simulation

    @property
    def told_s(self) -> float | None:
        """The market's time by its last reply that told it, unix seconds."""
        return self.http.told_s

    async def close(self) -> None:
        """Let go of connections."""
        await self.http.close()

    async def probe(self) -> tuple[Probed, ...]:
        """How each interface answers now."""
        return await probe(self.http, self.routes)

    def now(self) -> float:
        """The market's time, unix seconds."""
        return self.http.now()

    async def pause(self) -> None:
        """Keep to the service's limit on searches; an embedded market says whether it has one."""
        if self.simulation is not None and not self.simulation.paced:
            return
        speed = self.simulation.speed if self.simulation else 1.0
        await asyncio.sleep(self.market.search_min_interval_s / speed)

    def need_key(self) -> None:
        """Refuse what needs a key where there is none."""
        if not self.key:
            raise NoKey(
                f"Instances on {self.market.title} need a key.",
                remedy=f"Set {self.market.key_variable}.",
            )

    def gone(self, instance_id: str) -> Instance:
        """An instance of which the market says that it does not exist."""
        return Instance(
            market=self.name,
            instance_id=instance_id,
            label=None,
            state="gone",
            tenancy=Tenancy.ON_DEMAND,
            gpu="?",
            gpu_count=1,
            price_usd_h=None,
        )

    def unclear(self, detail: str) -> MarketError:
        """What to raise where the one instance that was asked for cannot be made out."""
        return MarketError(
            f"{self.market.title} describes the instance in a way that cannot be read: {detail}.",
            remedy="Try again in a minute.",
        )


def own_facts(market: MarketFacts, type_: type[T]) -> T:
    """The table `adapter` of a market's facts, which only its adapter reads."""
    return convert(market.adapter, type_, f"the facts of {market.name}, adapter")


def segment(text: str) -> str:
    """An id as one part of a path, whatever is in it."""
    return quote(text, safe="") if text.strip(".") else "-"


def _pause_s(error: Exception) -> float | bool:
    """Whether stamina repeats a read, and after which pause where the market names one."""
    if not isinstance(error, _TryAgain):
        return False
    return True if error.pause_s is None else error.pause_s
