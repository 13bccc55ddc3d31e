"""`hunter extend`: more time for what is rented."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hunter.cli.options import TTL
from hunter.cli.renting import lease_json
from hunter.cli.shell import Shell, common, wait_for
from hunter.leases.guards import machine
from hunter.values.words import duration

if TYPE_CHECKING:
    from hunter.leases.extending import Extended


@click.command()
@click.argument("instance")
@click.option("--ttl", "ttl_s", type=TTL, metavar="T", required=True, help="From now on, as 2h.")
@common
@click.pass_obj
def extend(shell: Shell, instance: str, ttl_s: float) -> int:
    """Let an instance live for so long from now on, and never shorter than it would have.

    Where its dead-man switch is proved, the deadline on the instance is rewritten over ssh first; where
    that fails, nothing is changed. Its caps of money stay, and may end it sooner.

    \b
    Example:
      hunter extend 1a2b3c4d --ttl 2h
    """

    async def work() -> Extended:
        async with shell.hunter() as hunter:
            done = await hunter.extend(instance, ttl_s)
            if shell.json:
                shell.document(
                    lease_json(hunter, done.lease) | {"machine_moved": done.machine_moved}
                )
            return done

    done = wait_for(work())
    lease = done.lease
    shell.say(
        f"{lease.lease_id} lives for {duration(ttl_s)} from now, within its cap of ${lease.max_usd:.2f}"
    )
    if done.machine_moved:
        shell.say("the deadline on the instance was moved with it")
    elif machine(lease) == "unproved":
        shell.say(
            "its dead-man switch is not proved, and was not told: if it works after all, it ends the "
            "instance at the old time"
        )
    return 0
