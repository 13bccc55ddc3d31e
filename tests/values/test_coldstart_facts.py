"""What cold starts are made of, and what a file of them has to hold."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hunter.facts.shipped import shipped

FACTS = shipped().coldstart


def test_the_usual_engine_is_one_of_those_that_are_described() -> None:
    assert FACTS.engine is FACTS.engines[FACTS.usual_engine]
    with pytest.raises(ValueError, match=r"no table engines\.steam stands here"):
        replace(FACTS, usual_engine="steam")


def test_some_class_of_programs_takes_every_image() -> None:
    choosy = {name: app for name, app in FACTS.app.items() if "" not in app.images}
    with pytest.raises(ValueError, match="no class takes every image"):
        replace(FACTS, app=choosy)


def test_weights_of_an_unknown_kind_come_as_from_any_address() -> None:
    takes = FACTS.client
    kinds = ("huggingface", "civitai", "s3", "url", "ftp")
    assert [takes.of(kind) for kind in kinds] == [
        takes.huggingface, takes.civitai, takes.s3, takes.url, takes.url,
    ]  # fmt: skip
