"""Caps over all leases together: what stands against them, and who gets in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.leases.budget import Budget, Use, admit, use, warnings, windows
from hunter.leases.lease import Caps, Lease
from hunter.leases.states import MOVES
from hunter.markets.protocol import Charge
from hunter.values.errors import CapRefused, StoreError
from tests.builders import NOW
from tests.fakes import FakeMarket
from tests.homes import DEAL, launched, leases_on, left_behind

if TYPE_CHECKING:
    from pathlib import Path

BEGUN = NOW - 3600, NOW - 86400
DAY = Budget(day_usd=5.0)


def lease(**facts: Any) -> Lease:
    plain: dict[str, Any] = {
        "lease_id": "1", "label": "hunter-1", "market": "vast", "offer": "vast:1", "workload": "job",
        "state": "ready", "gpu": "A", "gpu_count": 1, "tenancy": "on-demand", "disk_gb": 1.0,
        "intended_at": NOW - 600, "created_at": NOW - 600, "ttl_at": NOW + 3600, "max_usd_h": 1.0,
        "max_usd": 2.0, "quoted_usd_h": 0.5, "contract_usd_h": 0.5, "storage_usd_h": 0.1,
    }  # fmt: skip
    return Lease(**(plain | facts))


def taken(*leases: Lease, budget: Budget = DAY) -> Use:
    return use(budget, leases, NOW, BEGUN)


def test_what_runs_takes_its_whole_cap_and_says_how_much_of_it_is_spent() -> None:
    day = taken(lease(metered_usd=0.3)).day_usd
    assert (day.cap, day.spent, day.reserved) == (5.0, 0.3, pytest.approx(1.7))


@pytest.mark.parametrize("state", ["intended", "creating", "unclear", "waiting", "ending"])
def test_whatever_may_cost_money_counts_in_full(state: str) -> None:
    assert taken(lease(state=state, contract_usd_h=None)).day_usd.taken == 2.0


def test_what_is_gone_takes_its_cap_until_its_bill_is_read() -> None:
    gone = {"state": "ended", "ended_at": NOW - 60, "metered_usd": 0.2}
    assert taken(lease(**gone)).day_usd.taken == 2.0
    assert taken(lease(**gone, billed_usd=0.21)).day_usd.taken == pytest.approx(0.21)


def test_nothing_created_takes_nothing() -> None:
    assert taken(lease(state="refused")).day_usd.taken == 0


def test_a_bill_counts_for_today_by_the_share_of_its_time() -> None:
    # two hours, of which the last ran today
    old = lease(state="ended", created_at=NOW - 7200, ended_at=NOW, billed_usd=0.4)
    found = taken(old)
    assert found.day_usd.spent == pytest.approx(0.2)
    assert found.month_usd.spent == pytest.approx(0.4)
    over = lease(state="ended", created_at=NOW - 9000, ended_at=NOW - 7200, billed_usd=0.4)
    assert taken(over).day_usd.taken == 0


def test_what_runs_an_hour_is_its_contract_or_at_most_what_was_agreed() -> None:
    found = taken(lease(), lease(contract_usd_h=None), lease(contract_usd_h=None, max_usd_h=0.4))
    assert found.running_usd_h.spent == pytest.approx(0.6)
    assert found.running_usd_h.reserved == pytest.approx(0.5 * 1.02 + 0.1 + 0.4)
    assert found.count.taken == 3


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        (Budget(day_usd=3.9), r"The day's budget is \$3.90: \$0.00 is spent, \$2.00 reserved, and this may take \$2.00"),
        (Budget(month_usd=3.9), "The month's budget"),
        (Budget(running_usd_h=1.1), r"everything that runs is \$1.1000/h"),
        (Budget(count=1), "leases at once is 1: 1 is spent"),
    ],
)  # fmt: skip
def test_a_cap_without_room_refuses_and_is_named(budget: Budget, says: str) -> None:
    with pytest.raises(CapRefused, match=says) as refused:
        admit(budget, [lease()], lease(lease_id="2"), BEGUN)
    assert refused.value.exit_code == 4
    admit(budget, [], lease(lease_id="2"), BEGUN)
    admit(Budget(day_usd=4.0, month_usd=4.0, running_usd_h=1.2, count=2), [lease()], lease(), BEGUN)


def test_four_fifths_of_a_cap_are_told() -> None:
    assert warnings(taken(lease(), budget=Budget(day_usd=2.5, count=9))) == (
        "80% of the day's budget of $2.50 is taken.",
    )
    assert not warnings(taken(lease(), budget=Budget(day_usd=2.6)))


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(MOVES)), st.floats(0, 2), st.none() | st.floats(0, 2))
    ),
    st.floats(0.1, 20),
)
def test_who_is_admitted_never_takes_more_than_the_cap(
    kept: list[tuple[str, float, float | None]], cap: float
) -> None:
    leases = [
        lease(lease_id=str(n), state=state, metered_usd=metered, billed_usd=billed)
        for n, (state, metered, billed) in enumerate(kept)
    ]
    new = lease(lease_id="new", state="intended")
    try:
        admit(Budget(day_usd=cap), leases, new, BEGUN)
    except CapRefused:
        return
    assert taken(*leases, new).day_usd.taken <= cap * (1 + 1e-6)


def test_a_day_and_a_month_begin_where_the_user_is(monkeypatch: pytest.MonkeyPatch) -> None:
    day, month = windows(NOW)
    assert month <= day <= NOW < day + 25 * 3600
    assert month > NOW - 32 * 86400


# ── on record ────────────────────────────────────────────────────────────────────────────────────
async def test_two_launches_at_once_never_overspend_together(tmp_path: Path) -> None:
    market = FakeMarket(stock=[DEAL])
    leases = leases_on(tmp_path, market)
    leases.ledger.set_budget(Budget(day_usd=3.0))
    caps = Caps(max_usd_h=1, max_usd=2, ttl_s=600)
    came = await asyncio.gather(*(launched(leases, caps) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, Lease) for one in came) == 1
    assert sum(isinstance(one, CapRefused) for one in came) == 3
    assert market.creates == 1
    assert len(leases.all()) == 1, "what was refused left nothing"


async def test_a_bill_gives_back_what_was_reserved(tmp_path: Path) -> None:
    market = FakeMarket(stock=[DEAL], bill=(Charge(item="gpu", usd=0.1),))
    leases = leases_on(tmp_path, market)
    leases.ledger.set_budget(Budget(day_usd=3.0))
    lease = await launched(leases)
    with pytest.raises(CapRefused):
        await launched(leases)
    await leases.destroy(lease.lease_id)
    await launched(leases)


async def test_a_lease_that_cannot_be_read_may_cost_anything(tmp_path: Path) -> None:
    leases = leases_on(tmp_path, FakeMarket(stock=[DEAL]))
    left_behind(leases.ledger, "ready", None)
    with leases.ledger.store.writing() as db:
        db.execute("update lease set max_usd = 'much'")
    await launched(leases)
    leases.ledger.set_budget(Budget(day_usd=300.0))
    with pytest.raises(CapRefused, match="cannot be read"):
        await launched(leases)


async def test_a_budget_that_cannot_be_read_admits_none(tmp_path: Path) -> None:
    leases = leases_on(tmp_path, FakeMarket(stock=[DEAL]))
    with leases.ledger.store.writing() as db:
        db.execute("insert into setting values ('budget', '{\"day_usd\": -1}')")
    with pytest.raises(StoreError, match="budget"):
        await launched(leases)
