"""Choose the job that deals are priced for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from hunter.facts.workload_file import load, samples
from hunter.values.words import money
from hunter.values.workload import Workload
from tui.desk import standing
from tui.screens.dialog import Box, Dialog
from tui.widgets.sheet import BAD, MUTED, STRONG, line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.content import Content

    from hunter.values.errors import HunterError
    from tui.desk import Desk


class WorkloadScreen(Dialog[Workload | None]):
    """A sample, or a file by its path; None leaves it as it is."""

    CSS_PATH = "dialog.tcss"
    HELP: ClassVar[str] = "workload"
    AUTO_FOCUS = "OptionList"
    note = getters.query_one("#note", Static)

    def __init__(self, desk: Desk, current: Workload) -> None:
        super().__init__()
        self.desk, self.current = desk, current

    def compose(self) -> ComposeResult:
        """Samples above, a path below."""
        with Box(classes="dialog"):
            yield Static("Price deals for", classes="title")
            yield OptionList()
            with Vertical(classes="foot"):
                yield Input(
                    placeholder="or the path of a workload file, as ./job.toml", compact=True
                )
                yield Static("", id="note")
                yield Static("⏎ choose   tab to the path   esc leave as it is", classes="hint")

    @work
    async def on_mount(self) -> None:
        """The samples, each with what it asks for."""
        jobs = await self.desk.read(lambda: [load(str(path)) for path in samples().values()])
        if not standing(self):
            return
        options = self.query_one(OptionList)
        for name, job in zip(samples(), jobs or (), strict=False):
            options.add_option(
                Option(_described(job, current=job.name == self.current.name), id=name)
            )
        names = list(samples())
        options.highlighted = names.index(self.current.name) if self.current.name in names else 0

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """A sample."""
        self._load(str(event.option.id))

    @on(Input.Submitted)
    def choose_file(self, event: Input.Submitted) -> None:
        """A file."""
        if event.value.strip():
            self._load(event.value.strip())

    @work(exclusive=True)
    async def _load(self, name: str) -> None:
        job = await self.desk.read(load, name, tell=self._refuse)
        if job is not None and standing(self):
            self.dismiss(job)

    def _refuse(self, error: HunterError) -> None:
        self.note.update(line((f"✗ {error} ", BAD), (error.remedy, MUTED)))

    def action_cancel(self) -> None:
        """Leave it as it is."""
        self.dismiss(None)


def job_line(job: Workload) -> str:
    """What a workload asks for, in one line."""
    gpu = job.gpu
    memory = f" ≥ {gpu.vram_gb:g} GB" if gpu.vram_gb else ""
    cap = "" if job.limits.max_usd_h is None else f" · ≤ {money(job.limits.max_usd_h, 2)}/h"
    held = "" if job.run.interruptible else " · on-demand only"
    return f"{job.run.hours:g} h on {gpu.count} GPU{memory} · {job.disk_gb:g} GB disk{cap}{held}"


def _described(job: Workload, *, current: bool) -> Content:
    models = ", ".join(job.gpu.models) or "any GPU that fits"
    return line(
        (f"{'●' if current else ' '} {job.name}", STRONG), "\n",
        (f"  {job_line(job)}\n  {models}", MUTED),
    )  # fmt: skip
