"""What leases cost by our own arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from hunter.values.errors import StoreError
from tests.fakes import FakeMarket
from tests.homes import DEAL, launched, leases_on

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.leases.leases import Leases


@pytest.fixture
def leases(tmp_path: Path) -> Leases:
    return leases_on(tmp_path, FakeMarket(stock=[DEAL], life=("running",)))


async def test_a_lease_is_metered_by_the_states_it_was_seen_in(leases: Leases) -> None:
    lease = await launched(leases)
    await leases.clock.sleep(1800)
    # half an hour at $0.36 and $0.02 of disk; 30 GB at $0.01
    items = leases.meter.items(lease)
    assert items == pytest.approx({"gpu": 0.18, "disk": 0.01, "download": 0.30})
    assert leases.meter.spent_usd(lease) == pytest.approx(0.49)
    assert leases.meter.burn_usd_h(lease) == pytest.approx(0.38)


async def test_nobody_can_say_what_a_create_without_an_answer_costs(leases: Leases) -> None:
    lease = replace(await launched(leases), state="unclear")
    assert leases.meter.spent_usd(lease) is None


async def test_a_market_that_nobody_knows_bills_in_a_way_that_nobody_knows(leases: Leases) -> None:
    lease = replace(await launched(leases), market="gone")
    assert leases.meter.spent_usd(lease) is None
    assert leases.meter.burn_usd_h(lease) is None
    with pytest.raises(StoreError, match="How gone bills is not known"):
        leases.meter.items(lease)


async def test_a_history_that_cannot_be_read_is_one_sentence(leases: Leases) -> None:
    lease = await launched(leases)
    with leases.ledger.store.writing() as db:
        db.execute("update lease_event set at = 'noon'")
    with pytest.raises(StoreError, match="cannot be read"):
        leases.meter.items(lease)
