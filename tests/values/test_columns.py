"""Offers as columns: every field, row by row as the offers were."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from hunter.values.columns import Listing, Offers, Text, concat
from hunter.values.offers import NUMBERS, TEXTS, Offer, Rejected
from tests.builders import offer

A, B, C = (offer(f"RTX 4090 $0.{n}/h #{name}") for n, name in ((3, "a"), (4, "b"), (5, "c")))


def test_joined_columns_are_their_rows_in_order() -> None:
    parts = [[A], [B, replace(C, location=None)], []]
    joined = concat([Offers.of(part) for part in parts])
    assert list(joined) == [o for part in parts for o in part]


def test_every_field_of_an_offer_is_a_column() -> None:
    assert Offer.__struct_fields__ == Offers.__struct_fields__ == TEXTS + NUMBERS
    with pytest.raises(KeyError, match="stock"):
        Offers.from_columns({name: [] for name in TEXTS if name != "stock"})


def test_taking_rows_takes_every_column() -> None:
    offers = Offers.of([A, B, C])
    assert list(offers.take(np.array([2, 0]))) == [C, A]


def test_an_offer_is_found_by_its_name_and_by_nothing_else() -> None:
    offers = Offers.of([A, offer("A $1/h bid #a"), offer("A $1/h #a", market="runpod")])
    assert [offers.ref(row) for row in range(3)] == ["vast:a", "vast:a:bid", "runpod:a"]
    assert [offers.row_of(ref) for ref in ("vast:a", "vast:a:bid", "runpod:a")] == [0, 1, 2]
    assert offers.row_of("runpod:a:bid") is None


def test_a_few_rows_of_a_large_block_join_as_those_rows() -> None:
    block = Offers.of([offer(f"A $1/h #{n}") for n in range(40)])
    joined = concat([block.take(np.array([7, 3])), Offers.of([A])])
    assert [one.offer_id for one in joined] == ["7", "3", "a"]


def test_a_single_part_is_the_whole() -> None:
    only = Offers.of([A])
    assert concat([only]) is only


def test_a_column_answers_for_texts_that_it_lacks() -> None:
    column = Text.of(["x", None, "x"])
    assert column.is_in(["x", "y"]).tolist() == [True, False, True]
    assert column.is_in([None]).tolist() == [False, True, False]
    assert column.is_in([]).tolist() == [False, False, False]
    assert column.lookup({"x": 2.0}, 0.5).tolist() == [2.0, 0.5, 2.0]
    assert column.lookup({}, 0.5).tolist() == [0.5, 0.5, 0.5]
    nothing = Text.of([])
    assert len(nothing) == len(nothing.is_in(["x"])) == len(nothing.lookup({"x": 1.0})) == 0


def test_a_listing_is_cleaned_of_what_hosts_write_into_it() -> None:
    odd = replace(A, location="Ohio\x1b]52;c;eA==\x07, US", stock=None, host_id="h\n1")
    rejected = (Rejected(record="7\x1b[2J", reason="bad\r\nprice"),)
    listing = Listing(market="vast", offers=Offers.of([odd, A]), complete=True, rejected=rejected,
                      notes=("\u202enote",)).cleaned()  # fmt: skip
    assert [o.location for o in listing.offers] == ["Ohio, US", A.location]
    assert [o.host_id for o in listing.offers] == ["h 1", A.host_id]
    assert (listing.rejected[0].record, listing.rejected[0].reason) == ("7", "bad  price")
    assert listing.notes == ("note",)
    assert listing.offers[1] == A


def test_texts_that_are_the_same_when_cleaned_stay_in_their_rows() -> None:
    column = Text.of(["a", "a\0", None, "b"]).cleaned()
    assert [column[row] for row in range(4)] == ["a", "a", None, "b"]
    assert column.values == ("a", None, "b")
