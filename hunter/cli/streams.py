"""The process around a command: streams that may be closed or poor in letters, and signals that end it."""

from __future__ import annotations

import codecs
import errno
import os
import signal
import sys
from typing import TYPE_CHECKING

from hunter.values.errors import UsageError

if TYPE_CHECKING:
    from types import FrameType

PLAIN = "hunter.plain"
"""How we call what is done with signs that an encoding lacks."""
_IN_ASCII = {
    "→": "->", "–": "-", "—": "-", "−": "-", "×": "x", "…": "...", "│": "|", "·": "-", "≥": ">=", "≤": "<=",
    "█": "#", "▓": "#", "▒": "+", "░": ".", "✓": "ok", "✗": "x", "▲": "!", "’": "'", "“": '"', "”": '"',
}  # fmt: skip
BROKEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF, errno.EIO, errno.ENXIO)
"""What a stream answers that takes no more."""


def prepare() -> None:
    """Make the standard streams ones that can be written to, or fail in words."""
    _open_closed()
    codecs.register_error(PLAIN, _plain)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=PLAIN)


def _open_closed() -> None:
    """Put something in the place of each stream that was closed before we began.

    Else the next file that is opened takes its number: what is printed would end in the database.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115  open to the end
    if sys.stdout is None:  # writing there fails, as on any descriptor that takes nothing
        sys.stdout = open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False, encoding="utf-8")  # noqa: SIM115


def _plain(error: UnicodeError) -> tuple[str, int]:
    """The nearest letters that every encoding has, for signs that this one lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(_IN_ASCII.get(sign, "?") for sign in signs), error.end


def end_as_interrupted() -> None:
    """Let a request to end, and a terminal that goes away, act as Ctrl-C: what is under way cleans up."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup's wish stands
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        handler(signal.SIGINT, frame)
    else:  # a shell's background jobs are deaf to Ctrl-C
        raise KeyboardInterrupt


def need_terminal() -> None:
    """Refuse to open the app where nobody could see or steer it."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if all(stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb":
        return
    raise UsageError(
        "The app needs a terminal: stdin, stdout and stderr, and one that can place its cursor.",
        remedy="Open it in a terminal, or name a command: hunter --help lists them.",
    )
