"""What only the app draws: marks, bars, and texts cut to their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.keys import hidden
from hunter.values.text import LONGEST_SENTENCE, cleaned, cleaned_lines
from hunter.values.words import age

if TYPE_CHECKING:
    from hunter.values.offers import Offer

STALE = "▲"
"""Stands before whatever is too old to act on, or wants attention: colour alone says nothing."""


def marked_age(seconds: float, stale_after_s: float) -> str:
    """How long ago, with a mark where it is stale.

    >>> marked_age(7200, 1800)
    '▲2h'
    """
    return f"{STALE if seconds > stale_after_s else ''}{age(seconds)}"


def tenancy(offer: Offer) -> str:
    """How it is held, as the name of an offer says it."""
    return "bid" if offer.tenancy == "interruptible" else offer.tenancy


def bar(share: float, width: int) -> str:
    """A share of one as a bar, to an eighth of a cell; something is never nothing.

    >>> bar(0.5, 4), bar(0.001, 4), bar(0.0, 4)
    ('██  ', '▏   ', '    ')
    """
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    if share > 0:
        eighths = max(1, eighths)
    full, part = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")).ljust(width)


def shown(text: str) -> str:
    """A text as it may reach the terminal, whoever wrote it: no secret that was read, no escape sequence."""
    return cleaned_lines(hidden(text[: 4 * LONGEST_SENTENCE]))


def told(text: str) -> str:
    """The same for a sentence: one line of bounded length.

    >>> told("no\\x1b[2J such\\noffer")
    'no such offer'
    """
    return cleaned(hidden(text), LONGEST_SENTENCE)


def clip(text: str, width: int) -> str:
    """A text that fits, its end cut off where it must be.

    >>> clip("Pennsylvania, US", 8)
    'Pennsyl…'
    """
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"
