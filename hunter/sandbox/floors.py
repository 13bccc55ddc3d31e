"""The bids to beat: when a rental is outbid, and when its bid wins again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hunter.sandbox.life import cut

if TYPE_CHECKING:
    from hunter.sandbox.rental import Rental
    from hunter.sandbox.world import World

TICK_S = 60.0
"""Prices and availability move once a simulated minute."""
LOOKED_AHEAD_S = 30 * 86400
"""No outbidding is planned further ahead than this."""


class Floors:
    """The lowest winning bids of a world's machines."""

    def __init__(self, world: World) -> None:
        self._world = world

    def usd_h(self, rental: Rental, at: float) -> float:
        """The bid to beat for a rental's GPUs."""
        machine = np.array([rental.machine])
        return float(self._world.floor(at // TICK_S * TICK_S, machine)[0]) * rental.gpu_count

    def expect_outbid(self, rental: Rental, since: float) -> None:
        """Plan the moment at which the floor passes the bid."""
        if rental.bid_usd_h is None or rental.market != "vast":
            return
        at = since
        while at < since + LOOKED_AHEAD_S:
            at = self._world.floor_changes_at(rental.machine, at) + 1
            if self.usd_h(rental, at + TICK_S) > rental.bid_usd_h:
                cut(rental, at, "stopped", "outbid")
                return

    def wins_at(self, rental: Rental, now: float) -> float | None:
        """When the bid of a stopped rental first won again; None where it has not yet."""
        at = rental.turn.at
        while at <= now:
            at = self._world.floor_changes_at(rental.machine, at) + 1
            moment = min(at, now)
            if self.usd_h(rental, moment) <= (rental.bid_usd_h or 0.0):
                return moment
        return None
