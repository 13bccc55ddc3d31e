"""Who bills what when."""

from __future__ import annotations

from hunter.facts.shipped import shipped
from hunter.values.billing import METERS
from hunter.values.figures import Prior
from tests.builders import rules


def test_a_prior_of_one_value_has_no_spread() -> None:
    assert Prior(low=5, expected=5, high=5, source="x").log_sd == 0.0


def test_a_contradiction_can_be_read_both_ways_and_the_dearer_one_is_the_default() -> None:
    vast = shipped().market("vast")
    assert vast.billed("download", "gpu")
    assert not vast.read("cheaper").billed("download", "gpu")
    assert vast.read("cheaper").billed("running", "gpu")
    assert {phase for phase, _, _ in vast.contradictions} == {"download", "unpack", "start"}


def test_the_dearer_reading_is_the_rules_as_they_ship() -> None:
    rule = rules(pull_billed=True)
    assert rule.read("dearer") is rule
    assert rule.read("cheaper").reading == "cheaper"
    assert rule.contradictions == ()


def test_a_phase_that_nobody_described_is_billed_in_full() -> None:
    rule = rules(pull_billed=False)
    assert [rule.billed("dreaming", meter) for meter in METERS] == [True, True, True]
    assert [rule.billed("download", meter) for meter in METERS] == [False, True, True]
