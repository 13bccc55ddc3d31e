"""What is written down about a lease: enough to learn from, and nothing that may be a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hunter.leases.status import EXPECTED, RENTED, lease_status
from hunter.leases.status import rented as rented_of
from hunter.values.keys import remember
from tests.builders import workload
from tests.fakes import FakeMarket
from tests.homes import CAPS, DEAL, hunter_on, launched, leases_on

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "wandb-5ecret-0123456789"


def whole(folder: Path) -> bytes:
    """All that lies in a folder."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_of_an_environment_only_the_names_reach_the_disk(tmp_path: Path) -> None:
    hunter = hunter_on(tmp_path, FakeMarket(stock=[DEAL]))
    await hunter.scrape()
    job = workload(env={"WANDB_API_KEY": SECRET}, command=f"train --key {SECRET}")
    lease = await hunter.launch(await hunter.quote("vast:7", job), job, CAPS)
    known = rented_of(hunter.leases.ledger, lease)
    assert known is not None
    assert (known.workload.env, known.workload.command) == ({"WANDB_API_KEY": ""}, None)
    assert SECRET.encode() not in whole(tmp_path)


async def test_what_a_market_says_is_kept_without_keys_and_orders(tmp_path: Path) -> None:
    remember([SECRET])
    hunter = hunter_on(tmp_path, FakeMarket(stock=[DEAL]))
    await hunter.scrape()
    job = workload()
    lease = await hunter.launch(await hunter.quote("vast:7", job), job, CAPS)
    ledger = hunter.leases.ledger
    ledger.move(lease, "odd", f"bad {SECRET}\x1b[2J", note=f"bad {SECRET}\x1b[2J\nend")
    assert ledger.get(lease.lease_id).note == "bad *** end"
    assert ledger.history(lease)[-1].detail == "bad ***"


DEEP = '{"x": ' + "[" * 9000 + "]" * 9000 + "}"
ODD = ["", "x", "{}", "[1]", '{"offer": {}, "workload": {}}', DEEP]


@pytest.mark.parametrize("detail", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("event", [RENTED, EXPECTED])
async def test_an_event_that_cannot_be_read_is_as_good_as_none(
    tmp_path: Path, event: str, detail: str
) -> None:
    leases = leases_on(tmp_path, FakeMarket(stock=[DEAL]))
    lease = await launched(leases)
    leases.ledger.say(lease, event, detail)
    assert rented_of(leases.ledger, lease) is None
    assert lease_status(leases.meter, lease.lease_id).lease.lease_id == lease.lease_id
