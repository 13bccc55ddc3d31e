"""What comes after a failure: the next offers of the same market, and what that does to a bill. Pure.

Offers are few where they are cheap. A host that does not boot is not tried again, the next one is, and that
one may be dearer. With the offers in their order, p the chance that one boots, S what the run costs if it
does and D what a dud costs:

    V(k) = p(k) × S(k) + (1 − p(k)) × (D(k) + V(k + 1))

A bill that assumes equal offers without end is what is left where no next offer is dearer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from msgspec.structs import replace

from hunter.cost.bill import Line
from hunter.estimate.risk import most_cuts

if TYPE_CHECKING:
    from hunter.cost.bill import Bills
    from hunter.values.columns import Offers
    from hunter.values.units import Floats

LINKS = 12
"""Offers that are looked ahead: so many failures in a row are not met."""
NEAR = 6 * LINKS
"""The cheapest offers, of which the chain is made: several of one machine count once."""
SIDE = 0.9
"""The range ends at this share of runs."""
SMOOTH = 0.8
"""Share of the runs on one offer that cost about what is expected of it, or less."""
LEFT = 0.5
"""Share of the work that is left, on average, when a run is cut."""


class Fallback(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The best offers of a market in their order, each on a machine of its own."""

    machines: tuple[str, ...]
    chance: Floats
    """That each boots."""
    success_usd: Floats
    """What the run costs on each if it does."""
    high_usd: Floats
    """The same where much goes wrong later."""
    dud_usd: Floats
    """What it costs if not."""

    def without(self, machine: str | None) -> Fallback:
        """The same without one machine."""
        keep = np.array([name != machine for name in self.machines], dtype=np.bool_)
        return Fallback(
            machines=tuple(name for name in self.machines if name != machine),
            chance=self.chance[keep],
            success_usd=self.success_usd[keep],
            high_usd=self.high_usd[keep],
            dud_usd=self.dud_usd[keep],
        )

    def _ends(self) -> tuple[Floats, Floats]:
        """What the duds before each of the chain cost, and how likely it is the one that boots."""
        failed_before = np.concatenate([[1.0], np.cumprod(1 - self.chance)[:-1]])
        paid_before = np.concatenate([[0.0], np.cumsum(self.dud_usd)[:-1]])
        likely = failed_before * self.chance
        likely[-1] += failed_before[-1] * (1 - self.chance[-1])  # the last stands for all beyond it
        return paid_before, likely

    @property
    def usd(self) -> float:
        """Expected."""
        paid, likely = self._ends()
        return float(((paid + self.success_usd) * likely).sum())

    @property
    def outcomes(self) -> tuple[Floats, Floats]:
        """What a run costs, and the share of runs that cost no more: smooth ones and others of each offer."""
        paid, likely = self._ends()
        usd = np.concatenate([paid + self.success_usd, paid + self.high_usd])
        share = np.concatenate([likely * SMOOTH, likely * (1 - SMOOTH)])
        order = np.argsort(usd)
        return usd[order], np.cumsum(share[order])


def fallback(offers: Offers, bills: Bills) -> Fallback | None:
    """The best offers to fall back on; None where no price is known."""
    known = np.flatnonzero(np.isfinite(bills.run_usd))
    if not len(known):
        return None
    few = min(len(known), NEAR)
    cheapest = known[np.argpartition(bills.run_usd[known], few - 1)[:few]]
    rows, machines = list[int](), list[str]()
    for row in cheapest[np.argsort(bills.run_usd[cheapest], kind="stable")]:
        machine = offers.machine_id[row] or offers.ref(row)
        if machine not in machines and len(rows) < LINKS:
            rows.append(int(row))
            machines.append(machine)
    dearer = np.append(np.maximum(np.diff(bills.run_usd[rows]), 0.0), 0.0)
    after_a_cut = bills.interruptions[rows] * LEFT * dearer
    return Fallback(
        machines=tuple(machines),
        chance=bills.boot_chance[rows],
        success_usd=bills.success_usd[rows] + after_a_cut,
        high_usd=bills.success_high_usd[rows] + after_a_cut,
        dud_usd=np.nan_to_num(bills.dud_usd[rows]),
    )


def after_failures(offers: Offers, bills: Bills, chain: Fallback | None) -> Bills:
    """The bills with what dearer offers cost that come next after a failure.

    Nothing is taken off a bill whose next offers are cheaper: nobody launches the dearer one first.

    Args:
        offers: n offers.
        bills: of each alone.
        chain: what comes next; None takes more of the same.
    """
    if chain is None or not len(offers) or not (bills.duds.any() or bills.interruptions.any()):
        return bills
    next_usd, high = _next(offers, bills, chain)
    fails = 1 - bills.boot_chance
    cuts = np.nan_to_num(bills.interruptions)
    dud = np.where(fails > 0, bills.dud_usd, 0.0)
    expected = bills.success_usd + fails * (dud + next_usd - bills.success_usd)
    failed_usd = np.maximum(expected - bills.run_usd, 0.0)
    step_usd = LEFT * np.maximum(next_usd - bills.run_usd, 0.0)
    cut_usd = cuts * step_usd
    source = "the next best recorded offers"
    lines = (
        _line("dearer after duds", fails, failed_usd, source),
        _line("dearer after cuts", cuts, cut_usd, source),
    )
    run_usd = bills.run_usd + failed_usd + cut_usd
    grown = np.where(
        bills.run_usd > 0, run_usd / np.where(bills.run_usd > 0, bills.run_usd, 1), 1.0
    )
    return replace(
        bills,
        lines=(*bills.lines, *(line for line in lines if line.usd.any())),
        run_usd=run_usd,
        run_high_usd=np.maximum(high + most_cuts(cuts) * step_usd, run_usd),
        useful_hour_usd=bills.useful_hour_usd * grown,
    )


def _next(offers: Offers, bills: Bills, chain: Fallback) -> tuple[Floats, Floats]:
    """What comes after a dud of each offer, and what nine runs of ten that begin on it do not exceed."""
    dud = np.where(bills.boot_chance < 1, bills.dud_usd, 0.0)
    columns = (bills.boot_chance, bills.success_usd, bills.success_high_usd, dud)
    next_usd, high = np.full(len(offers), chain.usd), _ninth_tenth(*columns, chain)
    place = offers.machine_id.lookup({name: n for n, name in enumerate(chain.machines)})
    for n, machine in enumerate(chain.machines):  # whoever is in the chain falls back on the others
        rows, others = np.flatnonzero(place == n), chain.without(machine)
        if others.machines:
            next_usd[rows] = others.usd
            chance, success, own_high, each = (column[rows] for column in columns)
            high[rows] = _ninth_tenth(chance, success, own_high, each, others)
        else:
            next_usd[rows], high[rows] = bills.run_usd[rows], bills.run_high_usd[rows]
    return next_usd, high


def _ninth_tenth(
    chance: Floats, success: Floats, own_high: Floats, dud: Floats, chain: Fallback
) -> Floats:
    """What nine runs of ten do not exceed, where a dud leads to the chain.

    A run that boots is smooth in eight of ten cases and ends at its high value else. So it is the offer's
    own high value or one of the chain's outcomes: the first by which the chain has brought home as many of
    the duds as are missing, where none, the smooth, or all of the offer's own runs end below it.
    """
    usd, share = chain.outcomes
    enough = SIDE - 1e-9
    found = np.full(len(chance), len(usd))
    with np.errstate(divide="ignore", invalid="ignore"):
        for own, begins in ((0.0, None), (SMOOTH, success), (1.0, own_high)):
            missing = (enough - chance * own) / (1 - chance)
            place = np.searchsorted(share, missing)
            if begins is not None:
                place = np.maximum(place, np.searchsorted(usd, begins - dud))
            found = np.minimum(found, place)
    of_chain = dud + np.append(usd, np.inf)[found]
    below = np.append(0.0, share)[np.searchsorted(usd, own_high - dud, side="right")]
    alone = np.where(chance + (1 - chance) * below >= enough, own_high, np.inf)
    return np.where(np.isnan(own_high), np.nan, np.minimum(np.fmin(of_chain, alone), 1e300))


def _line(item: str, times: Floats, usd: Floats, source: str) -> Line:
    rate = np.where(times > 0, usd / np.where(times > 0, times, 1.0), 0.0)
    return Line(item=item, quantity=times, unit="time", rate=rate, usd=usd, source=source)
