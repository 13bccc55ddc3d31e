"""The offers as last seen: of every market at once, and as they were written."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hunter.markets.protocol import Scope
from hunter.store import Store, latest, polls
from hunter.values.columns import Listing, Offers
from tests.builders import NOW, offer
from tests.store.recorded import A, poll, refs


def test_two_markets_share_the_board(store: Store) -> None:
    poll(store, [A])
    pod = Offers.of([offer("RTX 4090 $0.7/h #pod", market="runpod")])
    listing = Listing(market="runpod", offers=pod, complete=True)
    polls.record(store, listing, Scope(), NOW, NOW)
    assert refs(store) == ["a", "pod"]
    assert len(latest.read(store, "runpod")) == 1


texts = st.none() | st.text(max_size=8)
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(texts, numbers, st.none() | st.booleans()), max_size=20))
def test_a_board_reads_back_as_it_was_written(rows: list[tuple[Any, Any, Any]]) -> None:
    offers = [offer("A $1/h", location=t, reliability=n, verified=f) for t, n, f in rows]
    assert list(latest.decode(latest.encode(Offers.of(offers)))) == offers


def test_what_is_gone_leaves_no_text_behind(store: Store) -> None:
    for name in ("a", "b", "c"):
        poll(store, [offer(f"RTX 4090 $0.3/h #{name}", machine_id=name)])
    assert latest.read(store).offer_id.values == latest.read(store).machine_id.values == ("c",)
