"""Numbers as people read them, in the terminal app and on the command line alike.

What is not known is a question mark here and never a zero.
"""

from __future__ import annotations

from datetime import UTC, datetime

from hunter.values.units import BYTES_PER_GB

UNKNOWN = "?"


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


def number(value: float | None, spec: str = ",.0f") -> str:
    """A plain number.

    >>> number(12345.6), number(0.25, ".1f"), number(None)
    ('12,346', '0.2', '?')
    """
    return UNKNOWN if value is None else format(value, spec)


def percent(share: float | None, digits: int = 0) -> str:
    """A share of one.

    >>> percent(0.973, 1), percent(None)
    ('97.3%', '?')
    """
    return UNKNOWN if share is None else f"{share * 100:.{digits}f}%"


def human(n_bytes: float | None) -> str:
    """Bytes, GB being 10^9.

    >>> human(0), human(999_400), human(16_300_000_000), human(None)
    ('0.0 MB', '1.0 MB', '16.30 GB', '?')
    """
    if n_bytes is None:
        return UNKNOWN
    if n_bytes >= BYTES_PER_GB:
        return f"{n_bytes / BYTES_PER_GB:.2f} GB"
    return f"{n_bytes / 1e6:.1f} MB"


def duration(seconds: float | None) -> str:
    """A stretch of time in two units at most; one that would be negative is none.

    >>> duration(59.4), duration(3720), duration(200000), duration(-1), duration(None)
    ('59s', '1h02m', '2d07h', '0s', '?')
    """
    if seconds is None:
        return UNKNOWN
    total = max(0, round(seconds))
    if total < 60:
        return f"{total}s"
    if total < 3600:
        return f"{total // 60}m{total % 60:02d}s"
    if total < 86400:
        return f"{total // 3600}h{total % 3600 // 60:02d}m"
    return f"{total // 86400}d{total % 86400 // 3600:02d}h"


def span(low_s: float | None, high_s: float | None) -> str:
    """A range of time.

    >>> span(10, 700), span(None, None)
    ('10s – 11m40s', '?')
    """
    if low_s is None and high_s is None:
        return UNKNOWN
    return f"{duration(low_s)} – {duration(high_s)}"


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


def gpus(model: str, count: int) -> str:
    """A model and how many of it.

    >>> gpus("RTX 4090", 1), gpus("H100 SXM", 8)
    ('RTX 4090', 'H100 SXM ×8')
    """
    return model if count == 1 else f"{model} ×{count}"


def iso(unix_s: float | None) -> str | None:
    """Unix seconds as ISO 8601 in UTC, for documents: there unknown is null.

    >>> iso(0), iso(None)
    ('1970-01-01T00:00:00+00:00', None)
    """
    if unix_s is None:
        return None
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")
