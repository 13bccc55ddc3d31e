"""What stands in a crontab and in units: read back as it was meant, and nothing else touched."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunter.schedule.cadence import PERIODS_S, Cadence, moment
from hunter.schedule.texts import (
    Timer,
    line,
    line_in,
    service,
    timer_unit,
    with_line,
    without_line,
)
from hunter.values.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

TAG = "# hunter:a1b2c3:reap"
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
ODD = [
    '/my jobs/it\'s 100% "mine"',
    "/$HOME/`id`",
    "/a#b",
    "/~/*?[x]",
    "/ä ö",
    "/x;reboot",
    "/%d%%",
]


def timer(*words: str, job: str = "reap", every_s: float = 300.0) -> Timer:
    how = Cadence(every_s=every_s)
    return Timer(job=job, home="a1b2c3", words=words, moment=moment(how, "a1b2c3", job))


def as_cron_reads(found: bytes) -> str:
    """The command of a line as cron gives it to the shell: five fields off, per cent signs freed."""
    command = found.decode().split(maxsplit=5)[5]
    assert "%" not in command.replace(r"\%", "")
    return command.replace(r"\%", "%")


@pytest.fixture(scope="module")
def teller(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A program that tells its arguments."""
    file = tmp_path_factory.mktemp("teller") / "tell all"
    file.write_text("#!/bin/sh\n[ $# = 0 ] || printf '%s\\0' \"$@\"\n")
    file.chmod(0o700)
    return str(file)


@settings(max_examples=25)
@given(words=st.lists(NAMES | st.sampled_from(ODD), max_size=4))
def test_a_shell_reads_the_words_back_from_a_line(teller: str, words: list[str]) -> None:
    words = [word for word in words if "\\" not in word]
    found = line(timer(teller, *words))
    assert found.endswith(TAG.encode())
    done = subprocess.run(["/bin/sh", "-c", as_cron_reads(found)], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == words


@pytest.mark.parametrize("word", ["a\nb", "a\rb", "a\0b", "a\x1bb"])
def test_what_would_break_a_line_is_refused(word: str) -> None:
    for text in (line, service):
        with pytest.raises(UsageError, match="has a sign in it"):
            text(timer("/bin/true", word))


def test_a_crontab_gets_no_backslash_and_no_line_that_is_cut_off() -> None:
    with pytest.raises(UsageError, match="no crontab can hold"):
        line(timer("/bin/true", "a\\b"))
    with pytest.raises(UsageError, match="bytes"):
        line(timer("/bin/true", "x" * 900))


# ── the crontab ──────────────────────────────────────────────────────────────────────────────

OTHERS = st.binary(max_size=60).filter(lambda row: b"hunter" not in row)


@given(rows=st.lists(OTHERS, max_size=6), cut=st.integers(0, 6))
def test_other_lines_stay_byte_for_byte(rows: list[bytes], cut: int) -> None:
    before = b"".join(row + b"\n" for row in rows)
    new = line(timer("/bin/true"))
    once = with_line(before, new, TAG)
    assert once == before + new + b"\n"
    assert with_line(once, new, TAG) == once
    head, tail = b"".join(r + b"\n" for r in rows[:cut]), b"".join(r + b"\n" for r in rows[cut:])
    old = b"1 2 * * * /old " + TAG.encode() + b"  \n"
    assert with_line(head + old + tail, new, TAG) == head + new + b"\n" + tail
    assert without_line(head + old + tail, TAG) == head + tail
    assert without_line(before, TAG) == before


def test_a_line_that_stands_there_twice_stands_there_once() -> None:
    new = line(timer("/bin/true"))
    twice = new + b"\n# mine\n" + new + b"\n"
    assert with_line(twice, new, TAG) == new + b"\n# mine\n"


def test_a_last_line_without_an_end_gets_one() -> None:
    assert with_line(b"1 * * * * x", b"new " + TAG.encode(), TAG).splitlines() == [
        b"1 * * * * x", b"new " + TAG.encode(),
    ]  # fmt: skip


def test_lines_of_other_homes_and_jobs_and_those_taken_out_by_hand_are_not_ours() -> None:
    others = (
        b"1 * * * * x # hunter:ffffff:reap\n2 * * * * x # hunter:a1b2c3:scrape\n"
        b"#3 * * * * x # hunter:a1b2c3:reap\n4 * * * * echo 'no # hunter:a1b2c3:reap'; x\n"
    )
    assert line_in(others, TAG) is None
    assert without_line(others, TAG) == others
    assert (
        line_in(others + b"5 * * * * y " + TAG.encode() + b"\n", TAG)
        == b"5 * * * * y " + TAG.encode()
    )


# ── systemd ──────────────────────────────────────────────────────────────────────────────────


def test_words_are_quoted_for_systemd() -> None:
    (command,) = [
        row for row in service(timer("/bin/hunter", "--home", '/a b/100% "$x" \\')).splitlines()
        if row.startswith("ExecStart=")
    ]  # fmt: skip
    assert command == r'ExecStart="/bin/hunter" "--home" "/a b/100%% \"$$x\" \\"'


def test_a_program_whose_name_systemd_refuses_is_called_by_a_shell() -> None:
    text = service(timer("/it's/hunter", "reap"))
    assert r'ExecStart="/bin/sh" "-c" "exec \"$$0\" \"$$@\"" "/it' in text


def test_missed_runs_are_caught_up() -> None:
    assert "Persistent=true" in timer_unit(timer("/bin/true"))


def verified(folder: Path, one: Timer) -> subprocess.CompletedProcess[str]:
    units = [folder / f"{one.unit}.service", folder / f"{one.unit}.timer"]
    for file, text in zip(units, (service(one), timer_unit(one)), strict=True):
        file.write_text(text)
    return subprocess.run(
        ["systemd-analyze", "verify", *map(str, units)], capture_output=True, text=True
    )


needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@needs_systemd
@pytest.mark.parametrize("odd", ODD)
def test_systemd_finds_nothing_wrong_with_our_units(tmp_path: Path, odd: str) -> None:
    program = tmp_path / odd.strip("/") / "hunter"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    done = verified(tmp_path, timer(str(program), "--home", odd, "reap"))
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("period_s", PERIODS_S)
def test_systemd_reads_our_calendars(period_s: float) -> None:
    one = timer("/bin/true", every_s=period_s)
    done = subprocess.run(
        ["systemd-analyze", "calendar", one.moment.calendar], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


# ── a real cron ──────────────────────────────────────────────────────────────────────────────


def checked_by_cron(file: Path) -> bool | None:
    """Whether this machine's crontab takes a file; None where it cannot say without installing it.

    Debian's has a dry run, `-n`. Others may know no such option, or mean another thing by it: they are not
    asked about ours.
    """
    usage = subprocess.run(["crontab", "-h"], capture_output=True, text=True)
    if "dry run" not in usage.stdout + usage.stderr:
        return None
    return subprocess.run(["crontab", "-n", str(file)], capture_output=True).returncode == 0


@pytest.mark.skipif(shutil.which("crontab") is None, reason="crontab is not installed")
def test_a_real_crontab_takes_our_lines(tmp_path: Path) -> None:
    file = tmp_path / "table"
    file.write_text("99 * * * * no\n")
    refused = checked_by_cron(file)
    if refused is None:
        pytest.skip("this crontab has no dry run, and nobody's own is touched")
    assert not refused
    text = b'# mine\nMAILTO=""\n'
    for period_s in PERIODS_S:
        one = timer("/bin/hunter", "--home", ODD[0], every_s=period_s)
        text = with_line(text, line(one), f"{one.tag} {period_s}")
    assert text.count(b"hunter:a1b2c3") == len(PERIODS_S)
    file.write_bytes(text)
    assert checked_by_cron(file)
