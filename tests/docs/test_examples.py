"""Every example of every page, run in order on one embedded market: its exit code and its JSON are as stated."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hunter.cli.main import COMMANDS as NAMES
from hunter.cli.main import run
from hunter.sandbox.server import Options, running
from tests.docs.pages import COMMANDS, ROOT, Example, blocks, example, examples, names, section

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPEED = 100.0
"""A cold start of minutes in seconds of ours."""
INTERRUPTED = 130
"""How a server ends that runs until somebody ends it."""
CONFIG = "[sandbox]\noffers = 200\nspeed = 600\n"
"""For what pages run with --sandbox."""


class Session:
    """One user's folder and home, and what the examples did there so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lease: str | None = None

    def answer(self, words: tuple[str, ...]) -> tuple[int, str, str]:
        """The code, stdout and stderr of a command."""
        out, err, before = io.StringIO(), io.StringIO(), dict(os.environ)
        try:
            with (
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                pytest.raises(SystemExit) as leave,
            ):
                run(list(words))
        finally:  # a process of its own would leave nothing in ours
            os.environ.clear()
            os.environ.update(before)
        return int(leave.value.code or 0), out.getvalue(), err.getvalue()

    def play(self, each: Example) -> str:
        """Run an example, hold it to its exit code, and give what it printed."""
        if each.words[0] == "make":
            command = [shutil.which("make") or "make", "-n", "-C", str(ROOT), *each.words[1:]]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return ""
        assert each.words[0] == "hunter", each.line
        words = tuple(self.meant(word, each) for word in each.words[1:])
        if words[:2] == ("sandbox", "serve") and each.code == INTERRUPTED:
            return served(words)
        code, out, err = self.answer(words)
        assert code == each.code, f"{each.line}\n{err}"
        assert "Traceback" not in err
        if each.file is not None:
            (self.folder / each.file).write_text(out)
        if "launch" in words and code == 0:
            self.lease = json.loads(out)["id"]
        return out

    def meant(self, word: str, each: Example) -> str:
        """The name that a placeholder stands for: the offer likeliest to boot, the last lease."""
        if word == "OFFER":
            where = ("--sandbox",) if "--sandbox" in each.words else ("--market", "vast")
            asked = ("deals", "--on-demand", "--json", "-n", "500", *where)
            if "launch" in each.words:
                asked = (*asked, "--refresh")
            code, out, err = self.answer(asked)
            assert code == 0, err
            best: dict[str, Any] = max(
                json.loads(out)["deals"], key=lambda deal: deal["boot_chance"]
            )
            return str(best["offer"])
        if word == "ID":
            assert self.lease, "no example has launched anything yet"
            return self.lease
        return word


def served(words: tuple[str, ...]) -> str:
    """The first line that a server prints; an interrupt ends it well."""
    code = f"from hunter.cli.main import run; run({list(words)!r})"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == INTERRUPTED
    assert "127.0.0.1" in line
    return line


def paths(value: Any, above: str = "") -> Iterator[str]:
    """The names in a document, as `deals[].rank`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{above}.{name}".removeprefix(".")
            yield here
            yield from paths(inner, here)
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{above}[]")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of an embedded market, and the folder of its one user."""
    folder = tmp_path_factory.mktemp("user")
    workload = (ROOT / "docs" / "workload.md").read_text(encoding="utf-8")
    (folder / "job.toml").write_text(blocks(workload, "toml")[0])
    (folder / "config.toml").write_text(CONFIG)
    with running(Options(offers=300, speed=SPEED)) as (url, _):
        yield url, folder


@pytest.fixture
def session(market: tuple[str, Path], home: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """What that user types, in that folder and on that market, whatever home a test has otherwise."""
    url, folder = market
    for name in ("VAST_URL", "RUNPOD_API_BASE_URL"):
        monkeypatch.setenv(name, url)
    for name in ("HUNTER_HOME", "HOME"):
        monkeypatch.setenv(name, str(folder))
    search = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", search)
    monkeypatch.chdir(folder)
    return Session(folder)


def test_the_examples_of_every_page_do_what_it_says(session: Session) -> None:
    for name in [*NAMES, "hunter"]:
        text = (COMMANDS / f"{name}.md").read_text(encoding="utf-8")
        stated = {said for row in re.findall(r"^\| *(`.*?) *\|", section(text, "JSON"), re.M)
                  for said in names(row)}  # fmt: skip
        printed: set[str] = set()
        for each in examples(text):
            out = session.play(each)
            if "--json" in each.words and each.code in (0, INTERRUPTED):
                printed |= set(paths(json.loads(out)))
        if name == "hunter":
            continue
        whole = {said.removesuffix(".*") for said in stated}
        assert whole <= printed, (name, "stated and not printed", whole - printed)
        unsaid = {path for path in printed if not any(covers(said, path) for said in stated)}
        assert not unsaid, (name, "printed and not stated")


def covers(said: str, path: str) -> bool:
    """Whether a name on a page speaks of a name in a document: itself, what it stands in, or all in it."""
    rest = said.removeprefix(path)
    if said == path or (said.startswith(path) and rest[:1] in (".", "[")):
        return True
    stem = said.removesuffix(".*")
    inner = path.removeprefix(stem)
    named = (
        stem != said or "[]" not in said
    )  # what is in a list is named, unless the page says `.*`
    return path.startswith(stem) and inner[:1] in (".", "[") and named


def test_the_commands_of_the_other_pages_do_what_they_say(session: Session) -> None:
    told = [each for path in sorted((ROOT / "docs").glob("*.md"))
            for each in examples(path.read_text(encoding="utf-8"))]  # fmt: skip
    assert told
    for each in told:
        session.play(each)


def test_the_commands_of_the_readme_do_what_it_says(session: Session) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    told = examples(text)
    assert {"make demo", "make test"} <= {" ".join(each.words) for each in told}
    for each in told:
        session.play(each)
    nights = [
        line.split(maxsplit=5) for block in blocks(text, "cron") for line in block.splitlines()
    ]
    assert nights
    for night in nights:
        assert all(re.fullmatch(r"[\d*,/-]+", part) for part in night[:5])
        session.play(example(night[5]))
