"""What is on disk is its owner's alone: folders 0700, files 0600, also where they were there before."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
OURS = (
    "hunter.db",
    "hunter.db-wal",
    "hunter.db-shm",
    "hunter.lock",
    "sandbox.json",
    "sandbox.lock",
)
"""Files of a home. Others in the same folder are somebody else's business."""


def make_folder(path: Path) -> None:
    """The folder, with those above it that are missing: nobody else may look into any of them."""
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent)
    path.mkdir(exist_ok=True, mode=0o700)


def close_to_others(folders: Iterable[Path]) -> list[str]:
    """Take from others what they may do with these folders and our files in them; what was changed, in words.

    What belongs to somebody else, and a folder that all share (as /tmp), stay as they are.
    """
    told = []
    for folder in folders:
        if _close(folder, shared=stat.S_ISVTX):
            told.append(f"{folder} was open to other users of this machine; now it is yours alone.")
        for name in OURS:
            if _close(folder / name):
                told.append(f"{folder / name} could be read by others; now it is yours alone.")
    return told


def _close(path: Path, shared: int = 0) -> bool:
    """Whether something was open, and is not any more."""
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            return False
        mode = stat.S_IMODE(found.st_mode)
        if not mode & OTHERS or mode & shared or found.st_uid != os.geteuid():
            return False
        path.chmod(mode & ~OTHERS)
    except OSError:
        return False  # not there, or on a disk that knows no owners
    return True
