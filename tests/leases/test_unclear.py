"""One lease or market that is unclear hides no other: it is told as unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hunter.api.situation import Situation

from hunter.leases import owner as owners
from hunter.leases.lease import Lease
from hunter.leases.status import EXPECTED, burning, lease_status
from hunter.values.errors import MarketError, StoreError
from tests.api.test_hunter import CAPS, DEAL, hunt_on
from tests.builders import NOW, workload
from tests.cli.conftest import home, hunter
from tests.fakes import FakeMarket, SteppedClock
from tests.leases.test_launch import rentals_on
from tui.screens.running import read_record

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.api.hunter import Hunter

__all__ = ["home", "hunter"]


async def renting(folder: Path, *markets: FakeMarket, count: int = 2) -> tuple[Hunter, list[Lease]]:
    """A hunt with so many leases on its first market."""
    hunt = hunt_on(folder, *markets)
    hunt.clock = SteppedClock(market_s=hunt.clock.now())
    await hunt.scrape()
    leases = []
    for _ in range(count):
        quote = await hunt.quote("vast:7", workload())
        leases.append(await hunt.launch(quote, workload(), CAPS))
    return hunt, leases


def damage(hunt: Hunter, lease: Lease, change: str) -> None:
    with hunt.store.writing() as db:
        db.execute(f"update lease set {change} where lease_id = ?", [lease.lease_id])


def unseen(lease: Lease, **changes: object) -> Lease:
    """The same lease before anything was heard of its create, by a process that lives."""
    plain = replace(
        lease, lease_id="new", state="creating", instance_id=None, created_at=None, phase=None,
        owner=owners.write(replace(owners.this_process(), pid=1, started=None)),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def shown(now: Situation) -> dict[str, str]:
    """What a situation calls each of ours: its state, or unknown."""
    return {
        (run.odd or run.lease).lease_id: run.lease.state if run.lease else "unknown"  # type: ignore[union-attr]
        for run in now.ours
    }


@pytest.mark.parametrize("state", ["creating", "unclear", "intended"])
async def test_a_lease_that_nobody_has_seen_yet_hides_no_other(tmp_path: Path, state: str) -> None:
    market = FakeMarket(stock=[DEAL])
    hunt, (lease,) = await renting(tmp_path, market, count=1)
    hunt.rentals.add(unseen(lease, state=state))
    now = await hunt.situation()
    assert shown(now) == {"new": state, lease.lease_id: "waiting"}
    spent = {run.lease.lease_id: run.spent_usd for run in now.ours if run.lease}
    assert spent["new"] == (0.0 if state == "intended" else None)
    assert spent[lease.lease_id] is not None
    assert {kept.lease.lease_id for kept in read_record(hunt).live} == {"new", lease.lease_id}
    assert not lease_status(hunt.rentals, "new").log


@pytest.mark.parametrize(
    "change",
    [
        "ttl_at = 'soon'",
        "max_usd = null",
        "state = 'dreaming'",
        "gpu = x'00ff'",
        "quoted_usd_h = 'cheap'",
    ],
)
async def test_a_record_that_cannot_be_read_is_shown_as_unknown_beside_the_others(
    tmp_path: Path, change: str
) -> None:
    hunt, (bad, good) = await renting(tmp_path, FakeMarket(stock=[DEAL]))
    damage(hunt, bad, change)
    now = await hunt.situation()
    assert shown(now) == {bad.lease_id: "unknown", good.lease_id: "waiting"}
    assert not now.unexplained, "its instance is ours"
    assert [name for name, _ in now.problems] == [bad.lease_id]
    record = read_record(hunt)
    assert [kept.lease.lease_id for kept in record.live] == [good.lease_id]
    assert [odd.lease_id for odd in record.odd] == [bad.lease_id]
    assert burning(hunt.rentals).unseen == 1
    with pytest.raises(StoreError, match=f"lease {bad.lease_id} cannot be read"):
        await hunt.rentals.destroy(bad.lease_id)
    assert (await hunt.rentals.destroy(good.lease_id)).state == "ended"


async def test_text_that_is_none_hides_no_other_lease(tmp_path: Path) -> None:
    hunt, (bad, good) = await renting(tmp_path, FakeMarket(stock=[DEAL]))
    damage(hunt, bad, "note = cast(x'ff41' as text)")
    assert set(shown(await hunt.situation())) == {bad.lease_id, good.lease_id}


async def test_a_lease_on_a_market_that_nobody_knows_is_unknown_and_hides_no_other(
    tmp_path: Path,
) -> None:
    hunt, (bad, good) = await renting(tmp_path, FakeMarket(stock=[DEAL]))
    damage(hunt, bad, "market = 'nowhere'")
    now = await hunt.situation()
    assert shown(now) == {good.lease_id: "waiting", bad.lease_id: "waiting"}
    assert [name for name, _ in now.unknown] == ["nowhere"]
    lost = next(run for run in now.ours if run.lease and run.lease.market == "nowhere")
    assert (lost.spent_usd, lost.burn_usd_h) == (None, None)
    assert "nowhere" in lost.problem
    record = {kept.lease.lease_id: kept.spent_usd for kept in read_record(hunt).live}
    assert record[bad.lease_id] is None
    told = lease_status(hunt.rentals, bad.lease_id)
    assert (told.metered_usd, told.spent_usd, told.burn_usd_h) == (None, None, None)


@pytest.mark.parametrize("change", ["at = 'noon'", "at = null", "phase = x'ff'"])
async def test_an_event_that_cannot_be_read_leaves_its_lease_unknown_and_the_others_whole(
    tmp_path: Path, change: str
) -> None:
    hunt, (bad, good) = await renting(tmp_path, FakeMarket(stock=[DEAL]))
    with hunt.store.writing() as db:
        db.execute(f"update lease_event set {change} where lease_id = ?", [bad.lease_id])
    now = {run.lease.lease_id: run for run in (await hunt.situation()).ours if run.lease}
    assert now[good.lease_id].spent_usd is not None
    assert not now[good.lease_id].problem
    if "at" in change:
        assert now[bad.lease_id].spent_usd is None
        assert "cannot be read" in now[bad.lease_id].problem
    assert lease_status(hunt.rentals, bad.lease_id).lease.lease_id == bad.lease_id


async def test_a_prediction_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    hunt, (lease,) = await renting(tmp_path, FakeMarket(stock=[DEAL]), count=1)
    with hunt.store.writing() as db:
        db.execute("update lease_event set detail = '[nonsense' where event = ?", [EXPECTED])
    assert lease_status(hunt.rentals, lease.lease_id).expected_ready_s is None


@pytest.mark.parametrize("error", [KeyError("pods"), TypeError("null"), MarketError("down")])
async def test_a_market_whose_answer_cannot_be_used_is_unknown_and_hides_no_lease(
    tmp_path: Path, error: Exception
) -> None:
    market, other = FakeMarket(stock=[DEAL]), FakeMarket(name="runpod")
    hunt, (lease,) = await renting(tmp_path, market, other, count=1)
    other.list_error = error
    now = await hunt.situation()
    assert shown(now) == {lease.lease_id: "waiting"}
    assert [name for name, _ in now.unknown] == ["runpod"]


async def test_a_lease_on_a_market_that_is_no_longer_in_use_is_still_shown(tmp_path: Path) -> None:
    vast, runpod = FakeMarket(stock=[DEAL]), FakeMarket(name="runpod")
    hunt, (lease,) = await renting(tmp_path, vast, runpod, count=1)
    hunt.open_markets.given = ("runpod",)  # as config.toml may say from now on
    assert hunt.market_names() == ("runpod",)
    assert shown(await hunt.situation()) == {lease.lease_id: "waiting"}


async def test_a_lease_whose_look_fails_hides_no_other(tmp_path: Path) -> None:
    market = FakeMarket(stock=[DEAL])
    hunt, (lost, listed) = await renting(tmp_path, market)
    assert lost.instance_id is not None
    del market.rented[lost.instance_id]
    market.look_errors = [KeyError("actual_status")]
    now = await hunt.situation()
    assert shown(now) == {lost.lease_id: "waiting", listed.lease_id: "waiting"}
    assert [name for name, _ in now.problems] == [lost.lease_id]


def test_the_command_line_shows_unclear_leases_and_exits_with_one(
    home: Path, hunter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rentals = rentals_on(home, FakeMarket())
    plain = Lease(
        lease_id="sent", market="vast", offer="vast:7", workload="job", state="creating", gpu="RTX 4090",
        gpu_count=1, tenancy="on-demand", disk_gb=100.0, intended_at=NOW, ttl_at=NOW + 7200,
        max_usd_h=1.0, max_usd=2.0, quoted_usd_h=0.36, owner=owners.write(owners.this_process()),
    )  # fmt: skip
    for lease_id in ("sent", "odd"):
        rentals.add(replace(plain, lease_id=lease_id))
    monkeypatch.setitem(vars(owners), "UNDER_WAY", {"sent"})
    with rentals.store.writing() as db:
        db.execute("update lease set ttl_at = 'soon' where lease_id = 'odd'")
    rentals.store.close()
    answer = hunter("ps", "--json")
    assert answer.code == 1
    shown = {one["id"]: (one["state"], one["spent_usd"]) for one in answer.json["instances"]}
    assert shown == {"sent": ("creating", None), "odd": ("unknown", None)}
    assert "odd: its record cannot be read" in answer.err
    table = hunter("ps").out
    assert "sent" in table
    assert "unknown" in table
    refused = hunter("destroy", "sent")
    assert (refused.code, "this Hunter is at work on it" in refused.err) == (1, True)
