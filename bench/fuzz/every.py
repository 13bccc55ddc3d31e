"""All parsers at the edge."""

from __future__ import annotations

from bench.fuzz import files, markets, payloads, words
from bench.fuzz.campaign import Outcome, outcome
from bench.fuzz.parser import Parser

PARSERS: tuple[Parser, ...] = (*markets.PARSERS, *payloads.PARSERS, *files.PARSERS, *words.PARSERS)


def named(name: str) -> Parser:
    """The parser of that name."""
    return next(one for one in PARSERS if one.name == name)


def batch(task: tuple[str, int, int, int]) -> Outcome:
    """Some inputs of one parser: its name, the seed, the first and how many; in whichever process this is."""
    name, seed, first, inputs = task
    return outcome(named(name), seed, first, inputs)
