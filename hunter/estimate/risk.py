"""What may go wrong: hosts that never boot, runs cut short, restarts that fail. Pure.

Chances are beta-binomial, level by level: a tier of offers by its prior and its launches, a host by its
tier and its own launches, a machine by its host and its own. Rates of interruption are gamma-Poisson the
same way (Gelman et al., Bayesian Data Analysis, 3rd ed., 2.4 and 2.6). Old evidence fades.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hunter.values.figures import Z90, Figure, Prior, Share
from hunter.values.risk_facts import RiskFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from hunter.estimate.beliefs import Observation
    from hunter.values.billing import MarketRules, Tier
    from hunter.values.columns import Offers
    from hunter.values.units import Column, Floats

BOOTS, RAN, LOST = "boots", "ran", "lost"
"""Quantities of observations: a launch came up (1) or not (0), in a tier; hours that an instance ran, and
whether the market ended them (1), under a tenancy."""


CALM = RiskFacts(
    host_launches=Figure(expected=4.0),
    machine_launches=Figure(expected=3.0),
    half_life_days=Figure(expected=60.0),
    dud_s=Prior(low=300.0, expected=300.0, high=300.0),
    dud_gpu_share=Share(expected=0.5),
    dud_bytes_share=Share(expected=0.75),
    machine_hours=Figure(expected=24.0),
    quote_share=Prior(low=1.0, expected=1.0, high=1.0),
    narrow_pcie_gb_s=Figure(expected=2.0),
    slice_below=Share(expected=0.9),
)
"""Where nothing is said: contracts are their quotes. Whether anything fails is up to a market's rules."""


# ── what our own launches say ────────────────────────────────────────────────────────────────────
class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How often something happened in so many trials, or hours; old ones count less."""

    happened: float = 0.0
    trials: float = 0.0

    def plus(self, happened: float, trials: float) -> Tally:
        """With some more."""
        return Tally(happened=self.happened + happened, trials=self.trials + trials)


Place = tuple[str, str, str]
"""Market, level (tier, host, machine or tenancy) and name."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """How our own launches went, by place."""

    boots: Mapping[Place, Tally] = msgspec.field(default_factory=dict)
    cuts: Mapping[Place, Tally] = msgspec.field(default_factory=dict)
    """Interruptions, in hours that ran."""

    def of(self, market: str, level: str, tallies: Mapping[Place, Tally]) -> dict[str, Tally]:
        """One level of one market by name."""
        return {
            name: tally
            for (where, kind, name), tally in tallies.items()
            if where == market and kind == level
        }


def record(seen: Iterable[Observation], half_life_days: float, now: float) -> Record:
    """Our launches summed up; those of long ago count less."""
    boots: dict[Place, Tally] = {}
    cuts: dict[Place, Tally] = {}
    for one in seen:
        kind, _, of = one.quantity.partition(" ")
        weight = 0.5 ** (max(0.0, now - one.at) / 86400 / half_life_days)
        if kind == BOOTS:
            levels = (("tier", of), ("host", one.host_id), ("machine", one.machine_id))
            _add(boots, one.market, levels, weight * one.value, weight)
        elif kind in (RAN, LOST):
            happened, hours = (one.value, 0.0) if kind == LOST else (0.0, one.value)
            whose = f"{one.machine_id} {of}" if one.machine_id else None
            _add(cuts, one.market, (("tenancy", of), ("machine", whose)), weight * happened,
                 weight * hours)  # fmt: skip
    return Record(boots=boots, cuts=cuts)


def _add(
    tallies: dict[Place, Tally],
    market: str,
    levels: Iterable[tuple[str, str | None]],
    happened: float,
    trials: float,
) -> None:
    for level, name in levels:
        if name:
            place = (market, level, name)
            tallies[place] = tallies.get(place, Tally()).plus(happened, trials)


# ── chances and rates ────────────────────────────────────────────────────────────────────────────
def updated(expected: Column, worth: float, happened: Column, trials: Column) -> Column:
    """What is expected after some trials: the mean of a beta (or of a gamma) distribution.

    Args:
        expected: before the trials: a chance, or a rate an hour.
        worth: how many trials, or hours, that figure is worth.
        happened: how often it happened.
        trials: in so many trials, or hours.

    >>> updated(0.6, 6.0, 1.0, 4.0)  # (0.6 × 6 + 1) / (6 + 4)
    0.45999999999999996
    """
    return (expected * worth + happened) / (worth + trials)


def tiers_of(
    offers: Offers, rules: Mapping[str, MarketRules]
) -> list[tuple[str, Tier, NDArray[np.intp]]]:
    """Each market's tiers with the rows that belong to them: those that fit one and none before it."""
    found = []
    for market, rule in rules.items():
        free = offers.market.is_in([market])
        for tier in rule.boot:
            fits = free.copy()
            if tier.datacenter is not None:
                fits &= offers.datacenter == float(tier.datacenter)
            if tier.reliability is not None:
                fits &= offers.reliability >= tier.reliability
            free = free & ~fits
            if (rows := np.flatnonzero(fits)).size:
                found.append((market, tier, rows))
    return found


def boot_chance(
    offers: Offers, rules: Mapping[str, MarketRules], risks: RiskFacts, known: Record
) -> Floats:
    """The chance that an instance of each offer ever comes up; 1 where no tier says otherwise."""
    chance = np.ones(len(offers))
    for market, tier, rows in tiers_of(offers, rules):
        own = known.boots.get((market, "tier", tier.name), Tally())
        expected = updated(tier.chance, tier.launches, own.happened, own.trials)
        few = np.full(len(rows), expected)
        for level, worth, column in (
            ("host", risks.host_launches, offers.host_id),
            ("machine", risks.machine_launches, offers.machine_id),
        ):
            tallies = known.of(market, level, known.boots)
            if tallies:
                names = column.take(rows)
                happened = names.lookup({n: t.happened for n, t in tallies.items()}, 0.0)
                trials = names.lookup({n: t.trials for n, t in tallies.items()}, 0.0)
                few = updated(few, worth.expected, happened, trials)
        chance[rows] = few
    return chance


def interruptions_per_h(
    offers: Offers, rules: Mapping[str, MarketRules], risks: RiskFacts, known: Record
) -> Floats:
    """How often an hour a running instance of each offer is ended by others; 0 where no rate is stated."""
    rate = np.zeros(len(offers))
    rates = [(m, t, prior) for m, rule in rules.items() for t, prior in rule.interruption.items()]
    for market, tenancy, prior in rates:
        fits = offers.market.is_in([market]) & offers.tenancy.is_in([tenancy])
        if not (rows := np.flatnonzero(fits)).size:
            continue
        own = known.cuts.get((market, "tenancy", tenancy), Tally())
        expected = updated(prior.per_h.expected, prior.hours, own.happened, own.trials)
        tallies = {
            name.removesuffix(f" {tenancy}"): tally
            for name, tally in known.of(market, "machine", known.cuts).items()
            if name.endswith(f" {tenancy}")
        }
        names, worth = offers.machine_id.take(rows), risks.machine_hours.expected
        happened = names.lookup({n: t.happened for n, t in tallies.items()}, 0.0)
        hours = names.lookup({n: t.trials for n, t in tallies.items()}, 0.0)
        rate[rows] = updated(np.full(len(rows), expected), worth, happened, hours)
    return rate


def restart_chance(idle_h: Floats, taken_after_h: float, left: float) -> Floats:
    """The chance that a stopped instance finds its GPU free again after so many idle hours.

    Others take it after an exponential time; a share is left for ever:

    >>> round(float(restart_chance(np.array([8.0]), 8.0, 0.4)[0]), 4)  # 0.4 + 0.6 / e
    0.6207
    """
    chance: Floats = left + (1 - left) * np.exp(-idle_h / taken_after_h)
    return chance


# ── what they cost ───────────────────────────────────────────────────────────────────────────────
def expected_duds(chance: Column) -> Column:
    """Hosts that never boot before the first that does: (1 − p) / p.

    >>> expected_duds(0.8), expected_duds(1.0)
    (0.24999999999999994, 0.0)
    """
    return (1 - chance) / chance


def worked_h(hours: Floats, rate: Floats, checkpoint_h: float | None) -> Floats:
    """Hours of work until so many are done, when each interruption loses what no checkpoint kept.

    Work goes by stretches between checkpoints; a stretch of s hours takes (e^(λs) − 1) / λ hours of trying
    (Daly 2006, eq. 7, without the cost of writing). Without checkpoints the whole run is one stretch. For
    small λs this is the usual half stretch lost a time.

    Args:
        hours: to be done.
        rate: interruptions an hour, λ.
        checkpoint_h: hours between two checkpoints; None without any.

    >>> worked_h(np.array([10.0]), np.array([0.1]), None)  # (e^1 − 1) / 0.1
    array([17.18281828])
    """
    stretch = hours if checkpoint_h is None else np.minimum(hours, checkpoint_h)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        tried = np.where(rate > 1e-12, np.expm1(rate * stretch) / rate, stretch)
        return np.where(stretch > 0, hours / stretch * tried, hours)


def most_of(chance: Floats, share: float) -> Floats:
    """So many duds are not exceeded in this share of launches, when each boots with a chance.

    The smallest n with 1 − (1 − p)^(n + 1) ≥ share.

    >>> most_of(np.array([1.0, 0.9, 0.5]), 0.9)
    array([0., 0., 3.])
    """
    fails = np.clip(1 - chance, 1e-12, 1 - 1e-12)
    exact = np.log(1 - share) / np.log(fails) - 1
    most: Floats = np.maximum(0.0, np.ceil(exact - 1e-9)) + 0.0
    return most


def most_cuts(expected: Floats) -> Floats:
    """So many interruptions are not exceeded in nine runs of ten, when so many are expected.

    The Poisson distribution's 90th percentile by its normal approximation, good to one.

    >>> most_cuts(np.array([0.0, 0.05, 0.5, 1.0]))
    array([0., 0., 1., 2.])
    """
    likely = np.ceil(expected + Z90 * np.sqrt(expected) - 0.51)
    most: Floats = np.maximum(0.0, likely) + 0.0
    return most
