"""Which markets there are: the folders in `hunter/markets`, without importing any of them."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def market_names() -> tuple[str, ...]:
    """Every market that has a folder."""
    return tuple(sorted(f.parent.name for f in FOLDER.glob("*/adapter.py")))
