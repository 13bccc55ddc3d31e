"""The states of a lease, and which may follow which. Everything that moves a lease asks this table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MOVES: Mapping[str, frozenset[str]] = {
    "intended": frozenset({"creating", "refused"}),
    # on disk; no create has been sent
    "creating": frozenset({"unclear", "waiting", "refused", "ending"}),
    # the create is under way, or its sender died with it
    "unclear": frozenset({"waiting", "refused", "ending"}),
    # the create was sent, and nobody knows what became of it
    "waiting": frozenset({"ready", "stopped", "interrupted", "ending"}),
    # created; nobody can log in yet
    "ready": frozenset({"waiting", "stopped", "interrupted", "ending"}),
    "stopped": frozenset({"waiting", "ready", "interrupted", "ending"}),
    # by us: the GPU is free, the disk is kept
    "interrupted": frozenset({"waiting", "ready", "stopped", "ending"}),
    # by the market: outbid, its contract over, the balance empty
    "ending": frozenset({"ended"}),
    # its end was asked for, and its absence is not proven yet
    "ended": frozenset({"ending", "waiting"}),
    # proven to be gone; it comes back where a market lists it all the same
    "refused": frozenset({"ending", "waiting"}),
    # nothing was created; it comes back where a market lists it all the same
}
"""From each state, the states that may come next. A state may always stay as it is."""

LIVE = ("intended", "creating", "unclear", "waiting", "ready", "stopped", "interrupted", "ending")
"""States in which a lease may cost money; in all others its end is proven or nothing ever began."""
COSTLY = ("waiting", "ready", "stopped", "interrupted")
"""States in which there is an instance, and nobody has asked for its end."""
UNANSWERED = ("intended", "creating", "unclear")
"""States in which it is not known whether there is an instance."""
OVER = ("ended", "refused")
"""States that cost nothing any more."""


def may_move(state: str, then: str) -> bool:
    """Whether a lease in one state may be put into another.

    >>> may_move("ready", "ending"), may_move("ready", "ended")
    (True, False)
    """
    return state == then or then in MOVES.get(state, ())
