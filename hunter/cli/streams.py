"""The process around a command: streams that may be closed or poor in letters, and signals that end it."""

from __future__ import annotations

import codecs
import errno
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hunter.values.errors import UsageError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

PLAIN = "hunter.plain"
"""How we call what is done with signs that an encoding lacks."""
_IN_ASCII = {
    "→": "->", "–": "-", "—": "-", "−": "-", "×": "x", "…": "...", "│": "|", "·": "-", "≥": ">=", "≤": "<=",
    "█": "#", "▓": "#", "▒": "+", "░": ".", "✓": "ok", "✗": "x", "▲": "!", "’": "'", "“": '"', "”": '"',
}  # fmt: skip
ENDING = (signal.SIGTERM, signal.SIGHUP)
"""What ends a command beside Ctrl-C."""
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
    if not _has_signals():
        return
    for number in ENDING:
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup's wish stands
            signal.signal(number, _interrupt)


def _has_signals() -> bool:
    """Whether this thread is the one that signals reach; whoever calls us on another has its own ways."""
    return threading.current_thread() is threading.main_thread()


def _interrupt(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        handler(signal.SIGINT, frame)
    else:  # a shell's background jobs are deaf to Ctrl-C
        raise KeyboardInterrupt


@contextmanager
def ending(loop: AbstractEventLoop, task: Task[Any] | None) -> Iterator[None]:
    """While this lasts a request to end calls the task off: once, for what cleans up is not cut short.

    Raised where the program happens to be, an interruption could come before what cleans up was reached.
    """
    from asyncio import CancelledError  # noqa: PLC0415  loaded by whoever has a loop

    asked = False

    def end() -> None:
        nonlocal asked
        if task is not None and not asked:
            asked = True
            task.cancel()

    ours = [n for n in ENDING if _has_signals() and signal.getsignal(n) is _interrupt]
    for number in ours:
        loop.add_signal_handler(number, end)
    try:
        yield
    except CancelledError:
        if asked:
            raise KeyboardInterrupt from None
        raise
    finally:
        for number in ours:
            loop.remove_signal_handler(number)
            signal.signal(number, _interrupt)


def need_terminal() -> None:
    """Refuse to open the app where nobody could see or steer it."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if all(stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb":
        return
    raise UsageError(
        "The app needs a terminal: stdin, stdout and stderr, and one that can place its cursor.",
        remedy="Open it in a terminal, or name a command: hunter --help lists them.",
    )
