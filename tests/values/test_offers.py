"""One offer as a value, and the name that a user types for it."""

from __future__ import annotations

import pytest

from hunter.values.offers import Tenancy, parse_offer_ref
from tests.builders import offer


def test_a_name_says_market_id_and_side_and_reads_back() -> None:
    fixed, bid = offer("A $1/h #7"), offer("A $1/h bid #7")
    assert (fixed.ref, bid.ref) == ("vast:7", "vast:7:bid")
    assert parse_offer_ref(fixed.ref) == ("vast", "7", Tenancy.ON_DEMAND)
    assert parse_offer_ref(bid.ref) == ("vast", "7", Tenancy.INTERRUPTIBLE)


@pytest.mark.parametrize(
    ("ref", "says"),
    [("7", "MARKET:ID"), ("vast:", "MARKET:ID"), (":7", "MARKET:ID"), ("vast:7:spot", "':bid'")],
)
def test_what_is_no_name_says_what_is_one(ref: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_offer_ref(ref)
