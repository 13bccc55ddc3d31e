"""Timers where they are kept: put twice they stand once, taken away they leave everything else as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hunter.schedule import timers
from hunter.schedule.texts import line
from hunter.schedule.timers import Crontab, Systemd
from hunter.values.errors import HunterError
from tests.schedule.test_texts import timer
from tests.schedule.tools import put

if TYPE_CHECKING:
    from pathlib import Path

MINE = b'# mine\nMAILTO=""\n\n*/7 * * * * /bin/true \\% #x\t\n'
ONE = timer("/bin/hunter", "--home", "/a b/100%", "reap", "--timed")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return put(tmp_path, monkeypatch, "crontab", "systemctl", "loginctl")


def test_a_line_is_put_once_and_taken_away_without_a_trace(tools: Path) -> None:
    file = _file(tools)
    file.write_bytes(MINE)
    Crontab().put(ONE)
    Crontab().put(ONE)
    assert file.read_bytes() == MINE + line(ONE) + b"\n"
    assert (tools / "calls").read_text() == "write\n"  # the second time nothing was to be written
    found = Crontab().find(ONE.home, "reap")
    assert found is not None
    assert found.text.encode() == line(ONE)
    assert Crontab().find(ONE.home, "scrape") is None
    assert Crontab().take_away(ONE.home, "reap")
    assert not Crontab().take_away(ONE.home, "reap")
    assert file.read_bytes() == MINE


def test_a_user_without_a_crontab_gets_one(tools: Path) -> None:
    assert Crontab().is_there()
    Crontab().put(ONE)
    assert _file(tools).read_bytes() == line(ONE) + b"\n"


def test_a_crontab_that_cannot_be_read_is_never_taken_for_an_empty_one(tools: Path) -> None:
    _file(tools).write_bytes(MINE)
    (tools / "broken").touch()
    assert not Crontab().is_there()
    for act in (lambda: Crontab().put(ONE), lambda: Crontab().take_away(ONE.home, "reap")):
        with pytest.raises(HunterError, match="you may not use this"):
            act()
    assert _file(tools).read_bytes() == MINE


def test_a_crontab_that_somebody_edits_at_the_same_time_is_left_to_him(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(before: bytes, new: bytes, tag: str) -> bytes:
        _file(tools).write_bytes(MINE + b"# new\n")
        return before + new

    monkeypatch.setattr(timers, "with_line", changed)
    with pytest.raises(HunterError, match="changed meanwhile"):
        Crontab().put(ONE)
    assert _file(tools).read_bytes() == MINE + b"# new\n"


def test_a_line_without_a_daemon_is_told_as_such(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Crontab().put(ONE)
    for names, said in (({"sh"}, "No cron daemon"), ({"cron"}, ""), ({"crond"}, ""), (set(), "")):
        monkeypatch.setattr(timers, "_running", lambda names=names: names)
        found = Crontab().find(ONE.home, "reap")
        assert found is not None
        assert found.trouble.startswith(said)
        assert bool(found.trouble) == bool(said)


def test_units_are_written_started_and_removed(tools: Path, tmp_path: Path) -> None:
    keeper = Systemd(tmp_path / "units")
    assert keeper.is_there()
    keeper.put(ONE)
    keeper.put(ONE)
    assert sorted(path.name for path in keeper.folder.iterdir()) == [
        "hunter-a1b2c3-reap.service", "hunter-a1b2c3-reap.timer",
    ]  # fmt: skip
    found = keeper.find(ONE.home, "reap")
    assert found is not None
    assert '"/a b/100%%"' in found.text
    assert found.trouble == ""
    assert keeper.take_away(ONE.home, "reap")
    assert not keeper.take_away(ONE.home, "reap")
    assert list(keeper.folder.iterdir()) == []
    assert keeper.find(ONE.home, "reap") is None
    asked = (tools / "calls").read_text().splitlines()
    assert asked.count("daemon-reload") == 3
    assert "restart hunter-a1b2c3-reap.timer" in asked  # a new time is not heard before
    assert "disable --now hunter-a1b2c3-reap.timer" in asked


def test_units_that_systemd_refuses_leave_none_behind(tools: Path, tmp_path: Path) -> None:
    (tools / "refuses").touch()
    keeper = Systemd(tmp_path / "units")
    with pytest.raises(HunterError, match=r"refused: hunter-a1b2c3-reap\.timer"):
        keeper.put(ONE)
    assert list(keeper.folder.iterdir()) == []


def test_a_timer_that_was_stopped_by_hand_is_told_as_such(tools: Path, tmp_path: Path) -> None:
    keeper = Systemd(tmp_path / "units")
    keeper.put(ONE)
    (tools / "state").unlink()
    found = keeper.find(ONE.home, "reap")
    assert found is not None
    assert found.trouble == "its timer is not active (inactive)"


def test_without_lingering_it_says_how_to_keep_timers_running(tools: Path) -> None:
    assert "loginctl enable-linger" in Systemd().advice()
    (tools / "linger").write_text("yes\n")
    assert Systemd().advice() == ""


def test_a_machine_without_either_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, monkeypatch)
    assert not any(keeper.is_there() for keeper in timers.keepers())
    assert not Crontab().take_away(ONE.home, "reap")
    tools = put(tmp_path, monkeypatch, "systemctl")
    (tools / "no-manager").touch()
    assert not Systemd().is_there()


def _file(tools: Path) -> Path:
    return tools / "table"
