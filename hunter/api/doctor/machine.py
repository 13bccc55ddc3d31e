"""This machine: versions of what Hunter stands on, and room on the disk."""

from __future__ import annotations

import platform
import re
import shutil
import sqlite3
from importlib import metadata
from typing import TYPE_CHECKING

from hunter import __version__
from hunter.api.doctor.finding import Finding, broken, doubtful, well
from hunter.values.words import human

if TYPE_CHECKING:
    from pathlib import Path

DISTRIBUTION = "hunter-gpu"
LITTLE_BYTES, TOO_LITTLE_BYTES = 2e9, 2e8
"""Free on the disk: a year of prices takes a few GB, and a database that cannot grow records nothing."""


def versions() -> list[Finding]:
    """Python, Hunter, SQLite, and everything that Hunter needs."""
    figures = {"python": platform.python_version(), "hunter": __version__,
               "sqlite": sqlite3.sqlite_version}  # fmt: skip
    return [
        well("version", "python", platform.python_version()),
        well("version", "hunter", f"{__version__}, sqlite {sqlite3.sqlite_version}", **figures),
        _dependencies(),
    ]


def _dependencies() -> Finding:
    try:
        needed = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return doubtful(
            "version", "dependencies", "Hunter runs from its source and is not installed",
            "For a timer install it for good: pipx install.",
        )  # fmt: skip
    names = [
        re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in needed if ";" not in line
    ]
    found = dict[str, str | None]()
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    missing = [name for name, version in found.items() if version is None]
    if missing:
        said = f"missing: {', '.join(missing)}"
        return broken("version", "dependencies", said, "Install Hunter anew.", **found)
    text = ", ".join(f"{name} {version}" for name, version in found.items())
    return well("version", "dependencies", text, **found)


def disk(folder: Path) -> list[Finding]:
    """Room where the database lies, or will lie."""
    place = next((one for one in (folder, *folder.parents) if one.exists()), None)
    if place is None:
        return []
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return [
            broken("disk", str(folder), f"cannot be asked: {error.strerror}", "Check the disk.")
        ]
    text, figures = f"{human(free)} free", {"free_bytes": free}
    if free < TOO_LITTLE_BYTES:
        return [
            broken("disk", str(folder), text, "Make room: nothing can be recorded soon.", **figures)
        ]
    if free < LITTLE_BYTES:
        return [doubtful("disk", str(folder), text, "Make room.", **figures)]
    return [well("disk", str(folder), text, **figures)]
