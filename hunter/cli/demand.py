"""The command that asks: always on, scaled to zero, or in batches?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from hunter.cli.options import DURATION
from hunter.cli.output import table
from hunter.cli.shell import Shell, common
from hunter.values.words import duration, number, percent, usd

if TYPE_CHECKING:
    from hunter.cost.serving import Serving


@click.command()
@click.option(
    "-w", "--workload", metavar="WORKLOAD", help="A TOML file with [demand], or a sample."
)
@click.option("-o", "--offer", metavar="OFFER", help="Serve on this offer; else on the best deal.")
@click.option(
    "--timeout",
    "timeout_s",
    type=DURATION,
    metavar="T",
    help="Sleep after so much idle time, as 5m; else the best.",
)
@common
@click.pass_obj
def demand(shell: Shell, workload: str | None, offer: str | None, timeout_s: float | None) -> int:
    """Always on, scaled to zero, or in batches: money beside the users' waiting.

    The workload's [demand] says how many requests come in each hour of a day. An instance that scales to
    zero sleeps after an idle time-out, and whoever wakes it waits for the cold start; a batch waits for its
    hour. The best time-out is the cheapest, with waiting counted at wait_usd_h where the workload names it.

    \b
    Examples:
      hunter demand -w llm-server
      hunter demand -w llm-server --timeout 5m --json
    """
    with shell.hunter() as hunter:
        found = hunter.advice.serving(shell.workload(workload), offer, timeout_s)
    if shell.json:
        shell.document(
            {
                "offer": found.offer,
                "hourly": list(found.demand.hourly),
                "cold_start_s": found.host.cold_h * 3600,
                "ways": msgspec.to_builtins(found.ways),
                "up_share": found.up_share,
            }
        )
    else:
        _print(shell, found)
    return 0


def _print(shell: Shell, found: Serving) -> None:
    host = found.host
    shell.show(
        f"{found.offer}: ${usd(host.usd_h)}/h with disk, a cold start takes "
        f"{duration(host.cold_h * 3600)} and ${usd(host.cold_usd)}, a request "
        f"{duration(host.request_h * 3600)}\n"
    )
    for label, line in found.picture:
        shell.show(f"{label:>9} │{line}│")
    always = found.ways[0].usd_month
    rows = [
        [
            way.way + ("" if way.timeout_s is None else f", {duration(way.timeout_s)} idle"),
            usd(way.usd_month, 2),
            percent(way.usd_month / always),
            number(way.up_h_month),
            number(way.wakes_month),
            duration(way.wait_s),
            number(way.wait_h_month, ".1f"),
        ]
        for way in found.ways
    ]
    headers = ["way", "$/month", "of always on", "h up", "starts", "wait each", "wait h/month"]
    shell.show("\n" + table(headers, rows, left=(0,)))
