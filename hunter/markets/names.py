"""Which markets there are: the files in `hunter/markets`, without importing any of them."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).with_name("markets")


def market_names() -> tuple[str, ...]:
    """Every market that has a file."""
    return tuple(sorted(f.stem for f in FOLDER.glob("*.py") if f.name[0] != "_"))
