"""Who bills what when."""

from __future__ import annotations

import numpy as np
import pytest

from hunter.facts.shipped import shipped
from hunter.values.billing import METERS, Restart, disk_usd_h
from hunter.values.columns import Text
from tests.builders import exactly, rules


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


def test_a_phase_that_leaves_a_meter_open_is_no_rule() -> None:
    phases = rules(pull_billed=True).phases
    open_disk = {meter: cell for meter, cell in phases["start"].items() if meter != "disk"}
    with pytest.raises(ValueError, match=r"phases\.start does not say whether disk is billed"):
        rules(pull_billed=True, phases={**phases, "start": open_disk})


def test_a_chance_above_one_is_none() -> None:
    assert Restart(taken_after_h=exactly(8), left=exactly(1.0)).left.high == 1
    with pytest.raises(ValueError, match=r"left is a chance, and 1\.5 is above 1"):
        Restart(taken_after_h=exactly(8), left=exactly(1.5))


def test_a_disk_costs_an_hour_what_its_own_markets_month_makes_of_it() -> None:
    known = {
        "short": rules(pull_billed=True, name="short", month_h=720.0),
        "long": rules(pull_billed=True, name="long", month_h=730.0),
    }
    markets = Text.of(["short", "long", "elsewhere"])
    found = disk_usd_h(np.array([0.072, 0.073, 0.073]), 100.0, markets, known)
    assert found[:2].tolist() == pytest.approx([0.01, 0.01])
    assert np.isnan(found[2])
