"""Keep or fetch again: what an idle gap costs in each way of keeping, and when the answer flips. Pure.

    a gap of t idle hours costs   keep × t + restart          (of each way)
    restart                       P × warm + (1 − P) × cold   (P: the kept thing can be had again)
    break-even                    t* where it costs as much as to destroy and to fetch again
    where P is constant           t* = P × (cold − warm) / keep

The talk's instance: 0.02 $/h, of it 0.01 $/h for 50 GB; a start of 30 s costs 0.000167 $, so keeping pays
for 60 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hunter.estimate.risk import restart_chance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.values.units import Floats

ENDLESS_H = 24.0 * 365
"""Idle hours beyond which nobody waits."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way to keep a workload between two runs on one deal. None is unknown."""

    name: str
    says: str
    """What it means, for people."""
    keep_usd_h: float | None
    """While nothing runs."""
    warm_usd: float | None
    """A start where what was kept is there."""
    cold_usd: float | None
    """A start where it is not: from nothing, duds and all."""
    warm_s: float | None
    taken_after_h: float = np.inf
    """The kept thing is lost to others after an exponential time of this mean."""
    left: float = 1.0
    """Chance that remains however long it waits."""
    ties_to: str = ""
    """The place that it ties the workload to; empty where it ties to none."""
    source: str = ""

    def restart_fails(self, idle_h: float) -> float:
        """The chance that it cannot be had again after so many idle hours."""
        return 1 - float(restart_chance(np.array([idle_h]), self.taken_after_h, self.left)[0])

    def gap_usd(self, idle_h: Floats) -> Floats:
        """What gaps of these idle hours cost, the start after them included; NaN where unknown."""
        keep, warm, cold = (
            np.nan if value is None else value
            for value in (self.keep_usd_h, self.warm_usd, self.cold_usd)
        )
        there = restart_chance(idle_h, self.taken_after_h, self.left)
        return keep * idle_h + there * warm + (1 - there) * cold


def break_even_h(way: Way, fetch_usd: float | None) -> float | None:
    """Idle hours up to which a way costs no more than to destroy and fetch again; None where unknown.

    0 where it never pays, infinite where it always does. The cost of a gap that is kept grows with its
    length and the chance of a restart falls, so that there is one such moment.

    Args:
        way: the way of keeping.
        fetch_usd: a start from nothing, on the way that keeps nothing.
    """
    if fetch_usd is None or None in (way.keep_usd_h, way.warm_usd, way.cold_usd):
        return None
    if way.gap_usd(np.array([0.0]))[0] > fetch_usd:
        return 0.0
    if way.left >= 1.0 or way.taken_after_h == np.inf:
        saved = fetch_usd - (way.warm_usd or 0.0)
        return saved / way.keep_usd_h if way.keep_usd_h else np.inf
    low, high = 0.0, ENDLESS_H
    if way.gap_usd(np.array([high]))[0] <= fetch_usd:
        return np.inf
    for _ in range(60):
        middle = (low + high) / 2
        if way.gap_usd(np.array([middle]))[0] <= fetch_usd:
            low = middle
        else:
            high = middle
    return (low + high) / 2


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """From so many idle hours on, this way is the cheapest."""

    from_h: float
    way: str


def flips(ways: Sequence[Way], most_h: float = 24.0 * 30) -> tuple[Flip, ...]:
    """Which way is cheapest for which gap: the lower envelope of all, from no gap at all to a month.

    Ways with an unknown price take no part.
    """
    known = [w for w in ways if None not in (w.keep_usd_h, w.warm_usd, w.cold_usd)]
    if not known:
        return ()
    gaps = np.concatenate([[0.0], np.geomspace(1 / 3600, most_h, 4000)])
    costs = np.array([way.gap_usd(gaps) for way in known])
    best = costs.argmin(axis=0)
    found = [Flip(from_h=0.0, way=known[int(best[0])].name)]
    for place in np.flatnonzero(np.diff(best)) + 1:
        found.append(Flip(from_h=float(gaps[place]), way=known[int(best[place])].name))
    return tuple(found)
