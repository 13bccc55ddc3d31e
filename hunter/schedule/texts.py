"""What stands in a crontab and in systemd's units, and how words are quoted there. Pure.

What is ours is known by a tag that names home and job. Nothing else is ever touched, byte for byte.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import msgspec

from hunter.values.errors import UsageError

if TYPE_CHECKING:
    from hunter.schedule.cadence import Moment

LONGEST_LINE = 900
"""Of a crontab, bytes: some daemons read no more than 998."""
WITHIN = {"reap": "15min", "scrape": "2h"}
"""When systemd ends a run that does not end by itself: markets have deadlines, so that none takes as long."""


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """One job of one home."""

    job: str
    home: str
    """The home's name, which its database made."""
    words: tuple[str, ...]
    """The command, the program's whole path first. No key is ever in it."""
    moment: Moment

    @property
    def tag(self) -> str:
        """What marks its line in a crontab."""
        return tag_of(self.home, self.job)

    @property
    def unit(self) -> str:
        """The name of its units."""
        return unit_of(self.home, self.job)


def tag_of(home: str, job: str) -> str:
    """The comment at the end of a line of ours."""
    return f"# hunter:{home}:{job}"


def unit_of(home: str, job: str) -> str:
    """The name of its units, without what follows the dot."""
    return f"hunter-{home}-{job}"


# ── crontab ──────────────────────────────────────────────────────────────────────────────────


def line(timer: Timer) -> bytes:
    """Its line of a crontab. UsageError where no crontab can hold it.

    A shell reads the command once, and cron before it: there a bare per cent sign ends the line.
    """
    for word in timer.words:
        if "\\" in word or not _is_plain(word):
            raise UsageError(
                f"{word!r} has a sign in it that no crontab can hold.",
                remedy="Choose a folder without backslashes and line breaks.",
            )
    command = shlex.join(timer.words).replace("%", r"\%")
    text = f"{timer.moment.crontab} {command} {timer.tag}"
    found = text.encode("utf-8", "surrogateescape")
    if len(found) > LONGEST_LINE:
        raise UsageError(
            f"The crontab's line would have {len(found)} bytes, and some cron daemons cut it off.",
            remedy="Choose a folder with a shorter path.",
        )
    return found


def line_in(crontab: bytes, tag: str) -> bytes | None:
    """The line of a tag, without its end; None where there is none that is in force."""
    return next((row.rstrip(b"\r\n") for row in _rows(crontab) if _is_ours(row, tag)), None)


def with_line(crontab: bytes, new: bytes, tag: str) -> bytes:
    """The crontab with the line of a tag in it once: in its old place, else at the end."""
    rows, done = list[bytes](), False
    for row in _rows(crontab):
        if not _is_ours(row, tag):
            rows.append(row)
        elif not done:
            rows.append(new + b"\n")
            done = True
    if not done:
        if rows and not rows[-1].endswith(b"\n"):
            rows.append(b"\n")
        rows.append(new + b"\n")
    return b"".join(rows)


def without_line(crontab: bytes, tag: str) -> bytes:
    """The crontab without the line of a tag."""
    return b"".join(row for row in _rows(crontab) if not _is_ours(row, tag))


def _rows(crontab: bytes) -> list[bytes]:
    """Lines with their ends; only a line feed ends one."""
    return re.findall(rb"[^\n]*\n|[^\n]+", crontab)


def _is_ours(row: bytes, tag: str) -> bool:
    """Whether a line is in force and carries the tag: one that its user took out with a # is his."""
    return row.rstrip().endswith(b" " + tag.encode()) and not row.lstrip().startswith(b"#")


# ── systemd ──────────────────────────────────────────────────────────────────────────────────


def service(timer: Timer) -> str:
    """The unit that runs the command once. UsageError where no unit can hold it."""
    for word in timer.words:
        if not _is_plain(word):
            raise UsageError(
                f"{word!r} has a sign in it that no unit of systemd's can hold.",
                remedy="Choose a folder without line breaks.",
            )
    program, *rest = timer.words
    if set(program) & set(
        "\\\"'"
    ):  # systemd takes no such name, however it is quoted; a shell does
        program, rest = "/bin/sh", ["-c", 'exec "$0" "$@"', *timer.words]
    command = " ".join([_quoted(program), *(_quoted(word).replace("$", "$$") for word in rest)])
    return (
        f"{_head(timer)}\n"
        "[Unit]\n"
        f"Description=hunter {timer.job} (home {timer.home})\n\n"
        "[Service]\n"
        "Type=oneshot\n"
        f"ExecStart={command}\n"
        f"TimeoutStartSec={WITHIN[timer.job]}\n"
    )


def timer_unit(timer: Timer) -> str:
    """The unit that says when; a run that was missed while the machine was off is caught up."""
    return (
        f"{_head(timer)}\n"
        "[Unit]\n"
        f"Description=When hunter {timer.job} runs (home {timer.home})\n\n"
        "[Timer]\n"
        f"OnCalendar={timer.moment.calendar}\n"
        "Persistent=true\n"
        "AccuracySec=5s\n\n"
        "[Install]\n"
        "WantedBy=timers.target\n"
    )


def _head(timer: Timer) -> str:
    return (
        f"{timer.tag}\n# Written by `hunter schedule install {timer.job}`, which writes it anew.\n"
    )


def _quoted(word: str) -> str:
    """A word as systemd reads it back: quoted, without specifiers."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def _is_plain(word: str) -> bool:
    """Whether a word stays on its line."""
    return all(sign >= " " and sign != "\x7f" for sign in word)
