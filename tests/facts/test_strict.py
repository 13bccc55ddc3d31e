"""Mistakes in files of facts: one sentence that names file, table and key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from hunter.facts.shipped import DATA, Facts
from hunter.facts.strict import convert, read_toml
from hunter.values.coldstart_facts import ColdStartFacts
from hunter.values.errors import ConfigError
from hunter.values.market_facts import MarketFacts
from hunter.values.risk_facts import RiskFacts


def mistake(tmp_path: Path, name: str, type_: Any, old: str, new: str) -> str:
    """What is said where one place of a file that ships is written otherwise."""
    text = (DATA / name).read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / Path(name).name
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_toml(file, type_, given={"name": "m"} if type_ is MarketFacts else None)
    assert caught.value.remedy
    return str(caught.value).removeprefix(f"{tmp_path}/")


@pytest.mark.parametrize(
    ("name", "type_", "old", "new", "says"),
    [
        ("coldstart.toml", ColdStartFacts, "layer_s = { low = 0.02,", 'layer_s = { low = "short",',
         "coldstart.toml, pull.layer_s.low: expected a number, not text."),
        ("coldstart.toml", ColdStartFacts, "layer_s = {", "layers_s = {",
         "coldstart.toml, pull: no key layers_s is known here."),
        ("coldstart.toml", ColdStartFacts, "boot_s = { low = 30, expected = 40", "boot_s = { low = 50, expected = 40",
         "coldstart.toml, app.vllm.boot_s: low 50, expected 40 and high 75 are not in order."),
        ("coldstart.toml", ColdStartFacts, 'usual_engine = "docker"', 'usual_engine = "steam"',
         "coldstart.toml, the file: usual_engine: no table engines.steam stands here."),
        ("risk.toml", RiskFacts, "dud_gpu_share = { expected = 0.5", "dud_gpu_share = { expected = 1.5",
         "risk.toml, dud_gpu_share.expected: expected a number <= 1.0."),
        ("risk.toml", RiskFacts, "host_launches", "guest_launches",
         "risk.toml, the file: no key guest_launches is known here."),
        ("markets/vast.toml", MarketFacts, 'bandwidth = { billed = true, source = "Vast FAQ billing: every byte, any state"',
         'bandwidth = { billed = "yes", source = "x"',
         "vast.toml, phases.allocate.bandwidth.billed: expected true or false, not text."),
        ("markets/vast.toml", MarketFacts, "chance = 0.90", "chance = 90",
         "vast.toml, boot[0].chance: expected a number <= 1.0."),
        ("markets/vast.toml", MarketFacts, "month_h = 720.0", "month_h = 0.0",
         "vast.toml, month_h: expected a number > 0.0."),
        ("markets/vast.toml", MarketFacts, 'title = "Vast.ai"', 'title = "Vast.ai"\nname = "other"',
         "vast.toml, name: no such key is known here."),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_table_and_key(
    tmp_path: Path, name: str, type_: Any, old: str, new: str, says: str
) -> None:
    assert mistake(tmp_path, name, type_, old, new) == says


def test_a_phase_that_leaves_a_meter_open_is_refused(tmp_path: Path) -> None:
    text = (DATA / "markets" / "vast.toml").read_text(encoding="utf-8")
    line = next(one for one in text.splitlines() if one.startswith("disk = { billed"))
    said = mistake(tmp_path, "markets/vast.toml", MarketFacts, line + "\n", "")
    assert said == "vast.toml, the file: phases.allocate does not say whether disk is billed."


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "risk.toml"
    file.write_text("dud_s = \n")
    with pytest.raises(ConfigError, match=re.escape(f"{file} cannot be read: Invalid value")):
        read_toml(file, RiskFacts)


def test_a_wrong_cell_of_a_table_is_named_with_its_row(tmp_path: Path) -> None:
    head = (DATA / "gpus.csv").read_text(encoding="utf-8").splitlines()[:3]
    (tmp_path / "gpus.csv").write_text(
        "\n".join([head[0], head[1], head[2].replace(",12,", ",-12,", 1)])
    )
    with pytest.raises(ConfigError, match=r"data/gpus\.csv, \[1\]\.vram_gb: expected a number > 0"):
        _ = Facts(tmp_path).gpus


def test_the_entry_that_is_meant_is_told_from_its_neighbours() -> None:
    table = {"a": [{"x": {"n": 1}}, {"y": {"n": 2}, "z": {"n": "three"}}]}
    with pytest.raises(
        ConfigError, match=r"^here, a\[1\]\.z\.n: expected a whole number, not text\.$"
    ):
        convert(table, dict[str, list[dict[str, dict[str, int]]]], "here")


@pytest.mark.parametrize("key", ["key` in `$", "a.b[0]", "[...]", "$.x", "`"])
def test_a_key_that_looks_like_a_path_leads_nowhere(key: str) -> None:
    with pytest.raises(ConfigError, match="here"):
        convert({key: {"low": "x"}}, dict[str, dict[str, float]], "here")


Name = Annotated[str, msgspec.Meta(min_length=1)]


class Rates(msgspec.Struct):
    per: dict[Name, dict[Name, float]]


def test_a_key_that_cannot_be_is_named_by_its_table() -> None:
    with pytest.raises(ConfigError, match=r"^rates\.toml, per: expected"):
        convert({"per": {"": {"x": 1.0}}}, Rates, "rates.toml")
    with pytest.raises(ConfigError, match=r"^rates\.toml, per\.b: expected"):
        convert({"per": {"a": {"x": 1.0}, "b": {"": 1.0}}}, Rates, "rates.toml")
