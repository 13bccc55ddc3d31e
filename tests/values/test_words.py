"""Words for people, by their own examples: one home of them for the app and the command line."""

from __future__ import annotations

import doctest

from hunter.values import units, words


def test_words_for_people_are_as_their_examples_say() -> None:
    for module in (words, units):
        told = doctest.testmod(module)
        assert told.attempted
        assert told.failed == 0
