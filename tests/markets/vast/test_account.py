"""The account as the embedded market plays it: what is left, and interfaces that all answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hunter.facts.shipped import shipped
from hunter.markets.vast.adapter import Vast
from hunter.sandbox.server import Options, running
from hunter.values.errors import NoKey

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(Options(offers=20, speed=1e-6)) as (address, _):
        yield address


async def test_every_interface_that_is_used_answers_its_probe(url: str) -> None:
    market = Vast(url, "a-key", shipped())
    probed = await market.probe()
    await market.close()
    assert [(one.what, one.status, one.problem) for one in probed] == [
        (one.what, 200, "") for one in market.routes
    ]
    assert any(not one.keyed for one in probed)


async def test_without_a_key_only_what_needs_none_is_asked(url: str) -> None:
    market = Vast(url, None, shipped())
    probed = await market.probe()
    await market.close()
    assert [one.status for one in probed] == [None if r.keyed else 200 for r in market.routes]


async def test_the_balance_is_told_to_who_has_a_key(url: str) -> None:
    market = Vast(url, "a-key", shipped())
    assert (await market.balance()).usd == pytest.approx(100.0)
    await market.close()
    with pytest.raises(NoKey):
        await Vast(url, None, shipped()).balance()
