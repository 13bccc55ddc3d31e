"""The deals that a filter leaves, by their places on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hunter.cost.deals import matching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.cost.deal import Deal
    from hunter.cost.deals import Deals


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortlist:
    """A ranking, and which of it is shown. A deal is made only when its place is looked at."""

    deals: Deals
    rows: Sequence[int]
    """Which of the deals are shown, in order."""

    @classmethod
    def of(cls, deals: Deals, text: str) -> Shortlist:
        """The deals that have all words of a text; without words, all."""
        words = text.strip()
        rows = matching(deals, words).tolist() if words else range(len(deals))
        return cls(deals=deals, rows=rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> Deal:
        return self.deals[self.rows[place]]

    def ref(self, place: int) -> str | None:
        """The offer to keep the cursor on. None at the top: who stands there sees the best."""
        if not self.rows or not place:
            return None
        return self.deals.offers.ref(self.rows[min(place, len(self.rows) - 1)])

    def place_of(self, ref: str | None) -> int:
        """Where an offer is now; the top, where it is not shown."""
        row = None if ref is None else self.deals.offers.row_of(ref)
        return 0 if row is None or row not in self.rows else self.rows.index(row)

    @property
    def count(self) -> str:
        """How many are shown, and of how many."""
        shown, ranked = len(self.rows), len(self.deals)
        return f"{shown:,}" if shown == ranked else f"{shown:,} of {ranked:,}"
