"""What every test stands on: a home of its own, a clock that the test moves, and one profile of examples."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.builders import NOW
from tests.fakes import SteppedClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# a loaded machine is slow and not wrong, so no example has a deadline; a blob makes a failure repeatable
settings.register_profile("hunter", deadline=None, print_blob=True)
# every mutant meets the same few examples, so that it dies or lives by what it is
settings.register_profile(
    "mutants", deadline=None, derandomize=True, database=None, max_examples=20
)
settings.load_profile("hunter")

PRIVATE = ("AWS_", "CIVITAI_", "DOCKER_", "HF_", "HUGGING", "HUNTER_", "REGISTRY_AUTH", "RUNPOD_",
           "VAST_", "XDG_")  # fmt: skip
"""How variables begin that carry keys, or point at what the user has."""
TERMINAL = ("CLICOLOR", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR")
"""Variables that change how output looks."""
PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY")
"""Nothing here asks anybody beyond loopback."""


def _forget(patch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith((*PRIVATE, *TERMINAL)) or name.upper() in PROXIES:
            patch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _nobodys_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No fixture of any scope sees the home, the keys or the terminal of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        _forget(patch)
        nowhere = str(tmp_path_factory.mktemp("home"))
        patch.setenv("HOME", nowhere)
        patch.setenv("HUNTER_HOME", nowhere)
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own folder, which is its user's home and Hunter's.

    An embedded market that an earlier test opened has left its address to the vendors' clients.
    """
    _forget(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HUNTER_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def clock() -> SteppedClock:
    """A clock at NOW, which moves only while somebody sleeps by it."""
    return SteppedClock(market_s=NOW)
