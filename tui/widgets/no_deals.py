"""What stands in the place of the deals where there are none: why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tui.format import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.cost.deals import Deals
    from hunter.values.errors import HunterError
    from tui.shortlist import Shortlist


def why_empty(
    shown: Shortlist | None, *, polling: bool, why_none: Callable[[Deals], HunterError]
) -> Content:
    """Why no deal is shown, of a ranking that may not have come yet, and the way out of it."""
    if shown is None:
        return Content("Reading what is recorded …")
    deals = shown.deals
    if len(deals):
        return _advice("No deal has all of these words.", "[b]esc[/b] takes the filter off.")
    if polling and not deals.considered:
        return _advice("Asking the markets for the first time …",
                       "Prices are shown as soon as the first market has answered.")  # fmt: skip
    return _advice(str(why_none(deals)), "[b]w[/b] chooses another workload, [b]t[/b] another "
                   "tenancy, [b]r[/b] polls the markets again.")  # fmt: skip


def _advice(what: str, then: str) -> Content:
    return Content.assemble((shown(what), "bold"), "\n\n", Content.from_markup(then))
