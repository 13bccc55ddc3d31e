"""Timers of a home: proven before they are kept, one of each, and told how they go."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import hunter as program
from hunter.facts.config import base_url, find_key, key_in_files, words_for
from hunter.leases.identity import new_home
from hunter.schedule import health, proof
from hunter.schedule.cadence import USUAL_S, Cadence, moment
from hunter.schedule.health import Health, Installed
from hunter.schedule.proof import Found, FoundMarket
from hunter.schedule.texts import Timer
from hunter.schedule.timers import keepers
from hunter.store.settings import home_id, write_schedule
from hunter.values.errors import ConfigError, HunterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hunter.facts.config import Home
    from hunter.facts.in_use import InUse
    from hunter.facts.shipped import Facts
    from hunter.schedule.timers import Keeper, Seen
    from hunter.store import Store

NEEDS_KEY = ("reap",)
"""Jobs that can do nothing without a key."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A timer: as it was installed, as it stands there, and how it has gone."""

    job: str
    kind: str | None
    """systemd or crontab; None where there is none."""
    seen: Seen | None
    health: Health
    troubles: tuple[str, ...]


class Scheduling:
    """Installs, removes and shows the timers of one home."""

    def __init__(
        self,
        home: Home,
        store: Store,
        facts: Facts,
        in_use: InUse,
        *,
        keep: tuple[Keeper, ...] | None = None,
        command: tuple[str, ...] | None = None,
    ) -> None:
        """Timers of this home, kept by these; `command` is what starts Hunter."""
        self.home = home
        self.store = store
        self.facts = facts
        self.in_use = in_use
        self.home_id = home_id(store, new_home())
        self.keep = keepers() if keep is None else keep
        self.command = command or command_of_hunter()

    def found(self) -> Found:
        """What this process finds of what a timer needs; no key is in it."""
        return Found(
            program=str(Path(program.__file__).parent),
            version=program.__version__,
            home=self.home_id,
            database=str(self.home.database.absolute()),
            simulated=self.home.simulated,
            markets={name: self._market(name) for name in self.in_use.names()},
        )

    def words(self, job: str) -> tuple[str, ...]:
        """The command that a timer calls."""
        return (*self.command, *words_for(self.home), "--quiet", job, "--timed")

    def install(
        self,
        job: str,
        how: Cadence,
        *,
        crontab: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> tuple[str, tuple[str, ...]]:
        """Prove that the job works with a timer's environment, and keep it; its kind, and what to know.

        A second time replaces the first. HunterError where it would not work: then nothing is changed.
        """
        environ = proof.bare() if environ is None else environ
        timer = Timer(
            job=job, home=self.home_id, words=self.words(job), moment=moment(how, self.home_id, job)
        )
        there, here = self._keeper(crontab=crontab), self.found()
        found = proof.prove(timer.words, here, environ)
        if job in NEEDS_KEY:
            proof.needs_key(found, here)
        there.put(timer)
        for other in self.keep:
            if other.kind != there.kind:
                other.take_away(self.home_id, job)
        kept = Installed(kind=there.kind, cadence=how, since_wall_s=time.time())
        write_schedule(self.store, _with(job, kept))
        return there.kind, tuple(filter(None, (*proof.notes(os.environ), there.advice())))

    def remove(self, job: str) -> tuple[str, ...]:
        """Forget a timer, wherever it is kept; the kinds that there were."""
        gone = tuple(one.kind for one in self.keep if one.take_away(self.home_id, job))
        write_schedule(self.store, _with(job, None))
        return gone

    def show(self, job: str) -> Shown:
        """A timer as it is."""
        with self.store.errors():
            gone = health.health(self.store.db, job)
        return shown(gone, self.home_id, self.keep, time.time())

    def _keeper(self, *, crontab: bool) -> Keeper:
        for one in self.keep:
            if (one.kind == "crontab" or not crontab) and one.is_there():
                return one
        raise HunterError(
            "crontab does not answer here." if crontab else
            "Neither a systemd of your own nor a crontab answers here.",
            remedy="Install cron (package cron or cronie), and try again.",
        )  # fmt: skip

    def _market(self, name: str) -> FoundMarket:
        facts = self.facts.market(name)
        hint = " or ".join(facts.key_files) or facts.key_variable
        try:
            url = base_url(facts)
            key = find_key(facts, simulated=self.home.simulated)
            in_file, file = (None, None) if self.home.simulated else key_in_files(facts)
        except ConfigError as error:
            return FoundMarket(url="", key=None, hint=hint, problem=f"{error} {error.remedy}")
        if key is None:
            return FoundMarket(url=url, key=None, hint=hint)
        if os.environ.get(facts.key_variable, "").strip():
            same = None if in_file is None else in_file == key
            return FoundMarket(url=url, key=facts.key_variable, same=same, hint=str(file or hint))
        return FoundMarket(url=url, key=str(file) if file else "the embedded market's", hint=hint)


def shown(gone: Health, home_id: str, keep: tuple[Keeper, ...], now: float) -> Shown:
    """A timer on record, held against what stands there."""
    seen = {one.kind: found for one in keep if (found := one.find(home_id, gone.job)) is not None}
    kind, there = next(iter(seen.items()), (None, None))
    troubles = [f"{found.trouble}" for found in seen.values() if found.trouble]
    if gone.installed is not None and not seen:
        troubles.append(f"Its {gone.installed.kind} timer is gone: somebody took it away.")
    if len(seen) > 1:
        troubles.append(
            "It stands in systemd and in the crontab: hunter schedule install mends that."
        )
    if gone.last is not None and gone.last.ok is False:
        troubles.append(f"Its last run failed: {gone.last.error or 'no reason is on record'}")
    alarm = gone.alarm(now)
    if alarm:
        troubles.append(alarm)
    return Shown(job=gone.job, kind=kind, seen=there, health=gone, troubles=tuple(troubles))


def jobs() -> tuple[str, ...]:
    """What can have a timer."""
    return tuple(USUAL_S)


def command_of_hunter() -> tuple[str, ...]:
    """The program that this is, by its whole path: a timer has no PATH to look for it."""
    called = Path(sys.argv[0])
    beside = Path(sys.executable).with_name("hunter")
    for path in (called, beside):
        if path.name == "hunter" and os.access(path, os.X_OK) and path.is_file():
            return (str(path.absolute()),)
    found = shutil.which("hunter")
    if found is not None:
        return (str(Path(found).absolute()),)
    return (sys.executable, "-P", "-c", "from hunter.cli.main import run; run()")


def _with(job: str, kept: Installed | None) -> Callable[[str], str]:
    """What changes the timers on record."""

    def change(text: str) -> str:
        timers = {name: one for name, one in health.decoded(text).items() if name != job}
        if kept is not None:
            timers[job] = kept
        return json.dumps(msgspec.to_builtins(timers))

    return change
