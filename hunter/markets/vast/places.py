"""Places as Vast.ai writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hunter.facts.shipped import Facts


NOWHERE = ("", "none", "null", "unknown", "n/a", "-", "?")
"""What says of no place."""


def place_of(text: Any, facts: Facts) -> tuple[str | None, str | None, str | None]:
    """A place as Vast has it (`Sweden, SE`, `, US`, `Germany`, nothing): its name, country and continent."""
    said = text.split(",") if isinstance(text, str) else []
    parts = [" ".join(part.split()) for part in said if part.strip().casefold() not in NOWHERE]
    if not parts:
        return None, None, None
    country = facts.country(parts[-1])
    return (
        ", ".join(parts),
        country,
        facts.countries.get(country or ""),
    )
