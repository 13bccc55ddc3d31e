"""The command line called on a home without servers, and on one beside the embedded market."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from hunter.cli.main import run
from hunter.markets.protocol import Scope
from hunter.sandbox.server import Options, running
from hunter.store import Store, polls
from hunter.values.columns import Listing, Offers
from tests.builders import offer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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


@pytest.fixture(scope="session")
def market_url() -> Iterator[str]:
    with running(Options(offers=200, speed=1e-6)) as (url, _):
        yield url


@pytest.fixture
def served(market_url: str, monkeypatch: pytest.MonkeyPatch, hunter: Any) -> Any:
    """The command line beside the embedded market: its JSON, or all that it said."""
    for name in ("VAST_URL", "RUNPOD_API_BASE_URL"):
        monkeypatch.setenv(name, market_url)

    def call(*words: str, code: int = 0) -> Any:
        answer = hunter(*words)
        assert answer.code == code, answer.err
        return answer.json if "--json" in words and code == 0 else answer.out + answer.err

    return call
