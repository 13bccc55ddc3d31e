"""Choose the job that deals are priced for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from hunter.workload_file import load, samples
from tui.keys import DIALOG

if TYPE_CHECKING:
    from textual.app import ComposeResult


class WorkloadScreen(ModalScreen[str | None]):
    """A sample by name, or a file by its path."""

    BINDINGS = DIALOG

    def __init__(self, current: str) -> None:
        super().__init__()
        self.current = current

    def compose(self) -> ComposeResult:
        """Samples above, a path below."""
        with Vertical(classes="dialog"):
            yield Static("Workload", classes="title")
            options = []
            for name in samples():
                job = load(name)
                mark = "●" if name == self.current else " "
                text = f"{mark} {name:<18} {job.run.hours:g} h · {job.disk_gb:g} GB · {job.image}"
                options.append(Option(text, id=name))
            yield OptionList(*options)
            yield Input(placeholder="or the path of a workload file")

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """A sample."""
        self.dismiss(event.option.id)

    @on(Input.Submitted)
    def choose_file(self, event: Input.Submitted) -> None:
        """A file."""
        self.dismiss(event.value.strip() or None)

    def action_cancel(self) -> None:
        """Leave it as it is."""
        self.dismiss(None)
