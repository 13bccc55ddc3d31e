"""What every market's HTTP has in common: one client, patience for reads, one sentence for failures."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import threading
import time
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import stamina
import stamina.instrumentation

from hunter import __version__
from hunter.facts.strict import convert
from hunter.markets.protocol import Instance, Simulation
from hunter.values.errors import BadKey, MarketError, NoKey, RateLimited
from hunter.values.keys import checked_key, hidden
from hunter.values.offers import Tenancy
from hunter.values.patience import retry_after_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hunter.facts.shipped import Facts
    from hunter.values.market_facts import MarketFacts

T = TypeVar("T")
_IMPORTING = threading.Lock()

# Retries and requests are ours to tell; a vendor's SDK turns these loggers up when it is imported.
stamina.instrumentation.set_on_retry_hooks(())
logging.getLogger("httpx").setLevel(logging.WARNING)

TRIES = 4
"""Of a read, the first included."""
LONGEST_WAIT_S = 70.0
"""A market that asks for more patience than this is left alone."""
USUAL_WAIT_S = 2.0
"""Where a market asks to slow down and does not say for how long."""
_SANDBOX = re.compile(r"now=([\d.]+);speed=([\d.e+-]+);limits=(on|off)")


class Retired(MarketError):
    """The interface is gone for good (410): another one has to answer."""


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
        self.simulation: Simulation | None = None
        headers = {"User-Agent": f"hunter/{__version__}", "Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers=headers,
            timeout=httpx.Timeout(30.0, connect=10.0),
            transport=transport,
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def read(self, method: str, path: str, parse: Callable[[bytes], T], **request: Any) -> T:
        """A read, repeated with growing waits while it may still succeed; MarketError where it does not.

        `parse` turns the body into values and raises ValueError where the body is not what was asked for.
        """
        try:
            async for attempt in stamina.retry_context(
                on=_pause_s, attempts=TRIES, wait_initial=0.5, wait_max=20.0, timeout=120.0
            ):
                with attempt:
                    return await self._read_once(method, path, parse, **request)
        except _TryAgain as error:
            raise error.error from error
        raise AssertionError("stamina either returns or raises")

    async def _read_once(
        self, method: str, path: str, parse: Callable[[bytes], T], **request: Any
    ) -> T:
        try:
            response = await self.send(method, path, **request)
        except httpx.HTTPError as error:
            raise _TryAgain(self.unreachable(error)) from error
        status = response.status_code
        if status == 429:
            raise self._patience(response)
        if status in (502, 503, 504):
            raise _TryAgain(self.refused(response))
        if status >= 400:
            raise self.refused(response)
        try:
            return parse(response.content)
        except ValueError as error:
            raise _TryAgain(self.nonsense(response, error)) from error

    async def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """One request, once; httpx's own exceptions pass through."""
        response = await self._client.request(method, path, **request)
        said = _SANDBOX.match(response.headers.get("x-hunter-sandbox", ""))
        if said:
            self.simulation = Simulation(
                now=float(said[1]), speed=float(said[2]), paced=said[3] == "on"
            )
        return response

    def now(self) -> float:
        """The market's time, unix seconds."""
        return self.simulation.now if self.simulation else time.time()

    def _patience(self, response: httpx.Response) -> _TryAgain | MarketError:
        """What to raise where the market asks to slow down: as long a pause as it asks for, or the end."""
        if b"search_quota_exceeded" in response.content:
            return self.refused(response)
        asked_s = retry_after_s(response.headers.get("retry-after", ""), self.now())
        wait_s = USUAL_WAIT_S if asked_s is None else asked_s
        limited = RateLimited(
            f"{self.title} asks to slow down (429).", remedy="Wait a minute and try again."
        )
        if wait_s > LONGEST_WAIT_S:
            return limited
        return _TryAgain(limited, wait_s / (self.simulation.speed if self.simulation else 1.0))

    # ── failures as sentences ────────────────────────────────────────────────────────────────

    def said(self, response: httpx.Response) -> str:
        """The sentence in a refusal, without the key."""
        return hidden(message_of(response.content), self.key)

    def why(self, error: Exception) -> str:
        """A library's own words for a failure, without the key."""
        return hidden(str(error) or type(error).__name__, self.key)

    def unreachable(self, error: Exception) -> MarketError:
        """No reply at all."""
        kind = (
            "did not answer in time"
            if isinstance(error, httpx.TimeoutException)
            else "cannot be reached"
        )
        return MarketError(
            f"{self.title} {kind}: {self.why(error)}.",
            remedy="Check the connection and try again; what is recorded stays as it is.",
        )

    def refused(self, response: httpx.Response) -> MarketError:
        """A reply that says no."""
        status, text = response.status_code, self.said(response)
        if status in (401, 403) or b"auth_error" in response.content:
            return BadKey(
                f"{self.title} does not accept the key ({status}): {text}",
                remedy="Check the key in the environment or in the vendor's own file.",
            )
        if status == 429:
            reset = response.headers.get("x-ratelimit-reset")
            when = f" until unix time {hidden(reset, self.key)}" if reset else ""
            return RateLimited(
                f"{self.title} asks to slow down{when}: {text}", remedy="Try again after that."
            )
        kind = Retired if status == 410 else MarketError
        return kind(f"{self.title} answered {status}: {text}", remedy="Try again in a minute.")

    def nonsense(self, response: httpx.Response, error: Exception) -> MarketError:
        """A reply that is not what was asked for."""
        kind = response.headers.get("content-type", "no content type").partition(";")[0]
        if "html" in kind:
            what = "answered with a web page instead of data"
        else:
            what = f"sent a reply that cannot be read ({hidden(kind, self.key)}: {self.why(error)})"
        return MarketError(
            f"{self.title} {what}.", remedy="Try again in a minute; nothing recorded was changed."
        )


class HttpMarket:
    """What every market over HTTP has: its facts, its client, its clock and its pace."""

    name: str

    def __init__(self, base_url: str, key: str | None, facts: Facts) -> None:
        self.facts = facts
        self.base_url = base_url
        self.market = facts.market(self.name)
        self.http = Http(self.market.title, base_url, key)
        self.key = self.http.key

    @property
    def simulation(self) -> Simulation | None:
        """The embedded market's clock, as of its last reply."""
        return self.http.simulation

    async def close(self) -> None:
        """Let go of connections."""
        await self.http.close()

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


def own_facts(market: MarketFacts, type_: type[T]) -> T:
    """What only one adapter knows the meaning of: the table `adapter` of its market's facts."""
    return convert(market.adapter, type_, f"the facts of {market.name}, adapter")


def _pause_s(error: Exception) -> float | bool:
    """Whether stamina repeats a read, and after which pause where the market names one."""
    if not isinstance(error, _TryAgain):
        return False
    return True if error.pause_s is None else error.pause_s


def message_of(body: bytes) -> str:
    """The sentence in a market's refusal, whatever its shape; never more than a line."""
    text = body.decode("utf-8", "replace").strip()
    for key in ("msg", "detail", "message", "error"):
        found = re.search(rf'"{key}"\s*:\s*"((?:[^"\\]|\\.)+)"', text)
        if found:
            text = found[1]
            break
    else:
        if text.startswith("<"):
            text = "a web page"
    line = " ".join(text.split())
    return (line[:200] or "nothing") + ("" if line.endswith(".") else ".")


@contextmanager
def plain_stdout() -> Iterator[None]:
    """A standard output with an encoding while a vendor's SDK is imported.

    The SDKs look at it at import, and a terminal app has put something else in its place; whatever they
    print is no answer of ours.
    """
    with _IMPORTING, redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")):
        yield
