"""Commands that rent: launch, ssh, logs, stop, destroy. Nothing here spends without a yes."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import asdict

from hunter.cli.explain import print_bill
from hunter.cli.options import MONEY, TTL
from hunter.cli.output import tell
from hunter.cli.shell import Shell, common, wait_for
from hunter.cli.tries import Attempts
from hunter.leases.guards import machine
from hunter.leases.lease import Caps
from hunter.values.errors import HunterError, MarketError, UsageError
from hunter.values.words import duration, iso, usd

if TYPE_CHECKING:
    from hunter.api.hunter import Hunter
    from hunter.api.renting import Quote
    from hunter.leases.lease import Lease
    from hunter.values.login import Login
    from hunter.values.workload import Workload

GIVE_UP_AT_LEAST_S = 900.0
"""A start is given at least this long: Vast's own guide says to wait 15 minutes in loading."""


@click.command()
@click.argument("offer")
@click.option("-w", "--workload", metavar="WORKLOAD", help="A TOML file, or a sample by its name.")
@click.option("--max-usd-h", type=MONEY, metavar="X",
              help="Most dollars an hour, GPU and disk; else the workload's limit.")  # fmt: skip
@click.option("--max-usd", type=MONEY, metavar="Y",
              help="Most dollars in all; else the workload's limit.")  # fmt: skip
@click.option(
    "--ttl", "ttl_s", type=TTL, metavar="T", help="Longest life, as 2h; else the workload's limit."
)
@click.option("--yes", "-y", is_flag=True, help="Rent without asking.")
@click.option("--wait", is_flag=True, help="Watch it until one can log in; Ctrl-C destroys it.")
@click.option("--tries", type=click.IntRange(1, 20), default=1, metavar="N", show_default=True,
              help="Go on with the next-best deal where one does not come up; with --wait.")  # fmt: skip
@common
@click.pass_obj
def launch(
    shell: Shell, offer: str, workload: str | None, max_usd_h: float | None,
    max_usd: float | None, ttl_s: float | None, yes: bool, wait: bool, tries: int,
) -> int:  # fmt: skip
    """Rent an offer inside caps: quote afresh, show the bill, ask, create, read the price back.

    The caps are kept while a Hunter watches: this command with --wait, the open terminal app, or a pass
    of hunter reap.

    \b
    Examples:
      hunter launch vast:12345678 -w comfyui-flux --max-usd-h 0.6 --max-usd 1 --ttl 2h --wait
      hunter --sandbox launch vast:12345678 -w comfyui-flux --yes --wait
    """

    if tries > 1 and not wait:
        raise UsageError("--tries watches each try until one can log in.", remedy="Add --wait.")

    async def work() -> Lease:
        async with shell.hunter() as hunter:
            job = shell.workload(workload)
            attempts = Attempts(hunter, job, _caps(job, max_usd_h, max_usd, ttl_s))

            async def rent(ref: str, caps: Caps) -> Lease:
                return await _rent(shell, hunter, ref, job, caps, yes=yes, wait=wait)

            lease = await attempts.run(rent, offer, tries, shell.say)
            if shell.json:
                told = [asdict(one) for one in attempts.made]
                shell.document(lease_json(hunter, lease) | {"attempts": told})
            return lease

    lease = wait_for(work())
    return 0 if lease.state in ("waiting", "ready") else 1


async def _rent(
    shell: Shell, hunter: Hunter, ref: str, job: Workload, caps: Caps, *, yes: bool, wait: bool
) -> Lease:
    """Quote an offer, show its bill, ask, and rent it; with `wait` until one can log in."""
    from hunter.api.renting import check_caps  # noqa: PLC0415  a launch alone needs it

    quote = await hunter.quote(ref, job)
    check_caps(quote, caps)
    _confirm(shell, hunter, quote, caps, yes=yes)
    lease = await hunter.launch(quote, job, caps)
    shell.say(f"rented {lease.market}:{lease.instance_id} as {lease.label}")
    if wait:
        return await _wait_ready(shell, hunter, lease, quote)
    if not shell.quiet:
        shell.say(
            "Nothing watches it now: its caps and its time are kept by the open terminal app and by"
        )
        shell.say(
            f"each pass of hunter reap. hunter ps shows it, hunter destroy {lease.lease_id} ends it."
        )
        if lease.guard != "off":
            shell.say(_of_the_switch(lease))
    return lease


def _caps(
    job: Workload, max_usd_h: float | None, max_usd: float | None, ttl_s: float | None
) -> Caps:  # fmt: skip
    """The caps that were typed, else the workload's; refused here, before any market is asked."""
    limits = job.limits
    most_h = limits.max_usd_h if max_usd_h is None else max_usd_h
    most = limits.max_usd_run if max_usd is None else max_usd
    if ttl_s is None and limits.ttl_h is not None:
        ttl_s = limits.ttl_h * 3600
    missing = [
        name
        for name, value in (("--max-usd-h", most_h), ("--max-usd", most), ("--ttl", ttl_s))
        if value is None
    ]
    if missing or most_h is None or most is None or ttl_s is None:
        raise UsageError(
            f"Nothing is rented without caps: {', '.join(missing)} is missing.",
            remedy="Give it, or set [limits] in the workload file.",
        )
    return Caps(max_usd_h=most_h, max_usd=most, ttl_s=ttl_s)


def _confirm(shell: Shell, hunter: Hunter, quote: Quote, caps: Caps, *, yes: bool) -> None:
    deal = quote.deal
    if not shell.json and not shell.quiet:
        print_bill(shell, deal)
    if quote.before_usd_h is not None and deal.offer.price_usd_h != quote.before_usd_h:
        shell.say(f"The price moved: {quote.before_usd_h:.4f} → {deal.offer.price_usd_h:.4f} $/h.")
    shell.say(
        f"{deal.offer.ref} at ${usd(deal.all_in_usd_h)}/h with disk; ends at the latest after "
        f"{duration(caps.ttl_s)} or ${caps.max_usd:.2f}."
    )
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("Renting needs a yes.", remedy="Add --yes, or run it in a terminal.")
    if not click.confirm("Rent it?", default=False, err=True):
        raise click.Abort


async def _wait_ready(shell: Shell, hunter: Hunter, lease: Lease, quote: Quote) -> Lease:
    """Watch until one can log in; whatever cuts this short destroys the instance first."""
    predicted_s = quote.deal.cold_start_high_s or 0.0
    give_up_s = max(GIVE_UP_AT_LEAST_S, 3 * predicted_s)
    watching = asyncio.ensure_future(
        hunter.leases.keep(lease.lease_id, until=("ready", "ended", "refused"), give_up_s=give_up_s)
    )
    try:
        seen = None
        while not watching.done():
            await asyncio.wait([watching], timeout=0.2)
            now = hunter.leases.fresh(lease)
            if now.phase != seen:
                seen = now.phase
                elapsed = hunter.clock.now() - now.intended_at
                spent = usd(hunter.leases.spent_usd(now))
                shell.say(f"{duration(elapsed):>8}  ${spent}  {seen}")
        lease = watching.result()
    except asyncio.CancelledError:
        watching.cancel()
        shell.say("interrupted: destroying it …")
        ended = await hunter.destroy(lease.lease_id, "interrupted by the user")
        shell.say(f"destroyed, its absence proven; it cost ${_cost(ended):.4f}")
        raise
    if lease.state != "ready":
        raise MarketError(
            f"{lease.offer} did not come up ({lease.note}); it was destroyed, its absence proven, and "
            f"cost ${_cost(lease):.4f}.",
            remedy="Take the next offer of hunter deals.",
        )
    took = (lease.ready_at or 0.0) - lease.intended_at
    shell.say(f"ready after {duration(took)}; hunter ssh {lease.lease_id} logs in")
    shell.say(_of_the_switch(lease))
    return lease


def _of_the_switch(lease: Lease) -> str:
    """What becomes of an instance that nobody watches, by its dead-man switch."""
    match machine(lease):
        case "proved":
            return "its dead-man switch has proved itself: it ends itself when its time is over"
        case "off":
            why = f" ({lease.guard_said})" if lease.guard_said else ""
            return f"it carries no dead-man switch{why}: without a Hunter it runs on"
        case _:
            said = lease.guard_said or "nothing is heard of it yet"
            return f"its dead-man switch is not proved ({said}): hunter ps says when it is"


def _cost(lease: Lease) -> float:
    return lease.metered_usd if lease.billed_usd is None else lease.billed_usd


def lease_json(hunter: Hunter, lease: Lease) -> dict[str, Any]:
    """A lease as commands print it."""
    return {
        "id": lease.lease_id,
        "instance": f"{lease.market}:{lease.instance_id}",
        "market": lease.market,
        "offer": lease.offer,
        "state": lease.state,
        "phase": lease.phase,
        "label": lease.label,
        "gpu": lease.gpu,
        "quoted_usd_h": lease.quoted_usd_h,
        "contract_usd_h": lease.contract_usd_h,
        "spent_usd": hunter.leases.spent_usd(lease),
        "billed_usd": lease.billed_usd,
        "created_at": iso(lease.created_at),
        "ready_at": iso(lease.ready_at),
        "ended_at": iso(lease.ended_at),
        "ttl_at": iso(lease.ttl_at),
        "guard": machine(lease),
        "note": lease.note,
    }


@click.command()
@click.argument("instance")
@click.option("--print", "only_print", is_flag=True, help="Print the command instead.")
@common
@click.pass_obj
def ssh(shell: Shell, instance: str, only_print: bool) -> int:
    """Log in to an instance: its lease's id, or MARKET:ID."""

    async def work() -> Login:
        async with shell.hunter() as hunter:
            return await hunter.leases.login(instance)

    login = wait_for(work())
    words = login.argv()
    if shell.json:
        shell.document({"command": words})
    elif only_print:
        shell.show(login.command)
    else:
        os.execvp(words[0], words)  # noqa: S606  the user's own ssh, with a checked login
    return 0


@click.command()
@click.argument("instance")
@click.option("-n", "--lines", type=click.IntRange(1, 10000), default=100, show_default=True)
@common
@click.pass_obj
def logs(shell: Shell, instance: str, lines: int) -> int:
    """Print what an instance's container printed."""

    async def work() -> str:
        async with shell.hunter() as hunter:
            return await hunter.logs(instance, lines)

    text = wait_for(work())
    if shell.json:
        shell.document({"instance": instance, "lines": text.splitlines()})
    else:
        shell.show(text.rstrip("\n"))
    return 0


@click.command()
@click.argument("instance")
@common
@click.pass_obj
def stop(shell: Shell, instance: str) -> int:
    """Free an instance's GPU and keep its disk, which goes on costing money."""

    async def work() -> Lease:
        async with shell.hunter() as hunter:
            lease = await hunter.leases.stop(instance)
            if shell.json:
                shell.document(lease_json(hunter, lease))
            return lease

    lease = wait_for(work())
    keep = usd(lease.storage_stopped_usd_h)
    shell.say(f"stop asked; the disk costs ${keep}/h until hunter destroy {lease.lease_id}")
    return 0


@click.command()
@click.argument("instances", nargs=-1, required=True, metavar="INSTANCE...")
@click.option("--no-wait", is_flag=True, help="Leave the proof to hunter reap.")
@common
@click.pass_obj
def destroy(shell: Shell, instances: tuple[str, ...], no_wait: bool) -> int:
    """End instances, prove that they are gone, and read their bills.

    The proof takes half a minute: the market has to deny the instance by its name, and a while later to
    list everything else without it. An instance of another home of yours is ended by its MARKET:ID.

    \b
    Examples:
      hunter destroy 1a2b3c4d
      hunter destroy vast:33402296
    """

    async def work() -> list[dict[str, Any]]:
        ended: list[dict[str, Any]] = []
        async with shell.hunter() as hunter:
            for name in instances:
                ended.append(await _destroy_one(shell, hunter, name, proof=not no_wait))
        return ended

    ended = wait_for(work())
    if shell.json:
        shell.document({"destroyed": ended})
    codes = {int(one.get("exit_code", 0)) for one in ended}
    return min(codes - {0}, default=0)  # what may still run weighs more than a wrong name


async def _destroy_one(shell: Shell, hunter: Hunter, name: str, *, proof: bool) -> dict[str, Any]:
    """End one; its failure is told and returned, for the others are to be ended all the same."""
    try:
        lease = await hunter.destroy(name, proof=proof)
    except HunterError as error:
        tell(f"hunter: {name}: {error}\n  → {error.remedy}")
        state = "ending" if isinstance(error, MarketError) else None
        return {"id": name, "state": state, "error": str(error), "remedy": error.remedy,
                "exit_code": error.exit_code}  # fmt: skip
    except Exception as error:  # noqa: BLE001  a mistake of ours in one must not keep another alive
        text = f"{type(error).__name__}: {error}"
        tell(f"hunter: {name}: {text}\n  → This is a mistake in Hunter; look at hunter ps.")
        return {"id": name, "state": None, "error": text, "exit_code": 1}
    if lease.state == "refused":
        shell.say(f"{name} was never created: {lease.note}")
        return lease_json(hunter, lease)
    if lease.state == "ending":
        shell.say(f"{name} was asked to end; hunter reap proves that it is gone")
        return lease_json(hunter, lease)
    bill = "not yet billed" if lease.billed_usd is None else f"billed ${lease.billed_usd:.4f}"
    shell.say(f"{name} is gone; metered ${lease.metered_usd:.4f}, {bill}")
    return lease_json(hunter, lease)
