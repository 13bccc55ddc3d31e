"""Text on its way to the screen: no order to the terminal, no markup, no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.errors import MarketError
from hunter.values.keys import remember
from tests.builders import offer
from tests.tui.fakes import fast_app, opened
from tui.format import shown, told
from tui.widgets.sheet import apart, line

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes import FakeMarket
    from tui.app import HunterApp

OUTSIDE = "[b]Ohio[/b]\x1b]52;c;eA==\x07\x1b[2J\u202e [@click=app.quit]US[/]"
LEFT = "[b]Ohio[/b] [@click=app.quit]US[/]"


def test_pieces_of_a_sheet_are_plain_text() -> None:
    assert line(OUTSIDE, (OUTSIDE, "bold")).plain == LEFT * 2
    assert LEFT in apart([OUTSIDE], [(OUTSIDE, "")], 200).plain


def test_sentences_are_short_and_quote_no_key() -> None:
    remember(["rp-screen-key-31415"])
    assert told("no\nrp-screen-key-31415") == "no ***"
    assert len(told("x" * 100_000)) < 3000
    assert len(shown("x" * 100_000)) < 10_000


async def test_notes_take_no_markup_and_no_orders(app: HunterApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        app.tell(MarketError(OUTSIDE, remedy="[red]x[/"))
        app.screen.notify(OUTSIDE, title=OUTSIDE)
        await pilot.pause()
        notes = list(app._notifications)
    assert [(n.title, n.message) for n in notes[-2:]] == [(LEFT, "[red]x[/"), (LEFT, LEFT)]
    assert not any(n.markup for n in notes)


async def test_what_a_host_writes_stays_in_its_cell(tmp_path: Path, market: FakeMarket) -> None:
    market.stock = [offer("RTX 4090 $0.30/h #1", location=OUTSIDE + "x" * 50_000)]
    app = fast_app(tmp_path, market)
    try:
        async with app.run_test(size=(140, 40)) as pilot:
            await opened(pilot, app)
            text = "".join(segment.text for strip in app.screen._compositor.render_strips()
                           for segment in strip)  # fmt: skip
    finally:
        app.shut()
    assert "[b]Ohi" in text
    assert text.isprintable()
