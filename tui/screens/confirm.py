"""A question whose safe answer is focused first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.keys import DIALOG

if TYPE_CHECKING:
    from textual.app import ComposeResult


class ConfirmScreen(ModalScreen[str | None]):
    """Some answers, of which the first is harmless; None is cancelled."""

    BINDINGS = DIALOG

    def __init__(self, title: str, text: str, answers: tuple[tuple[str, str, str], ...]) -> None:
        """Answers are (id, label, variant), the harmless one first."""
        super().__init__()
        self.question, self.text, self.answers = title, text, answers

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        with Vertical(classes="dialog"):
            yield Static(self.question, classes="title")
            yield Static(self.text)
            with Horizontal(classes="buttons"):
                for identity, label, variant in self.answers:
                    yield Button(label, id=identity, variant=variant)  # type: ignore[arg-type]

    def on_mount(self) -> None:
        """The harmless answer first."""
        self.query(Button).first().focus()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Say which."""
        self.dismiss(event.button.id)

    def action_cancel(self) -> None:
        """None of them."""
        self.dismiss(None)
