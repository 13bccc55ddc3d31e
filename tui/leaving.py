"""What is asked before Hunter is left: nobody keeps the caps of what runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.words import money
from tui.screens.confirm import Answer, ConfirmScreen
from tui.widgets.sheet import MUTED, STRONG, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hunter.leases.lease import Lease
    from hunter.leases.status import Burning

UNKEPT = (
    "While Hunter is closed nobody keeps their caps or their time to live. "
    "hunter ps shows them, hunter destroy ends them."
)


def leave_question(live: Sequence[Lease], burn: Burning) -> ConfirmScreen:
    """Whether to leave these running, or to end all of them first."""
    unseen = " and what is not known yet" if burn.unseen else ""
    names = "\n".join(
        f"  {lease.gpu} · {lease.market}:{lease.instance_id or '…'} · {lease.state}"
        for lease in live
    )
    text = line(
        (names, STRONG),
        f"\n\nTogether they cost {money(burn.usd_h)}/h now{unseen}.\n",
        (UNKEPT, MUTED),
    )
    return ConfirmScreen(
        f"{len(live)} still running",
        text,
        Answer("leave", "Leave running", "warning"),
        Answer("destroy", "Destroy all, quit", "error"),
    )


def blind_question() -> ConfirmScreen:
    """Whether to leave although the record cannot be read."""
    text = line("Whatever runs goes on, and costs.\n", (UNKEPT, MUTED))
    return ConfirmScreen(
        "What is still running is unknown", text, Answer("leave", "Leave anyway", "warning")
    )
