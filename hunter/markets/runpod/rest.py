"""RunPod's second REST interface: lists that may come in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hunter.markets.records import Rows, decode
from hunter.values.errors import MarketError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.markets.http import Http

MOST_PAGES = 200


class Turned(msgspec.Struct, kw_only=True):
    """What a list says of its pages."""

    hasNextPage: bool | None = None
    nextCursor: str | int | None = None


class Page(msgspec.Struct, kw_only=True):
    """A page of pods or of models; the document of 2026-08-20 knows no pages, a client of 2026-10 does."""

    pods: Rows | None = None
    gpus: Rows | None = None
    pagination: Turned | None = None
    nextCursor: str | int | None = None
    hasMore: bool | None = None

    @property
    def cursor(self) -> str | None:
        """Where the list goes on, as far as it says so."""
        told = self.nextCursor or (self.pagination and self.pagination.nextCursor)
        return None if told in (None, "") else str(told)

    @property
    def more(self) -> bool:
        """Whether it says or hints that it goes on."""
        turned = self.pagination and self.pagination.hasNextPage
        if turned is False and not self.hasMore:
            return False
        return bool(turned or self.hasMore or self.cursor is not None)


async def listed(
    http: Http, path: str, kind: str, params: Mapping[str, str]
) -> tuple[list[msgspec.Raw], bool]:
    """The rows of a list, `pods` or `gpus`, unread, page after page; and whether they are all.

    A page that fails leaves what came before it. Raises MarketError where the first one fails.
    """
    rows: list[msgspec.Raw] = []
    cursor: str | None = None
    cursors: set[str] = set()
    while True:
        asked = dict(params) | ({} if cursor is None else {"cursor": cursor})
        try:
            page = await http.read("GET", path, _page, params=asked)
        except MarketError:
            if cursor is None:
                raise
            return rows, False
        found: list[msgspec.Raw] | None = getattr(page, kind)
        if found is None:
            if cursor is not None:
                return rows, False
            raise MarketError(
                f"RunPod listed no {kind} and did not say that there are none.",
                remedy="Try again in a minute.",
            )
        rows += found
        if not page.more:
            return rows, True
        cursor = page.cursor
        if cursor is None or cursor in cursors or len(cursors) == MOST_PAGES:
            return rows, False
        cursors.add(cursor)


def _page(body: bytes) -> Page:
    return decode(body, Page)
