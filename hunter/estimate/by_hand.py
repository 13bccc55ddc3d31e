"""A host described in words, `down_mbps=200,engine=docker`, as an offer that nobody sells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hunter.estimate.assumptions import Assumptions
from hunter.values.amounts import number
from hunter.values.billing import MarketRules
from hunter.values.errors import UsageError
from hunter.values.figures import Prior
from hunter.values.offers import Offer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.values.coldstart_facts import ColdStartFacts

MARKET = "by hand"
_SOURCE = "stated by hand"


def described(
    host: Mapping[str, str], coldstart_facts: ColdStartFacts
) -> tuple[Offer, Assumptions]:
    """The host as an offer without a price, and the assumptions to estimate its cold start on.

    Raises UsageError where a value cannot be, or the link is missing.
    """
    if "down_mbps" not in host:
        raise UsageError("--host: down_mbps is missing.", remedy="Give it, as down_mbps=200.")
    stated = {key: _stated(host, key) for key in ("unpack_mb_s", "write_mb_s") if key in host}
    coldstart_facts = replace(coldstart_facts, pull=replace(coldstart_facts.pull, **stated))
    engine = coldstart_facts.engine
    if "engine" in host:
        if host["engine"] not in coldstart_facts.engines:
            raise UsageError(
                f"--host: no engine is called {host['engine']!r}.",
                remedy=f"Known: {', '.join(coldstart_facts.engines)}.",
            )
        engine = coldstart_facts.engines[host["engine"]]
    if "slots" in host:
        slots = _positive(host, "slots")
        if slots != int(slots) or slots > 100:
            raise UsageError("--host: slots is a whole number up to 100.", remedy="Give 3.")
        engine = replace(engine, slots=int(slots))
    rule = MarketRules(
        name=MARKET,
        title=MARKET,
        month_h=730.0,
        bandwidth_bytes_per_gb=1e9,
        priors=coldstart_facts.by_hand,
    )
    offer = Offer(
        market=MARKET,
        offer_id="host",
        gpu="any",
        market_gpu="any",
        gpu_count=1,
        vram_gb=math.nan,
        price_usd_h=math.nan,
        inet_down_mbps=_positive(host, "down_mbps"),
        seen_at=0.0,
    )
    facts = replace(
        coldstart_facts, usual_engine=MARKET, engines={**coldstart_facts.engines, MARKET: engine}
    )
    return offer, Assumptions(rules={MARKET: rule}, coldstart_facts=facts)


def _positive(host: Mapping[str, str], key: str) -> float:
    try:
        return number(host[key], most=1e9)
    except ValueError as error:
        raise UsageError(f"--host: {key}: {error}.", remedy=f"Write it as {key}=200.") from error


def _stated(host: Mapping[str, str], key: str) -> Prior:
    value = _positive(host, key)
    return Prior(low=value, expected=value, high=value, source=_SOURCE)
