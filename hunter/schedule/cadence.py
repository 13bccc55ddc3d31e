"""How often a job runs, and at which minute: only what both kinds of timers can say. Pure."""

from __future__ import annotations

import hashlib
import re

import msgspec

from hunter.values.errors import UsageError
from hunter.values.words import duration

MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
PERIODS_S = (*(m * 60.0 for m in MINUTES), *(h * 3600.0 for h in HOURS))
"""Periods that divide an hour or a day: a calendar can name them, and a crontab no others."""
USUAL_S = {"reap": 300.0, "scrape": 3600.0}
"""Where nobody says how often. A whole poll where ten searches a minute are allowed takes half an hour."""
LATER = ("watch", "maintain")
"""Jobs that are meant to have timers and do not exist yet."""
_AT = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    """Every so many seconds, or once a day at a time of this machine's clock."""

    every_s: float | None = None
    at: str | None = None
    """HH:MM."""

    @property
    def period_s(self) -> float:
        """From one run to the next."""
        return 86400.0 if self.every_s is None else self.every_s

    def __str__(self) -> str:
        return f"daily at {self.at}" if self.at else f"every {short(self.period_s)}"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When in the hour and in the day: a first one, and a step; None stands for each."""

    second: int
    minute: int | None
    minutes: int | None = None
    """From one to the next within the hour."""
    hour: int | None = None
    hours: int | None = None

    @property
    def crontab(self) -> str:
        """The five fields of a crontab's line.

        >>> Moment(second=9, minute=2, minutes=5).crontab, Moment(second=0, minute=30, hour=7).crontab
        ('2-59/5 * * * *', '30 7 * * *')
        """
        minute, hour = _cron(self.minute, self.minutes, 59), _cron(self.hour, self.hours, 23)
        return f"{minute} {hour} * * *"

    @property
    def calendar(self) -> str:
        """The same for systemd's OnCalendar, which also knows seconds.

        >>> Moment(second=9, minute=2, minutes=5).calendar, Moment(second=0, minute=30, hour=7).calendar
        ('*-*-* *:02/5:09', '*-*-* 07:30:00')
        """
        minute, hour = _systemd(self.minute, self.minutes), _systemd(self.hour, self.hours)
        return f"*-*-* {hour}:{minute}:{self.second:02d}"


def checked_job(name: str) -> str:
    """A job that can have a timer; UsageError where it cannot, or not yet."""
    if name in LATER:
        raise UsageError(
            f"hunter {name} is not built yet, so that no timer can call it.",
            remedy=f"These can have one: {', '.join(USUAL_S)}.",
        )
    if name not in USUAL_S:
        raise UsageError(
            f"{name[:40]!r} is nothing that a timer calls.", remedy=f"Name {' or '.join(USUAL_S)}."
        )
    return name


def cadence(job: str, every_s: float | None, at: str | None) -> Cadence:
    """What was asked for, or what is usual for the job; UsageError where no timer can say it."""
    if every_s is not None and at is not None:
        raise UsageError("--every and --at are given at once.", remedy="Give one of them.")
    if at is not None:
        found = _AT.fullmatch(at.strip())
        if found is None:
            raise UsageError(
                f"--at: {at[:40]!r} is no time of a day.", remedy="Write it as 07:00 or 23:30."
            )
        return Cadence(at=f"{int(found[1]):02d}:{found[2]}")
    wanted = USUAL_S[job] if every_s is None else every_s
    if wanted not in PERIODS_S:
        nearest = sorted(PERIODS_S, key=lambda period: abs(period - wanted))[:3]
        raise UsageError(
            f"--every: {duration(wanted)} divides neither an hour nor a day.",
            remedy=f"Near it are {', '.join(map(short, sorted(nearest)))}.",
        )
    return Cadence(every_s=wanted)


def moment(how: Cadence, home: str, job: str) -> Moment:
    """When it runs: as asked, or spread by the home, so that not all homes ask a market at once."""
    if how.at is not None:
        return Moment(second=0, minute=int(how.at[3:]), hour=int(how.at[:2]))
    chance = int.from_bytes(hashlib.sha256(f"{home} {job}".encode()).digest()[:8], "big")
    second, chance = chance % 60, chance // 60
    step = round(how.period_s / 60)
    if step < 60:
        return Moment(
            second=second,
            minute=None if step == 1 else chance % step,
            minutes=None if step == 1 else step,
        )
    minute, hour = chance % 60, chance // 60
    step //= 60
    return Moment(
        second=second,
        minute=minute,
        hour=None if step == 1 else hour % step,
        hours=None if step in (1, 24) else step,
    )


def short(seconds: float) -> str:
    """A period as it is typed.

    >>> short(300.0), short(7200.0)
    ('5m', '2h')
    """
    return f"{seconds / 3600:g}h" if seconds >= 3600 else f"{seconds / 60:g}m"


def _cron(first: int | None, step: int | None, last: int) -> str:
    if first is None:
        return "*"
    return str(first) if step is None else f"{first}-{last}/{step}"


def _systemd(first: int | None, step: int | None) -> str:
    if first is None:
        return "*"
    return f"{first:02d}" if step is None else f"{first:02d}/{step}"
