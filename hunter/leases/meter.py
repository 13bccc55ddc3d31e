"""What leases cost by our own arithmetic."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

from hunter.leases.lease import Stay, burn_usd_h, metered_items
from hunter.values.errors import HunterError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hunter.leases.lease import Lease
    from hunter.leases.ledger import Ledger
    from hunter.values.billing import MarketRules


class Meter:
    """Reads the record by the markets' billing rules."""

    def __init__(self, ledger: Ledger, rules: Mapping[str, MarketRules]) -> None:
        self.ledger = ledger
        self.rules = rules
        self.clock = ledger.clock

    def items(self, lease: Lease) -> dict[str, float]:
        """What the lease has cost up to now, $ by item, named as a market's charges are.

        Raises StoreError where its record is unclear.
        """
        rules = self.rules.get(lease.market)
        if rules is None:
            raise StoreError(f"How {lease.market} bills is not known.", remedy="Update Hunter.")
        with _readable(lease):
            return metered_items(lease, self.stays(lease), rules)

    def spent_usd(self, lease: Lease) -> float | None:
        """What the lease has cost up to now, $; None where nobody can say."""
        if lease.state in ("creating", "unclear"):
            return None  # it may exist since the create was sent
        try:
            return sum(self.items(lease).values())
        except HunterError:
            return None

    def burn_usd_h(self, lease: Lease) -> float | None:
        """What it costs an hour in the state it was last seen in; None where nobody can say."""
        rules = self.rules.get(lease.market)
        return None if rules is None else burn_usd_h(lease, rules)

    def stays(self, lease: Lease) -> list[Stay]:
        """In which states an instance was seen, and from when to when."""
        with _readable(lease):
            looks = [(e.phase, e.at) for e in self.ledger.history(lease) if e.event == "seen"]
            if not looks and lease.phase and lease.created_at is not None:
                looks = [(lease.phase, lease.created_at)]
            end = lease.ended_at
            if end is None:
                end = self.clock.now(lease.market)
            return [
                Stay(state=state, begin_s=at, end_s=max(until, at))
                for (state, at), (_, until) in pairwise([*looks, ("", end)])
            ]


@contextmanager
def _readable(lease: Lease) -> Iterator[None]:
    """Whatever is odd in the record of a lease, as one sentence."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise StoreError(
            f"The history of lease {lease.lease_id} cannot be read "
            f"({type(error).__name__}: {error}).",
            remedy="What it costs is on the market's own page.",
        ) from error
