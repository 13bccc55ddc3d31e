"""A Hunter that was killed while a create was under way: the create is settled once its process is gone."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hunter.api.background import Background
from hunter.leases import owner as owners
from hunter.leases.lease import Lease
from hunter.leases.owner import Owner, Process, find_process, is_gone, this_process
from hunter.markets.protocol import Created, Instance, Order
from hunter.store import Store, schema
from hunter.values.errors import MarketError
from tests.api.test_hunter import DEAL, hunt_on
from tests.builders import NOW
from tests.fakes import FakeMarket, SteppedClock
from tests.leases.test_launch import launched, rentals_on
from tests.tui.fakes import HeldClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunter.leases.launch import Rentals

HERE = Owner(host="den", boot="b1", space="s1", pid=7, started="100")
OTHER = replace(HERE, pid=8, started="200")
RUNS, RUNS_ANOTHER = Process(started="200"), Process(started="300")


@pytest.mark.parametrize(
    ("owner", "found", "quiet_s", "gone"),
    [
        (OTHER, RUNS, 9999.0, False),
        (OTHER, None, 0.0, True),
        (OTHER, RUNS_ANOTHER, 0.0, True),
        (replace(OTHER, boot="b0"), RUNS, 0.0, True),
        (replace(OTHER, host="lair", boot="b9"), None, 119.0, False),
        (replace(OTHER, host="lair", boot="b9"), None, 121.0, True),
        (replace(OTHER, host="renamed"), None, 0.0, True),
        (replace(OTHER, space="s2"), None, 119.0, False),
        (replace(OTHER, space="s2"), None, 121.0, True),
        (replace(OTHER, boot=None, host="lair"), None, 119.0, False),
        (replace(OTHER, boot=None, started=None), RUNS, 119.0, False),
        (replace(OTHER, boot=None, started=None), RUNS, 121.0, True),
        (replace(OTHER, boot=None, started=None), None, 0.0, True),
        (None, None, 119.0, False),
        (None, None, 121.0, True),
    ],
)
def test_when_an_owner_is_gone(
    owner: Owner | None, found: Process | None, quiet_s: float, gone: bool
) -> None:
    assert is_gone(owner, HERE, found, quiet_s) is gone


def test_a_process_is_found_while_it_runs_and_not_after_its_end() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert find_process(child.pid)
    assert find_process(os.getpid()) == Process(started=this_process().started)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert find_process(child.pid) is None, "dead, and not reaped yet"
    child.communicate()
    assert find_process(child.pid) is None


def test_an_owner_is_read_back_as_it_was_written() -> None:
    assert owners.read(owners.write(HERE)) == HERE
    assert owners.read(None) is None
    assert owners.read("nonsense") is None


def left_behind(rentals: Rentals, state: str, owner: Owner | None = OTHER) -> Lease:
    """A lease as a Hunter leaves it that is killed in this state."""
    lease = Lease(
        lease_id="dead", market="vast", offer="vast:7", workload="job", state=state, gpu="RTX 4090",
        gpu_count=1, tenancy="on-demand", disk_gb=100.0, intended_at=NOW, ttl_at=NOW + 7200,
        max_usd_h=1.0, max_usd=2.0, quoted_usd_h=0.36,
        owner=None if owner is None else owners.write(owner),
    )  # fmt: skip
    rentals.add(lease)
    return lease


def appears(market: FakeMarket) -> None:
    """What the killed Hunter's create made."""
    market.rented["i9"] = Instance(
        market="vast", instance_id="i9", label="hunter-dead", state="running", tenancy="on-demand",
        gpu="RTX 4090", gpu_count=1, price_usd_h=0.36,
    )  # fmt: skip
    market.steps["i9"] = 3


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(stock=[DEAL])


def watching(folder: Path, market: FakeMarket, found: Process | None = None) -> Rentals:
    """Rentals in a process that finds this one under the other's number."""
    rentals = rentals_on(folder, market)
    rentals.me = HERE
    rentals._find_process = lambda pid: found
    return rentals


async def test_destroying_a_create_whose_process_is_gone_ends_what_it_made(
    tmp_path: Path, market: FakeMarket
) -> None:
    rentals = watching(tmp_path, market)
    left_behind(rentals, "creating")
    appears(market)
    ended = await rentals.destroy("dead")
    assert (ended.state, ended.instance_id) == ("ended", "i9")
    assert not market.rented


async def test_a_create_whose_process_is_gone_did_not_happen_after_two_complete_listings_without_it(
    tmp_path: Path, market: FakeMarket
) -> None:
    rentals = watching(tmp_path, market)
    left_behind(rentals, "creating")
    assert (await rentals.destroy("dead")).state == "refused"
    assert rentals.clock().now() > NOW, "the second listing came later"


async def test_an_intent_whose_process_is_gone_was_never_sent(
    tmp_path: Path, market: FakeMarket
) -> None:
    market.list_error = MarketError("nobody needs to be asked")
    rentals = watching(tmp_path, market)
    left_behind(rentals, "intended")
    lease = await rentals.destroy("dead")
    assert lease.state == "refused"
    assert "never sent" in lease.note


@pytest.mark.parametrize("state", ["intended", "creating"])
async def test_while_the_process_lives_destroying_names_it(
    tmp_path: Path, market: FakeMarket, state: str
) -> None:
    rentals = watching(tmp_path, market, RUNS)
    left_behind(rentals, state)
    with pytest.raises(MarketError, match="process 8 on den is at work") as caught:
        await rentals.destroy("dead")
    assert caught.value.remedy
    assert rentals.get("dead").state == state


async def test_a_lease_of_an_older_hunter_is_settled_after_two_minutes(
    tmp_path: Path, market: FakeMarket
) -> None:
    rentals = watching(tmp_path, market)
    lease = left_behind(rentals, "creating", None)
    assert not rentals.adrift(lease)
    await rentals.clock().sleep(121)
    assert rentals.adrift(lease)


async def test_incomplete_listings_settle_nothing_and_end(
    tmp_path: Path, market: FakeMarket
) -> None:
    rentals = watching(tmp_path, market)
    left_behind(rentals, "creating")
    market.listing_complete = False
    with pytest.raises(MarketError, match="only in part"):
        await rentals.destroy("dead")
    assert rentals.get("dead").state == "creating"


async def test_what_ran_before_it_was_found_is_metered_from_its_create(
    tmp_path: Path, market: FakeMarket
) -> None:
    rentals = watching(tmp_path, market)
    lease = left_behind(rentals, "creating")
    appears(market)
    await rentals.clock().sleep(1800)
    assert (await rentals.settle(lease)).created_at == NOW


async def test_our_own_create_is_nobody_elses_while_it_is_under_way_and_adrift_when_it_broke(
    tmp_path: Path, market: FakeMarket
) -> None:
    rentals = rentals_on(tmp_path, market)
    adrift: list[bool] = []
    create = market.create

    async def spy(order: Order) -> Created:
        adrift.append(rentals.adrift(rentals.all()[0]))
        return await create(order)

    market.create = spy  # type: ignore[method-assign]
    lease = await launched(rentals)
    assert adrift == [False]
    assert owners.read(lease.owner) == this_process()
    assert rentals.adrift(replace(lease, state="creating"))


@pytest.mark.parametrize("error", [KeyError("new_contract"), ValueError("no JSON")])
async def test_a_create_that_fails_in_an_unheard_of_way_is_unclear_and_looked_up(
    tmp_path: Path, market: FakeMarket, error: Exception
) -> None:
    market.create_error = error
    lease = await launched(rentals_on(tmp_path, market))
    assert (lease.state, lease.instance_id, market.creates) == ("waiting", "i1", 1)


async def test_looking_at_everything_settles_what_was_left_behind(
    tmp_path: Path, market: FakeMarket
) -> None:
    hunt = hunt_on(tmp_path, market)
    hunt.clock = SteppedClock(market_s=NOW)
    hunt.rentals.me, hunt.rentals._find_process = HERE, lambda pid: None
    left_behind(hunt.rentals, "creating")
    appears(market)
    now = await hunt.situation()
    assert [(r.lease.state, r.lease.instance_id) for r in now.ours if r.lease] == [
        ("waiting", "i9")
    ]
    assert not now.unexplained


async def test_a_market_that_fails_leaves_it_shown_as_it_was(
    tmp_path: Path, market: FakeMarket
) -> None:
    hunt = hunt_on(tmp_path, market)
    hunt.clock = SteppedClock(market_s=NOW)
    hunt.rentals.me, hunt.rentals._find_process = HERE, lambda pid: None
    left_behind(hunt.rentals, "creating")
    market.list_error = KeyError("instances")
    now = await hunt.situation()
    assert [r.lease.state for r in now.ours if r.lease] == ["creating"]
    assert (len(now.unknown), len(now.problems)) == (1, 1)


@pytest.mark.parametrize(("state", "becomes"), [("creating", "waiting"), ("intended", "refused")])
async def test_the_app_settles_and_keeps_what_was_left_behind(
    tmp_path: Path, market: FakeMarket, state: str, becomes: str
) -> None:
    hunt = hunt_on(tmp_path, market)
    hunt.clock = HeldClock(market_s=NOW)
    hunt.rentals.me, hunt.rentals._find_process = HERE, lambda pid: None
    left_behind(hunt.rentals, state)
    appears(market)
    background = Background(hunt)
    try:
        background.keep_live()
        for _ in range(500):
            if hunt.rentals.get("dead").state == becomes:
                break
            await asyncio.sleep(0.01)
        assert hunt.rentals.get("dead").state == becomes
    finally:
        await asyncio.to_thread(background.close)


KILLED = """
import asyncio, pathlib, sys, types
sys.modules["tests"] = types.ModuleType("tests")  # this folder, not one that a library has installed
sys.modules["tests"].__path__ = ["tests"]
from tests.fakes import FakeMarket
from tests.leases.test_launch import DEAL, launched, rentals_on

async def never(order):
    print("sent", flush=True)
    await asyncio.Event().wait()

market = FakeMarket(stock=[DEAL])
market.create = never
asyncio.run(launched(rentals_on(pathlib.Path(sys.argv[1]), market)))
"""


@pytest.fixture
def creating(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another Hunter on the same home, with a create under way that is never answered."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, cwd=root
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"sent\n"
        yield child
        child.kill()


async def test_a_hunter_that_is_killed_while_it_creates_leaves_nothing_for_ever(
    tmp_path: Path, market: FakeMarket, creating: subprocess.Popen[bytes]
) -> None:
    rentals = rentals_on(tmp_path, market)
    (lease,) = rentals.all()
    with pytest.raises(MarketError, match=f"process {creating.pid} on .* is at work"):
        await rentals.destroy(lease.lease_id)
    creating.kill()
    creating.wait()
    market.rented["i9"] = Instance(
        market="vast", instance_id="i9", label=lease.label, state="running", tenancy="on-demand",
        gpu="RTX 4090", gpu_count=1, price_usd_h=0.36,
    )  # fmt: skip
    market.steps["i9"] = 3
    assert (await rentals.destroy(lease.lease_id)).state == "ended"
    assert not market.rented


def test_a_database_of_an_older_hunter_keeps_its_leases(tmp_path: Path) -> None:
    from sqlite_utils import Database, Migrations

    old = Migrations(schema.MIGRATION_SET)
    old(name="m001_first_hunt")(schema._first_hunt)
    old(name="m002_cold_start")(schema._cold_start)
    database = Database(tmp_path / "hunter.db")
    old.apply(database)
    database["lease"].insert(
        {"lease_id": "dead", "market": "vast", "offer": "vast:7", "workload": "job", "note": "",
         "state": "creating", "gpu": "RTX 4090", "gpu_count": 1, "tenancy": "on-demand",
         "disk_gb": 100.0, "intended_at": NOW, "ttl_at": NOW + 7200, "max_usd_h": 1.0,
         "max_usd": 2.0, "quoted_usd_h": 0.36, "metered_usd": 0.0}
    )  # fmt: skip
    database.conn.close()
    Store(tmp_path / "hunter.db").close()
    rentals = rentals_on(tmp_path, FakeMarket())
    (lease,) = rentals.all()
    assert (lease.lease_id, lease.owner, rentals.odd()) == ("dead", None, [])
