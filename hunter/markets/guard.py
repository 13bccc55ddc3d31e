"""The dead-man switch in a market's start command: `data/guard.sh` before the user's own command. Pure."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING

import msgspec

from hunter.values.errors import UsageError

if TYPE_CHECKING:
    from hunter.markets.protocol import Order

END = "HUNTER_GUARD_END"
LEAST_S = 60
"""No switch ends an instance before that."""


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """What a market's start command can carry."""

    market: str
    """Whose words the switch speaks."""
    base_url: str
    """Where the market answers from the internet."""
    own: tuple[str, ...]
    """Variables in which an instance finds its id and its key: a workload that sets one would hand the switch
    another key."""
    most: int
    """How many characters it takes."""


def with_guard(order: Order, script: str, carrier: Carrier) -> str | None:
    """The text that a shell is to run at start: the switch in the background, then the user's command.

    Args:
        order: what is rented; its `guard` says how long the instance lives.
        script: the text of `data/guard.sh`.
        carrier: what it is to travel in.

    None where the order wants no switch, or can go without and cannot carry it. Raises UsageError where the
    order may not go without.
    """
    if order.guard is None:
        return None
    why = None
    text = ""
    if named := [name for name in order.env if name in carrier.own]:
        why = f"env sets {named[0]}, which is how an instance knows itself"
    else:
        text = _shortest(guard_text(script, carrier, order.guard.ttl_s), order, carrier.most)
        if not text:
            why = f"with it the command is longer than {carrier.most} characters"
    if why is None:
        return text
    go_without(order, why)
    return None


def go_without(order: Order, why: str) -> None:
    """Go without the switch; UsageError where the order may not."""
    if order.guard is not None and order.guard.required:
        raise UsageError(
            f"The dead-man switch that the workload requires cannot be sent along: {why}.",
            remedy='Change that, or set [guard] machine = "wanted".',
        )


def guard_text(script: str, carrier: Carrier, ttl_s: float) -> str:
    """The script as it is sent: what it has to know, and the script without its remarks."""
    lines = [line for line in script.splitlines() if line and not line.startswith("#")]
    url, seconds = carrier.base_url.rstrip("/"), max(LEAST_S, round(ttl_s))
    return "\n".join([f"MARKET={carrier.market}", f"URL={url}", f"TTL={seconds}", *lines, ""])


def _shortest(text: str, order: Order, most: int) -> str:
    """As it can be read, else packed; empty where neither is short enough.

    A shell reads the switch from what it is given and not from a file: images may be read-only. `setsid`
    keeps it out of reach of whatever ends the user's command, where an image has it.
    """
    begin = "$(command -v setsid) sh"
    plain = f"{begin} <<'{END}' >/dev/null 2>&1 &\n{text}{END}\n"
    packed = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    short = f"(echo {packed} | base64 -d | gzip -dc | {begin}) >/dev/null 2>&1 &\n"
    command = order.command or ""
    return next((way + command for way in (plain, short) if len(way + command) <= most), "")
