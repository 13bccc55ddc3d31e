"""What runs: ours, others', and who did not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.markets.protocol import Instance
from hunter.values.errors import MarketError
from tests.tui.fakes import opened, until
from tests.tui.renting import leases, rent
from tui.screens.running import RunningScreen

if TYPE_CHECKING:
    from tests.fakes import FakeMarket
    from tui.app import HunterApp


async def test_the_running_list_shows_what_is_not_ours_and_who_did_not_answer(
    app: HunterApp, market: FakeMarket
) -> None:
    await rent(app)
    market.rented["x"] = Instance(
        market="vast", instance_id="x", label="somebody", state="running", tenancy="on-demand",
        gpu="RTX 4090", gpu_count=1, price_usd_h=0.4,
    )  # fmt: skip
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, RunningScreen))
        words = app.screen.query_one("#words")
        await until(pilot, lambda: "not Hunter's" in str(words.render()))
        market.list_error = MarketError("it does not answer", remedy="Wait.")
        await pilot.press("r")
        await until(pilot, lambda: "vast is unknown" in str(words.render()))
        market.list_error = None
        await app.desk.spend(app.desk.hunter.leases.destroy(leases(app)[0].lease_id))
