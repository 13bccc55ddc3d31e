"""One lease and several who move it: whatever they do and in whatever order, the table and the versions hold."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hunter.leases.lease import Lease
from hunter.leases.ledger import Ledger, Moved
from hunter.leases.states import COSTLY, LIVE, MOVES, OVER, UNANSWERED, may_move
from hunter.store import Store
from tests.builders import NOW
from tests.fakes import SteppedClock
from tests.homes import left_behind, unwritable, writable

WHO = st.integers(0, 1)
STATES = st.sampled_from(sorted(MOVES))
GROUPS = st.sampled_from([COSTLY, LIVE, OVER, UNANSWERED, ("ending",)])


class TwoWriters(RuleBasedStateMachine):
    """Two Hunters with a database; each has seen the lease at some time, and nobody tells him of the other."""

    @initialize(state=STATES)
    def begin(self, state: str) -> None:
        self.folder = Path(tempfile.mkdtemp())
        clock = SteppedClock(market_s=NOW)
        path = self.folder / "hunter.db"
        self.ledgers = [Ledger(Store(path), clock) for _ in range(2)]
        lease = left_behind(self.ledgers[0], state, None)
        self.seen = [lease, lease]
        self.state, self.version, self.told, self.metered = state, 0, 1, 0.0

    @rule(who=WHO)
    def looks(self, who: int) -> None:
        self.seen[who] = self.ledgers[who].get("dead")

    @rule(who=WHO, then=STATES, says=st.booleans())
    def moves(self, who: int, then: str, says: bool) -> None:
        lease, event = self.seen[who], "moved" if says else ""
        if not may_move(lease.state, then):
            with pytest.raises(ValueError, match="cannot become"):
                self.ledgers[who].move(lease, event, state=then)
        elif lease.version != self.version:
            with pytest.raises(Moved):
                self.ledgers[who].move(lease, event, state=then)
        else:
            self.seen[who] = self.ledgers[who].move(lease, event, state=then)
            self._moved(then, says)

    @rule(who=WHO, states=GROUPS, then=STATES)
    def moves_while_it_is(self, who: int, states: tuple[str, ...], then: str) -> None:
        """He who has to have his way reads again and again, for as long as the lease is as he means it."""
        lease = self.seen[who]
        if lease.version == self.version or lease.state not in states:
            meant = lease.state
        else:
            meant = self.state if may_move(lease.state, then) else lease.state
        if lease.state in states and not may_move(lease.state, then):
            return
        if meant in states and not may_move(meant, then):
            return
        self.seen[who] = self.ledgers[who].move_from(states, lease, "moved", state=then)
        if meant in states:
            self._moved(then, says=True)

    @rule(who=WHO, usd=st.floats(0, 1000))
    def grows(self, who: int, usd: float) -> None:
        self.seen[who] = self.ledgers[who].grow(self.seen[who], metered_usd=usd)
        self.metered = max(self.metered, usd)

    @rule(who=WHO)
    def says_something(self, who: int) -> None:
        self.ledgers[who].say(self.seen[who], "look failed")
        self.told += 1

    @rule(who=WHO, then=STATES)
    def moves_on_a_full_disk(self, who: int, then: str) -> None:
        lease, ledger = self.seen[who], self.ledgers[who]
        if not may_move(lease.state, then):
            return
        unwritable(ledger.store)
        try:
            assert ledger.move(lease, state=then).state == then, "whoever holds it goes on"
            assert "dead" in ledger.lost
        finally:
            writable(ledger.store)

    def _moved(self, then: str, says: bool) -> None:
        self.state, self.version = then, self.version + 1
        self.told += says

    @invariant()
    def the_record_is_what_was_written_last(self) -> None:
        for ledger in getattr(self, "ledgers", []):
            lease = ledger.get("dead")
            assert (lease.state, lease.version) == (self.state, self.version)
            assert lease.metered_usd >= self.metered
            assert len(ledger.history(lease)) == self.told

    def teardown(self) -> None:
        for ledger in getattr(self, "ledgers", []):
            ledger.store.close()
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)


TwoWriters.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestTwoWriters = TwoWriters.TestCase


def test_what_another_has_moved_is_moved_by_looking_again(tmp_path: Path) -> None:
    ledgers = [Ledger(Store(tmp_path / "hunter.db"), SteppedClock(market_s=NOW)) for _ in range(2)]
    stale: Lease = left_behind(ledgers[0], "ready", None)
    ledgers[1].move(stale, phase="running")
    with pytest.raises(Moved):
        ledgers[0].move(stale, state="ending")
    assert ledgers[0].move_from(COSTLY, stale, state="ending").state == "ending"
