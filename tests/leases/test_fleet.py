"""One lease or market that is unclear hides no other: it is told as unknown."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from hunter.facts.in_use import InUse
from hunter.leases import fleet
from hunter.leases import owner as owners
from hunter.leases.fleet import Fleet
from hunter.leases.lease import Lease
from hunter.leases.lookout import Lookout
from hunter.leases.status import EXPECTED
from hunter.markets.open import OpenMarkets
from hunter.markets.protocol import Instances
from hunter.values.errors import MarketError, StoreError
from tests.builders import NOW
from tests.fakes import FakeMarket, SteppedClock
from tests.homes import CAPS, DEAL, GONE, appears, hunter_on, left_behind, rented
from tui.screens.running import read_record

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.api.hunter import Hunter


async def renting(folder: Path, *markets: FakeMarket, count: int = 2) -> tuple[Hunter, list[Lease]]:
    """A Hunter with so many leases on its first market."""
    hunter = hunter_on(folder, *markets, clock=SteppedClock(market_s=NOW))
    return hunter, [await rented(hunter) for _ in range(count)]


def damage(hunter: Hunter, lease: Lease, change: str) -> None:
    with hunter.store.writing() as db:
        db.execute(f"update lease set {change} where lease_id = ?", [lease.lease_id])


def unseen(lease: Lease, **changes: object) -> Lease:
    """The same lease before anything was heard of its create, by a process that lives."""
    plain = replace(
        lease, lease_id="new", label="hunter-new", state="creating", instance_id=None, created_at=None, phase=None,
        owner=owners.write(replace(owners.this_process(), pid=1, started=None)),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def shown(now: Fleet) -> dict[str, str]:
    """What a situation calls each of ours: its state, or unknown."""
    return {
        (run.odd or run.lease).lease_id: run.lease.state if run.lease else "unknown"  # type: ignore[union-attr]
        for run in now.ours
    }


@pytest.mark.parametrize("state", ["creating", "unclear", "intended"])
async def test_a_lease_that_nobody_has_seen_yet_hides_no_other(tmp_path: Path, state: str) -> None:
    market = FakeMarket(stock=[DEAL])
    hunter, (lease,) = await renting(tmp_path, market, count=1)
    hunter.leases.ledger.add(unseen(lease, state=state))
    now = await hunter.running()
    assert shown(now) == {"new": state, lease.lease_id: "waiting"}
    spent = {run.lease.lease_id: run.spent_usd for run in now.ours if run.lease}
    assert spent["new"] == (0.0 if state == "intended" else None)
    assert spent[lease.lease_id] is not None
    assert {kept.lease.lease_id for kept in read_record(hunter.leases).live} == {
        "new",
        lease.lease_id,
    }
    assert [event.event for event in hunter.leases.status("new").log] == ["intended"]


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
    hunter, (bad, good) = await renting(tmp_path, FakeMarket(stock=[DEAL]))
    damage(hunter, bad, change)
    now = await hunter.running()
    assert shown(now) == {bad.lease_id: "unknown", good.lease_id: "waiting"}
    assert not now.unexplained, "its instance is ours"
    assert [name for name, _ in now.problems] == [bad.lease_id]
    record = read_record(hunter.leases)
    assert [kept.lease.lease_id for kept in record.live] == [good.lease_id]
    assert [odd.lease_id for odd in record.odd] == [bad.lease_id]
    assert hunter.leases.burning().unseen == 1
    with pytest.raises(StoreError, match=f"lease {bad.lease_id} cannot be read"):
        await hunter.leases.destroy(bad.lease_id)
    assert (await hunter.leases.destroy(good.lease_id)).state == "ended"


async def test_text_that_is_none_hides_no_other_lease(tmp_path: Path) -> None:
    hunter, (bad, good) = await renting(tmp_path, FakeMarket(stock=[DEAL]))
    damage(hunter, bad, "note = cast(x'ff41' as text)")
    assert set(shown(await hunter.running())) == {bad.lease_id, good.lease_id}


async def test_a_lease_on_a_market_that_nobody_knows_is_unknown_and_hides_no_other(
    tmp_path: Path,
) -> None:
    hunter, (bad, good) = await renting(tmp_path, FakeMarket(stock=[DEAL]))
    damage(hunter, bad, "market = 'nowhere'")
    now = await hunter.running()
    assert shown(now) == {good.lease_id: "waiting", bad.lease_id: "waiting"}
    assert [name for name, _ in now.unknown] == ["nowhere"]
    lost = next(run for run in now.ours if run.lease and run.lease.market == "nowhere")
    assert (lost.spent_usd, lost.burn_usd_h) == (None, None)
    assert "nowhere" in lost.problem
    record = {kept.lease.lease_id: kept.spent_usd for kept in read_record(hunter.leases).live}
    assert record[bad.lease_id] is None
    told = hunter.leases.status(bad.lease_id)
    assert (told.metered_usd, told.spent_usd, told.burn_usd_h) == (None, None, None)


@pytest.mark.parametrize("change", ["at = 'noon'", "at = null", "phase = x'ff'"])
async def test_an_event_that_cannot_be_read_leaves_its_lease_unknown_and_the_others_whole(
    tmp_path: Path, change: str
) -> None:
    hunter, (bad, good) = await renting(tmp_path, FakeMarket(stock=[DEAL]))
    with hunter.store.writing() as db:
        db.execute(f"update lease_event set {change} where lease_id = ?", [bad.lease_id])
    now = {run.lease.lease_id: run for run in (await hunter.running()).ours if run.lease}
    assert now[good.lease_id].spent_usd is not None
    assert not now[good.lease_id].problem
    if "at" in change:
        assert now[bad.lease_id].spent_usd is None
        assert "cannot be read" in now[bad.lease_id].problem
    assert hunter.leases.status(bad.lease_id).lease.lease_id == bad.lease_id


async def test_a_prediction_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    hunter, (lease,) = await renting(tmp_path, FakeMarket(stock=[DEAL]), count=1)
    with hunter.store.writing() as db:
        db.execute("delete from prediction")  # as an older Hunter left it
        values = (lease.lease_id, NOW, EXPECTED, "[nonsense")
        db.execute(
            "insert into lease_event (lease_id, at, event, detail) values (?, ?, ?, ?)", values
        )
    assert hunter.leases.status(lease.lease_id).expected_ready_s is None


@pytest.mark.parametrize("error", [KeyError("pods"), TypeError("null"), MarketError("down")])
async def test_a_market_whose_answer_cannot_be_used_is_unknown_and_hides_no_lease(
    tmp_path: Path, error: Exception
) -> None:
    market, other = FakeMarket(stock=[DEAL]), FakeMarket(name="runpod")
    hunter, (lease,) = await renting(tmp_path, market, other, count=1)
    other.list_error = error
    now = await hunter.running()
    assert shown(now) == {lease.lease_id: "waiting"}
    assert [name for name, _ in now.unknown] == ["runpod"]


async def test_a_lease_on_a_market_that_is_no_longer_in_use_is_still_shown(tmp_path: Path) -> None:
    vast, runpod = FakeMarket(stock=[DEAL]), FakeMarket(name="runpod")
    hunter, (lease,) = await renting(tmp_path, vast, runpod, count=1)
    in_use = InUse(facts=hunter.facts, given=("runpod",))  # as config.toml may say from now on
    given = {"vast": vast, "runpod": runpod}
    markets = OpenMarkets(hunter.facts, hunter.clock, in_use, given=given)  # type: ignore[arg-type]
    lookout = Lookout(hunter.leases.ledger, hunter.leases.meter, markets)
    now = await fleet.running(lookout, CAPS)
    assert shown(now) == {lease.lease_id: "waiting"}


async def test_a_lease_whose_look_fails_hides_no_other(tmp_path: Path) -> None:
    market = FakeMarket(stock=[DEAL])
    hunter, (lost, listed) = await renting(tmp_path, market)
    assert lost.instance_id is not None
    del market.rented[lost.instance_id]
    market.look_errors = [KeyError("actual_status")]
    now = await hunter.running()
    assert shown(now) == {lost.lease_id: "waiting", listed.lease_id: "waiting"}
    assert [name for name, _ in now.problems] == [lost.lease_id]


async def test_looking_at_everything_settles_what_was_left_behind(
    tmp_path: Path,
) -> None:
    market = FakeMarket(stock=[DEAL])
    hunter = hunter_on(tmp_path, market, clock=SteppedClock(market_s=NOW))
    left_behind(hunter.leases.ledger, "creating", GONE)
    appears(market)
    now = await hunter.running()
    assert [(r.lease.state, r.lease.instance_id) for r in now.ours if r.lease] == [
        ("waiting", "i9")
    ]
    assert not now.unexplained


async def test_a_market_that_fails_leaves_it_shown_as_it_was(
    tmp_path: Path,
) -> None:
    market = FakeMarket(stock=[DEAL])
    hunter = hunter_on(tmp_path, market, clock=SteppedClock(market_s=NOW))
    left_behind(hunter.leases.ledger, "creating", GONE)
    market.list_error = KeyError("instances")
    now = await hunter.running()
    assert [r.lease.state for r in now.ours if r.lease] == ["creating"]
    assert (len(now.unknown), len(now.problems)) == (1, 1)


async def test_an_instance_that_cannot_be_read_is_told_as_unclear_and_its_lease_stays(
    tmp_path: Path,
) -> None:
    market = FakeMarket(stock=[DEAL])
    hunter, leases = await renting(tmp_path, market)
    odd, fine = leases
    market.rented[str(odd.instance_id)] = dataclasses.replace(
        market.rented[str(odd.instance_id)], state="unclear", detail="its row cannot be read: price"
    )
    now = await hunter.running()
    problems = dict(now.problems)
    assert problems == {odd.lease_id: "its row cannot be read: price"}
    assert set(shown(now)) == {odd.lease_id, fine.lease_id}
    assert hunter.leases.ledger.get(odd.lease_id).state == odd.state


NUMBERS: Any = (1,)
ANSWERS: list[Any] = [None, [], "pods", Instances(market="b", instances=NUMBERS, complete=True)]


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
async def test_an_answer_that_is_no_list_hides_no_other_market(tmp_path: Path, answer: Any) -> None:
    class Odd(FakeMarket):
        async def instances(self) -> Instances:
            return answer  # type: ignore[no-any-return]

    hunter, [lease] = await renting(tmp_path, FakeMarket(stock=[DEAL]), Odd(name="runpod"), count=1)
    now = await hunter.running()
    assert set(shown(now)) == {lease.lease_id}
    assert [name for name, _ in now.unknown] == ["runpod"]


async def test_a_market_without_a_key_is_not_asked_and_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hunter = hunter_on(tmp_path, FakeMarket(), FakeMarket(name="runpod"))
    monkeypatch.setattr(OpenMarkets, "has_key", lambda self, name: name == "vast")
    now, done = await hunter.running(), await hunter.reap()
    assert [name for name, _ in now.not_asked] == ["runpod"]
    assert now.known
    assert done.not_asked == now.not_asked
    monkeypatch.setattr(OpenMarkets, "has_key", lambda self, name: False)
    nobody = await hunter.running()
    assert [name for name, _ in nobody.not_asked] == ["vast", "runpod"]
    assert not nobody.known


async def test_a_market_with_a_lease_of_ours_is_asked_key_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hunter, _ = await renting(tmp_path, FakeMarket(stock=[DEAL]))
    monkeypatch.setattr(OpenMarkets, "has_key", lambda self, name: False)
    assert (await hunter.running()).not_asked == ()
    assert (await hunter.reap(proof=False)).not_asked == ()
