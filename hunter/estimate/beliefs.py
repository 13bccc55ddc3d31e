"""Beliefs about speeds and durations: a prior, shrunk towards what our own launches measured.

Everything is log-normal, because speeds and durations are ratios: a host is half as fast, not 50 MB/s
slower. A quantity varies between hosts, between the machines of a host, and between two launches on one
machine; how much, is stated with its prior. Given those spreads the belief about a machine is the usual
mean of normal variables weighted by their precision, level by level (Gelman et al., Bayesian Data
Analysis, 3rd ed., 5.4). Old evidence fades; a measurement far outside what its level knows counts less
(Huber's weights), so that one broken host does not spoil a market.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hunter.values.coldstart_facts import Spread
    from hunter.values.columns import Text
    from hunter.values.figures import Prior
    from hunter.values.units import Floats

HUBER = 1.5
"""Standard deviations up to which a measurement counts in full (Huber 1981: 95% efficient at 1.345)."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement of one quantity in one of our own launches."""

    quantity: str
    value: float
    at: float
    """Unix seconds."""
    market: str
    host_id: str | None = None
    machine_id: str | None = None
    image: str | None = None
    lease_id: str | None = None


class Belief(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What is believed of a quantity on each of n offers: a median and the spread of its logarithm."""

    median: Floats
    log_sd: Floats

    def at(self, deviations: float) -> Floats:
        """The value so many standard deviations above the median."""
        return self.median * np.exp(deviations * self.log_sd)

    @property
    def mean(self) -> Floats:
        """The expected value."""
        return self.median * np.exp(self.log_sd**2 / 2)

    @property
    def mean_of_inverse(self) -> Floats:
        """One by the expected value of one by it: the speed that gives the expected seconds."""
        return self.median * np.exp(-(self.log_sd**2) / 2)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A mean of logarithms and its variance; without evidence the variance is infinite."""

    mean: float
    variance: float

    def seen_from(self, spread: float) -> Summary:
        """The same as a measurement of the level above, whose members differ by this spread."""
        return Summary(mean=self.mean, variance=self.variance + spread**2)


NOTHING = Summary(mean=0.0, variance=float("inf"))


def merge(parts: Iterable[Summary]) -> Summary:
    """Several independent summaries of one thing as one, by precision.

    >>> merge([Summary(mean=0.0, variance=1.0), Summary(mean=3.0, variance=0.5)])
    Summary(mean=2.0, variance=0.3333333333333333)
    """
    known = [part for part in parts if part.variance < float("inf")]
    if not known:
        return NOTHING
    precision = sum(1 / part.variance for part in known)
    mean = sum(part.mean / part.variance for part in known) / precision
    return Summary(mean=mean, variance=1 / precision)


def robust(parts: Sequence[Summary]) -> Summary:
    """The same, with outliers weighed down: those far from the median of the parts."""
    if len(parts) < 3:
        return merge(parts)
    middle = _median([part.mean for part in parts])
    kept = []
    for part in parts:
        sds = abs(part.mean - middle) / part.variance**0.5
        weight = min(1.0, HUBER / sds) if sds else 1.0
        kept.append(Summary(mean=part.mean, variance=part.variance / weight))
    return merge(kept)


def _median(values: list[float]) -> float:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What the launches on one market say of one quantity, on the three levels."""

    market: Summary
    hosts: Mapping[str, Summary]
    machines: Mapping[str, Summary]
    times: Mapping[str, int]
    """How often each machine was measured."""
    n: int
    """Measurements in all."""

    def count(self, machine: str) -> int:
        """How often a machine was measured."""
        return self.times.get(machine, 0)


def learn(seen: Sequence[Observation], spread: Spread, now: float) -> Learned:
    """Measurements of one quantity on one market, summed up by machine, by host and for the market."""
    by_machine: dict[str, list[Summary]] = {}
    host_of: dict[str, str] = {}
    for number, one in enumerate(seen):
        machine = one.machine_id or f"launch {number}"
        days = max(0.0, now - one.at) / 86400
        weight = 0.5 ** (days / spread.half_life_days)
        by_machine.setdefault(machine, []).append(
            Summary(mean=log(one.value), variance=max(spread.launch, 1e-3) ** 2 / weight)
        )
        host_of[machine] = one.host_id or f"of {machine}"
    machines = {name: robust(parts) for name, parts in by_machine.items()}
    by_host: dict[str, list[Summary]] = {}
    for name, summary in machines.items():
        by_host.setdefault(host_of[name], []).append(summary.seen_from(spread.machine))
    hosts = {name: robust(parts) for name, parts in by_host.items()}
    market = robust([summary.seen_from(spread.host) for summary in hosts.values()])
    times = {name: len(parts) for name, parts in by_machine.items()}
    return Learned(market=market, hosts=hosts, machines=machines, times=times, n=len(seen))


def believe(
    prior_median: Floats,
    prior: Prior,
    spread: Spread,
    learned: Learned | None,
    host: Text,
    machine: Text,
) -> Belief:
    """What is believed of one quantity on n offers of one market.

    Args:
        prior_median: the prior's value on each offer.
        prior: gives the spread where nothing was ever measured.
        spread: how the quantity varies.
        learned: from our own launches on this market; None where there were none.
        host: of each offer.
        machine: of each offer.
    """
    centre = np.log(prior_median)
    if learned is None or not learned.n:
        return Belief(median=prior_median, log_sd=np.full(len(prior_median), prior.log_sd))
    mean, variance = _shrunk(centre, np.full(len(centre), spread.market**2), learned.market)
    mean, variance = _level(mean, variance, spread.host, learned.hosts, host)
    # a machine that we know also tells its host where the offer does not
    mean, variance = _level(mean, variance, spread.machine, learned.machines, machine)
    return Belief(median=np.exp(mean), log_sd=np.sqrt(variance + spread.launch**2))


def _shrunk(mean: Floats, variance: Floats, evidence: Summary) -> tuple[Floats, Floats]:
    if evidence.variance == float("inf"):
        return mean, variance
    precision = 1 / variance + 1 / evidence.variance
    return (mean / variance + evidence.mean / evidence.variance) / precision, 1 / precision


def _level(
    mean: Floats, variance: Floats, spread: float, summaries: Mapping[str, Summary], names: Text
) -> tuple[Floats, Floats]:
    """One level down: wider by the spread between members, and narrower where a member is known."""
    variance = variance + spread**2
    seen_mean = names.lookup({name: s.mean for name, s in summaries.items()})
    seen_variance = names.lookup({name: s.variance for name, s in summaries.items()})
    known = ~np.isnan(seen_mean)
    precision = 1 / variance + np.where(known, 1 / seen_variance, 0.0)
    gain = np.where(known, seen_mean, 0.0) / np.where(known, seen_variance, 1.0)
    return (mean / variance + gain) / precision, 1 / precision
