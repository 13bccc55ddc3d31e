"""Pages as tests read them: their sections, the names in their tables, and the commands in their examples."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hunter.cli.main import hunter as door

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ROOT / "docs" / "commands"
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*(?![\w.])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One command of a page, and the exit code that it states."""

    line: str
    words: tuple[str, ...]
    code: int
    file: str | None
    """Where its output goes."""


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next of its kind."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return found[1] if found else ""


def blocks(text: str, kind: str) -> list[str]:
    """The fenced blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S)


def first_cells(text: str) -> str:
    """The first column of the tables of a text: what is explained there."""
    rows = re.findall(r"^\| *(`.*?) *(?<!\\)\|", text, re.M)
    return "\n".join(rows)


def names(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def examples(text: str) -> list[Example]:
    """The commands of the console blocks."""
    lines = [line for block in blocks(text, "console") for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines), lines
    return [example(line.removeprefix("$ ")) for line in lines]


def example(line: str) -> Example:
    """A line of a console as words, exit code and file."""
    code = re.search(r"# exit (\d+)$", line)
    words = shlex.split(line, comments=True)
    file = None
    if ">" in words:
        at = words.index(">")
        words, file = words[:at], words[at + 1]
    return Example(line=line, words=tuple(words), code=int(code[1]) if code else 0, file=file)


def parameters(command: click.Command) -> Iterator[click.Parameter]:
    """Of a command and of those below it."""
    yield from command.params
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from parameters(below)


def command_of(name: str) -> click.Command:
    """A command by its name; `hunter` is the door itself."""
    if name == "hunter":
        return door
    found = door.get_command(click.Context(door), name)
    assert found is not None, name
    return found


def options_of(name: str) -> set[str]:
    """Every spelling of every option of a command."""
    return {
        spelling
        for param in (door.params if name == "hunter" else parameters(command_of(name)))
        if isinstance(param, click.Option)
        for spelling in (*param.opts, *param.secondary_opts)
    }
