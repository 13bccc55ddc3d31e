"""The cold start: seconds from the create to the first useful second, phase by phase.

Bytes divided by the speed that is believed, for every offer at once. Phases follow each other; none
overlap. Numpy columns in, numpy columns out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hunter.units import mb_s_from_mbps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hunter.offers import Offers
    from hunter.rules import MarketRules
    from hunter.units import Floats
    from hunter.workload import Payload

BILLED_AS = {"weights": "running"}
"""The phase of the market's rules that a phase of ours is billed as, where the names differ."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Phase:
    """One phase for many offers. Unknown is NaN."""

    name: str
    low_s: Floats
    expected_s: Floats
    high_s: Floats
    bytes_in: float
    """Bytes that travel to the machine in it."""

    @property
    def billed_as(self) -> str:
        """The phase of the market's billing rules that it falls under."""
        return BILLED_AS.get(self.name, self.name)

    def take(self, rows: NDArray[Any]) -> Phase:
        """The same phase for these rows."""
        return Phase(
            name=self.name,
            low_s=self.low_s[rows],
            expected_s=self.expected_s[rows],
            high_s=self.high_s[rows],
            bytes_in=self.bytes_in,
        )


def cold_start(
    offers: Offers, payload: Payload, rules: Mapping[str, MarketRules]
) -> tuple[Phase, ...]:
    """The phases of a start from nothing on each offer.

    Args:
        offers: n offers.
        payload: what travels; unknown sizes make their phase NaN.
        rules: priors of allocation, start and link by market.
    """
    return (
        _constant("allocate", "allocate_s", offers, rules),
        _travel("download", payload.image_bytes, offers, rules),
        _constant("start", "start_s", offers, rules),
        _travel("weights", payload.weights_bytes, offers, rules),
    )


def _prior(name: str, bound: str, offers: Offers, rules: Mapping[str, MarketRules]) -> Floats:
    return offers.market.lookup(
        {market: getattr(rule.priors[name], bound) for market, rule in rules.items()}
    )


def _constant(
    phase: str, prior: str, offers: Offers, rules: Mapping[str, MarketRules]
) -> Phase:  # fmt: skip
    low, expected, high = (_prior(prior, b, offers, rules) for b in ("low", "expected", "high"))
    return Phase(name=phase, low_s=low, expected_s=expected, high_s=high, bytes_in=0.0)


def link_mbps(offers: Offers, rules: Mapping[str, MarketRules], bound: str) -> Floats:
    """The link that is believed to arrive: a share of the advertised one, or the market's usual."""
    advertised = offers.inet_down_mbps
    usual = _prior("link_mbps", bound, offers, rules)
    share = _prior("link_share", bound, offers, rules)
    return np.where(np.isnan(advertised), usual, advertised * share)


def _travel(
    phase: str, n_bytes: float | None, offers: Offers, rules: Mapping[str, MarketRules]
) -> Phase:
    megabytes = np.nan if n_bytes is None else n_bytes / 1e6
    slow, expected, fast = (
        megabytes / mb_s_from_mbps(link_mbps(offers, rules, bound))
        for bound in ("low", "expected", "high")
    )
    return Phase(
        name=phase,
        low_s=fast,
        expected_s=expected,
        high_s=slow,
        bytes_in=np.nan if n_bytes is None else n_bytes,
    )
