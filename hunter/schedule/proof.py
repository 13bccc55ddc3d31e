"""A timer's command tried as the timer will call it: with cron's bare environment and nothing of this shell.

What a timer finds is told by the command itself, with `--check`: its database and where its keys are, never a
key. What this process finds beside it and the timer does not is what the user has to move.
"""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

import msgspec

from hunter.schedule.tools import call
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WITHIN_S = 60.0
"""For the command to say what it finds. It asks no market."""
NEARBY = ("https_proxy", "http_proxy", "all_proxy", "ssl_cert_file", "ssl_cert_dir")
"""Variables by which the way to a market may depend on the shell."""


class FoundMarket(msgspec.Struct, frozen=True, kw_only=True):
    """A market as a command finds it."""

    url: str
    key: str | None
    """Where its key is: a variable or a file. Never the key."""
    same: bool | None = None
    """Whether a key in the vendor's own file is the one of the environment; None where not both are there."""
    hint: str = ""
    """Where its key belongs, so that every process finds it."""
    problem: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a command finds of what it needs."""

    program: str
    """Folder of the Hunter that answers."""
    version: str
    home: str
    database: str
    simulated: bool
    markets: dict[str, FoundMarket]


def bare() -> dict[str, str]:
    """The environment that cron gives: no more, and no less."""
    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        home = ""
    if not os.path.isdir(home):
        raise HunterError(
            "This machine has no home folder on record for your user, and timers start there.",
            remedy="Give the user an entry in /etc/passwd with a folder that exists.",
        )
    return {"HOME": home, "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}


def prove(words: Sequence[str], here: Found, environ: Mapping[str, str]) -> Found:
    """What the command finds with a timer's environment; HunterError where that is not enough.

    Args:
        words: the very command of the timer.
        here: what this process finds.
        environ: all that the timer's process will have.
    """
    done = call(
        [*words, "--check", "--json"], environ=environ, folder=environ["HOME"], within_s=WITHIN_S
    )
    if done is None:
        raise HunterError(
            f"A timer's command does not run: {words[0]}.",
            remedy="Install Hunter for good: pipx install.",
        )
    try:
        found = msgspec.json.decode(done.out, type=Found)
    except msgspec.MsgspecError as error:
        raise HunterError(
            f"With a timer's bare environment the command fails: {done.said}",
            remedy="Nothing was installed. Correct that and try again.",
        ) from error
    refuse(found, here)
    return found


def refuse(found: Found, here: Found) -> None:
    """Raise HunterError where the timer would find another Hunter, home, market or account than this one."""
    if (found.program, found.version) != (here.program, here.version):
        raise HunterError(
            f"A timer would run the Hunter {found.version} in {found.program}, and this one is "
            f"{here.version} in {here.program}.",
            remedy="Install this one for good, and call it without PYTHONPATH.",
        )
    if (found.database, found.home) != (here.database, here.home):
        raise HunterError(
            f"A timer would find the database {found.database}, and this is {here.database}.",
            remedy="Name the home with --home DIR: a timer has none of this shell's variables.",
        )
    for name, market in here.markets.items():
        _refuse_market(name, market, found.markets.get(name))


def needs_key(found: Found, here: Found) -> None:
    """Raise HunterError where the timer lacks a key that this process has, or has none at all."""
    if found.simulated:
        return
    for name, market in here.markets.items():
        there = found.markets.get(name)
        if market.same is False:
            raise HunterError(
                f"{name} has one key in {market.key} and another in {market.hint}: a timer would look "
                "after the wrong account.",
                remedy=f"Keep one of them: put the right one into {market.hint}.",
            )
        place = _place(market)
        if market.key is not None and there is not None and (not place or there.key != place):
            raise HunterError(
                f"The key for {name} is only in this shell ({market.key}): a timer does not see it.",
                remedy=f"Put it into {market.hint}, readable by you alone; Hunter copies no keys.",
            )
    if not any(market.key for market in found.markets.values()):
        hints = " or ".join(market.hint for market in here.markets.values() if market.hint)
        raise HunterError(
            "No market's key is found: there is nothing that it could look after.",
            remedy=f"Put one into {hints}, or log in with the vendor's own command.",
        )


def notes(environ: Mapping[str, str]) -> tuple[str, ...]:
    """What this shell has beside, and a timer has not."""
    names = (written for name in NEARBY for written in (name, name.upper()))
    here = [name for name in names if environ.get(name)]
    if not here:
        return ()
    return (f"A timer does not see {', '.join(here)} of this shell: where markets are reached "
            "only so, its runs fail.",)  # fmt: skip


def _place(market: FoundMarket) -> str | None:
    """Where a timer has to find the key that this shell uses; None where it can find it nowhere."""
    if market.key is not None and os.path.isabs(market.key):
        return market.key
    return market.hint if market.same else None


def _refuse_market(name: str, here: FoundMarket, there: FoundMarket | None) -> None:
    if there is None:
        raise HunterError(
            f"A timer would not find the market {name}.",
            remedy="Install its plug-in beside Hunter, for good.",
        )
    if there.problem and not here.problem:
        raise HunterError(f"{name}: {there.problem}", remedy="Correct that and try again.")
    if there.url != here.url:
        raise HunterError(
            f"A timer would ask {there.url} for {name}, and this shell asks {here.url}.",
            remedy="Unset the variable that points there; --sandbox has a market of its own.",
        )
