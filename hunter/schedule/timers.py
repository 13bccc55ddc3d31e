"""Where timers are kept: the user's systemd, or his crontab. Both put, take away and find a timer."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from hunter.schedule.texts import (
    line,
    line_in,
    service,
    tag_of,
    timer_unit,
    unit_of,
    with_line,
    without_line,
)
from hunter.schedule.tools import call, must
from hunter.values.errors import HunterError

if TYPE_CHECKING:
    from hunter.schedule.texts import Timer

Kind = Literal["systemd", "crontab"]
DAEMONS = {"cron", "crond", "fcron"}
"""Programs that read users' crontabs, as they are called while they run."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A timer as it stands there."""

    text: str
    """Its line, or the command of its unit."""
    trouble: str = ""
    """Why it does not run although it is there."""


class Keeper(Protocol):
    """What both have."""

    kind: Kind

    def is_there(self) -> bool:
        """Whether this machine has it."""
        ...

    def put(self, timer: Timer) -> None:
        """Keep a timer, in place of an older one of its name."""
        ...

    def take_away(self, home: str, job: str) -> bool:
        """Forget a timer; whether there was one."""
        ...

    def find(self, home: str, job: str) -> Seen | None:
        """A timer as it stands there."""
        ...

    def advice(self) -> str:
        """What the user still has to do, so that it runs always; empty where nothing."""
        ...


class Systemd:
    """Units of the user's own systemd."""

    kind: Kind = "systemd"

    def __init__(self, folder: Path | None = None) -> None:
        """Units are kept in this folder; the user's own where None."""
        self.folder = folder or Path.home() / ".config" / "systemd" / "user"

    def is_there(self) -> bool:
        """Whether a systemd answers this user."""
        done = call(["systemctl", "--user", "show-environment"])
        return done is not None and done.code == 0

    def put(self, timer: Timer) -> None:
        """Write both units and start the timer; nothing stays where that fails."""
        texts = {"service": service(timer), "timer": timer_unit(timer)}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for kind, text in texts.items():
                _write(self._file(timer.home, timer.job, kind), text)
            must(["systemctl", "--user", "daemon-reload"])
            must(["systemctl", "--user", "enable", f"{timer.unit}.timer"])
            must(["systemctl", "--user", "restart", f"{timer.unit}.timer"])
        except OSError as error:
            raise HunterError(
                f"{self.folder} cannot be written: {error.strerror}.",
                remedy="Check its permissions, or give --cron.",
            ) from error
        except HunterError:
            self.take_away(timer.home, timer.job)
            raise

    def take_away(self, home: str, job: str) -> bool:
        """Stop the timer and remove both units."""
        files = [self._file(home, job, kind) for kind in ("timer", "service")]
        if not any(file.exists() for file in files):
            return False
        call(["systemctl", "--user", "disable", "--now", f"{unit_of(home, job)}.timer"])
        for file in files:
            file.unlink(missing_ok=True)
        call(["systemctl", "--user", "daemon-reload"])
        return True

    def find(self, home: str, job: str) -> Seen | None:
        """The command of its service, and whether the timer is active."""
        try:
            text = self._file(home, job, "service").read_text("utf-8", "surrogateescape")
        except OSError:
            return None
        found = re.search(r"^ExecStart=(.*)$", text, re.M)
        done = call(["systemctl", "--user", "is-active", f"{unit_of(home, job)}.timer"])
        state = (
            "systemd does not answer" if done is None else done.out.decode().strip() or done.said
        )
        trouble = "" if state == "active" else f"its timer is not active ({state})"
        return Seen(text=found[1] if found else "", trouble=trouble)

    def advice(self) -> str:
        """Without lingering the user's systemd ends when he logs out."""
        done = call(["loginctl", "show-user", str(os.getuid()), "--property=Linger", "--value"])
        if done is not None and done.out.strip() == b"yes":
            return ""
        return "It runs only while you are logged in: loginctl enable-linger lets it run always."

    def _file(self, home: str, job: str, kind: str) -> Path:
        return self.folder / f"{unit_of(home, job)}.{kind}"


class Crontab:
    """Lines of the user's crontab."""

    kind: Kind = "crontab"

    def is_there(self) -> bool:
        """Whether there is a crontab to be edited."""
        done = call(["crontab", "-l"])
        return done is not None and (done.code == 0 or _is_none_yet(done.err))

    def put(self, timer: Timer) -> None:
        """Write its line; nothing is written where it stands there already."""
        before = self._read()
        after = with_line(before, line(timer), timer.tag)
        if after != before:
            self._write(before, after)

    def take_away(self, home: str, job: str) -> bool:
        """Take its line out, where there is one."""
        if call(["crontab", "-l"]) is None:
            return False
        before = self._read()
        after = without_line(before, tag_of(home, job))
        if after == before:
            return False
        self._write(before, after)
        return True

    def find(self, home: str, job: str) -> Seen | None:
        """Its line, and whether a daemon is there to read it."""
        done = call(["crontab", "-l"])
        found = line_in(done.out, tag_of(home, job)) if done is not None and not done.code else None
        if found is None:
            return None
        return Seen(text=found.decode("utf-8", "replace"), trouble=self.advice())

    def advice(self) -> str:
        """A crontab without a daemon does nothing."""
        running = _running()
        if not running or running & DAEMONS:
            return ""  # a machine that does not say what runs is believed
        return "No cron daemon seems to run on this machine: start one."

    def _read(self) -> bytes:
        """The whole crontab; HunterError where it cannot be told from an empty one."""
        done = call(["crontab", "-l"])
        if done is not None and done.code and _is_none_yet(done.err):
            return b""
        if done is None or done.code:
            said = "it cannot be run" if done is None else done.said
            raise HunterError(
                f"The crontab cannot be read ({said}), so that nothing is written to it.",
                remedy="Correct that: crontab -l has to show it.",
            )
        return done.out

    def _write(self, before: bytes, after: bytes) -> None:
        """Replace the crontab, unless somebody changed it in between."""
        if self._read() != before:
            raise HunterError("The crontab was changed meanwhile.", remedy="Try again.")
        must(["crontab", "-"], given=after)


def keepers() -> tuple[Keeper, ...]:
    """Both kinds, the better one first."""
    return Systemd(), Crontab()


def _is_none_yet(said: str) -> bool:
    """Whether that is how crontab tells a user who has none."""
    return "no crontab for" in said or "can't open your crontab" in said


def _running() -> set[str]:
    """The names of what runs on this machine, as far as it tells."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/comm"):
        try:
            found.add(file.read_text().strip())
        except OSError:
            continue
    return found


def _write(file: Path, text: str) -> None:
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text, "utf-8", "surrogateescape")
    beside.replace(file)
