"""Keys, routes and clocks: where each key is, whether each interface answers, and what time it is there."""

from __future__ import annotations

import asyncio
import os
import stat
from typing import TYPE_CHECKING

from hunter.api.doctor.finding import Finding, broken, doubtful, well
from hunter.facts.config import find_key, key_in_files
from hunter.values.errors import ConfigError, HunterError
from hunter.values.words import duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hunter.facts.shipped import Facts
    from hunter.markets.open import OpenMarkets
    from hunter.markets.protocol import Market, Probed
    from hunter.values.market_facts import MarketFacts

WITHIN_S = 90.0
"""For all routes of one market: each of them has its own deadline."""
SLOW_S = 5.0
"""An answer that takes longer is told."""
OFF_S, FAR_OFF_S = 10.0, 600.0
"""Between a market's clock and this machine's. Dates have whole seconds, and an answer is some under way."""


def keys(facts: Facts, names: Iterable[str], *, simulated: bool) -> list[Finding]:
    """Where each market's key is found. No key is shown."""
    return [_key(facts.market(name), simulated=simulated) for name in names]


def _key(market: MarketFacts, *, simulated: bool) -> Finding:
    name, variable = market.name, market.key_variable
    try:
        found = find_key(market, simulated=simulated)
        in_file, file = (None, None) if simulated else key_in_files(market)
    except ConfigError as error:
        return broken("key", name, str(error), error.remedy)
    if found is None:
        where = " or ".join(market.key_files)
        return doubtful(
            "key", name, "no key is found: prices are polled all the same, and nothing can be rented",
            f"Set {variable}{f', or put it into {where}' if where else ''}.",
        )  # fmt: skip
    if os.environ.get(variable, "").strip():
        if file is not None and in_file != found:
            return doubtful(
                "key", name, f"found in {variable}; {file} holds another one, which timers use",
                "Keep one of them.",
            )  # fmt: skip
        alone = " of this shell: no timer sees it" if file is None and not simulated else ""
        return well("key", name, f"found in {variable}{alone}")
    if file is None:
        return well("key", name, "the embedded market takes any")
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        return doubtful(
            "key", name, f"found in {file}, which others on this machine may read ({mode:03o})",
            f"chmod 600 {file}",
        )  # fmt: skip
    return well("key", name, f"found in {file}")


async def routes(markets: OpenMarkets, names: Iterable[str]) -> list[Finding]:
    """How each interface of each market answers, all markets at once; then their clocks."""
    found = await asyncio.gather(*(_market(markets, name) for name in names))
    return [one for findings in found for one in findings]


async def _market(markets: OpenMarkets, name: str) -> list[Finding]:
    try:
        market = await markets.open(name)
        ask = getattr(market, "probe", None)
        if ask is None:
            return [
                doubtful("route", name, "its plug-in cannot be probed", "Nothing: it need not.")
            ]
        async with asyncio.timeout(WITHIN_S):
            probed: tuple[Probed, ...] = await ask()
    except HunterError as error:
        return [broken("route", name, str(error), error.remedy)]
    except TimeoutError:
        return [broken("route", name, f"no answer within {WITHIN_S:g} s", "Check the connection.")]
    except Exception as error:  # noqa: BLE001  another's adapter may fail in any way
        said = f"its adapter failed ({type(error).__name__}: {error})"
        return [broken("route", name, said, "That is a mistake in the plug-in.")]
    return [*(_route(name, one) for one in probed), *_clock(name, market, probed)]


def _route(name: str, one: Probed) -> Finding:
    subject = f"{name} {one.what}"
    figures = {
        "route": one.route,
        "keyed": one.keyed,
        "http_status": one.status,
        "seconds": None if one.seconds is None else round(one.seconds, 3),
    }
    if one.seconds is None:
        return well("route", subject, f"{one.route}: not asked, it needs a key", **figures)
    took = f"{one.route}: {one.status or 'no answer'} in {one.seconds:.2f} s"
    if one.problem:
        return broken("route", subject, f"{took}. {one.problem}", _remedy(one), **figures)
    if one.seconds > SLOW_S:
        return doubtful("route", subject, took, "It is slow: look at the connection.", **figures)
    return well("route", subject, took, **figures)


def _remedy(one: Probed) -> str:
    if one.status in (401, 403):
        return "Check the key, and what it is allowed to do."
    if one.status in (404, 410):
        return "Update Hunter: the interface has changed."
    return "Try again in a minute; check the connection and the vendor's status page."


def _clock(name: str, market: Market, probed: Iterable[Probed]) -> list[Finding]:
    """The smallest difference seen: what is more was under way."""
    if market.simulation is not None:
        return [well("clock", name, f"the embedded market's own, at {market.simulation.speed:g}x")]
    seen = [one.off_s for one in probed if one.off_s is not None]
    if not seen:
        return []
    off_s = min(seen, key=abs)
    side = "behind" if off_s > 0 else "before"
    text = f"this machine's clock is {duration(abs(off_s))} {side} the market's"
    remedy = (
        "Let this machine's clock be set by NTP; leases are timed by the market's all the same."
    )
    figures = {"off_s": round(off_s, 1)}
    if abs(off_s) > FAR_OFF_S:
        return [broken("clock", name, text, remedy, **figures)]
    if abs(off_s) > OFF_S:
        return [doubtful("clock", name, text, remedy, **figures)]
    return [well("clock", name, "agrees with this machine's", **figures)]
