"""What is printed and written: whole or not at all, and every failure one sentence."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from hunter.cli.output import (
    LONGEST_CELL,
    OVER,
    csv_text,
    document,
    marked,
    sentence,
    show,
    table,
    tell,
    write_csv,
    write_file,
)
from hunter.values.errors import HunterError
from hunter.values.keys import remember
from hunter.values.text import LONGEST_SENTENCE

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


OUTSIDE = "Ohio\x1b]52;c;eA==\x07\x1b[2J\u202e, US\nroot#\0" + "x" * 100_000


def test_no_text_of_a_cell_leaves_its_place() -> None:
    lines = table(["place", "usd"], [[OUTSIDE, "1"], ["Utah, US", "2"]], left=(0,)).split("\n")
    assert [len(line) for line in lines[1:]] == [LONGEST_CELL + 5] * 2
    assert "".join(lines[1:]).isprintable()


def test_only_our_own_styles_reach_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    shown = marked(f"\x1b[8m{OUTSIDE[:40]}", bold=True) + "\x1b[2Jb" + OVER
    assert "\x1b[2J" not in shown
    assert str("\x1b[7mfirst" + shown).startswith("first\x1b[1mOhio, US")
    show("\x1b]0;title\x07a\n\tb\x9b1m")
    tell("\x1b[31mc\rd")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("a\n\tb\n", "c\nd\n")


def test_a_sentence_is_one_line_of_bounded_length() -> None:
    told = sentence(f"bad\n{OUTSIDE}")
    assert told.startswith("bad Ohio, US root#xxx")
    assert len(told) == LONGEST_SENTENCE


def test_a_document_is_json_that_every_reader_takes(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"a": "\x7f\x1b\x9b", "b": "x\udc80y\ud83d", "c": "\U0001f600", "d": "\\ud800"}
    document(value)
    text = capsys.readouterr().out
    assert text.isascii()
    assert text.removesuffix("\n").isprintable()
    read = json.loads(text)
    assert read == value | {"b": "x\ufffdy\ufffd"}
    str(read).encode()


def test_a_secret_that_was_read_is_in_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    secret = "sk-never-shown-99173"
    remember([secret])
    show(f"k={secret}")
    tell(f"k={secret}")
    document({"error": f"k={secret}"})
    write_csv([{"note": f"k={secret}"}], "-")
    show(table(["k"], [[secret]]))
    captured = capsys.readouterr()
    assert secret not in captured.out + captured.err
    assert (captured.out + captured.err).count("***") == 5


def test_cells_from_outside_are_no_formulas_and_numbers_stay_numbers() -> None:
    row = {"a": "=cmd()", "b": -1.5, "c": "-1.5", "d": None, "e": True, "f": "@x\ny"}
    assert csv_text([row]) == "a,b,c,d,e,f\n'=cmd(),-1.5,-1.5,,True,'@x y\n"


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", ""])
def test_a_name_that_no_file_can_have_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HunterError, match="cannot be written"):
        write_csv(ROWS, name)
    assert os.listdir(tmp_path) == []


def test_a_pipe_is_written_where_it_stands(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_csv(ROWS, str(tmp_path / "pipe"))
    assert os.read(reader, 1000).decode() == csv_text(ROWS)
    os.close(reader)
