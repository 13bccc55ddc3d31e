"""`hunter ps`: what is running and what it costs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import asdict

from hunter.cli.output import table, tell
from hunter.cli.shell import Shell, common, wait_for
from hunter.leases.identity import read_label
from hunter.schedule.health import alarms
from hunter.values.words import duration, usd

if TYPE_CHECKING:
    from hunter.leases.fleet import Fleet, Running
    from hunter.markets.protocol import Instance

GUARDS = "Guards: Watcher, Reap, Machine, Provider; a capital is proved, a small letter is not, - is off."


@click.command()
@common
@click.pass_obj
def ps(shell: Shell) -> int:
    """Show what is running, what it costs, and what the markets list that is not ours.

    A market that does not answer is named, and so is a lease about which something is unclear; the
    exit code is 1 then: silence never means that nothing is running. A market without a key is named as
    not asked; where none could be asked the exit code is 1 too.
    """

    async def work() -> int:
        async with shell.hunter() as hunter:
            now = await hunter.running()
            if shell.json:
                shell.document(
                    {
                        "instances": [_running_json(r) for r in now.ours],
                        "elsewhere": [_running_json(r) for r in now.elsewhere],
                        "unexplained": [_running_json(r) for r in now.unexplained],
                        "unknown": [{"market": n, "error": str(e)} for n, e in now.unknown],
                        "not_asked": [name for name, _ in now.not_asked],
                    }
                )
            else:
                _print_running(shell, now)
            for name, why in now.not_asked:
                tell(f"{name}: not asked: {why}")
            for name, error in now.unknown:
                tell(f"{name}: what runs there is unknown: {error}")
            for name, problem in now.problems:
                tell(f"{name}: {problem}")
            for alarm in alarms(hunter.store, time.time()):
                tell(f"{alarm}\n  → hunter doctor says more.")
            return 0 if now.known and not now.problems else 1

    return wait_for(work())


def _running_json(running: Running) -> dict[str, Any]:
    lease, instance, odd = running.lease, running.instance, running.odd
    gpu = lease.gpu if lease else instance.gpu if instance else None
    contract = lease.contract_usd_h if lease else None
    ours = lease or odd
    return {
        "id": ours.lease_id if ours else None,
        "instance": _instance_name(running),
        "market": ours.market if ours else instance.market if instance else None,
        "state": lease.state if lease else "unknown" if odd else _whose(instance),
        "phase": instance.state if instance else lease.phase if lease else None,
        "gpu": gpu,
        "price_usd_h": contract if instance is None else instance.price_usd_h,
        "burn_usd_h": running.burn_usd_h,
        "spent_usd": running.spent_usd,
        "ttl_left_s": running.ttl_left_s,
        "label": ours.label if ours else instance.label if instance else None,
        "billing": None if running.burn_usd_h is None else running.burn_usd_h > 0,
        "seen": instance is not None,
        "ssh": instance.login.arguments if instance and instance.login else None,
        "guards": None if running.guards is None else asdict(running.guards),
        "problem": running.problem or None,
    }


def _whose(instance: Instance | None) -> str:
    label = read_label(instance.label if instance else None)
    return "unexplained" if label is None else "elsewhere"


def _instance_name(running: Running) -> str | None:
    ours, instance = running.lease or running.odd, running.instance
    if instance is not None:
        return f"{instance.market}:{instance.instance_id}"
    return f"{ours.market}:{ours.instance_id}" if ours and ours.instance_id else None


def _print_running(shell: Shell, now: Fleet) -> None:
    if not (now.ours or now.elsewhere or now.unexplained):
        if not now.asked and not now.unknown:
            shell.show("No market was asked: what runs is not known.")
        elif now.unknown:
            shell.show("Nothing is known to run, but not every market answered:")
        elif now.not_asked:
            shell.show(
                "Nothing of ours is running, and the markets that were asked list nothing else."
            )
        else:
            shell.show("Nothing of ours is running, and the markets list nothing else.")
        return
    rows = []
    for running in (*now.ours, *now.elsewhere, *now.unexplained):
        j = _running_json(running)
        left = running.ttl_left_s
        over = "" if left is None else "OVERDUE " if left < 0 else ""
        rows.append([
            j["id"] or "-", j["instance"] or "-", j["gpu"] or "?", j["state"],
            (j["phase"] or "?") + ("" if j["seen"] else " (not listed)"),
            usd(j["burn_usd_h"]), usd(j["spent_usd"]),
            "-" if left is None else over + duration(abs(left)),
            "-" if running.guards is None else str(running.guards),
        ])  # fmt: skip
    headers = ["id", "instance", "GPU", "state", "phase", "$/h now", "$ so far", "time left",
               "guards"]  # fmt: skip
    shell.show(table(headers, rows, left=(0, 1, 2, 3, 4)))
    if now.ours:
        shell.show(GUARDS)
    if now.elsewhere:
        shell.show(
            "Those elsewhere were rented by another home: hunter destroy MARKET:ID ends one."
        )
    if now.unexplained:
        shell.show("Unexplained instances are not Hunter's: it never touches them.")
