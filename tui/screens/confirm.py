"""A question whose harmless answer comes first and has the focus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from tui.format import shown
from tui.screens.dialog import Box, Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult


@dataclass(frozen=True, slots=True)
class Answer:
    """One button."""

    identity: str
    label: str
    variant: Literal["default", "primary", "warning", "error"] = "default"


CANCEL = Answer("cancel", "Cancel")


class ConfirmScreen(Dialog[str]):
    """Gives back the id of the answer; `cancel` where there was none."""

    CSS_PATH = "dialog.tcss"
    HELP: ClassVar[str] = "confirm"
    AUTO_FOCUS = "#cancel"

    def __init__(self, title: str, text: Content | str, *answers: Answer) -> None:
        """Cancel is added by itself, as the first answer."""
        super().__init__()
        self.question, self.text = title, text
        self.answers = (CANCEL, *answers)

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        with Box(classes="dialog"):
            yield Static(shown(self.question), classes="title", markup=False)
            yield Static(self.text, markup=False)
            many = " -many" if len(self.answers) > 2 else ""
            with Horizontal(classes=f"foot buttons{many}"):
                for answer in self.answers:
                    yield Button(answer.label, id=answer.identity, variant=answer.variant)

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Say which."""
        self.dismiss(event.button.id or CANCEL.identity)

    def action_cancel(self) -> None:
        """Nothing of it."""
        self.dismiss(CANCEL.identity)
