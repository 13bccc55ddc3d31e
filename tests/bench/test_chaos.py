"""Leases under everything that can go wrong: a short version of `make chaos`, and proof that it would notice."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.chaos.plans import ALL, MARKETS, Plan, drawn, plan
from bench.chaos.runs import WALKS, told
from bench.chaos.sabotage import SABOTAGES, Sabotage, caught
from bench.chaos.table import show
from bench.chaos.world import make_templates

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("homes")
    make_templates(made, seeds=(1,))
    return made


def here(story: Plan) -> Plan:
    """The same in the one market that was polled for these tests."""
    return replace(story, market_seed=1)


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_whatever_goes_wrong_nothing_is_left_doubled_or_overpaid(folder: Path, first: int) -> None:
    outcomes = [told(here(plan(seed)), folder) for seed in range(first, first + 10)]
    assert {o.plan.seed: o.wrong for o in outcomes if o.wrong} == {}


@pytest.mark.parametrize("name", sorted(WALKS))
def test_whoever_dies_at_a_write_or_a_request_leaves_nothing(folder: Path, name: str) -> None:
    walk = here(WALKS[name])
    events = told(walk, folder).events
    deaths = [*range(1, 24), *range(24, events + 1, 23)]
    outcomes = [told(replace(walk, dies_at=n), folder) for n in deaths]
    assert all(o.deaths == 1 for o in outcomes)
    assert {o.plan.dies_at: o.wrong for o in outcomes if o.wrong} == {}


@pytest.mark.parametrize("market", MARKETS)
def test_where_nothing_goes_wrong_a_launch_comes_up_and_the_record_is_the_bill(
    folder: Path, market: str
) -> None:
    outcome = told(Plan(seed=1, market=market, over_s=0.0), folder)
    assert outcome.ready
    assert outcome.wrong == []
    assert outcome.off == [pytest.approx(0.0, abs=0.01)]


def test_a_seed_tells_the_same_story_each_time(folder: Path) -> None:
    one, two = (told(here(plan(4)), folder) for _ in range(2))
    assert (one.events, one.ends, one.passes) == (two.events, two.ends, two.passes)


def test_every_fault_comes_up_in_some_seed() -> None:
    assert {fault for seed in range(2000) for fault in plan(seed).faults} == set(ALL)


def test_the_table_counts_every_story_under_each_of_its_faults(folder: Path) -> None:
    story = drawn(1, "vast", ("slow", "strangers"), random.Random(1))
    table, sound = show([told(here(story), folder)], [])
    assert sound
    assert "strangers" in table
    assert "nothing went wrong" in table


@pytest.mark.slow
@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda s: s.name)
def test_a_planted_mistake_turns_some_story_red(folder: Path, sabotage: Sabotage) -> None:
    assert caught(sabotage, folder, lambda text: None)


@pytest.mark.slow
def test_many_more_stories(folder: Path) -> None:
    make_templates(folder)
    outcomes = [told(plan(seed), folder) for seed in range(1000, 1300)]
    assert {o.plan.seed: o.wrong for o in outcomes if o.wrong} == {}
