"""The embedded market of a simulated home: a process that ends with the hunt, whatever happens."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from hunter.markets.open import Embedded
from hunter.sandbox.facts import SERVED, mirrors
from hunter.values.errors import MarketError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from hunter.facts.config import Home


def embedded_of(home: Home, started: bool | Callable[[], AbstractContextManager[str]]) -> Embedded:
    """What a simulated home knows of the embedded market; its own, or another one, is started for it."""
    start = partial(sandbox, home) if started is True else started or None
    return Embedded(served=SERVED, mirrors=mirrors, start=start)


@contextmanager
def sandbox(home: Home) -> Iterator[str]:
    """The address of the home's own embedded market, for as long as the block runs.

    The process ends when its standard input closes, so that even a killed Hunter leaves none behind.
    What was rented there, and its clock, outlive it in the home's folder.
    """
    settings = home.config.sandbox
    home.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", "hunter.sandbox", "--child", "--port", "0",
         "--offers", str(settings.offers), "--seed", str(settings.seed),
         "--speed", str(settings.speed), "--state", str(home.data_folder / "sandbox.json")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        umask=0o077,  # what is rented there is its owner's business
        start_new_session=True,  # Ctrl-C and a closed terminal are ours to act on
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        if not line:
            said = process.stderr.read().decode(errors="replace").strip().splitlines()
            raise MarketError(
                f"The embedded market did not start: {said[-1] if said else 'it said nothing'}.",
                remedy=f"Remove {home.data_folder} to begin a new one.",
            )
        yield json.loads(line)["url"]
    finally:
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()
