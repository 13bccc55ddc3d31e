"""Reading what a user names: a plain file of bounded size, as text, whatever editor wrote it."""

from __future__ import annotations

import codecs
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 2**18
"""Of settings and workload files: a hundred times the longest that ships."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""How files begin that say their encoding: Notepad's and Excel's."""


def read_text(path: Path, most_bytes: int = MOST_BYTES, *, errors: str = "strict") -> str:
    """The text of a file; OSError or ValueError where there is none, for `why` to tell.

    A pipe or a device is never waited for, and no more than `most_bytes` are read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind):
            raise ValueError("it is a folder" if stat.S_ISDIR(kind) else "it is no plain file")
        body = file.read(most_bytes + 1)
    if len(body) > most_bytes:
        raise ValueError(f"it is longer than {most_bytes:,} bytes")
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), "utf-8")
    return body.decode(encoding, errors)


def why(error: OSError | ValueError) -> str:
    """Why a file could not be read, in a few words for a sentence."""
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    if isinstance(error, UnicodeError):
        return "it is no text in UTF-8"
    return str(error).rstrip(".")


def is_there(path: Path) -> bool:
    """Whether there is something of this name; what can be no name is not there."""
    try:
        return os.path.lexists(path)
    except ValueError:
        return False
