"""How an answer is printed: a table, one JSON document, or CSV, to stdout or to a file."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Rows = list[dict[str, Any]]
STDOUT = "-"
"""Stands where a file could be named."""


def show(text: str = "") -> None:
    """A line of the answer, to stdout."""
    with _told():
        click.echo(text, color=_color())


def tell(text: str = "", *, nl: bool = True) -> None:
    """A line beside the answer, to stderr: stdout may carry JSON or CSV."""
    click.echo(text, err=True, nl=nl, color=_color())


def document(value: Any) -> None:
    """The answer as one JSON document; people at a terminal get it indented."""
    show(json.dumps(value, indent=1 if sys.stdout.isatty() else None))


def table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = ()
) -> str:
    """Aligned columns, numbers to the right, cut at the terminal's width."""
    widths = [max(len(cell) for cell in column) for column in zip(headers, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        parts = [
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        text = "  ".join(parts).rstrip()
        return text[:columns] if columns else text

    columns = _screen_columns() if _fits_screen() else 0
    return "\n".join([click.style(line(headers), bold=True), *(line(row) for row in rows)])


def csv_text(rows: Rows) -> str:
    """Rows that share their names, as CSV with the names on top."""
    import csv  # noqa: PLC0415  2 ms, and most answers are none
    import io  # noqa: PLC0415

    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


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
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        why = getattr(error, "strerror", None) or error
        kept = " What stood there is unchanged." if path.is_file() else ""
        raise HunterError(
            f"{path} cannot be written: {why}.{kept}", remedy="Name another file, or make room."
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
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what it still holds
        raise HunterError(
            f"The answer cannot be printed: {error.strerror}.", remedy="Send stdout elsewhere."
        ) from error


def _color() -> bool | None:
    return False if "NO_COLOR" in os.environ else None


def _screen_columns() -> int:
    import shutil  # noqa: PLC0415  3 ms with its archives, and JSON has no columns

    return shutil.get_terminal_size().columns


def _fits_screen() -> bool:
    return sys.stdout.isatty() or "COLUMNS" in os.environ
