"""Failures that carry more than a sentence."""

from __future__ import annotations

from hunter.values.errors import CreateUnclear, MarketError


def test_an_unclear_create_may_name_what_was_made() -> None:
    plain = CreateUnclear("lost", remedy="look")
    assert (plain.instance_id, plain.said_no, plain.remedy) == (None, False, "look")
    named = CreateUnclear("no", instance_id="5", said_no=True)
    assert (named.instance_id, named.said_no) == ("5", True)
    assert isinstance(named, MarketError)


def test_a_message_is_one_line_of_bounded_length() -> None:
    error = MarketError("it said: a\x1b[2J\nb" + "x" * 10_000, remedy="try\r\nlater\u202e")
    assert str(error).startswith("it said: a b")
    assert str(error).isprintable()
    assert len(str(error)) == 2000
    assert error.remedy == "try  later"
