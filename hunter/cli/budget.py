"""`hunter budget`: caps over all leases together, and what stands against them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from hunter.cli.options import MONEY
from hunter.cli.output import table
from hunter.cli.shell import Shell, common, wait_for
from hunter.values.errors import UsageError

if TYPE_CHECKING:
    from hunter.leases.budget import Use

ROWS = {
    "day_usd": ("today", "${:.2f}"),
    "month_usd": ("this month", "${:.2f}"),
    "running_usd_h": ("running", "${:.4f}/h"),
    "count": ("leases", "{:.0f}"),
}


@click.group()
def budget() -> None:
    """Caps over all leases together; each launch reserves what it may cost before it is sent."""


@budget.command()
@common
@click.pass_obj
def show(shell: Shell) -> int:
    """Show each cap, what is spent, and what is reserved.

    A lease reserves all that it may cost until it is gone and its bill is read. Days and months are those
    of this machine's time zone.
    """
    wait_for(_shown(shell, {}))
    return 0


@budget.command(name="set")
@click.option("--day-usd", type=MONEY, metavar="X", help="Most dollars a day.")
@click.option("--month-usd", type=MONEY, metavar="X", help="Most dollars a month.")
@click.option(
    "--running-usd-h", type=MONEY, metavar="X", help="Most dollars an hour, all together."
)
@click.option("--count", type=click.IntRange(1, 10_000), metavar="N", help="Most leases at once.")
@click.option("--none", "lifted", multiple=True, metavar="CAP",
              type=click.Choice(["day", "month", "running", "count"]),
              help="Lift a cap: day, month, running or count.")  # fmt: skip
@common
@click.pass_obj
def set_(
    shell: Shell, day_usd: float | None, month_usd: float | None, running_usd_h: float | None,
    count: int | None, lifted: tuple[str, ...],
) -> int:  # fmt: skip
    """Set caps; those that are not named stay.

    \b
    Examples:
      hunter budget set --day-usd 5 --month-usd 60
      hunter budget set --running-usd-h 2 --count 4
      hunter budget set --none day
    """
    given = {
        "day_usd": day_usd,
        "month_usd": month_usd,
        "running_usd_h": running_usd_h,
        "count": count,
    }
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    for cap in lifted:
        name = next(name for name in given if name.startswith(cap))
        if name in changes:
            raise UsageError(f"{cap} is set and lifted at once.", remedy="Give one of them.")
        changes[name] = None
    if not changes:
        raise UsageError("No cap is named.", remedy="hunter budget set --day-usd 5")
    wait_for(_shown(shell, changes))
    return 0


async def _shown(shell: Shell, changes: dict[str, Any]) -> None:
    async with shell.hunter() as hunter:
        ledger = hunter.leases.ledger
        if changes:
            ledger.set_budget(msgspec.structs.replace(ledger.budget(), **changes))
        _print(shell, ledger.used())


def _print(shell: Shell, used: Use) -> None:
    if shell.json:
        shell.document(msgspec.to_builtins(used))
        return
    rows = []
    for name, (what, figure) in ROWS.items():
        of = getattr(used, name)
        cap = "no cap" if of.cap is None else figure.format(of.cap)
        left = "" if of.cap is None else figure.format(max(0.0, of.cap - of.taken))
        rows.append([what, cap, figure.format(of.spent), figure.format(of.reserved), left])
    shell.show(table(["", "cap", "spent", "reserved", "left"], rows, left=(0,)))
