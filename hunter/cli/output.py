"""How an answer is printed: a table, one JSON document, or CSV, to stdout or to a file.

The last door before a terminal: no secret that was read goes out here, and of escape sequences only ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hunter.values.errors import HunterError
from hunter.values.keys import hidden
from hunter.values.text import LONGEST_SENTENCE, cleaned, cleaned_lines, defused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Rows = list[dict[str, Any]]
STDOUT = "-"
"""Stands where a file could be named."""


LONGEST_CELL = 120
"""Characters in one cell of a table."""
_HALF = re.compile(r"\\(?:ud[89ab]..\\ud[c-f]..|(ud[89a-f]..)|.)")
"""A whole pair of JSON's escapes, half of one, or any other escape."""


class Marked(str):
    """Text as it is to reach the terminal: cleaned, and styled by us. What is added to it is cleaned too."""

    __slots__ = ()

    def __add__(self, more: str) -> Marked:
        return Marked(str.__add__(self, _safe(more)))

    def __radd__(self, before: str) -> Marked:
        return Marked(str.__add__(_safe(before), self))


def marked(text: str, **style: Any) -> Marked:
    """A text in a style of click's."""
    return Marked(click.style(_safe(text), **style))


OVER = Marked("\r\033[K")
"""Begins a line anew on a terminal."""


def show(text: str = "") -> None:
    """A line of the answer, to stdout."""
    with _told():
        click.echo(str(_safe(text)), color=_color())


def tell(text: str = "", *, nl: bool = True) -> None:
    """A line beside the answer, to stderr, for stdout may carry JSON or CSV. A broken one is left alone."""
    try:
        click.echo(str(_safe(text)), err=True, nl=nl, color=_color())
    except OSError:
        let_go(sys.stderr.fileno())


def sentence(text: str) -> str:
    """A failure in one line of bounded length, whatever it quotes."""
    return cleaned(hidden(" ".join(text.split("\n"))), LONGEST_SENTENCE)


def document(value: Any) -> None:
    """The answer as one JSON document; people at a terminal get it indented."""
    text = json.dumps(value, indent=1 if sys.stdout.isatty() else None).replace("\x7f", "\\u007f")
    if "\\ud" in text:
        text = _HALF.sub(lambda found: "\\ufffd" if found[1] else found[0], text)
    show(text)


def _safe(text: str) -> Marked:
    return text if isinstance(text, Marked) else Marked(cleaned_lines(hidden(text)))


def table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = ()
) -> Marked:
    """Aligned columns, numbers to the right, cut at the terminal's width."""
    rows = [[cleaned(hidden(cell), LONGEST_CELL) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(headers, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        parts = [
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        text = "  ".join(parts).rstrip()
        return text[:columns] if columns else text

    columns = _screen_columns() if _fits_screen() else 0
    return marked(line(headers), bold=True) + "".join(f"\n{line(row)}" for row in rows)


def csv_text(rows: Rows) -> str:
    """Rows that share their names, as CSV with the names on top."""
    import csv  # noqa: PLC0415  2 ms, and most answers are none
    import io  # noqa: PLC0415

    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    return defused(cleaned(hidden(value), LONGEST_SENTENCE)) if isinstance(value, str) else value


def write_csv(rows: Rows, file: str) -> None:
    """CSV to a file, or to stdout where `-` stands for one."""
    text = csv_text(rows)
    if file == STDOUT:
        show(text.removesuffix("\n"))
    else:
        write_file(Path(file), text)


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside its place, then renamed onto it.

    A disk that fills up leaves what stood there before. What is no file, as a pipe or a terminal, is
    written to where it stands. Raises HunterError, one sentence, where that fails.
    """
    try:
        place = path.resolve()
        if place.exists() and not place.is_file():
            place.write_text(text, encoding="utf-8", newline="")
        else:
            _replace(place, text)
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle; a NUL
        why = getattr(error, "strerror", None) or error
        kept = " What stood there is unchanged." if os.path.isfile(path) else ""
        raise HunterError(
            f"{cleaned(str(path))} cannot be written: {why}.{kept}",
            remedy="Name another file, or make room.",
        ) from error


def _replace(place: Path, text: str) -> None:
    """The file with its new text and its old permissions, in one step."""
    beside = place.with_name(f".{place.name[:200]}.{os.getpid()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            if place.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(place.stat().st_mode))
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn a stdout that takes nothing into one sentence; a reader that went away is left to the door."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        let_go(sys.stdout.fileno())
        raise HunterError(
            f"The answer cannot be printed: {error.strerror}.", remedy="Send stdout elsewhere."
        ) from error


def let_go(descriptor: int) -> None:
    """Send what a broken stream still holds nowhere: Python would fail on it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _color() -> bool | None:
    return False if "NO_COLOR" in os.environ else None


def _screen_columns() -> int:
    import shutil  # noqa: PLC0415  3 ms with its archives, and JSON has no columns

    return shutil.get_terminal_size().columns


def _fits_screen() -> bool:
    return sys.stdout.isatty() or "COLUMNS" in os.environ
