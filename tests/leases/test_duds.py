"""A start that will not succeed is told early, ended, and its machine left alone for as long as such things last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from hunter.facts.shipped import shipped
from hunter.leases.duds import Dud, dud_of
from hunter.leases.lease import Lease, Stay
from hunter.store import shunned
from hunter.store.leases import Predicted
from hunter.values.errors import MarketError
from tests.builders import NOW, workload
from tests.fakes import FakeMarket
from tests.homes import CAPS, DEAL, leases_on, unwritable

if TYPE_CHECKING:
    from pathlib import Path

FACTS = shipped().duds
TIMES = FACTS.times_high.expected
WAITING = Lease(
    lease_id="1", label="hunter-1", market="vast", instance_id="7", offer="vast:1", workload="job",
    state="waiting", phase="pulling", gpu="A", gpu_count=1, tenancy="on-demand", disk_gb=1.0,
    intended_at=NOW, created_at=NOW, last_seen_at=NOW, ttl_at=NOW + 72000, machine_id="m1",
    max_usd_h=1.0, max_usd=20.0, quoted_usd_h=0.36, contract_usd_h=0.36, storage_usd_h=0.04,
)  # fmt: skip
PREDICTED = tuple(
    Predicted(quantity=phase, low=1.0, expected=2.0, high=high, unit="s")
    for phase, high in (("allocate", 30.0), ("download", 1000.0), ("start", 60.0))
)
PULL_S = 1090.0
"""All that a market may call pulling, at most."""


def after(seconds: float, state: str = "pulling", **facts: Any) -> Dud | None:
    """What is to be said of a start that has been in one state for so long."""
    lease = replace(WAITING, phase=state, **facts)
    stays = [Stay(state=state, begin_s=NOW, end_s=NOW + seconds)]
    return dud_of(lease, stays, PREDICTED, NOW + seconds, FACTS)


@pytest.mark.parametrize(
    ("state", "limit_s"), [("allocating", 300), ("pulling", TIMES * PULL_S), ("starting", 600)]
)
def test_a_phase_is_given_up_after_times_the_longest_predicted_and_never_too_early(
    state: str, limit_s: float
) -> None:
    assert after(limit_s, state) is None
    found = after(limit_s + 1, state)
    assert found is not None
    assert found.kind == "slow"
    assert "predicted to take" in found.why


def test_a_pull_that_told_of_progress_and_tells_of_none_is_given_up() -> None:
    assert after(2000, progress_at=NOW + 910) is None
    found = after(2001 + PULL_S - 1000, progress_at=NOW + 1000)
    assert found is not None
    assert found.kind == "stalled"


@pytest.mark.parametrize("at", [None, NOW, NOW - 5])
def test_a_market_that_never_tells_of_progress_is_not_taken_at_its_silence(
    at: float | None,
) -> None:
    assert after(2500, progress_at=at) is None


def test_where_nothing_was_predicted_no_time_is_too_long() -> None:
    stays = [Stay(state="pulling", begin_s=NOW, end_s=NOW + 1e6)]
    assert dud_of(WAITING, stays, (), NOW + 1e6, FACTS) is None
    unknown = [Predicted(quantity="download", low=None, expected=None, high=None, unit="s")]
    assert dud_of(WAITING, stays, unknown, NOW + 1e6, FACTS) is None
    assert dud_of(WAITING, [], PREDICTED, NOW + 1e6, FACTS) is None


def test_a_host_that_went_away_is_waited_for_and_not_for_ever() -> None:
    assert after(600, "offline") is None
    found = after(601, "offline")
    assert found is not None
    assert found.kind == "offline"


@pytest.mark.parametrize("fault", ["image", "registry", "host", "exited", None])
def test_a_failure_is_of_the_class_that_the_market_tells(fault: str | None) -> None:
    assert after(1, "failed", fault=fault) == Dud(
        kind=fault or "host", why="the host did not bring it up"
    )


@pytest.mark.parametrize("facts", [{"ready_at": NOW}, {"state": "ending"}, {"state": "stopped"}])
def test_what_is_no_start_is_no_dud(facts: dict[str, Any]) -> None:
    stays = [Stay(state="pulling", begin_s=NOW, end_s=NOW + 1e6)]
    assert dud_of(replace(WAITING, **facts), stays, PREDICTED, NOW + 1e6, FACTS) is None


# ── what follows ─────────────────────────────────────────────────────────────────────────────


async def kept(
    folder: Path, *life: str, machine: str | None = "m1", reap: bool = False
) -> tuple[Any, Lease]:
    """A lease on a host that goes this way, watched until its end, or looked at by a timer."""
    deal = replace(DEAL, machine_id=machine)
    leases = leases_on(folder, FakeMarket(stock=[deal], life=life))
    lease = await leases.launcher.launch(
        deal,
        workload(),
        replace(CAPS, ttl_s=72000.0, max_usd=20.0),
        storage_usd_h=0.02,
        predicted=PREDICTED,
    )
    while reap and leases.fresh(lease).state == "waiting":
        await leases.clock.sleep(300)
        await leases.reap()
    return leases, await leases.keep(lease.lease_id, until=("ready", "ended"))


@pytest.mark.parametrize("reap", [False, True], ids=["watched", "by a timer"])
async def test_a_pull_that_never_ends_is_ended_and_its_machine_left_alone_for_a_day(
    reap: bool, tmp_path: Path
) -> None:
    leases, lease = await kept(tmp_path, "allocating", "pulling", reap=reap)
    assert lease.state == "ended"
    assert "given up" in lease.note
    [one] = shunned.read(leases.ledger.store, leases.clock.now("vast"))
    assert (one.market, one.machine_id, one.kind) == ("vast", "m1", "slow")
    assert one.until - one.at == 24 * 3600
    assert shunned.read(leases.ledger.store, one.until) == []


async def test_a_failed_start_is_ended_and_its_machine_left_alone_for_a_week(
    tmp_path: Path,
) -> None:
    leases, lease = await kept(tmp_path, "allocating", "failed")
    assert lease.state == "ended"
    [one] = shunned.read(leases.ledger.store, NOW)
    assert (one.kind, one.until - one.at) == ("host", 168 * 3600)


async def test_a_market_without_machines_leaves_none_alone(tmp_path: Path) -> None:
    leases, lease = await kept(tmp_path, "allocating", "failed", machine=None)
    assert lease.state == "ended"
    assert shunned.read(leases.ledger.store, NOW) == []


async def test_a_start_that_succeeds_leaves_its_machine_in_peace(tmp_path: Path) -> None:
    leases, lease = await kept(tmp_path, "allocating", "pulling", "running")
    assert lease.state == "ready"
    assert shunned.read(leases.ledger.store, NOW) == []


async def test_a_machine_that_cannot_be_written_down_keeps_nothing_alive(tmp_path: Path) -> None:
    deal = replace(DEAL, machine_id="m1")
    sold = FakeMarket(stock=[deal], life=("allocating", "failed"))
    leases = leases_on(tmp_path, sold)
    lease = await leases.launcher.launch(
        deal, workload(), CAPS, storage_usd_h=0.02, predicted=PREDICTED
    )
    unwritable(leases.ledger.store)
    with pytest.raises(Exception, match="written"):
        await leases.supervisor.act(await leases.look(lease))
    assert sold.rented == {}


async def test_one_that_fails_before_its_contract_is_read_is_remembered_too(tmp_path: Path) -> None:
    deal = replace(DEAL, machine_id="m1")
    leases = leases_on(tmp_path, FakeMarket(stock=[deal], life=("failed",)))
    with pytest.raises(MarketError, match="ended at once"):
        await leases.launcher.launch(
            deal, workload(), CAPS, storage_usd_h=0.02, predicted=PREDICTED
        )
    assert [one.kind for one in shunned.read(leases.ledger.store, NOW)] == ["host"]
