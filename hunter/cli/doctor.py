"""`hunter doctor`: looks at everything that Hunter stands on, changes nothing, and says what to do."""

from __future__ import annotations

import click
import msgspec

from hunter.cli.output import tell
from hunter.cli.shell import Shell, common, wait_for
from hunter.values.errors import ConfigError

MARKS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


@click.command()
@common
@click.pass_obj
def doctor(shell: Shell) -> int:
    """Check keys, markets' interfaces, clocks, database, timers, versions and disk; change nothing.

    Each line is ok, warn or fail, and says what to do. Exit 1 where something fails. No key is shown.

    \b
    Examples:
      hunter doctor
      hunter doctor --json
    """
    from hunter.api.doctor import machine  # noqa: PLC0415  only here
    from hunter.api.doctor.examine import examine  # noqa: PLC0415  asyncio, 30 ms
    from hunter.api.doctor.finding import broken  # noqa: PLC0415  with it

    try:
        home = shell.home
    except ConfigError as error:
        found = (*machine.versions(), broken("config", "config.toml", str(error), error.remedy))
    else:
        found = wait_for(examine(home, started=shell.sandbox))
    counts = {status: sum(one.status == status for one in found) for status in MARKS}
    if shell.json:
        shell.document({"checks": msgspec.to_builtins(found), **counts})
    else:
        for one in found:
            mark, color = MARKS[one.status]
            shell.show(f"{click.style(mark, fg=color)}  {one.check:<11}  {one.subject}: {one.text}")
            if one.remedy:
                shell.show(f"        → {one.remedy}")
    if counts["fail"]:
        tell(f"{counts['fail']} of {len(found)} checks failed.")
    return 1 if counts["fail"] else 0
