"""A home without servers, and the command line called on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from hunter.cli.main import run
from hunter.markets.protocol import Scope
from hunter.store import Store, polls
from hunter.values.columns import Listing, Offers
from tests.builders import offer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("VAST_URL", "RUNPOD_API_BASE_URL", "VAST_API_KEY", "RUNPOD_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HUNTER_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def stocked(home: Path) -> Path:
    store = Store(home / "hunter.db")
    stock = [offer("RTX 4090 $0.3/h #1"), offer("RTX 4090 $0.2/h bid #2", location=None)]
    listing = Listing(market="vast", offers=Offers.of(stock), complete=True)
    polls.record(store, listing, Scope(), 1.0, 2.0)
    store.close()
    return home


class Answer:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def hunter(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: str) -> Answer:
        with pytest.raises(SystemExit) as leave:
            run(list(words))
        captured = capsys.readouterr()
        return Answer(int(leave.value.code or 0), captured.out, captured.err)

    return call
