"""One lease: how it stands, what it costs against its caps, its bill by item, and its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hunter.values.words import duration, gpus, money, percent, usd
from tui.format import STALE, bar
from tui.widgets.sheet import ACCENT, BAD, GOOD, HEAD, MUTED, STRONG, WARN, Piece, Sheet, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.content import Content

    from hunter.leases.lease import Lease
    from hunter.leases.status import LeaseStatus

PHASE_WORDS = {
    "allocating": "waiting for a machine",
    "pulling": "pulling the image",
    "starting": "starting the container",
    "running": "running",
    "stopped": "stopped, disk kept",
    "interrupted": "interrupted by the market",
    "failed": "failed to come up",
    "offline": "its host cannot be reached",
    "gone": "gone",
}
NEAR = 0.8
"""Share of a cap from which it is marked."""


def state_words(lease: Lease) -> tuple[str, str]:
    """How a lease stands, as a sign with words and a tone."""
    phase = PHASE_WORDS.get(lease.phase or "", "not seen yet")
    if lease.phase == "running":
        phase = "running, no login yet"
    fixed = {
        "intended": ("· intended, nothing sent yet", MUTED),
        "creating": ("⟳ create sent", ACCENT),
        "unclear": (f"{STALE} the create's answer was lost: looking for it by its label", WARN),
        "ready": ("● ready", GOOD),
        "stopped": (f"◼ {phase}", WARN),
        "ending": ("⟳ ending: asking until it is proven gone", WARN),
        "ended": ("✓ gone, proven by the market's own answer", GOOD),
        "refused": ("✗ refused: nothing was created", BAD),
    }
    if lease.state in fixed:
        return fixed[lease.state]
    return (f"✗ {phase}", BAD) if lease.phase == "failed" else (f"▶ {phase}", ACCENT)


def state_lines(status: LeaseStatus, problem: str | None) -> Iterator[Content]:
    """What it is and how it stands."""
    lease = status.lease
    words, tone = state_words(lease)
    yield line(
        (f"{words}  ", f"bold {tone}"), gpus(lease.gpu, lease.gpu_count),
        (f"  {lease.market}:{lease.instance_id or '…'} · {lease.tenancy} · {lease.workload}", MUTED),
    )  # fmt: skip
    expected = status.expected_ready_s
    aim = "" if expected is None else f" of about {duration(expected)} expected"
    if lease.ready_at is not None:
        yield line((f"ready after {duration(status.waited_s)}{aim}", MUTED))
    elif lease.live:
        late = expected is not None and status.waited_s > expected
        yield line(
            f"{duration(status.waited_s)}",
            (f"{aim} {STALE} late" if late else aim, WARN if late else MUTED),
        )
    else:
        yield line((f"{lease.note or 'over'}, after {duration(status.waited_s)}", MUTED))
    if problem:
        yield line((f"{STALE} {problem}", WARN))
    elif status.login and lease.live:
        yield line((status.login.command, STRONG))


def meter_lines(status: LeaseStatus, width: int) -> Iterator[Content]:
    """Dollars and time against their caps, and the contract against the quote."""
    lease = status.lease
    room = max(6, min(24, width - 42))
    share = (status.spent_usd or 0.0) / lease.max_usd if lease.max_usd else 0.0
    yield _meter("dollars", share, f"{money(status.spent_usd)} of {money(lease.max_usd, 2)}", room)
    ttl_s = lease.ttl_at - lease.intended_at
    until = lease.ended_at if lease.ended_at is not None else status.now
    used_s = until - lease.intended_at
    yield _meter("time", used_s / ttl_s if ttl_s > 0 else 1.0,
                 f"{duration(used_s)} of {duration(ttl_s)}", room)  # fmt: skip
    yield line(("burn    ", MUTED), (f"{money(status.burn_usd_h)}/h now", STRONG),
               (f", cap {money(lease.max_usd_h, 2)}/h", MUTED))  # fmt: skip
    yield line(("price   ", MUTED), *_contract(status))


def _meter(name: str, share: float, text: str, room: int) -> Content:
    near = share >= NEAR
    drawn = bar(share, room).rstrip()
    return line(
        (f"{name:<8}", MUTED), (drawn, WARN if near else ACCENT), ("┈" * (room - len(drawn)), MUTED),
        f"  {text}", (f"  {STALE} {percent(share)}" if near else "", WARN),
    )  # fmt: skip


def _contract(status: LeaseStatus) -> list[Piece]:
    lease, over = status.lease, status.over_quote
    if over is None:
        return [
            f"{money(lease.quoted_usd_h)}/h quoted",
            (", the contract is not read back yet", MUTED),
        ]
    pieces: list[Piece] = [f"{money(lease.contract_usd_h)}/h contracted"]
    if abs(over) < 0.0005:
        return [*pieces, (" ✓ as quoted", GOOD)]
    sign = f"{STALE} {percent(over, 1)} above" if over > 0 else f"{percent(-over, 1)} below"
    return [
        *pieces,
        (f" {sign} the quote of {money(lease.quoted_usd_h)}", WARN if over > 0 else GOOD),
    ]


def item_lines(status: LeaseStatus) -> Iterator[Content]:
    """What it cost by item: by our own arithmetic, and as the market's bill says."""
    items = [*status.metered, *(item for item in status.billed if item not in status.metered)]
    cells = ["".join(f"{item:>10}" for item in items) + f"{'in all':>10}"]
    yield line(("  MONEY     ", HEAD), (cells[0], MUTED))
    metered = "".join(f"{usd(status.metered.get(item)):>10}" for item in items)
    yield line(("  metered   ", MUTED), metered, (f"{usd(status.metered_usd):>10}", STRONG))
    billed_usd = status.lease.billed_usd
    if billed_usd is None:
        yield line(("  billed    ", MUTED), ("the market's bill has not come yet", MUTED))
        return
    billed = "".join(f"{usd(status.billed.get(item, 0.0)):>10}" for item in items)
    tone, said = WARN, "  and nobody can say what it should be"
    if status.metered_usd is not None:
        off = status.metered_usd / billed_usd - 1 if billed_usd else 0.0
        tone = GOOD if abs(off) <= 0.01 else WARN
        sign = "✓" if abs(off) <= 0.01 else STALE
        said = f"  {sign} {percent(abs(off), 1)} apart"
    yield line(
        ("  billed    ", MUTED), billed, (f"{usd(billed_usd):>10}", STRONG), (said, tone)
    )  # fmt: skip


def log_lines(status: LeaseStatus) -> Iterator[Content]:
    """What happened, newest last, by seconds since the intent."""
    yield line(("LOG", HEAD))
    for event in status.log:
        what = PHASE_WORDS.get(event.phase, event.phase) if event.event == "seen" else event.event
        tone = {"ready": GOOD, "ended": GOOD, "look failed": BAD, "refused": BAD, "too dear": BAD}
        yield line(
            (f"{duration(event.at - status.lease.intended_at):>8}  ", MUTED),
            (f"{what:<24}", tone.get(event.event, "")),
            (event.detail, MUTED),
        )


class StorySheet(Sheet):
    """Any of the drawings above."""
