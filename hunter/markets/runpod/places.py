"""Where a data centre of RunPod's is: its name says so, by rule, so that new ones need no list.

The name is region, country and number (`EUR-NO-1`, `AP-JP-1`), or country, state and number (`US-TX-3`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hunter.facts.shipped import Facts

WITH_STATES = ("US", "CA")
"""Countries that are followed by a state, whose code may be another country's: US-GA is not in Gabon."""


def country_of(center: str, facts: Facts) -> str | None:
    """The code of the country that a data centre's name states; None where it states none."""
    parts = re.sub(r"-?\d+$", "", center.strip().upper()).split("-")
    for part in parts:
        if part in WITH_STATES:
            return part
    if len(parts) == 1 and parts[0] in facts.countries.values():
        return None  # a continent, or a country: SA-1 may be in either
    codes = [part for part in parts if len(part) == 2 and facts.country(part)]
    return facts.country(codes[-1]) if codes else None
