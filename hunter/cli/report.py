"""Commands that write reports."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from hunter.cli.options import MOMENT
from hunter.cli.output import STDOUT, Rows, table, write_csv
from hunter.cli.shell import Shell, common, wait_for
from hunter.values.errors import NothingMatches
from hunter.values.words import iso, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunter.api.prices import Prices
    from hunter.reports.spend import By
    from hunter.values.columns import Offers

When: TypeAlias = timedelta | datetime | None


@click.group()
def report() -> None:
    """Write cost reports as a table, CSV or JSON."""


def _output(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--since", type=MOMENT, metavar="T", help="From then on: 24h, 7d or 2026-11-20."),
        click.option("--until", type=MOMENT, metavar="T", help="Up to then."),
        click.option("--csv", "csv_file", metavar="[FILE]", is_flag=False, flag_value=STDOUT,
                     help="Write CSV, to FILE or to stdout."),
    ):  # fmt: skip
        command = option(command)
    return common(command)


@report.command()
@_output
@click.pass_obj
def market(
    shell: Shell, since: When, until: When, csv_file: str | None
) -> int:  # fmt: skip
    """What the markets ask, per GPU, count, market, tenancy and region.

    \b
    Examples:
      hunter report market --csv prices.csv
      hunter report market --since 7d --json
    """
    from hunter.reports.market import market_report  # noqa: PLC0415  numpy, 0.1 s

    with shell.hunter() as hunter:
        rows = market_report(_offers(hunter.prices, since, until))
    return _write(shell, rows, csv_file)


@report.command()
@click.option("-w", "--workload", metavar="WORKLOAD", help="Whose disk is kept.")
@_output
@click.pass_obj
def storage(
    shell: Shell, workload: str | None, since: When, until: When, csv_file: str | None
) -> int:
    """What storing a workload's disk costs an hour beside what computing costs, and its share.

    \b
    Examples:
      hunter report storage -w comfyui-flux
      hunter report storage -w comfyui-flux --csv storage.csv
    """
    from hunter.reports.market import storage_report  # noqa: PLC0415  numpy, 0.1 s

    disk_gb = shell.workload(workload).disk_gb
    with shell.hunter() as hunter:
        rows = storage_report(_offers(hunter.prices, since, until), disk_gb, hunter.prices.rules)
    return _write(shell, rows, csv_file)


@report.command()
@click.option("--by", type=click.Choice(["day", "workload", "market"]),
              help="One line a day, workload or market.")  # fmt: skip
@_output
@click.pass_obj
def spend(
    shell: Shell, by: By | None, since: When, until: When, csv_file: str | None
) -> int:  # fmt: skip
    """What each rental was quoted, contracted, metered by Hunter and billed by the market.

    With --by they are added up: what a finished job cost, with the hosts that never booted and the runs
    that were cut counted in. Days are those of this machine's time zone.

    \b
    Examples:
      hunter report spend --since 30d --csv spend.csv
      hunter report spend --since 30d --by workload
    """
    from hunter.reports.spend import spend_by, spend_report  # noqa: PLC0415  with the hunt's own

    async def work() -> Rows:
        async with shell.hunter() as hunter:
            now = hunter.clock.now()
            begin, end = _moment(since, now, 0.0), _moment(until, now, now)
            leases = [x for x in hunter.leases.all() if begin <= x.intended_at <= end]
            rows = spend_report(hunter.store, leases, hunter.leases.meter)
            if by is not None:
                return spend_by(rows, leases, by)
            for row, lease in zip(rows, leases, strict=True):
                row["intended_at"], row["ended_at"] = iso(lease.intended_at), iso(lease.ended_at)
            return rows

    return _write(shell, wait_for(work()), csv_file)


def _moment(said: timedelta | datetime | None, now: float, default: float) -> float:
    """A time as unix seconds."""
    if said is None:
        return default
    return now - said.total_seconds() if isinstance(said, timedelta) else said.timestamp()


def _offers(prices: Prices, since: When, until: When) -> Offers:
    if since is None and until is None:
        found = prices.recorded()
    else:
        now = prices.clock.now()
        found = prices.recorded_between(_moment(since, now, 0.0), _moment(until, now, now))
    if not len(found):
        raise NothingMatches("No prices are recorded for that.", remedy="Run hunter scrape first.")
    return found


def _write(shell: Shell, rows: Rows, csv_file: str | None) -> int:
    if shell.json:
        shell.document({"rows": rows})
    elif csv_file is not None:
        write_csv(rows, csv_file)
        if csv_file != STDOUT:
            shell.say(f"{len(rows)} rows in {csv_file}")
    elif rows:
        headers = [name for name in rows[0] if any(row[name] is not None for row in rows)]
        cells = [[_cell(row[name]) for name in headers] for row in rows]
        texts = [i for i, name in enumerate(headers) if isinstance(rows[0][name], str)]
        shell.show(table(headers, cells, left=texts))
    else:
        shell.say("Nothing to report.")
    return 0


def _cell(value: Any) -> str:
    return str(value) if isinstance(value, (str, int)) else number(value, ".4g")
