"""The examples of docs/python.md run as they stand, on the embedded market."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hunter.api.hunter import Hunter

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)


def ran(example: str, home: Path) -> str:
    """What an example prints, run by a process of its own: it starts a market."""
    env = {**os.environ, "HUNTER_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        capture_output=True, text=True, env=env, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def test_the_blocking_example_polls_ranks_and_explains(tmp_path: Path) -> None:
    (blocking,) = [example for example in EXAMPLES if "hunter.wait(" in example]
    lines = ran(blocking, tmp_path).splitlines()
    assert {line.split()[0] for line in lines[:2]} == {"vast", "runpod"}
    assert [line.startswith("vast:") for line in lines[2:5]] == [True] * 3


def test_the_asynchronous_example_rents_and_ends_what_it_rented(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[sandbox]\nspeed = 3600\n")
    (awaiting,) = [example for example in EXAMPLES if "asyncio.run(" in example]
    assert ran(awaiting, tmp_path).strip()


@pytest.mark.parametrize("verb", re.findall(r"`(?:await )?(\w+)\(", PAGE.partition("| verb |")[2]))
def test_every_verb_of_the_page_is_one_of_hunters(verb: str) -> None:
    assert callable(getattr(Hunter, verb))
