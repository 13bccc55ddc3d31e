"""The walk up a market's prices: a search shows few rows of it, so that each begins at the last price."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hunter.markets.vast.wire import Searched

MOST_STEPS = 2000
"""Searches of one poll. 64 rows a search make 128,000 offers; the whole market had 19,000 in 2025-07."""


class Stopped(Exception):
    """The walk cannot go on, and what lies beyond is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Where a search of the whole market stands."""

    floor: float | None = None
    """The last price seen."""
    above: bool = False
    """Go on above the floor, all offers at it having been seen."""
    machine: int | None = None
    """Where one price fills whole pages: the last machine seen at it."""
    fullest: int = 0
    """Rows of the fullest page so far: what the service caps at, as far as is known."""
    steps: int = 0
    """Searches so far."""

    def filters(self) -> dict[str, Any]:
        """What the next search asks for."""
        if self.machine is not None:
            return {"dph_total": {"eq": self.floor}, "machine_id": {"gte": self.machine},
                    "order": [["machine_id", "asc"]]}  # fmt: skip
        if self.floor is None:
            return {"order": [["dph_total", "asc"]]}
        operator = "gt" if self.above else "gte"
        return {"dph_total": {operator: self.floor}, "order": [["dph_total", "asc"]]}

    def onward(self, page: Searched) -> Walk | None:
        """The next step after a page; None where the market is through.

        Rows that cannot be read count as rows, and their prices as prices. Raises Stopped where a page does
        not say where to go on, or where there are more pages than any market fills.
        """
        steps = self.steps + 1
        if page.rows and steps >= MOST_STEPS:
            raise Stopped(f"stopped after {steps:,} searches, and there was more")
        fullest = max(self.fullest, page.rows)
        if self.machine is not None:
            furthest = self.machine if page.furthest is None else page.furthest
            if furthest > self.machine:
                return replace(self, machine=furthest, fullest=fullest, steps=steps)
            return Walk(floor=self.floor, above=True, fullest=fullest, steps=steps)
        if not page.rows:
            return None
        last = page.dearest
        if last is None:
            raise Stopped("stopped early: a page of offers stated no price to go on from")
        if self.floor is None or last > self.floor:
            return Walk(floor=last, fullest=fullest, steps=steps)
        if page.rows < fullest or self.above or last < self.floor:
            return (
                None  # all seen; or the service does not heed the filters, and would go on for ever
            )
        return Walk(floor=last, machine=0, fullest=fullest, steps=steps)
