"""Which state of a lease may follow which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunter.leases.states import COSTLY, LIVE, MOVES, OVER, UNANSWERED, may_move

STATES = st.sampled_from(sorted(MOVES))


def test_every_state_costs_or_is_over() -> None:
    assert set(LIVE) | set(OVER) == set(MOVES)
    assert not set(LIVE) & set(OVER)
    assert set(COSTLY) | set(UNANSWERED) | {"ending"} == set(LIVE)


def test_a_lease_that_may_cost_money_is_over_by_proof_alone() -> None:
    assert [state for state in LIVE if may_move(state, "ended")] == ["ending"]
    assert {state for state in LIVE if may_move(state, "refused")} == set(UNANSWERED)


@given(STATES)
def test_every_state_leads_to_an_end(state: str) -> None:
    reached, front = {state}, [state]
    while front:
        new = MOVES[front.pop()] - reached
        reached |= new
        front += new
    assert reached & set(OVER)


@given(STATES, STATES)
def test_nothing_but_what_the_table_says_follows(state: str, then: str) -> None:
    assert may_move(state, then) == (state == then or then in MOVES[state])


@pytest.mark.parametrize("state", ["", "dreaming"])
def test_what_is_no_state_leads_nowhere(state: str) -> None:
    assert not may_move(state, "ended")
