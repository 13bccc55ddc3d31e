"""The whole check-up: every part of it is there, and nothing is changed by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hunter.api.doctor.examine import examine
from hunter.facts.config import Config, Home
from hunter.sandbox.server import Options, running
from hunter.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def as_it_is(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("made", [True, False])
async def test_it_looks_at_everything_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: bool
) -> None:
    home = Home(config_folder=tmp_path, data_folder=tmp_path / "data", simulated=True)
    if made:
        Store(home.database).close()
    before = as_it_is(tmp_path)
    with running(Options(offers=20, speed=1e-6)) as (url, _):
        for name in ("VAST_URL", "RUNPOD_API_BASE_URL"):
            monkeypatch.setenv(name, url)
        found = await examine(home, keep=())
    assert as_it_is(tmp_path) == before
    assert {one.status for one in found} == {"ok"}
    checks = {"version", "disk", "database", "schedule", "key", "route", "clock"}
    assert checks - {one.check for one in found} == set()


async def test_a_market_that_config_names_and_nobody_knows_fails(tmp_path: Path) -> None:
    home = Home(
        config_folder=tmp_path, data_folder=tmp_path, simulated=True, config=Config(markets=["moon"])
    )  # fmt: skip
    found = await examine(home, keep=())
    (config,) = [one for one in found if one.check == "config"]
    assert (config.status, "moon" in config.text) == ("fail", True)
