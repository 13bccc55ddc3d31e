"""When a lease must end: decided from what is known, before anybody is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.leases.lease import COSTLY_STATES

if TYPE_CHECKING:
    from hunter.leases.lease import Lease

DEARER = 1.02
"""A contract above the quote by more than this is ended."""


def breach(lease: Lease, spent_usd: float | None, now: float) -> str | None:
    """Why a lease must end now; None while it is inside its caps.

    Args:
        lease: as it is known.
        spent_usd: what it has cost up to now; where nobody can say, what was metered last counts.
        now: the market's time.
    """
    if lease.state not in COSTLY_STATES:
        return None
    contract = lease.contract_usd_h
    if contract is not None:
        dear = contract + (lease.storage_usd_h or 0.0) > lease.max_usd_h
        if dear or contract > lease.quoted_usd_h * DEARER:
            quoted = f"quoted ${lease.quoted_usd_h:.4f}/h, contracted ${contract:.4f}/h"
            return f"it is dearer than agreed: {quoted}"
    if lease.phase == "failed":
        return "the host did not bring it up"
    if now >= lease.ttl_at:
        return "its time to live is over"
    if (lease.metered_usd if spent_usd is None else spent_usd) >= lease.max_usd:
        return f"it reached its cap of ${lease.max_usd:.2f}"
    return None


def is_late(lease: Lease, give_up_s: float, now: float) -> bool:
    """Whether nobody could log in so long after its create."""
    waited_s = now - (lease.created_at or lease.intended_at)
    return lease.ready_at is None and waited_s > give_up_s
