"""`hunter reap`: one pass over everything that may cost money, for a timer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hunter.cli.output import tell
from hunter.cli.shell import Shell, common
from hunter.cli.timed import run_job, tell_found, timer_options
from hunter.leases.reap import Reaped

if TYPE_CHECKING:
    from hunter.api.hunter import Hunter
    from hunter.schedule.runs import Recorded

COUNTED = ("adopted", "ended", "ending", "running", "billed", "unknown")
"""What is kept of each run on record."""


@click.command()
@click.option("--no-wait", is_flag=True, help="Wait for no proof; the next pass looks for it.")
@timer_options
@common
@click.pass_obj
def reap(shell: Shell, no_wait: bool, timed: bool, check: bool) -> int:
    """One pass for a timer: nothing that was launched is lost, overpaid or forgotten.

    It settles creates whose sender is gone, takes on instances of this home whose record was lost, ends
    what is past its time or its money, proves ends, and reads bills again. It may run beside any other
    Hunter. A market without a key is named as not asked. Exit 1 where something stays unknown or could
    not be ended; it is named.

    \b
    Examples:
      hunter reap
      hunter reap --json --no-wait
    """

    async def work(hunter: Hunter, run: Recorded) -> Reaped:
        done = await hunter.reap(proof=not no_wait)
        counts = {name: len(getattr(done, name)) for name in COUNTED}
        said = "; ".join(f"{what}: {problem}" for what, problem in done.unknown)
        run.went(ok=not done.unknown, counts={"checked": done.checked, **counts}, error=said)
        return done

    if check:
        return tell_found(shell)
    done = run_job(shell, "reap", work, timed=timed)
    if done is None:
        done = Reaped(checked=0)
    elif not shell.json:
        _tell(shell, done)
    if shell.json:
        shell.document(
            {
                "checked": done.checked,
                "adopted": list(done.adopted),
                "ended": list(done.ended),
                "ending": list(done.ending),
                "running": list(done.running),
                "billed": list(done.billed),
                "unknown": [{"what": what, "problem": problem} for what, problem in done.unknown],
                "not_asked": [name for name, _ in done.not_asked],
            }
        )
    for name, why in done.not_asked:
        shell.say(f"{name}: not asked: {why}")
    for what, problem in done.unknown:
        tell(f"{what}: {problem}")
    return 1 if done.unknown else 0


def _tell(shell: Shell, done: Reaped) -> None:
    parts = [
        f"{len(found)} {word} ({', '.join(found)})"
        for word, found in (
            ("adopted", done.adopted),
            ("ended", done.ended),
            ("still ending", done.ending),
            ("running", done.running),
        )
        if found
    ]
    nothing = "nothing of ours is running" if not done.not_asked else "nothing by the record"
    shell.say(f"{done.checked} looked at: {'; '.join(parts) or nothing}")
