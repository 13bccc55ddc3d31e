"""What every estimate rests on, as values: the markets' rules, shipped priors, and what we learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hunter.estimate.beliefs import Learned, Observation, learn
from hunter.estimate.risk import CALM, Record
from hunter.values.coldstart_facts import Spread
from hunter.values.risk_facts import RiskFacts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hunter.values.billing import MarketRules
    from hunter.values.coldstart_facts import ColdStartFacts
    from hunter.values.gpus import GpuSpeed

OF_THE_IMAGE = ("boot_s", "load_gb_s", "warmup_s", "client_mb_s", "run_share")
"""Quantities that belong to what runs; all others belong to where it runs."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An image that we launched on a machine lately, and so may still lie there."""

    market: str
    machine_id: str
    image: str
    digests: tuple[str, ...] = ()
    """Its layers, the base first, as far as they are known."""


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an estimate needs besides the offers and the workload."""

    rules: Mapping[str, MarketRules]
    coldstart_facts: ColdStartFacts
    learned: Mapping[tuple[str, str], Learned] = msgspec.field(default_factory=dict)
    """By quantity and by market, or by image for what belongs to the image."""
    held: tuple[Held, ...] = ()
    gpus: Mapping[str, GpuSpeed] = msgspec.field(default_factory=dict)
    """By our names."""
    risks: RiskFacts = CALM
    record: Record = msgspec.field(default_factory=Record)
    """How our own launches went."""
    shunned: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Machines that are left alone for a while, by market."""


def learn_all(
    seen: Sequence[Observation], spreads: Mapping[str, Spread], now: float
) -> dict[tuple[str, str], Learned]:
    """Everything that our launches measured, summed up.

    Args:
        seen: in any order.
        spreads: of every quantity.
        now: unix seconds; evidence fades with its age.
    """
    parts: dict[tuple[str, str], list[Observation]] = {}
    for one in seen:
        scope = one.image if one.quantity in OF_THE_IMAGE else one.market
        if one.quantity in spreads and scope:
            parts.setdefault((one.quantity, scope), []).append(one)
    return {key: learn(part, spreads[key[0]], now) for key, part in parts.items()}
