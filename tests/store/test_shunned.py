"""Machines are left alone until a time, and the longer of two reasons stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from hunter.store import Store, shunned
from hunter.store.shunned import Shunned

if TYPE_CHECKING:
    from pathlib import Path

ONE = Shunned(market="vast", machine_id="m1", kind="slow", why="it was slow", at=10.0, until=20.0)


def test_a_machine_is_left_alone_until_its_time_and_no_longer(tmp_path: Path) -> None:
    store = Store(tmp_path / "hunter.db")
    shunned.add(store, ONE)
    assert shunned.read(store, 19.9) == [ONE]
    assert shunned.read(store, 20.0) == []


def test_of_two_reasons_the_longer_one_stays(tmp_path: Path) -> None:
    store = Store(tmp_path / "hunter.db")
    longer, elsewhere = replace(ONE, kind="host", until=30.0), replace(ONE, market="runpod")
    for one in (ONE, longer, ONE, elsewhere):
        shunned.add(store, one)
    assert shunned.read(store, 0.0) == [longer, elsewhere]
