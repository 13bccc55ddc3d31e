"""One market's surprise stays that market's; impossible records stay out of the ranking and are named."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hunter.api.polling import failure
from hunter.markets.plausible import RANGES, STATED
from hunter.markets.protocol import Scope
from hunter.store import polls
from hunter.values.columns import Listing, Offers
from hunter.values.errors import ConfigError, MarketError
from hunter.values.offers import FLAGS, NUMBERS
from tests.builders import offer, workload
from tests.fakes import FakeMarket
from tests.homes import hunter_on

if TYPE_CHECKING:
    from pathlib import Path


class Surprising(FakeMarket):
    """Raises, or gives, something that no market should."""

    def __init__(self, surprise: Any) -> None:
        super().__init__(name="runpod")
        self.surprise = surprise

    async def offers(self, scope: Any, report: Any) -> Any:
        if isinstance(self.surprise, Exception):
            raise self.surprise
        return self.surprise


SURPRISES: list[Any] = [
    KeyError("gpuTypes"), TypeError("int"), RecursionError("deep"), MemoryError(), ZeroDivisionError(),
    UnicodeDecodeError("utf-8", b"x", 0, 1, "why"), OverflowError("far"), StopAsyncIteration(), AssertionError(),
    OSError("disk"), ConfigError("odd"), MarketError("no"), None, [], "offers",
    Listing(market="runpod", offers=None, complete=True),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize("surprise", SURPRISES, ids=lambda one: type(one).__name__)
async def test_a_surprise_of_one_market_leaves_the_other_as_it_is(
    tmp_path: Path, surprise: Any
) -> None:
    async with hunter_on(
        tmp_path, FakeMarket(stock=[offer("RTX 4090 $0.3/h #1")]), Surprising(surprise)
    ) as hunter:
        good, bad = await hunter.scrape()
        assert (good.market, good.offers, good.error) == ("vast", 1, None)
        assert bad.error is not None
        assert len(hunter.deals(workload())) == 1


def test_a_surprise_is_one_line_without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAST_API_KEY", "abcdefgh12345678")
    said = str(failure("third", KeyError("a\nb abcdefgh12345678 " + "x" * 9999)))
    assert "third" in said
    assert "abcdefgh" not in said
    assert len(said) < 400
    assert "\n" not in said


async def test_an_impossible_price_is_rejected_by_name_and_does_not_win(tmp_path: Path) -> None:
    """An adapter of somebody else's builds offers of what it likes."""
    stock = [offer("RTX 4090 $0.3/h #1"), offer("RTX 4090 $0.3/h #2", price_usd_h=-5.0)]
    async with hunter_on(tmp_path, FakeMarket(stock=stock)) as hunter:
        [polled] = await hunter.scrape()
        assert (polled.offers, polled.rejected) == (1, 1)
        assert polled.rejections[0][0] == "2"
        assert [deal.offer.offer_id for deal in hunter.deals(workload())] == ["1"]


async def test_a_record_that_was_rejected_is_not_gone(tmp_path: Path) -> None:
    stock = [offer("RTX 4090 $0.3/h #1"), offer("RTX 4090 $0.3/h #2"), offer("RTX 4090 $0.3/h #3")]
    market = FakeMarket(stock=stock)
    async with hunter_on(tmp_path, market) as hunter:
        await hunter.scrape()
        market.stock = [stock[0], offer("RTX 4090 $0.3/h #2", price_usd_h=float("inf"))]
        [polled] = await hunter.scrape()
        assert (polled.rejected, polled.gone) == (1, 1)
        assert {deal.offer.offer_id for deal in hunter.deals(workload())} == {"1", "2"}


def edges(name: str) -> st.SearchStrategy[Any]:
    """Figures at the ends of a range, and between them."""
    least, most = RANGES[name]
    if name in FLAGS:
        return st.none() | st.booleans()
    stated: st.SearchStrategy[Any] = st.sampled_from([0.0, least, most]) | st.floats(least, most)
    return stated if name in STATED else st.none() | stated


odd = [name for name in NUMBERS if name not in ("seen_at", "gpu_count")]
figures = st.lists(st.sampled_from(odd), min_size=1, max_size=3).flatmap(
    lambda names: st.fixed_dictionaries({name: edges(name) for name in names})
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(st.lists(figures, min_size=1, max_size=4))
async def test_no_figure_that_can_be_makes_the_arithmetic_complain(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    stock = [offer(f"RTX 4090 $0.3/h #{n}", **row) for n, row in enumerate(rows)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        async with hunter_on(tmp_path, FakeMarket(stock=stock)) as hunter:
            [polled] = await hunter.scrape()
            assert polled.error is None
            hunter.deals(workload())


async def test_what_an_older_hunter_took_and_cannot_be_is_left_out(tmp_path: Path) -> None:
    stock = [offer("RTX 4090 $0.3/h #1"), offer("RTX 4090 $0.3/h #2", price_usd_h=-1.0),
             offer("RTX 4090 $0.3/h #3", inet_down_usd_gb=1e308)]  # fmt: skip
    listing = Listing(market="vast", offers=Offers.of(stock), complete=True)
    async with hunter_on(tmp_path, FakeMarket()) as hunter:
        polls.record(hunter.store, listing, Scope(), 0.0, 0.0)
        assert [deal.offer.offer_id for deal in hunter.deals(workload())] == ["1"]
