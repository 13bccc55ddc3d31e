"""What is to be done about a lease, from what is known of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hunter.leases.lease import Lease
from hunter.leases.policy import AHEAD_S, ALONE_S, Action, decide
from hunter.leases.states import MOVES
from tests.builders import NOW

PLAIN = Lease(
    lease_id="1", label="hunter-1", market="vast", instance_id="7", offer="vast:1", workload="job",
    state="ready", phase="running", gpu="A", gpu_count=1, tenancy="on-demand", disk_gb=1.0,
    intended_at=NOW, created_at=NOW, ready_at=NOW, last_seen_at=NOW, ttl_at=NOW + 7200,
    max_usd_h=1.0, max_usd=2.0, quoted_usd_h=0.36, contract_usd_h=0.36, storage_usd_h=0.04,
)  # fmt: skip


def does(
    now: float = NOW, *, unsure_s: float = 0.0, give_up_s: float = 1e9, **facts: Any
) -> Action:
    return decide(replace(PLAIN, **facts), now, unsure_s=unsure_s, give_up_s=give_up_s)


def test_a_lease_inside_its_limits_is_kept() -> None:
    assert does().kind == "keep"


def test_time_ends_it() -> None:
    assert does(NOW + 7199).kind == "keep"
    assert does(NOW + 7200) == Action("end", "its time to live is over")


def test_money_ends_it_a_minute_ahead_and_where_nobody_saw_it_it_ran_all_the_time() -> None:
    # $2.00 at $0.40/h: five hours, of which a minute is left for the end
    reached = NOW + 5 * 3600 - AHEAD_S
    assert does(reached - 1, ttl_at=NOW + 1e6).kind == "keep"
    assert does(reached + 1, ttl_at=NOW + 1e6) == Action("end", "it may reach its cap of $2.00")
    # seen four hours later with $0.10 on the meter, it has 1.90 / 0.40 h from then
    seen = {"last_seen_at": NOW + 4 * 3600, "metered_usd": 0.10, "ttl_at": NOW + 1e6}
    assert does(reached, **seen).kind == "keep"
    assert does(NOW + (4 + 1.90 / 0.40) * 3600 - AHEAD_S + 1, **seen).kind == "end"


def test_before_the_contract_is_known_money_goes_at_the_cap() -> None:
    # $1.00 + $0.04 of disk an hour
    unread: dict[str, Any] = {"contract_usd_h": None, "ttl_at": NOW + 1e6}
    assert does(NOW + 2 / 1.04 * 3600 - AHEAD_S - 1, **unread).kind == "keep"
    assert does(NOW + 2 / 1.04 * 3600 - AHEAD_S + 1, **unread).kind == "end"


def test_bytes_that_may_have_travelled_count_until_it_is_ready() -> None:
    traffic = {"bytes_in": 100e9, "inet_down_usd_gb": 0.02}
    assert does(**traffic, ready_at=None).kind == "end"
    assert does(**traffic).kind == "keep"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"contract_usd_h": 0.97}, "dearer than agreed"),  # 1.01 with its disk
        ({"contract_usd_h": 0.38}, "quoted .0.3600/h, contracted .0.3800/h"),
        ({"phase": "failed"}, "the host did not bring it up"),
        ({"wish": "gone"}, "asked by the user"),
        ({"wish": "gone", "note": "it came back"}, "it came back"),
    ],
)
def test_what_was_not_agreed_ends_it(facts: dict[str, Any], why: str) -> None:
    action = does(**facts)
    assert action.kind == "end"
    assert re.search(why, action.why)


def test_a_start_that_takes_too_long_is_given_up() -> None:
    assert does(NOW + 900, ready_at=None, give_up_s=900).kind == "keep"
    assert does(NOW + 901, ready_at=None, give_up_s=900) == Action("end", "not ready after 15m00s")
    assert does(NOW + 901, give_up_s=900).kind == "keep"


@pytest.mark.parametrize("limit", [{"ttl_at": NOW - 1}, {"max_usd": 0.0001}])
def test_this_machines_clock_alone_ends_nothing_for_ten_minutes(limit: dict[str, float]) -> None:
    assert does(unsure_s=ALONE_S - 1, **limit).kind == "keep"
    action = does(unsure_s=ALONE_S, **limit)
    assert action.kind == "end"
    assert "by this machine's clock alone" in action.why


def test_what_no_clock_is_needed_for_waits_for_none() -> None:
    assert does(unsure_s=1.0, phase="failed").kind == "end"
    assert does(unsure_s=1.0, wish="gone").kind == "end"


def test_a_clock_that_jumps_back_extends_nothing() -> None:
    assert does(NOW - 7200, last_seen_at=NOW + 7200, ttl_at=NOW + 7200).kind == "end"


@given(st.sampled_from(sorted(MOVES)), st.floats(min_value=-1e6, max_value=1e6))
def test_every_state_has_its_action(state: str, after_s: float) -> None:
    kinds = {
        "intended": {"settle"}, "creating": {"settle"}, "unclear": {"settle"},
        "ending": {"finish"}, "ended": {"keep"}, "refused": {"keep"},
    }  # fmt: skip
    assert does(NOW + after_s, state=state).kind in kinds.get(state, {"keep", "end"})


@given(st.floats(min_value=0, max_value=1e6), st.floats(min_value=0, max_value=1e6))
def test_what_has_to_end_has_to_end_later_too(after_s: float, more_s: float) -> None:
    if does(NOW + after_s).kind == "end":
        assert does(NOW + after_s + more_s).kind == "end"
