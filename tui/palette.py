"""The palette: what Textual offers by itself, and every key of the screen by its name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from textual.actions import parse
from textual.app import SystemCommand
from textual.binding import Binding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textual.app import App
    from textual.binding import BindingType
    from textual.dom import DOMNode
    from textual.screen import Screen


def commands(app: App[Any], screen: Screen[Any]) -> Iterator[SystemCommand]:
    """The keys of a screen, and of the app where no dialogue is above it.

    Each runs as its key would: Textual itself reads the parameters out of an action.
    """
    rooms: list[tuple[DOMNode, Iterable[BindingType]]] = [(screen, screen.BINDINGS)]
    if not screen.is_modal:
        rooms.append((app, app.BINDINGS))
    offered: set[str] = set()
    for node, bindings in rooms:
        for binding in bindings:
            if not isinstance(binding, Binding) or binding.action in offered:
                continue
            offered.add(binding.action)
            _, name, parameters = parse(binding.action)
            if node.check_action(name, parameters):
                act = partial(app.run_action, binding.action, node)
                yield SystemCommand(binding.description, binding.tooltip, act)
