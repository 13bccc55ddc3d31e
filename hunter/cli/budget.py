"""`hunter budget`: caps over all leases together, and what stands against them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from hunter.cli.options import MONEY
from hunter.cli.output import table, tell
from hunter.cli.shell import Shell, common, wait_for
from hunter.values.errors import UsageError
from hunter.values.words import duration, money

if TYPE_CHECKING:
    from hunter.api.balances import Purse
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
    """Show each cap, what is spent and reserved, and how long each account's balance lasts.

    A lease reserves all that it may cost until it is gone and its bill is read. Days and months are those
    of this machine's time zone.
    """
    wait_for(_shown(shell, {}, ask=True))
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


async def _shown(shell: Shell, changes: dict[str, Any], *, ask: bool = False) -> None:
    from hunter.api.balances import balances  # noqa: PLC0415  asyncio, 30 ms

    async with shell.hunter() as hunter:
        ledger = hunter.leases.ledger
        if changes:
            ledger.set_budget(msgspec.structs.replace(ledger.budget(), **changes))
        names = hunter.markets.names() if ask else ()
        _print(shell, ledger.used(), await balances(hunter.markets, hunter.leases, names), ask=ask)


def _print(shell: Shell, used: Use, purses: tuple[Purse, ...], *, ask: bool) -> None:
    for purse in purses:
        if purse.error:
            tell(f"{purse.market}: what is left is unknown: {purse.error}")
    if shell.json:
        asked = {"balances": msgspec.to_builtins(purses)} if ask else {}
        shell.document(msgspec.to_builtins(used) | asked)
        return
    rows = []
    for name, (what, figure) in ROWS.items():
        of = getattr(used, name)
        cap = "no cap" if of.cap is None else figure.format(of.cap)
        left = "" if of.cap is None else figure.format(max(0.0, of.cap - of.taken))
        rows.append([what, cap, figure.format(of.spent), figure.format(of.reserved), left])
    shell.show(table(["", "cap", "spent", "reserved", "left"], rows, left=(0,)))
    for purse in purses:
        if not purse.error:
            shell.show(_left(purse))


def _left(purse: Purse) -> str:
    """One account in a line."""
    text = f"{purse.market}: {money(purse.balance_usd, 2)} left"
    if purse.spend_usd_h is None:
        return f"{text}; what is spent there an hour is unknown"
    if purse.runway_h is None:
        nobody = "nothing" if purse.spend_by == "market" else "no lease of this home"
        return text if purse.spend_usd_h else f"{text}; {nobody} costs anything there now"
    by = "" if purse.spend_by == "market" else " of this home's leases"
    return (
        f"{text}, enough for {duration(purse.runway_h * 3600)} at {money(purse.spend_usd_h)}/h{by}"
    )
