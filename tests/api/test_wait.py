"""The one way in without async: a verb runs to its end on the hunt's own loop."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from hunter.api.hunter import Hunter
from hunter.api.runner import Runner
from hunter.facts.config import Home
from hunter.values.errors import NothingMatches, UsageError
from tests.builders import workload
from tests.fakes import FakeMarket
from tests.homes import CAPS, DEAL, hunter_on

if TYPE_CHECKING:
    from pathlib import Path


def test_a_whole_hunt_needs_no_async(tmp_path: Path) -> None:
    market = FakeMarket(stock=[DEAL])
    with hunter_on(tmp_path, market) as hunter:
        assert hunter.wait(hunter.scrape())[0].offers == 1
        quote = hunter.wait(hunter.quote("vast:7", workload()))
        lease = hunter.wait(hunter.launch(quote, workload(), CAPS))
        assert hunter.wait(hunter.logs(lease.lease_id)) == "hello"
        assert [run.lease for run in hunter.wait(hunter.running()).ours] != []
        assert hunter.wait(hunter.destroy(lease.lease_id)).state == "ended"
    assert not own_threads()


def own_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "hunter"]


def test_a_failure_is_raised_where_somebody_waits(tmp_path: Path) -> None:
    with hunter_on(tmp_path, FakeMarket()) as hunter, pytest.raises(NothingMatches):
        hunter.wait(hunter.quote("vast:7", workload()))


async def test_it_works_where_a_loop_runs_already_as_in_a_notebook(tmp_path: Path) -> None:
    with hunter_on(tmp_path, FakeMarket(stock=[DEAL])) as hunter:
        hunter.wait(hunter.scrape())
        assert len(hunter.deals(workload())) == 1


def test_closing_by_hand_ends_the_thread(tmp_path: Path) -> None:
    hunter = hunter_on(tmp_path, FakeMarket(stock=[DEAL]))
    hunter.wait(hunter.scrape())
    hunter.wait(hunter.close())
    assert not own_threads()


async def test_a_hunter_that_was_waited_on_and_is_closed_by_await_ends_its_thread(
    tmp_path: Path,
) -> None:
    async with hunter_on(tmp_path, FakeMarket()) as hunter:
        assert hunter.wait(asyncio.sleep(0, "done")) == "done"
    assert not own_threads()


def test_reading_the_record_starts_no_thread(tmp_path: Path) -> None:
    with hunter_on(tmp_path, FakeMarket()) as hunter:
        assert not len(hunter.deals(workload()))
        assert not own_threads()
        assert not {"markets", "leases", "runner"} & vars(hunter).keys()


def test_ctrl_c_cancels_the_verb_which_cleans_up_first() -> None:
    runner, told = Runner(), list[str]()

    async def verb() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            told.append("cleaned up")

    with pytest.raises(KeyboardInterrupt):
        runner.run(verb())
    assert told == ["cleaned up"]
    runner.close()


def test_a_verb_that_waits_on_its_own_loop_is_refused() -> None:
    runner = Runner()

    async def verb() -> None:
        inner = asyncio.sleep(0)
        try:
            runner.run(inner)
        finally:
            inner.close()

    with pytest.raises(RuntimeError, match="for ever"):
        runner.run(verb())
    runner.close()
    runner.close()


def test_a_real_home_gets_no_embedded_market(tmp_path: Path) -> None:

    home = Home(config_folder=tmp_path, data_folder=tmp_path)
    with pytest.raises(UsageError, match="is a real home"):
        Hunter(home, sandbox=True)
