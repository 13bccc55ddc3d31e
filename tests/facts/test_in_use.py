"""Which markets a hunt asks."""

from __future__ import annotations

import pytest

from hunter.facts.in_use import InUse
from hunter.facts.shipped import shipped
from hunter.values.errors import UsageError


def test_all_are_asked_where_nothing_is_said() -> None:
    assert InUse(facts=shipped()).names() == tuple(shipped().markets)


def test_those_handed_in_are_all_there_are() -> None:
    in_use = InUse(facts=shipped(), given=("mine",), wanted=["vast"])
    assert in_use.names() == ("mine",)
    with pytest.raises(UsageError, match="'vast'"):
        in_use.check("vast")


def test_config_toml_names_some_in_its_own_order() -> None:
    assert InUse(facts=shipped(), wanted=["vast", "runpod"]).names() == ("vast", "runpod")


def test_a_wrong_name_in_config_toml_is_told_when_somebody_asks() -> None:
    in_use = InUse(facts=shipped(), wanted=["vats"])
    with pytest.raises(UsageError, match="'vats'") as caught:
        in_use.names()
    assert "vast" in caught.value.remedy


def test_beside_an_embedded_market_only_what_it_plays_or_runs_here_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variable = shipped().market("runpod").url_variable
    monkeypatch.delenv(variable, raising=False)
    in_use = InUse(facts=shipped(), embedded=("vast",))
    assert in_use.names() == ("vast",)
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert in_use.names() == ("runpod", "vast")
