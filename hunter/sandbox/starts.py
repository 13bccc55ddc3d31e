"""What begins with each start of a rental: its plan, and the moment at which it will be outbid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hunter.sandbox.life import advance, plan_start

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.sandbox.faults import Faults
    from hunter.sandbox.floors import Floors
    from hunter.sandbox.hosts import Hosts
    from hunter.sandbox.rental import Rental


class Starts:
    """Starts rentals, first and again, at a wish and by themselves."""

    def __init__(
        self,
        *,
        hosts: Hosts,
        floors: Floors,
        facts: dict[str, Any],
        seed: int,
        faults: Faults,
        now: Callable[[], float],
    ) -> None:
        self._hosts = hosts
        self._floors = floors
        self._facts = facts
        self._seed = seed
        self._faults = faults
        self._now = now

    def plan(self, rental: Rental, at: float) -> None:
        """Write down what a start at this time leads to. The rental's life stays where it is."""
        host = self._hosts.of(rental, self._now())
        plan_start(rental, at, host, self._facts, self._seed, self._faults)
        self._floors.expect_outbid(rental, at)

    def start(self, rental: Rental, at: float) -> None:
        """Start at this time, and live up to now."""
        self.plan(rental, at)
        advance(rental, self._now())

    def resume_if_it_wins(self, rental: Rental, now: float) -> None:
        """Start an outbid rental again from when its bid won."""
        at = self._floors.wins_at(rental, now)
        if at is not None:
            self.start(rental, at)
