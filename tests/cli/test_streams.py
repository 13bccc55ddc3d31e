"""The process around a command: closed and poor streams, signals, and terminals that are none."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hunter.cli import streams

if TYPE_CHECKING:
    from pathlib import Path

RUN = "from hunter.cli.main import run; run()"
WAITS = """
import asyncio, sys
from hunter.cli.main import run
from hunter.api.hunter import Hunter

async def scrape(self, *args, **kwargs):
    sys.stderr.write("asked\\n")
    sys.stderr.flush()
    try:
        await asyncio.sleep(600)
    finally:
        sys.stderr.write("cleaned up\\n")

Hunter.scrape = scrape
run()
"""
"""A command that waits until it is ended, and says that it was."""


def hunter_process(*words: str, code: str = RUN, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], text=True,
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stderr=options.pop("stderr", subprocess.PIPE), **options,
    )  # fmt: skip


def in_shell(words: str, redirected: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command with streams that only a shell can give."""
    line = f'exec "$0" -c "$1" {words} {redirected}'
    return subprocess.run(
        ["sh", "-c", line, sys.executable, RUN], capture_output=True, check=False, text=True,
        errors="replace", stdin=subprocess.DEVNULL, env=os.environ | environ,
    )  # fmt: skip


@pytest.mark.parametrize("words", ["deals", "deals --json", "--help", "--version", "deals --help",
                                   "completion bash", "workloads"])  # fmt: skip
@pytest.mark.parametrize("redirected", [">&-", "<&- >&-", ">/dev/full"])
def test_a_stdout_that_takes_nothing_is_one_sentence(
    stocked: Path, words: str, redirected: str
) -> None:
    done = in_shell(words, redirected)
    assert done.returncode == 1
    assert done.stderr.count("cannot be printed") == 1, done.stderr
    assert "mistake" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert (stocked / "hunter.db").read_bytes()[:6] == b"SQLite"


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full", "2>&- <&-"])
def test_a_stderr_that_takes_nothing_costs_no_answer(stocked: Path, redirected: str) -> None:
    done = in_shell("--sandbox workloads", redirected)
    assert done.returncode == 0
    assert "one-hour" in done.stdout


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii", "cp437", "koi8-r"])
@pytest.mark.parametrize("words", ["coldstart -w llm-server --why", "demand -w llm-server", "deals",
                                   "explain vast:1", "--help", "deals -w nowhere×"])  # fmt: skip
def test_letters_that_an_encoding_lacks_end_no_command(
    stocked: Path, words: str, encoding: str
) -> None:
    done = in_shell(words, "2>&1", PYTHONIOENCODING=encoding)
    assert "UnicodeEncodeError" not in done.stdout
    assert "mistake in Hunter" not in done.stdout
    assert done.stdout


def test_what_an_encoding_lacks_is_written_as_near_as_can_be() -> None:
    streams.prepare()
    assert "→ 1 – 2 × │你│\udcff".encode("cp1252", streams.PLAIN) == b"-> 1 \x96 2 \xd7 |?|?"
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", streams.PLAIN)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("deaf", [False, True])
def test_every_request_to_end_is_an_interruption(home: Path, number: int, deaf: bool) -> None:
    if deaf and number == signal.SIGINT:
        pytest.skip("it is deaf to that one")
    handler = (
        "SIG_IGN" if deaf else "default_int_handler"
    )  # as a shell leaves it to its background jobs
    code = f"import signal; signal.signal(signal.SIGINT, signal.{handler})\n{WAITS}"
    process = hunter_process("scrape", code=code)
    assert process.stderr is not None
    assert process.stderr.readline() == "asked\n"
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.split() == ["cleaned", "up", "hunter:", "interrupted."]


def test_what_runs_under_nohup_goes_on_without_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    term = signal.getsignal(signal.SIGTERM)
    try:
        streams.end_as_interrupted()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
        signal.signal(signal.SIGTERM, term)


@pytest.mark.parametrize("words", ["", "-w one-hour", "--quiet", "--sandbox"])
def test_without_a_terminal_the_app_is_not_opened(home: Path, words: str) -> None:
    done = in_shell(words, "")
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


def in_terminal(term: str) -> tuple[subprocess.Popen[str], int]:
    """The app on a terminal of its own, and our end of it."""
    ours, theirs = pty.openpty()
    process = hunter_process(
        "--home", os.environ["HUNTER_HOME"], stdin=theirs, stdout=theirs, stderr=theirs,
        env=os.environ | {"TERM": term, "LINES": "30", "COLUMNS": "100"}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    return process, ours


def read_until(ours: int, mark: bytes) -> bytes:
    """What comes from the terminal until this has come, or its other end is closed."""
    seen = b""
    while mark not in seen and select.select([ours], [], [], 60)[0]:
        try:
            more = os.read(ours, 65536)
        except OSError:
            break
        if not more:
            break
        seen += more
    return seen


def test_a_dumb_terminal_is_none(home: Path) -> None:
    process, ours = in_terminal("dumb")
    said = read_until(ours, b"hunter --help lists them")
    assert process.wait(60) == 2
    assert b"needs a terminal" in said
    os.close(ours)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_the_terminal_as_the_app_found_it(stocked: Path, number: int) -> None:
    process, ours = in_terminal("xterm-256color")
    assert b"RTX" in read_until(ours, b"RTX")
    process.send_signal(number)
    said = read_until(ours, b"interrupted.")
    assert process.wait(60) == 130
    assert b"\x1b[?1049l" in said
    assert b"\x1b[?25h" in said
    assert said.index(b"\x1b[?1049l") < said.index(b"interrupted.")
    os.close(ours)


def test_a_terminal_that_is_gone_ends_the_app(stocked: Path) -> None:
    process, ours = in_terminal("xterm-256color")
    read_until(ours, b"RTX")
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) != 0
