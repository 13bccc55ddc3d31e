"""Numbers and durations as people type them: plain digits, finite and bounded, or ValueError.

The length is looked at first, so that no text, however long, takes long to refuse.
"""

from __future__ import annotations

import re

MOST_USD = 1e6
"""The most dollars that any cap or price may state."""
MOST_S = 100 * 365 * 86400.0
"""The longest duration of any kind: a century."""
LEAST_TTL_S = 60.0
MOST_TTL_S = 365 * 86400.0
"""The shortest and the longest life that a rental may be given."""
LONGEST_TEXT = 40
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([smhd])")
_DURATION = re.compile(rf"(?: *{_PART.pattern})+ *")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def number(text: str, *, most: float, zero: bool = False) -> float:
    """A number above zero, or from zero on, and no larger than `most`.

    >>> number("0.60", most=MOST_USD)
    0.6
    """
    words = text.strip(" ")
    value = -1.0
    if len(words) <= LONGEST_TEXT and _NUMBER.fullmatch(words):
        value = float(words)
    if not 0 <= value <= most or (value == 0 and not zero):
        bounds = f"{'from' if zero else 'above'} zero and up to {most:,.0f}"
        raise ValueError(f"{shortened(text)} is no number {bounds}")
    return value


def seconds(text: str) -> float:
    """A duration above zero, as seconds.

    >>> seconds("90s"), seconds("1h30m"), seconds("2d")
    (90.0, 5400.0, 172800.0)
    """
    if len(text) > LONGEST_TEXT or not _DURATION.fullmatch(text):
        raise ValueError(f"{shortened(text)} is no duration: write 90s, 10m, 1h30m or 2d")
    total = sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(text))
    if not 0 < total <= MOST_S:
        raise ValueError(f"{shortened(text)} is not above zero and up to 100 years")
    return total


def shortened(text: str) -> str:
    """What somebody typed, quoted and short enough for a sentence."""
    return repr(text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…")
