"""The database: what a poll changes, what survives, and one sentence where it cannot be used."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hunter.markets.protocol import Scope
from hunter.store import Store, database, history, latest, polls, schema
from hunter.values.columns import Listing, Offers, concat
from hunter.values.errors import StoreError
from hunter.values.offers import NUMBERS, TEXTS, Offer, Rejected
from tests.builders import NOW, offer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "hunter.db")


def poll(
    store: Store, offers: list[Offer], *, complete: bool = True, at: float = NOW, **scope: Any
) -> polls.Recorded:
    listing = Listing(market="vast", offers=Offers.of(offers), complete=complete)
    return polls.record(store, listing, Scope(**{"disk_gb": 10.0, **scope}), at - 5, at)


def count(store: Store, table: str) -> int:
    return int(store.db.execute(f"select count(*) from {table}").fetchone()[0])


def refs(store: Store) -> list[str]:
    offers = latest.read(store)
    return sorted(offers.offer_id[row] or "" for row in range(len(offers)))


A, B, C = (offer(f"RTX 4090 $0.{n}/h #{name}") for n, name in ((3, "a"), (4, "b"), (5, "c")))


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


def test_two_markets_share_the_board(store: Store) -> None:
    poll(store, [A])
    pod = Offers.of([offer("RTX 4090 $0.7/h #pod", market="runpod")])
    listing = Listing(market="runpod", offers=pod, complete=True)
    polls.record(store, listing, Scope(), NOW, NOW)
    assert refs(store) == ["a", "pod"]
    assert len(latest.read(store, "runpod")) == 1


def test_a_period_holds_its_own_quotes_and_the_one_that_stood_at_its_beginning(
    store: Store,
) -> None:
    for i, price in enumerate((0.3, 0.4, 0.5)):
        at = NOW + 1000 * i
        poll(store, [replace(A, price_usd_h=price, seen_at=at)], at=at)
    found = history.quoted_between(store, NOW + 1500, NOW + 2500)
    assert sorted(found.price_usd_h.tolist()) == [0.4, 0.5]


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


def test_joined_columns_are_their_rows_in_order() -> None:
    parts = [[A], [B, replace(C, location=None)], []]
    joined = concat([Offers.of(part) for part in parts])
    assert list(joined) == [o for part in parts for o in part]


def test_every_field_of_an_offer_is_a_column() -> None:
    assert Offer.__struct_fields__ == Offers.__struct_fields__ == TEXTS + NUMBERS
    with pytest.raises(KeyError, match="stock"):
        Offers.from_columns({name: [] for name in TEXTS if name != "stock"})


def test_the_table_of_offers_has_the_columns_that_it_had_at_first(store: Store) -> None:
    columns = [tuple(row)[1:3] for row in store.db.execute("pragma table_info(offer)")]
    assert columns == [
        *((name, "TEXT") for name in (
            "market", "offer_id", "machine_id", "host_id", "tenancy", "gpu", "market_gpu",
            "location", "country", "region", "stock")),
        *((name, "INTEGER") for name in ("verified", "datacenter", "gpu_count")),
        *((name, "REAL") for name in (
            "vram_gb", "gpu_frac", "cpu_cores", "ram_gb", "disk_gb", "disk_mb_s", "cuda",
            "compute_cap", "pcie_gb_s", "dlperf", "inet_down_mbps", "inet_up_mbps", "price_usd_h",
            "on_demand_usd_h", "storage_usd_gb_month", "storage_stopped_usd_gb_month",
            "inet_down_usd_gb", "inet_up_usd_gb", "reliability", "max_rental_h", "first_seen_at",
            "changed_at", "gone_at")),
    ]  # fmt: skip


def test_taking_rows_takes_every_column() -> None:
    offers = Offers.of([A, B, C])
    assert list(offers.take(np.array([2, 0]))) == [C, A]


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hunter.db"
    Store(path).close()
    db = sqlite3.connect(path)
    sql = "insert into _sqlite_migrations (migration_set, name) values ('hunter', 'm999_future')"
    with db:
        db.execute(sql)
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer Hunter"):
        Store(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hunter.db"
    path.write_bytes(b"PK\x03\x04 not a database at all" * 200)
    with pytest.raises(StoreError, match="file is not a database"):
        Store(path)


def test_somebody_elses_database_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "hunter.db"
    db = sqlite3.connect(path)
    with db:
        db.execute("create table recipes (id integer)")
    db.close()
    with pytest.raises(StoreError, match="not one of Hunter's"):
        Store(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "file" / "hunter.db")


def test_a_second_writer_that_waits_too_long_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    first, second = Store(tmp_path / "hunter.db"), Store(tmp_path / "hunter.db")
    with (
        first.writing(),
        pytest.raises(StoreError, match="Another Hunter has been writing"),
        second.writing(),
    ):
        pass


def test_two_scrapers_at_once_both_get_recorded(tmp_path: Path) -> None:
    stores = [Store(tmp_path / "hunter.db") for _ in range(2)]
    threads = [
        threading.Thread(target=poll, args=(one, [A, B]), kwargs={"at": NOW + i})
        for i, one in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (count(stores[0], "poll"), count(stores[0], "quote")) == (2, 2)


def test_two_hunters_on_a_new_home_make_one_database(tmp_path: Path) -> None:
    threads = [threading.Thread(target=Store, args=(tmp_path / "hunter.db",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(Store(tmp_path / "hunter.db"), "_sqlite_migrations") == len(schema.NAMES)
