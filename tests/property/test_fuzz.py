"""Every parser at the edge, on valid documents that somebody has tampered with. `make fuzz` tries far more."""

from __future__ import annotations

import random
from contextlib import nullcontext, suppress

import pytest

from bench.fuzz.campaign import SLOWEST_S, made, outcome
from bench.fuzz.every import PARSERS, named
from bench.fuzz.parser import Parser
from bench.fuzz.words import Refused
from hunter.values.errors import HunterError

INPUTS = 2000
"""For each parser."""
DECODED = 0.7
"""The least share of documents that can be taken apart: the others test a reader of JSON and no more."""


@pytest.mark.slow
@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_whatever_comes_in_is_a_value_or_a_sentence_of_ours_soon_and_leaves_nothing_behind(
    parser: Parser,
) -> None:
    found = outcome(parser, seed=7, first=0, inputs=INPUTS)
    assert found.inputs == INPUTS
    assert not found.faults
    assert found.slowest_s <= SLOWEST_S, found.slowest
    assert not found.leaks, (found.growth_mb, found.blocks)
    assert found.undecodable <= (1 - DECODED) * INPUTS


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_the_document_that_all_inputs_come_from_is_one(parser: Parser) -> None:
    with parser.opened() as read:
        for seed in parser.seeds:
            given = parser.form.write(seed, Still()) if parser.form.name != "bytes" else seed
            assert parser.form.decodes(given)
            with suppress(HunterError, Refused) if parser.name in REFUSED else nullcontext():
                read(given)


class Still(random.Random):
    """Chance that never strikes."""

    def random(self) -> float:
        return 0.99


REFUSED = {
    "vast create refused", "runpod create", "runpod destroy", "runpod stop", "market headers", "challenges",
    "web addresses by headers", "S3 listings", "command lines", "GPU names as typed", "docker config.json",
}  # fmt: skip
"""Parsers some of whose documents are refusals."""


def test_a_seed_and_a_number_name_an_input_for_good() -> None:
    parser = named("vast offers")
    assert made(parser, 3, 41) == made(parser, 3, 41)
    assert len({made(parser, 3, number) for number in range(50)}) > 45
