"""The lock: given up in finite time with a name, and whatever stands in its place is left as it is."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from hunter.store import Store, lock
from hunter.values.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the lock of a home is; nobody waits long for it."""
    monkeypatch.setattr(lock, "WAIT_S", 0.02)
    monkeypatch.setattr(lock, "LOOK_EVERY_S", 0.005)
    return tmp_path / "hunter.lock"


def test_a_stranger_who_keeps_it_is_named(place: Path) -> None:
    with place.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match=rf"Process {os.getpid()} \(.+\) has held") as caught:
            Store(place.with_name("hunter.db"))
    assert caught.value.remedy
    Store(place.with_name("hunter.db")).close()


def test_where_the_kernel_tells_nothing_somebody_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_LOCKS", place.with_name("none"))
    with lock.alone(place), pytest.raises(StoreError, match="Another process"), lock.alone(place):
        pass


def linked(place: Path) -> None:
    place.with_name("victim").write_text("precious")
    place.symlink_to(place.with_name("victim"))


def dangling(place: Path) -> None:
    place.symlink_to(place.with_name("nowhere"))


@pytest.mark.parametrize("make", [linked, dangling, os.mkfifo, os.mkdir])
def test_what_can_be_no_lock_is_one_sentence(place: Path, make: Callable[[Path], None]) -> None:
    make(place)
    with pytest.raises(StoreError):
        Store(place.with_name("hunter.db"))
    assert not place.with_name("nowhere").exists()
    victim = place.with_name("victim")
    assert not victim.exists() or victim.read_text() == "precious"


def test_what_somebody_wrote_into_the_file_stays(place: Path) -> None:
    place.write_text("not Hunter's")
    Store(place.with_name("hunter.db")).close()
    assert place.read_text() == "not Hunter's"
