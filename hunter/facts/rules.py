"""The markets' billing rules, as one home reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.billing import MarketRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.facts.shipped import Facts
    from hunter.values.billing import Reading


class RulesOf(dict[str, MarketRules]):
    """Rules by market; one whose plug-in is gone is taken to bill every meter in every phase.

    What was recorded or rented there stays readable, at its dearest.
    """

    def __init__(self, known: Mapping[str, MarketRules], facts: Facts) -> None:
        super().__init__(known)
        self.facts = facts

    def __missing__(self, name: str) -> MarketRules:
        return MarketRules(
            name=name, title=name, month_h=720.0, bandwidth_bytes_per_gb=1e9,
            priors=self.facts.coldstart.by_hand,
        )  # fmt: skip


def rules_of(facts: Facts, reading: Reading) -> RulesOf:
    """Every market's rules, contradictions in them read so."""
    return RulesOf({name: market.read(reading) for name, market in facts.markets.items()}, facts)
