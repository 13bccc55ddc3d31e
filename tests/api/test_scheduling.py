"""Timers installed: proven with the bare environment first, one of each, and none where it would not work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from hunter.api import scheduling
from hunter.api.hunter import Hunter
from hunter.api.scheduling import Scheduling, command_of_hunter
from hunter.facts.config import find_home, words_for
from hunter.schedule import health, runs, timers
from hunter.schedule.cadence import Cadence
from hunter.schedule.timers import Crontab, Systemd
from hunter.store.runs import begin, end
from hunter.values.errors import HunterError
from tests.docs.pages import ROOT
from tests.schedule.tools import put

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PROGRAM = f"""#!{sys.executable}
import sys
sys.path[:0] = [{str(ROOT)!r}]
from hunter.cli.main import run
run()
"""
SOON = Cadence(every_s=300.0)
KEY = "0123456789abcdef"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(timers, "_running", lambda: {"cron"})
    return put(tmp_path, monkeypatch, "crontab")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with blanks and more in its name."""
    found = tmp_path / "it's 100% mine"
    found.mkdir()
    monkeypatch.delenv("HUNTER_HOME")
    return found


@pytest.fixture
def schedule(folder: Path, tools: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scheduling]:
    program = folder / "hunter"
    program.write_text(PROGRAM)
    program.chmod(0o700)
    monkeypatch.setattr(scheduling, "command_of_hunter", lambda: (str(program),))
    with Hunter(folder) as hunter:
        yield hunter.schedule


@pytest.fixture
def bare(tmp_path: Path) -> Mapping[str, str]:
    """What cron would give, were this test's folder the home of its user."""
    return {"HOME": str(tmp_path), "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}


def key_file(home: Path) -> None:
    (home / ".vast_api_key").write_text(KEY)


def table(tools: Path) -> str:
    file = tools / "table"
    return file.read_text() if file.exists() else ""


def test_with_a_key_in_the_vendors_file_the_timer_is_proven_and_kept_once(
    schedule: Scheduling, bare: Mapping[str, str], tools: Path, tmp_path: Path
) -> None:
    key_file(tmp_path)
    for _ in range(2):
        kind, _ = schedule.install("reap", SOON, environ=bare)
    assert kind == "crontab"
    (row,) = table(tools).splitlines()
    assert r"100\% mine" in row
    assert row.endswith(f"--quiet reap --timed # hunter:{schedule.home_id}:reap")
    assert KEY not in table(tools)
    shown = schedule.show("reap")
    assert (shown.kind, shown.troubles) == ("crontab", ())
    assert schedule.show("scrape").kind is None
    assert schedule.remove("reap") == ("crontab",)
    assert schedule.remove("reap") == ()
    assert table(tools) == ""
    assert health.installed(schedule.store.db) == {}


def test_a_key_in_the_shell_alone_is_refused_and_nothing_is_written(
    schedule: Scheduling, bare: Mapping[str, str], tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAST_API_KEY", KEY)
    with pytest.raises(HunterError, match=r"only in this shell \(VAST_API_KEY\)") as refused:
        schedule.install("reap", SOON, environ=bare)
    assert "~/.config/vastai/vast_api_key" in refused.value.remedy
    assert KEY not in str(refused.value) + refused.value.remedy
    assert table(tools) == ""
    assert health.installed(schedule.store.db) == {}


def test_another_key_in_the_shell_is_another_account(
    schedule: Scheduling, bare: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file(tmp_path)
    monkeypatch.setenv("VAST_API_KEY", "another-key-0123")
    with pytest.raises(HunterError, match="wrong account"):
        schedule.install("reap", SOON, environ=bare)
    monkeypatch.setenv("VAST_API_KEY", KEY)
    schedule.install("reap", SOON, environ=bare)


def test_prices_are_polled_without_any_key(
    schedule: Scheduling, bare: Mapping[str, str], tools: Path
) -> None:
    with pytest.raises(HunterError, match="No market's key is found"):
        schedule.install("reap", SOON, environ=bare)
    schedule.install("scrape", SOON, environ=bare)
    assert "scrape --timed" in table(tools)


def test_a_market_on_this_machine_is_not_what_a_timer_would_ask(
    folder: Path, schedule: Scheduling, bare: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VAST_URL", "RUNPOD_API_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with Hunter(folder) as hunter, pytest.raises(HunterError, match="A timer would ask"):
        hunter.schedule.install("scrape", SOON, environ=bare)


def test_a_home_that_only_this_shell_names_is_written_into_the_command(
    folder: Path, schedule: Scheduling, bare: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("HUNTER_HOME", folder.name)
    with Hunter() as hunter:
        hunter.schedule.install("scrape", SOON, environ=bare)
        assert ("--home", str(folder)) == hunter.schedule.words("scrape")[1:3]
        assert hunter.schedule.home_id == schedule.home_id


def test_how_rules_are_read_is_written_into_the_command_where_no_file_says_it(folder: Path) -> None:
    home = find_home(str(folder), sandbox=False)
    assert words_for(home) == ("--home", str(folder))
    config = msgspec.structs.replace(home.config, reading="cheaper")
    home = msgspec.structs.replace(home, config=config)
    assert words_for(home)[2:] == ("--reading", "cheaper")
    (folder / "config.toml").write_text('reading = "cheaper"\n')
    assert words_for(home) == ("--home", str(folder))
    simulated = find_home(str(folder), sandbox=True)
    assert words_for(simulated) == ("--home", str(folder), "--sandbox")


def test_another_installation_than_this_one_is_not_taken(
    schedule: Scheduling, bare: Mapping[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "hunter"
    older = "import hunter\nhunter.__version__ = '0.0.1'\nfrom hunter.cli"
    other.write_text(PROGRAM.replace("from hunter.cli", older))
    other.chmod(0o700)
    schedule.command = (str(other),)
    with pytest.raises(HunterError, match=r"would run the Hunter 0\.0\.1"):
        schedule.install("scrape", SOON, environ=bare)


def test_where_systemd_runs_it_takes_the_place_of_a_line(
    schedule: Scheduling, bare: Mapping[str, str], tools: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    schedule.install("scrape", SOON, environ=bare)
    put(tmp_path, monkeypatch, "crontab", "systemctl", "loginctl")
    schedule.keep = (Systemd(tmp_path / "units"), Crontab())
    kind, notes = schedule.install("scrape", SOON, environ=bare)
    assert (kind, table(tools)) == ("systemd", "")
    assert any("enable-linger" in note for note in notes)
    assert schedule.show("scrape").kind == "systemd"
    kind, _ = schedule.install("scrape", SOON, crontab=True, environ=bare)
    assert (kind, list((tmp_path / "units").iterdir())) == ("crontab", [])


def test_a_machine_without_timers_says_what_to_install(
    schedule: Scheduling, bare: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, monkeypatch)
    with pytest.raises(HunterError, match="Neither") as refused:
        schedule.install("scrape", SOON, environ=bare)
    assert "cron" in refused.value.remedy


def test_a_timer_that_somebody_took_away_is_told(
    schedule: Scheduling, bare: Mapping[str, str], tools: Path
) -> None:
    schedule.install("scrape", SOON, environ=bare)
    (tools / "table").write_text("")
    assert "somebody took it away" in " ".join(schedule.show("scrape").troubles)


def test_a_run_that_failed_is_told_with_its_reason(schedule: Scheduling) -> None:
    run_id = begin(schedule.store, "reap", 1.0, timed=True)
    end(schedule.store, run_id, 2.0, ok=False, counts={}, error="no way")
    assert schedule.show("reap").troubles == ("Its last run failed: no way",)
    with runs.recorded(schedule.store, "reap", timed=False) as run:
        run.went(ok=True, counts={})
    assert schedule.show("reap").troubles == ()


def test_the_program_is_called_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "hunter"
    program.write_text(PROGRAM)
    program.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["hunter"])
    assert command_of_hunter() == (str(program),)
    monkeypatch.setattr(sys, "argv", ["/no/such/pytest"])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert command_of_hunter() == (str(program),)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    assert command_of_hunter()[:3] == ("/nowhere/python", "-P", "-c")
