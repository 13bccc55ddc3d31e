"""One thing that was looked at: well, doubtful or broken, and what to do."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Status = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a check-up."""

    check: str
    """What kind of thing: key, route, clock, database, schedule, version, disk."""
    subject: str
    """Which one."""
    status: Status
    text: str
    remedy: str = ""
    figures: dict[str, Any] = {}
    """What was measured, by its name and unit."""


def well(check: str, subject: str, text: str, **figures: Any) -> Finding:
    """All is well with it."""
    return Finding(check=check, subject=subject, status="ok", text=text, figures=figures)


def doubtful(check: str, subject: str, text: str, remedy: str, **figures: Any) -> Finding:
    """It works, and may not be meant so."""
    return Finding(
        check=check, subject=subject, status="warn", text=text, remedy=remedy, figures=figures
    )


def broken(check: str, subject: str, text: str, remedy: str, **figures: Any) -> Finding:
    """It does not work."""
    return Finding(
        check=check, subject=subject, status="fail", text=text, remedy=remedy, figures=figures
    )
