"""The database and the timers: looked at through a connection that cannot write."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from hunter.api.doctor.finding import Finding, broken, doubtful, well
from hunter.api.scheduling import jobs, shown
from hunter.schedule.health import Health, health
from hunter.store import settings
from hunter.store.inspect import Inspected, inspect, looking
from hunter.values.words import age, duration, human

if TYPE_CHECKING:
    from pathlib import Path

    from hunter.api.scheduling import Shown
    from hunter.schedule.timers import Keeper

MOVE = "Move the file away to begin a new one; sqlite3's .recover may save what is in it."


def database(path: Path) -> list[Finding]:
    """Whether the database is whole, ours, of our time, writable, and nobody else's to read."""
    try:
        found = inspect(path)
    except OSError as error:
        return [broken("database", str(path), f"cannot be read: {error.strerror}",
                       "Check the permissions of file and folder.")]  # fmt: skip
    except sqlite3.Error as error:  # not opened, or somebody is at it: that is no damage
        return [broken("database", str(path), f"cannot be read now: {error}",
                       "Try again; check the permissions of file and folder.")]  # fmt: skip
    if found is None:
        return [well("database", str(path), "none yet: the first scrape makes it")]
    if found.damage:
        return [broken("database", str(path), f"is damaged: {found.damage[0]}", MOVE)]
    whole = well("database", str(path), f"whole, {human(found.n_bytes)}", n_bytes=found.n_bytes)
    return [whole, _schema(path, found), *_permissions(path, found)]


def _schema(path: Path, found: Inspected) -> Finding:
    figures = {"applied": found.applied, "pending": found.pending}
    if found.newer:
        said = f"was written by a newer Hunter ({found.newer[0]})"
        return broken("schema", str(path), said, "Update Hunter.", **figures)
    if not found.applied:
        return broken("schema", str(path), "is not one of Hunter's databases", MOVE, **figures)
    if found.pending:
        said = f"of an older Hunter ({found.pending} steps behind): the next command mends that"
        return well("schema", str(path), said, **figures)
    return well("schema", str(path), f"as this Hunter has it ({found.applied})", **figures)


def _permissions(path: Path, found: Inspected) -> list[Finding]:
    if not found.writable:
        return [broken("permissions", str(path), "cannot be written: nothing can be recorded",
                       "Check owner and permissions of the file and its folder.")]  # fmt: skip
    if found.mode & 0o077:
        said = f"others on this machine may read what is rented ({found.mode:03o})"
        return [doubtful("permissions", str(path), said, f"chmod 700 {path.parent}")]
    return [well("permissions", str(path), "yours alone")]


def schedule(path: Path, keep: tuple[Keeper, ...], now: float, *, keyed: bool) -> list[Finding]:
    """Each timer: whether it stands there, and how its runs went. `keyed`: something can be rented."""
    try:
        with looking(path) as db:
            home = settings.home_in(db)
            found = [health(db, job) for job in jobs()]
    except sqlite3.Error:  # no database, an older one, or one that was told of already
        home, found = (
            None,
            [Health(job=job, installed=None, last=None, succeeded=None) for job in jobs()],
        )
    return [
        _timer(shown(one, home or "", keep if home else (), now), now, keyed=keyed) for one in found
    ]


def _timer(one: Shown, now: float, *, keyed: bool) -> Finding:
    gone, check, install = one.health, "schedule", f"hunter schedule install {one.job}"
    good = gone.succeeded
    last = "never succeeded" if good is None else f"succeeded {age(now - good.begun_wall_s)} ago"
    if good is not None and good.seconds is not None:
        last += f" in {duration(good.seconds)}"
    figures = {
        "timer": one.kind,
        "last_success_age_s": None if good is None else round(now - good.begun_wall_s, 1),
        "last_success_s": None if good is None else good.seconds,
        "counts": None if good is None else good.counts,
        "late_s": gone.late_s(now),
    }
    if figures["late_s"] is not None:
        return broken(
            check, one.job, " ".join(one.troubles), f"{install}; hunter {one.job}", **figures
        )
    if one.troubles:
        failed = gone.last is not None and gone.last.ok is False
        remedy = f"hunter {one.job} shows whether it still does." if failed else install
        if one.seen is not None and one.seen.trouble:
            remedy = f"Start what calls it, and then: {install}"
        return doubtful(check, one.job, " ".join(one.troubles), remedy, **figures)
    if one.kind is None:
        if one.job == "reap" and keyed:
            said = "no timer: while no Hunter is open, nothing ends what is past its limits"
            return doubtful(check, one.job, f"{said}; it {last}", install, **figures)
        return well(check, one.job, f"no timer; it {last}", **figures)
    if gone.installed is None:
        return doubtful(check, one.job, "its timer is of another time", install, **figures)
    text = f"{one.kind}, {gone.installed.cadence}; it {last}"
    if good is None:
        text = f"{one.kind}, {gone.installed.cadence}; it has not run yet"
    return well(check, one.job, text, **figures)
