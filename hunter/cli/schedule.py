"""`hunter schedule`: timers that call `reap` and `scrape`, proven before they are kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from hunter.cli.options import DURATION
from hunter.cli.output import table
from hunter.cli.shell import Shell, common
from hunter.schedule.cadence import USUAL_S, cadence, checked_job
from hunter.values.words import age, duration, iso

if TYPE_CHECKING:
    from hunter.api.scheduling import Shown
    from hunter.store.runs import Run


@click.group()
def schedule() -> None:
    """Timers that call hunter reap and hunter scrape: systemd user units, or lines of the crontab."""


@schedule.command()
@click.argument("job", required=False)
@common
@click.pass_obj
def show(shell: Shell, job: str | None) -> int:
    """Show each timer, its last run, and what is wrong with it."""
    jobs = tuple(USUAL_S) if job is None else (checked_job(job),)
    with shell.hunter() as hunter:
        found = [hunter.schedule.show(name) for name in jobs]
    now = time.time()
    if shell.json:
        shell.document({"jobs": [_json(one, now) for one in found]})
        return 0
    shell.show(table(
        ["job", "timer", "when", "last run", "last success", "took", "counts"],
        [_row(one, now) for one in found], left=(0, 1, 2, 3, 4, 6),
    ))  # fmt: skip
    for one in found:
        for trouble in one.troubles:
            shell.show(f"{one.job}: {trouble}")
    return 0


@schedule.command()
@click.argument("job")
@click.option("--every", "every_s", type=DURATION, metavar="T",
              help="As 5m or 6h: what divides an hour or a day.")  # fmt: skip
@click.option("--at", metavar="HH:MM", help="Once a day at this time of this machine's clock.")
@click.option("--cron", is_flag=True, help="A crontab line, also where systemd runs.")
@common
@click.pass_obj
def install(shell: Shell, job: str, every_s: float | None, at: str | None, cron: bool) -> int:
    """Keep a timer that calls JOB, reap or scrape. A second time replaces the first.

    First the very command is tried with a timer's bare environment: where it finds another database, or
    not the keys that this shell has, nothing is installed, and what to do is said. No key is written.

    \b
    Examples:
      hunter schedule install reap
      hunter schedule install scrape --every 6h
      hunter schedule install scrape --at 06:30 --cron
    """
    how = cadence(checked_job(job), every_s, at)
    with shell.hunter() as hunter:
        kind, notes = hunter.schedule.install(job, how, crontab=cron)
        shown = hunter.schedule.show(job)
    if shell.json:
        shell.document({"jobs": [_json(shown, time.time())], "notes": list(notes)})
        return 0
    where = "a timer of your systemd" if kind == "systemd" else "a line of your crontab"
    missed = (
        "a run that is missed while the machine is off is caught up"
        if kind == "systemd"
        else "a run that is missed while the machine is off is left to the next, which does its work"
    )
    shell.say(f"{where} calls hunter {job} {how}; {missed}.")
    for note in notes:
        shell.say(note)
    return 0


@schedule.command()
@click.argument("job")
@common
@click.pass_obj
def remove(shell: Shell, job: str) -> int:
    """Take a timer away, wherever it is kept. Nothing else there is touched."""
    checked_job(job)
    with shell.hunter() as hunter:
        gone = hunter.schedule.remove(job)
    if shell.json:
        shell.document({"job": job, "removed": list(gone)})
    else:
        shell.say(f"{job} had no timer." if not gone else f"{job} is called by no timer any more.")
    return 0


def _json(one: Shown, now: float) -> dict[str, Any]:
    there, gone = one.seen, one.health
    cadence_ = gone.installed.cadence if gone.installed else None
    return {
        "job": one.job,
        "timer": one.kind,
        "command": there.text if there else None,
        "every_s": cadence_.every_s if cadence_ else None,
        "at": cadence_.at if cadence_ else None,
        "last": _run_json(gone.last),
        "last_success": _run_json(gone.succeeded),
        "late_s": gone.late_s(now),
        "troubles": list(one.troubles),
    }


def _run_json(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "begun_at": iso(run.begun_wall_s),
        "seconds": None if run.seconds is None else round(run.seconds, 3),
        "timed": run.timed,
        "ok": run.ok,
        "counts": run.counts,
        "error": run.error or None,
    }


def _row(one: Shown, now: float) -> list[str]:
    gone = one.health
    last, good = gone.last, gone.succeeded

    def ago(run: Run | None) -> str:
        return "never" if run is None else f"{age(now - run.begun_wall_s)} ago"

    counts = "" if last is None else " ".join(f"{n} {name}" for name, n in last.counts.items() if n)
    return [
        one.job,
        one.kind or "none",
        str(gone.installed.cadence) if gone.installed else "-",
        ago(last)
        + ("" if last is None or last.ok else " (failed)" if last.ok is False else " (not over)"),
        ago(good),
        "-" if last is None else duration(last.seconds),
        counts,
    ]
