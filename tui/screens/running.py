"""Everything that may cost money now, and what lately ended, with its bill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer

from hunter.values.words import age, duration, gpus, usd
from tui.desk import standing
from tui.format import STALE
from tui.keys import RUNNING
from tui.screens.lease import EndAgreed, LeaseScreen, end_question
from tui.widgets.headline import Headline
from tui.widgets.lease_sheets import state_words
from tui.widgets.line_table import Cell, Column, LineTable
from tui.widgets.sheet import ACCENT, GOOD, HEAD, MUTED, STRONG, WARN, Sheet, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.app import ComposeResult

    from hunter.leases.fleet import Fleet, Running
    from hunter.leases.lease import Lease
    from hunter.leases.leases import Leases
    from hunter.leases.ledger import Odd
    from tui.desk import Desk

LIVE_COLUMNS = (
    Column(key="instance", title="instance", width=17, left=True, grows=True, most=24),
    Column(key="gpu", title="GPU", width=12, left=True, grows=True, most=18),
    Column(key="workload", title="workload", width=14, left=True, keep=50, tone="quiet"),
    Column(key="state", title="state", width=20, left=True, grows=True, most=34),
    Column(key="burn", title="$/h now", width=9, tone="strong"),
    Column(key="spent", title="$ so far", width=9),
    Column(key="cap", title="$ cap", width=7, keep=60, tone="quiet"),
    Column(key="left", title="time left", width=10),
)
ENDED_COLUMNS = (
    Column(
        key="instance", title="instance", width=17, left=True, grows=True, most=24, tone="quiet"
    ),
    Column(key="gpu", title="GPU", width=12, left=True, grows=True, most=18),
    Column(key="workload", title="workload", width=14, left=True, keep=50, tone="quiet"),
    Column(key="ended", title="ended", width=8),
    Column(key="lasted", title="lasted", width=7, keep=70),
    Column(key="metered", title="metered", width=9),
    Column(key="billed", title="billed", width=9, tone="strong"),
    Column(key="why", title="why", width=14, left=True, grows=True, most=60, keep=60, tone="quiet"),
)
ENDED_SHOWN = 100
ASK_EVERY_S = 15.0
"""Seconds of ours between two questions to the markets."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One live lease with its numbers of now."""

    lease: Lease
    spent_usd: float | None
    burn_usd_h: float | None


@dataclass(frozen=True, slots=True)
class Record:
    """What is on record: live leases with their numbers, and ended ones."""

    live: tuple[Kept, ...]
    ended: tuple[Lease, ...]
    odd: tuple[Odd, ...] = ()
    """Those that cannot be read."""


def read_record(leases: Leases) -> Record:
    """All leases, read at once."""
    known = leases.all()
    return Record(
        live=tuple(
            Kept(lease, leases.spent_usd(lease), leases.burn_usd_h(lease))
            for lease in known
            if lease.live
        ),
        ended=tuple(lease for lease in known if not lease.live)[:ENDED_SHOWN],
        odd=tuple(leases.odd()),
    )


class RunningScreen(Screen[None]):
    """The record at once, and the markets' own word as soon as it comes."""

    CSS_PATH = "running.tcss"
    BINDINGS = RUNNING
    HELP: ClassVar[str] = "running"
    AUTO_FOCUS = "#running"
    running = getters.query_one("#running", LineTable)
    ended = getters.query_one("#ended", LineTable)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.record: Record | None = None
        self.fleet: Fleet | None = None
        self.asking = False
        self.asked_at: float | None = None

    def compose(self) -> ComposeResult:
        """A summary, what lives, what ended."""
        yield Headline()
        yield Sheet(id="words")
        yield LineTable(LIVE_COLUMNS, id="running")
        yield Sheet(id="ended-title")
        yield LineTable(ENDED_COLUMNS, id="ended")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin with the record."""
        self.query_one(Headline).show_place(self.desk, ("› running", STRONG))
        self.action_refresh()
        self.set_interval(1.0, self.read)
        self.set_interval(ASK_EVERY_S, self.ask)

    def on_screen_resume(self) -> None:
        """Something may have ended on another screen."""
        self.read()

    def action_refresh(self) -> None:
        """Read the record and ask the markets."""
        self.read()
        self.ask()

    @work(group="record")
    async def read(self) -> None:
        """What is on record."""
        record = await self.desk.read(read_record, self.desk.hunter.leases)
        if record is not None and standing(self):
            self.record = record
            self._show()

    @work(group="fleet")
    async def ask(self) -> None:
        """What the markets list."""
        if self.asking:
            return
        self.asking = True
        try:
            found = await self.desk.ask(self.desk.hunter.running())
        finally:
            self.asking = False
        if found is not None:
            self.fleet, self.asked_at = found, self.desk.now()
            self.read()

    # ── showing ──────────────────────────────────────────────────────────────────────────────

    def _show(self) -> None:
        assert self.record is not None
        live = [self._live_row(kept) for kept in self.record.live]
        live += [_odd_row(odd) for odd in self.record.odd]
        live += [_stranger_row(stranger) for stranger in self._strangers()]
        self.running.show(len(live), live.__getitem__, cursor=self.running.cursor)
        self.running.styles.height = min(len(live), 14) + 2 if live else 2
        ended = [self._ended_row(lease) for lease in self.record.ended]
        self.ended.show(len(ended), ended.__getitem__, cursor=self.ended.cursor)
        self.query_one("#words", Sheet).show(lambda width: self._words())
        count = len(ended)
        self.query_one("#ended-title", Sheet).show(
            lambda width: [line(("ENDED", HEAD), (f"  {count or 'nothing yet'}", MUTED))]
        )

    def _strangers(self) -> Sequence[Running]:
        return () if self.fleet is None else (*self.fleet.elsewhere, *self.fleet.unexplained)

    def _live_row(self, kept: Kept) -> tuple[Cell, ...]:
        lease = kept.lease
        left_s = lease.ttl_at - self.desk.now()
        words, _ = state_words(lease)
        seen = {True: "", False: " (not listed)", None: ""}[self._listed(lease)]
        over = left_s < 0
        return (
            f"{lease.market}:{lease.instance_id or '…'}",
            gpus(lease.gpu, lease.gpu_count),
            lease.workload,
            (words + seen, "good" if lease.state == "ready" else "accent"),
            usd(kept.burn_usd_h),
            usd(kept.spent_usd),
            usd(lease.max_usd, 2),
            (
                f"{STALE}{duration(-left_s)}" if over else duration(left_s),
                "warning" if over else "",
            ),
        )

    def _listed(self, lease: Lease) -> bool | None:
        """Whether its market lists it; None where nobody has said."""
        for running in () if self.fleet is None else self.fleet.ours:
            if running.lease is not None and running.lease.lease_id == lease.lease_id:
                return running.instance is not None
        return None

    def _ended_row(self, lease: Lease) -> tuple[Cell, ...]:
        ended_at = lease.ended_at if lease.ended_at is not None else lease.intended_at
        refused = lease.state == "refused"
        return (
            f"{lease.market}:{lease.instance_id or '—'}",
            gpus(lease.gpu, lease.gpu_count),
            lease.workload,
            f"{age(self.desk.now() - ended_at)} ago",
            "—" if refused else duration(ended_at - lease.intended_at),
            "—" if refused else usd(lease.metered_usd),
            "—" if refused else usd(lease.billed_usd),
            f"refused: {lease.note}" if refused else lease.note,
        )

    def _words(self) -> Iterator[Content]:
        assert self.record is not None
        live = self.record.live
        burn = sum(kept.burn_usd_h or 0.0 for kept in live)
        if live:
            yield line((f"● {len(live)} running", f"bold {GOOD}"), " at ",
                       (f"${usd(burn)}/h", STRONG),
                       (", kept inside their caps while Hunter is open", MUTED))  # fmt: skip
        else:
            yield line("Nothing of ours is running, by the record.")
        for odd in self.record.odd:
            yield line(
                (f"{STALE} the record of lease {odd.lease_id} cannot be read: {odd.problem}", WARN)
            )
        yield from self._market_words()

    def _market_words(self) -> Iterator[Content]:
        if self.fleet is None or self.asked_at is None:
            yield line(("⟳ asking the markets what they list …", ACCENT))
            return
        for name, error in self.fleet.unknown:
            yield line((f"{STALE} what runs on {name} is unknown: {error}", WARN))
        for name, why in self.fleet.not_asked:
            yield line((f"{STALE} {name} was not asked: {why}", WARN))
        strangers = len(self.fleet.elsewhere) + len(self.fleet.unexplained)
        if strangers:
            yield line(
                (f"{STALE} {strangers} listed that are not Hunter's: it never touches them", WARN)
            )
        elif self.fleet.known:
            when = age(self.desk.now() - self.asked_at)
            whom = "the markets that were asked" if self.fleet.not_asked else "the markets"
            yield line((f"✓ {whom} list nothing else, asked {when} ago", MUTED))

    # ── what the user does ───────────────────────────────────────────────────────────────────

    def selected(self) -> Lease | None:
        """The lease under the cursor of the table that has the focus."""
        if self.record is None:
            return None
        leases: Sequence[Lease] = [kept.lease for kept in self.record.live]
        row = self.running.cursor
        if self.ended.has_focus:
            leases, row = self.record.ended, self.ended.cursor
        return leases[row] if row < len(leases) else None

    @on(LineTable.Chosen)
    def action_open(self) -> None:
        """Look at one."""
        lease = self.selected()
        if lease is not None:
            self.app.push_screen(LeaseScreen(self.desk, lease.lease_id))
        elif (self._strangers() or (self.record and self.record.odd)) and self.running.has_focus:
            self.notify("It is nothing that Hunter can open. Look at it on the market's own page.")

    @work
    async def action_destroy(self) -> None:
        """End one, after a yes."""
        lease = self.selected()
        if lease is None or not lease.live:
            self.notify("Nothing live is selected.")
            return
        if await self.app.push_screen_wait(end_question(lease)) == "destroy":
            self.post_message(EndAgreed(lease))

    def action_back(self) -> None:
        """Back to the deals."""
        self.dismiss(None)


def _odd_row(odd: Odd) -> tuple[Cell, ...]:
    name = f"{odd.market}:{odd.instance_id or '…'}"
    words = f"{STALE} unknown: its record cannot be read"
    return ((name, "warning"), "?", "?", (words, "warning"), "?", "?", "?", "?")


def _stranger_row(stranger: Running) -> tuple[Cell, ...]:
    instance = stranger.instance
    assert instance is not None
    return (
        (f"{instance.market}:{instance.instance_id}", "warning"),
        gpus(instance.gpu, instance.gpu_count),
        instance.label or "",
        (f"{STALE} not ours, {instance.state}", "warning"),
        usd(stranger.burn_usd_h),
        "?",
        "—",
        "—",
    )
