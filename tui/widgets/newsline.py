"""One line on the markets: how many offers each brought, how long ago, and what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.words import age
from tui.format import STALE, clip
from tui.widgets.sheet import ACCENT, BAD, MUTED, WARN, Piece, Sheet, apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.content import Content

    from tui.prices import News


class Newsline(Sheet):
    """News of every market at the left, what the table shows at the right."""

    DEFAULT_CSS = "Newsline { height: 1; padding: 0 1; }"

    def show_news(
        self, news: Sequence[News], now: float, stale_after_s: float, right: Sequence[Piece]
    ) -> None:
        """Show this, as of `now`."""
        self.show(lambda width: _line(news, now, stale_after_s, list(right), width))


def _line(
    news: Sequence[News], now: float, stale_after_s: float, right: list[Piece], width: int
) -> Iterator[Content]:
    pieces: list[Piece] = []
    for market in news:
        pieces += [*_market(market, now, stale_after_s), "   "]
    yield apart(pieces, right, width)


def _market(news: News, now: float, stale_after_s: float) -> list[Piece]:
    name: Piece = (f"{news.market} ", MUTED)
    if news.doing is not None:
        return [name, (f"⟳ {news.doing}", ACCENT)]
    when = "" if news.polled_at is None else f" {age(now - news.polled_at)} ago"
    if news.error is not None:
        return [name, (f"✗ failed{when}: {clip(news.error, 48)}", BAD)]
    if news.polled_at is None:
        return [name, ("never asked", MUTED)]
    stale = now - news.polled_at > stale_after_s
    return [
        name,
        f"{news.offers or 0:,}",
        (f" {STALE if stale else ''}{when.strip()}", WARN if stale else MUTED),
    ]
