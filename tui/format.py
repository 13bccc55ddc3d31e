"""Numbers for people. Unknown is a question mark, never a zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.units import duration

if TYPE_CHECKING:
    from hunter.values.offers import Offer

UNKNOWN = "?"
STALE = "▲"
"""Stands before whatever is too old to act on, or wants attention: colour alone says nothing."""


def usd(value: float | None, digits: int = 4) -> str:
    """Dollars without their sign, for columns that carry it in the title.

    >>> usd(0.30125), usd(1234.5), usd(None)
    ('0.3013', '1234.50', '?')
    """
    if value is None:
        return UNKNOWN
    return f"{value:.{min(digits, 2) if abs(value) >= 1000 else digits}f}"


def money(value: float | None, digits: int = 4) -> str:
    """Dollars with their sign.

    >>> money(0.5, 2), money(None)
    ('$0.50', '?')
    """
    return UNKNOWN if value is None else f"${usd(value, digits)}"


def span(seconds: float | None) -> str:
    """A stretch of time in two units.

    >>> span(684), span(None)
    ('11m24s', '?')
    """
    return UNKNOWN if seconds is None else duration(max(0.0, seconds))


def spans(low_s: float | None, high_s: float | None) -> str:
    """A range of time.

    >>> spans(10, 700)
    '10s – 11m40s'
    """
    return UNKNOWN if low_s is None and high_s is None else f"{span(low_s)} – {span(high_s)}"


def age(seconds: float) -> str:
    """How long ago, in one unit.

    >>> age(59), age(3599), age(7200), age(200_000)
    ('59s', '59m', '2h', '2d')
    """
    whole = max(0, int(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def marked_age(seconds: float, stale_after_s: float) -> str:
    """The same, with a mark where it is stale.

    >>> marked_age(7200, 1800)
    '▲2h'
    """
    return f"{STALE if seconds > stale_after_s else ''}{age(seconds)}"


def number(value: float | None, spec: str = ",.0f") -> str:
    """A plain number."""
    return UNKNOWN if value is None else format(value, spec)


def percent(share: float | None, digits: int = 0) -> str:
    """A share of one.

    >>> percent(0.973, 1)
    '97.3%'
    """
    return UNKNOWN if share is None else f"{share * 100:.{digits}f}%"


def gpus(model: str, count: int) -> str:
    """A model and how many of it.

    >>> gpus("RTX 4090", 1), gpus("H100 SXM", 8)
    ('RTX 4090', 'H100 SXM ×8')
    """
    return model if count == 1 else f"{model} ×{count}"


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


def clip(text: str, width: int) -> str:
    """A text that fits, its end cut off where it must be.

    >>> clip("Pennsylvania, US", 8)
    'Pennsyl…'
    """
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"
