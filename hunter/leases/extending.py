"""Giving a lease more time: first its dead-man switch, where that is proved, and only then its record."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING

import msgspec

from hunter.leases.guards import machine
from hunter.leases.states import COSTLY
from hunter.values.amounts import MOST_TTL_S
from hunter.values.errors import MarketError, UsageError
from hunter.values.words import duration

if TYPE_CHECKING:
    from hunter.leases.lease import Lease
    from hunter.leases.leases import Leases
    from hunter.values.login import Login

SSH_WITHIN_S = 40.0
"""Seconds of ours for all of it; ssh gives up a connection after 15."""
OPTIONS = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=15")
"""Nobody answers: a host key or a password that is asked for is a failure. Else as hunter ssh."""
SAYS = "HUNTER_GUARD extended"
MOVE = f"""umask 077
f=${{HUNTER_GUARD_DIR:-/var/lib/hunter-guard}}/deadline-$1
[ -f "$f" ] || f=/tmp/hunter-guard/deadline-$1
[ -f "$f" ] || {{ echo there is no deadline on it >&2; exit 3; }}
n=$(($(date +%s)+$2))
echo $n >"$f.new" && mv "$f.new" "$f" && read -r v <"$f" && [ "$v" = $n ] && echo {SAYS} $n"""
"""Runs on the instance: the new deadline by its own clock, renamed over the old one and read back."""


class Extended(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a wish for more time."""

    lease: Lease
    machine_moved: bool
    """The deadline on the instance was moved too."""


async def extend(leases: Leases, lease_id: str, ttl_s: float) -> Extended:
    """Let a lease live for so long from now on, and never shorter than it would have. Money caps stay.

    Raises UsageError where it is not running or would be shortened, MarketError where the deadline on the
    instance could not be moved: then nothing is changed.
    """
    lease = leases.get(lease_id)
    now = leases.clock.now(lease.market)
    _check(lease, now, ttl_s)
    moved = machine(lease) == "proved"
    if moved:
        login = await leases.login(lease.lease_id)
        await _move(login, lease, ttl_s)
    until = now + ttl_s
    how = "with the deadline on the instance" if moved else "on record only"
    after = leases.ledger.move_from(
        COSTLY, lease, "extended", f"by {duration(until - lease.ttl_at)}, {how}", ttl_at=until
    )
    if after.ttl_at != until:
        raise UsageError(
            f"{lease.lease_id} is {after.state}: it cannot be given more time.",
            remedy="hunter ps shows it.",
        )
    return Extended(lease=after, machine_moved=moved)


def _check(lease: Lease, now: float, ttl_s: float) -> None:
    if lease.state not in COSTLY or lease.wish == "gone":
        raise UsageError(
            f"{lease.lease_id} is {lease.state}: it cannot be given more time.",
            remedy="hunter ps shows what can.",
        )
    left_s = lease.ttl_at - now
    if ttl_s < left_s:
        raise UsageError(
            f"{lease.lease_id} lives for {duration(left_s)} as it is: {duration(ttl_s)} from now would "
            "shorten it.",
            remedy="Give a longer time; hunter destroy ends it sooner.",
        )
    if now + ttl_s - (lease.created_at or lease.intended_at) > MOST_TTL_S:
        raise UsageError("No lease lives for more than 365 days.", remedy="Give a shorter time.")


async def _move(login: Login, lease: Lease, ttl_s: float) -> None:
    """Rewrite the deadline on the instance; MarketError says why where that is not sure."""
    script = ["sh", "-c", MOVE, "extend", str(lease.instance_id), str(round(ttl_s))]
    ssh, *rest = login.argv()
    code, told, complaint = await _run([ssh, *OPTIONS, *rest, shlex.join(script)])
    if code == 0 and SAYS in told:
        return
    why = complaint.strip().splitlines()[-1][:200] if complaint.strip() else f"exit code {code}"
    raise MarketError(
        f"The deadline on {lease.market}:{lease.instance_id} could not be moved, and nothing was changed: "
        f"{why}.",
        remedy=f"Log in once, so that its host key is known: hunter ssh {lease.lease_id}; then try again.",
    )


async def _run(words: list[str]) -> tuple[int, str, str]:
    """A program's exit code and what it printed; it is killed where it takes too long."""
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
    except OSError as error:
        return 127, "", f"{words[0]}: {error.strerror}"
    try:
        async with asyncio.timeout(SSH_WITHIN_S):
            out, complaint = await process.communicate()
    except TimeoutError:
        return 124, "", f"no answer within {SSH_WITHIN_S:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(errors="replace"), complaint.decode(errors="replace")
