"""What a poll changes, and what survives it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hunter.markets.protocol import Scope
from hunter.store import Store, latest, polls
from hunter.values.columns import Listing, Offers
from hunter.values.offers import Rejected
from tests.builders import NOW, offer
from tests.store.recorded import A, B, count, poll, refs


def test_the_first_poll_records_every_offer_and_its_price(store: Store) -> None:
    assert poll(store, [A, B]).appeared == 2
    assert (count(store, "offer"), count(store, "quote"), count(store, "poll")) == (2, 2, 1)


def test_recording_the_same_listing_again_changes_nothing_but_the_polls(store: Store) -> None:
    poll(store, [A, B])
    again = poll(store, [A, B], at=NOW + 300)
    assert (again.appeared, again.changed, again.gone) == (0, 0, 0)
    assert (count(store, "quote"), count(store, "poll")) == (2, 2)


def test_a_changed_price_is_kept_beside_the_old_one(store: Store) -> None:
    poll(store, [A])
    later = replace(A, price_usd_h=0.25, seen_at=NOW + 300)
    assert poll(store, [later], at=NOW + 300).changed == 1
    prices = store.db.execute("select price_usd_h from quote order by seen_at").fetchall()
    assert [row[0] for row in prices] == [0.3, 0.25]


def test_a_changed_fact_updates_the_offer_and_makes_no_quote(store: Store) -> None:
    poll(store, [A])
    poll(store, [replace(A, reliability=0.5)], at=NOW + 300)
    assert store.db.execute("select reliability from offer").fetchone()[0] == 0.5
    assert count(store, "quote") == 1


def test_what_a_complete_poll_lacks_is_gone_and_stays_in_the_history(store: Store) -> None:
    poll(store, [A, B])
    assert poll(store, [A], at=NOW + 300).gone == 1
    assert refs(store) == ["a"]
    gone = store.db.execute("select gone_at from offer where offer_id = 'b'").fetchone()[0]
    assert gone == NOW + 300
    events = store.db.execute("select event from quote where offer_id = 'b'").fetchall()
    assert [row[0] for row in events] == ["appeared", "gone"]


def test_what_an_incomplete_poll_lacks_may_still_be_there(store: Store) -> None:
    poll(store, [A, B])
    assert poll(store, [A], complete=False, at=NOW + 300).gone == 0
    assert refs(store) == ["a", "b"]


def test_a_poll_of_one_gpu_says_nothing_of_the_others(store: Store) -> None:
    other = offer("H100 SXM $2/h #h")
    poll(store, [A, B, other])
    assert poll(store, [A], gpus=("RTX 4090",), at=NOW + 300).gone == 1
    assert refs(store) == ["a", "h"]


def test_a_poll_for_a_large_disk_says_nothing_of_offers_with_a_small_one(store: Store) -> None:
    small = offer("RTX 4090 $0.1/h #small", disk_gb=50.0)
    poll(store, [A, small])
    assert poll(store, [A], disk_gb=80.0, at=NOW + 300).gone == 0


def test_an_offer_that_comes_back_is_no_longer_gone(store: Store) -> None:
    poll(store, [A, B])
    poll(store, [A], at=NOW + 300)
    poll(store, [A, B], at=NOW + 600)
    row = store.db.execute(
        "select gone_at, first_seen_at from offer where offer_id = 'b'"
    ).fetchone()
    assert (row[0], row[1]) == (None, NOW)


def test_a_failed_poll_is_on_record_and_changes_no_offer(store: Store) -> None:
    poll(store, [A])
    polls.record_failure(store, "vast", NOW + 300, NOW + 301, "it is down")
    assert refs(store) == ["a"]
    assert polls.last_polls(store)[0]["error"] == "it is down"


def test_a_record_that_could_not_be_read_is_on_record(store: Store) -> None:
    bad = Rejected(record="77", reason="price is text")
    listing = Listing(market="vast", offers=Offers.of([A]), complete=True, rejected=(bad,))
    polls.record(store, listing, Scope(), NOW, NOW)
    row = store.db.execute("select record, reason from rejected").fetchone()
    assert tuple(row) == ("77", "price is text")


def test_a_crash_keeps_none_of_a_poll(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    poll(store, [A])

    def crash(*args: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(latest, "write", crash)
    with pytest.raises(RuntimeError, match="power cut"):
        poll(store, [A, B], at=NOW + 300)
    assert (count(store, "offer"), count(store, "poll")) == (1, 1)
