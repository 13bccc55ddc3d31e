"""Versions and room on the disk."""

from __future__ import annotations

import shutil
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from hunter import __version__
from hunter.api.doctor.machine import disk, versions

if TYPE_CHECKING:
    from pathlib import Path


def test_versions_are_told() -> None:
    found = {one.subject: one for one in versions()}
    assert found["hunter"].figures["hunter"] == __version__
    assert {one.status for one in found.values()} == {"ok"}
    assert "httpx" in found["dependencies"].figures


def test_what_is_missing_fails_and_a_bare_source_is_doubtful(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def requires(name: str) -> list[str]:
        return ["no-such-thing>=1", "click>=8", 'other; extra == "dev"']

    monkeypatch.setattr(metadata, "requires", requires)
    found = versions()[-1]
    assert (found.status, found.text) == ("fail", "missing: no-such-thing")

    def unknown(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", unknown)
    assert versions()[-1].status == "warn"


@pytest.mark.parametrize(("free", "status"), [(1e8, "fail"), (1e9, "warn"), (1e10, "ok")])
def test_a_disk_that_fills_up_is_told_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, status: str
) -> None:
    usage: Any = shutil.disk_usage(tmp_path)._replace(free=int(free))
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    (found,) = disk(tmp_path / "not" / "made" / "yet")
    assert found.status == status
    assert list(tmp_path.iterdir()) == []
