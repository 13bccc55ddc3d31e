"""Failures that carry more than a sentence."""

from __future__ import annotations

from hunter.values.errors import CreateUnclear, MarketError


def test_an_unclear_create_may_name_what_was_made() -> None:
    plain = CreateUnclear("lost", remedy="look")
    assert (plain.instance_id, plain.said_no, plain.remedy) == (None, False, "look")
    named = CreateUnclear("no", instance_id="5", said_no=True)
    assert (named.instance_id, named.said_no) == ("5", True)
    assert isinstance(named, MarketError)
