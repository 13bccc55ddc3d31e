"""What is to be done about a lease: decided from what is known, before anybody is asked. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from hunter.leases.lease import most_usd
from hunter.leases.states import COSTLY, OVER, UNANSWERED
from hunter.values.words import duration

if TYPE_CHECKING:
    from hunter.leases.lease import Lease

DEARER = 1.02
"""A contract above the quote by more than this is ended."""
ALONE_S = 600.0
"""Seconds of ours for which this machine's clock alone ends nothing; after that it has to do."""
AHEAD_S = 60.0
"""An end is asked for so much before the money is used up: the longest pause between two looks at an instance
whose market fails."""

GUARD_WITHIN_S = 180.0
"""The market's seconds after one can log in within which a dead-man switch that is required has to prove
itself: it does so in the container's first second, and a log is read some seconds later; the rest is for a
network that comes up slowly. Assumed."""
PROVED = "proved"
NOT_SENT = "not sent along"
"""What is written down of a dead-man switch that proved its key, or that could not go along."""

Kind = Literal["keep", "settle", "end", "finish"]


class Action(msgspec.Struct, frozen=True):
    """Keep it; find out what became of its create; end it; or go on with an end that was begun."""

    kind: Kind
    why: str = ""


KEEP = Action("keep")


FAILED = "the host did not bring it up"


def decide(
    lease: Lease,
    now: float,
    *,
    unsure_s: float = 0.0,
    give_up_s: float = 1e9,
    dud: str | None = None,
    ahead_s: float = AHEAD_S,
) -> Action:
    """What is to be done about a lease.

    Args:
        lease: as it is known.
        now: its market's time; time that was seen already does not come back.
        unsure_s: for how long, in seconds of ours, nothing but this machine's clock has told it.
        give_up_s: how long after its create one should be able to log in.
        dud: why its start will not succeed, by the time that it takes.
        ahead_s: until when nobody may look again: money that is used up by then is used up now.
    """
    if lease.state in OVER:
        return KEEP
    if lease.state == "ending":
        return Action("finish", lease.note)
    if lease.state in UNANSWERED:
        return Action("settle")
    if lease.wish == "gone":
        return Action("end", lease.note or "asked by the user")
    now = max(now, lease.last_seen_at or now)
    why = dearer(lease) or (FAILED if lease.phase == "failed" else None)
    if why is not None:
        return Action("end", why)
    why = _outlived(lease, now, give_up_s, ahead_s) or dud
    if why is None or 0 < unsure_s < ALONE_S:
        return KEEP
    alone = f", by this machine's clock alone: no market told the time for {duration(unsure_s)}"
    return Action("end", why + alone if unsure_s else why)


def dearer(lease: Lease) -> str | None:
    """Why a contract is not what was agreed; None where it is, or is not known yet."""
    contract = lease.contract_usd_h
    if contract is None or lease.state not in COSTLY:
        return None
    above = contract + (lease.storage_usd_h or 0.0) > lease.max_usd_h
    if above or contract > lease.quoted_usd_h * DEARER:
        quoted = f"quoted ${lease.quoted_usd_h:.4f}/h, contracted ${contract:.4f}/h"
        return f"it is dearer than agreed: {quoted}"
    return None


def _outlived(lease: Lease, now: float, give_up_s: float, ahead_s: float) -> str | None:
    """Which limit of time, or of money that goes with time, is reached."""
    if now >= lease.ttl_at:
        return "its time to live is over"
    if most_usd(lease, now + ahead_s) >= lease.max_usd:
        return f"it may reach its cap of ${lease.max_usd:.2f}"
    if is_late(lease, give_up_s, now):
        return f"not ready after {duration(give_up_s)}"
    return _unguarded(lease, now)


def _unguarded(lease: Lease, now: float) -> str | None:
    """Why an instance that has to carry a dead-man switch does not; None where it does, or still may."""
    if lease.guard != "required" or lease.guard_said == PROVED or lease.state not in COSTLY:
        return None
    said = lease.guard_said or "nothing is heard of it"
    late = lease.ready_at is not None and now - lease.ready_at > GUARD_WITHIN_S
    if late or lease.guard_said == NOT_SENT:
        return f"its dead-man switch is required and has not proved itself ({said})"
    return None


def is_late(lease: Lease, give_up_s: float, now: float) -> bool:
    """Whether nobody could log in so long after its create."""
    waited_s = now - (lease.created_at or lease.intended_at)
    return lease.ready_at is None and waited_s > give_up_s
