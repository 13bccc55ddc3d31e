"""Numbers for people. Unknown is a question mark, never a zero."""

from __future__ import annotations

from hunter.workload import duration

UNKNOWN = "?"


def usd(value: float | None, digits: int = 4) -> str:
    """Dollars."""
    if value is None:
        return UNKNOWN
    if value >= 100:
        digits = min(digits, 2)
    return f"{value:.{digits}f}"


def seconds(value: float | None) -> str:
    """A span of time in two units."""
    return UNKNOWN if value is None else duration(value)


def age(value: float, stale_after_s: float) -> str:
    """How old a price is; a stale one carries a mark besides its colour."""
    text = duration(value)
    return f"▲{text}" if value > stale_after_s else text


def number(value: float | None, spec: str = ",.0f") -> str:
    """A plain number."""
    return UNKNOWN if value is None else format(value, spec)


def share_bar(share: float, width: int = 10) -> str:
    """A share of one as a bar of blocks, to an eighth of a cell."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")).ljust(width)
