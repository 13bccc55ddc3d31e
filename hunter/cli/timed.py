"""What `reap` and `scrape` have in common: a timer calls them, one at a time, and each run is on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from hunter.cli.shell import wait_for
from hunter.schedule.runs import alone, recorded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hunter.api.hunter import Hunter
    from hunter.cli.shell import Shell
    from hunter.schedule.runs import Recorded

T = TypeVar("T")


def timer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that a timer can call."""
    timed = click.option(
        "--timed",
        is_flag=True,
        help="As a timer calls it: does nothing while another run is at it.",
    )
    check = click.option(
        "--check", is_flag=True, help="Only say which database and keys are found; asks no market."
    )
    return timed(check(command))


def tell_found(shell: Shell) -> int:
    """Which database and keys this process finds. No key is shown."""
    with shell.hunter() as hunter:
        found = hunter.schedule.found()
    if shell.json:
        shell.document(msgspec.to_builtins(found))
        return 0
    shell.show(f"database {found.database} (home {found.home})")
    for name, market in found.markets.items():
        key = f"key in {market.key}" if market.key else market.problem or "no key"
        shell.show(f"{name}: {key}")
    return 0


def run_job(
    shell: Shell,
    job: str,
    work: Callable[[Hunter, Recorded], Awaitable[T]],
    *,
    timed: bool,
) -> T | None:
    """Do a job once and put it on record; None where a timer calls and another run is at it."""

    async def once() -> T:
        async with shell.hunter() as hunter:
            with recorded(hunter.store, job, timed=timed) as run:
                return await work(hunter, run)

    if not timed:
        return wait_for(once())
    with alone(shell.home.data_folder, job) as free:
        if free:
            return wait_for(once())
    shell.say(f"Another hunter {job} of this home is at work: this one leaves it to that.")
    return None
