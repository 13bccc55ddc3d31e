"""What if the workload were larger or smaller? The question, apart from any screen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hunter.values.workload import varied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.values.workload import Workload

WHAT_IFS = ("hours", "disk", "image")
MOST_FACTOR = 1024.0
"""By how much a what-if may make a workload larger, or smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """How deals are priced for another workload than the chosen one; as made, for the same."""

    factors: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(WHAT_IFS, 1.0))
    """How many times the chosen workload's hours, disk and image."""
    interruptible: bool | None = None
    """Whether bids are considered; None leaves it as it was chosen."""

    def times(self, what: str, factor: float) -> WhatIf:
        """So many times larger in one way, within bounds."""
        most = min(max(self.factors[what] * factor, 1 / MOST_FACTOR), MOST_FACTOR)
        return replace(self, factors={**self.factors, what: most})

    def with_bids(self, taken: bool) -> WhatIf:
        """With bids, or without."""
        return replace(self, interruptible=taken)

    def of(self, known: Workload) -> Workload:
        """That other workload, made from the chosen one with its sizes known."""
        return varied(known, **self.factors, interruptible=self.interruptible)

    @property
    def image_words(self) -> str:
        """The image's factor: a job's line tells its hours and its disk, but not this."""
        image = self.factors["image"]
        return "" if image == 1 else f" · image x{image:g}"
