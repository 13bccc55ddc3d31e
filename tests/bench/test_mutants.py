"""How mutants are counted: what lives lives, whether it was tried or no test knows it."""

from __future__ import annotations

import pytest

from bench.mutants import main, part, table

CODES = {"a": 1, "b": 0, "c": 33, "d": -24, "e": 3, "f": None}


def test_a_mutant_is_dead_when_a_test_failed_or_never_ended() -> None:
    found = part("bill", CODES)
    assert (found.tried, found.killed, found.untried, found.alive) == (5, 3, 1, ("b", "c"))


def test_what_was_not_tried_is_told_and_not_counted() -> None:
    found = [part("bill", CODES), part("deals", {"x": 1, "y": None}), part("storage", {"z": None})]
    lines = table(found).splitlines()
    assert [line.split() for line in lines] == [
        ["bill", "3", "of", "5", "60.0%", "1", "not", "tried"],
        ["deals", "1", "of", "1", "100.0%", "1", "not", "tried"],
        ["storage", "0", "of", "0", "–", "1", "not", "tried"],
        ["all", "4", "of", "6", "66.7%", "3", "not", "tried"],
    ]


def test_a_part_that_there_is_not_is_named_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["taxes"]) == 2
    assert "has no taxes. Its parts: bill, choices, deal, deals," in capsys.readouterr().err
