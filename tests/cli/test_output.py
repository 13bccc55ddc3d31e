"""What is printed and written: whole or not at all, and every failure one sentence."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from hunter.cli.output import csv_text, write_csv, write_file
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS: list[dict[str, Any]] = [{"gpu": "RTX 4090", "usd": 0.25}, {"gpu": "a, b", "usd": None}]


@contextmanager
def files_of_at_most(n_bytes: int) -> Iterator[None]:
    """A process that may write no longer file: what a full disk is to it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_csv_has_names_on_top_and_nothing_where_nothing_is_known() -> None:
    assert csv_text(ROWS) == 'gpu,usd\nRTX 4090,0.25\n"a, b",\n'


def test_csv_goes_to_a_file_or_to_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(ROWS, str(tmp_path / "rows.csv"))
    write_csv(ROWS, "-")
    assert capsys.readouterr().out == (tmp_path / "rows.csv").read_text() == csv_text(ROWS)


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "rows.csv"
    place.write_text("old\n")
    with files_of_at_most(1000), pytest.raises(HunterError) as caught:
        write_file(place, "new\n" * 10_000)
    assert str(caught.value).endswith(
        "cannot be written: File too large. What stood there is unchanged."
    )
    assert caught.value.remedy
    assert place.read_text() == "old\n"
    assert os.listdir(tmp_path) == ["rows.csv"]


def test_a_file_keeps_its_permissions_and_a_link_stays_a_link(tmp_path: Path) -> None:
    place, link = tmp_path / "rows.csv", tmp_path / "link.csv"
    place.write_text("old\n")
    place.chmod(0o640)
    link.symlink_to(place)
    write_file(link, "new\n")
    assert (place.read_text(), link.is_symlink()) == ("new\n", True)
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link.csv", "rows.csv"]


@pytest.mark.parametrize("name", ["no/such/folder.csv", ".", "loop"])
def test_a_place_that_takes_no_file_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(HunterError, match="cannot be written") as caught:
        write_file(tmp_path / name, "new\n")
    assert "unchanged" not in str(caught.value)


def test_a_report_that_cannot_be_written_says_so_once(stocked: Path, hunter: Any) -> None:
    answer = hunter("report", "market", "--csv", str(stocked / "no" / "rows.csv"))
    assert answer.code == 1
    assert answer.err.count("cannot be written") == 1
    assert "→" in answer.err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("words", ["deals --json", "deals --csv", "report market --csv /dev/full",
                                   "report market --csv", "deals -w nowhere --json"])  # fmt: skip
def test_a_full_device_is_one_sentence_and_no_mistake_of_hunter(stocked: Path, words: str) -> None:
    code = f"from hunter.cli.main import run; run({words.split()!r})"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == (2 if "nowhere" in words else 1), done.stderr
    assert done.stderr.count("hunter: ") == 1
    assert "mistake in Hunter" not in done.stderr
    assert "Exception ignored" not in done.stderr
