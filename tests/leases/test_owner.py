"""Whether the process behind a create is still at work."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from msgspec.structs import replace

from hunter.leases import owner as owners
from hunter.leases.owner import Owner, Process, find_process, is_gone, this_process

HERE = Owner(host="den", boot="b1", space="s1", pid=7, started="100")
OTHER = replace(HERE, pid=8, started="200")
RUNS, RUNS_ANOTHER = Process(started="200"), Process(started="300")


@pytest.mark.parametrize(
    ("owner", "found", "quiet_s", "gone"),
    [
        (OTHER, RUNS, 9999.0, False),
        (OTHER, None, 0.0, True),
        (OTHER, RUNS_ANOTHER, 0.0, True),
        (replace(OTHER, boot="b0"), RUNS, 0.0, True),
        (replace(OTHER, host="lair", boot="b9"), None, 119.0, False),
        (replace(OTHER, host="lair", boot="b9"), None, 121.0, True),
        (replace(OTHER, host="renamed"), None, 0.0, True),
        (replace(OTHER, space="s2"), None, 119.0, False),
        (replace(OTHER, space="s2"), None, 121.0, True),
        (replace(OTHER, boot=None, host="lair"), None, 119.0, False),
        (replace(OTHER, boot=None, started=None), RUNS, 119.0, False),
        (replace(OTHER, boot=None, started=None), RUNS, 121.0, True),
        (replace(OTHER, boot=None, started=None), None, 0.0, True),
        (None, None, 119.0, False),
        (None, None, 121.0, True),
    ],
)
def test_when_an_owner_is_gone(
    owner: Owner | None, found: Process | None, quiet_s: float, gone: bool
) -> None:
    assert is_gone(owner, HERE, found, quiet_s) is gone


def test_a_process_is_found_while_it_runs_and_not_after_its_end() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert find_process(child.pid)
    assert find_process(os.getpid()) == Process(started=this_process().started)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert find_process(child.pid) is None, "dead, and not reaped yet"
    child.communicate()
    assert find_process(child.pid) is None


def test_an_owner_is_read_back_as_it_was_written() -> None:
    assert owners.read(owners.write(HERE)) == HERE
    assert owners.read(None) is None
    assert owners.read("nonsense") is None


def test_an_owner_that_nobody_can_read_is_none() -> None:
    odd = ["", "5", "{}", '{"host": 1}', '{"x": ' + "[" * 9000 + "]" * 9000 + "}"]
    assert [owners.read(text) for text in odd] == [None] * len(odd)
