"""A Hunter that was killed while a create was under way: the create is settled once its process is gone."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from hunter.leases import owner as owners
from hunter.leases.owner import Owner, Process, this_process
from hunter.markets.protocol import Created, Instance, Order
from hunter.store import Store, schema
from hunter.values.errors import MarketError
from tests.builders import NOW
from tests.fakes import FakeMarket
from tests.homes import DEAL, appears, launched, leases_on, left_behind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunter.leases.lease import Lease
    from hunter.leases.leases import Leases

HERE = Owner(host="den", boot="b1", space="s1", pid=7, started="100")
OTHER = replace(HERE, pid=8, started="200")
RUNS = Process(started="200")


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(stock=[DEAL])


def watching(folder: Path, market: FakeMarket, found: Process | None = None) -> Leases:
    """Leases in a process that finds this one under the other's number."""
    return leases_on(folder, market, me=HERE, find_process=lambda pid: found)


async def test_destroying_a_create_whose_process_is_gone_ends_what_it_made(
    tmp_path: Path, market: FakeMarket
) -> None:
    leases = watching(tmp_path, market)
    left_behind(leases.ledger, "creating", OTHER)
    appears(market)
    ended = await leases.destroy("dead")
    assert (ended.state, ended.instance_id) == ("ended", "i9")
    assert not market.rented


async def test_a_create_whose_process_is_gone_did_not_happen_after_two_complete_listings_without_it(
    tmp_path: Path, market: FakeMarket
) -> None:
    leases = watching(tmp_path, market)
    left_behind(leases.ledger, "creating", OTHER)
    assert (await leases.destroy("dead")).state == "refused"
    assert leases.ledger.clock.now() > NOW, "the second listing came later"


async def test_an_intent_whose_process_is_gone_was_never_sent(
    tmp_path: Path, market: FakeMarket
) -> None:
    market.list_error = MarketError("nobody needs to be asked")
    leases = watching(tmp_path, market)
    left_behind(leases.ledger, "intended", OTHER)
    lease = await leases.destroy("dead")
    assert lease.state == "refused"
    assert "never sent" in lease.note


@pytest.mark.parametrize("state", ["intended", "creating"])
async def test_while_the_process_lives_destroying_names_it(
    tmp_path: Path, market: FakeMarket, state: str
) -> None:
    leases = watching(tmp_path, market, RUNS)
    left_behind(leases.ledger, state, OTHER)
    with pytest.raises(MarketError, match="process 8 on den is at work") as caught:
        await leases.destroy("dead")
    assert caught.value.remedy
    assert leases.get("dead").state == state


async def test_a_lease_of_an_older_hunter_is_settled_after_two_minutes(
    tmp_path: Path, market: FakeMarket
) -> None:
    leases = watching(tmp_path, market)
    lease = left_behind(leases.ledger, "creating", None)
    assert not leases.lookout.adrift(lease)
    await leases.ledger.clock.sleep(121)
    assert leases.lookout.adrift(lease)


async def test_incomplete_listings_settle_nothing_and_end(
    tmp_path: Path, market: FakeMarket
) -> None:
    leases = watching(tmp_path, market)
    left_behind(leases.ledger, "creating", OTHER)
    market.listing_complete = False
    with pytest.raises(MarketError, match="only in part"):
        await leases.destroy("dead")
    assert leases.get("dead").state == "creating"


async def test_what_ran_before_it_was_found_is_metered_from_its_create(
    tmp_path: Path, market: FakeMarket
) -> None:
    leases = watching(tmp_path, market)
    lease = left_behind(leases.ledger, "creating", OTHER)
    appears(market)
    await leases.ledger.clock.sleep(1800)
    assert (await leases.lookout.settle(lease)).created_at == NOW


async def test_our_own_create_is_nobody_elses_while_it_is_under_way_and_adrift_when_it_broke(
    tmp_path: Path, market: FakeMarket
) -> None:
    leases = leases_on(tmp_path, market)
    adrift: list[bool] = []
    create = market.create

    async def spy(order: Order) -> Created:
        adrift.append(leases.lookout.adrift(leases.all()[0]))
        return await create(order)

    market.create = spy  # type: ignore[method-assign]
    lease = await launched(leases)
    assert adrift == [False]
    assert owners.read(lease.owner) == this_process()
    assert leases.lookout.adrift(replace(lease, state="creating"))


@pytest.mark.parametrize("error", [KeyError("new_contract"), ValueError("no JSON")])
async def test_a_create_that_fails_in_an_unheard_of_way_is_unclear_and_looked_up(
    tmp_path: Path, market: FakeMarket, error: Exception
) -> None:
    market.create_error = error
    lease = await launched(leases_on(tmp_path, market))
    assert (lease.state, lease.instance_id, market.creates) == ("waiting", "i1", 1)


KILLED = """
import asyncio, pathlib, sys, types
sys.modules["tests"] = types.ModuleType("tests")  # this folder, not one that a library has installed
sys.modules["tests"].__path__ = ["tests"]
from tests.fakes import FakeMarket
from tests.homes import DEAL, launched, leases_on

async def never(order):
    print("sent", flush=True)
    await asyncio.Event().wait()

market = FakeMarket(stock=[DEAL])
market.create = never
asyncio.run(launched(leases_on(pathlib.Path(sys.argv[1]), market)))
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
    leases = leases_on(tmp_path, market)
    (lease,) = leases.all()
    with pytest.raises(MarketError, match=f"process {creating.pid} on .* is at work"):
        await leases.destroy(lease.lease_id)
    creating.kill()
    creating.wait()
    market.rented["i9"] = Instance(
        market="vast", instance_id="i9", label=lease.label, state="running", tenancy="on-demand",
        gpu="RTX 4090", gpu_count=1, price_usd_h=0.36,
    )  # fmt: skip
    market.steps["i9"] = 3
    assert (await leases.destroy(lease.lease_id)).state == "ended"
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
    leases = leases_on(tmp_path, FakeMarket())
    (lease,) = leases.all()
    assert (lease.lease_id, lease.owner, leases.odd()) == ("dead", None, [])


# ── what an instance says of its start ───────────────────────────────────────────────────────


async def looked(leases: Leases, market: FakeMarket, **says: Any) -> Lease:
    """A look at the one lease after its market says this of it."""

    async def instance(instance_id: str) -> Instance:
        return dataclasses.replace(market.rented[instance_id], **says)

    market.instance = instance  # type: ignore[method-assign]
    return await leases.look(leases.all()[0])


async def test_a_container_that_ends_before_one_could_log_in_has_failed_and_one_that_ran_has_not(
    tmp_path: Path, market: FakeMarket
) -> None:
    leases = leases_on(tmp_path, market)
    await launched(leases)
    lease = await looked(leases, market, state="starting", exited=True)
    assert (lease.phase, lease.fault) == ("failed", "exited")
    leases.ledger.move(lease, ready_at=NOW, state="ready", phase="running", fault=None)
    lease = await looked(leases, market, state="starting", exited=True)
    assert (lease.phase, lease.fault, lease.state) == ("starting", None, "ready")


async def test_the_last_word_on_a_start_is_kept_with_its_time_and_no_event(
    tmp_path: Path, market: FakeMarket
) -> None:
    leases = leases_on(tmp_path, market)
    first = await launched(leases)
    for said in ("4c7d: Pull complete", "4c7d: Pull complete", "9a1b: Pull complete " + "x" * 999):
        await leases.clock.sleep(60)
        lease = await looked(leases, market, state="pulling", detail=said)
    assert lease.progress == ("9a1b: Pull complete " + "x" * 999)[:200]
    assert lease.progress_at == leases.clock.now("vast")
    seen = [event.phase for event in leases.ledger.history(first) if event.event == "seen"]
    assert seen.count("pulling") == 1


async def test_a_failed_start_keeps_the_class_of_its_failure(
    tmp_path: Path, market: FakeMarket
) -> None:
    leases = leases_on(tmp_path, market)
    await launched(leases)
    lease = await looked(leases, market, state="failed", fault="registry", detail="toomanyrequests")
    assert (lease.phase, lease.fault, lease.progress) == ("failed", "registry", "toomanyrequests")
