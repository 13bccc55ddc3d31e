"""What options take: dollars, durations, times, and numbers by name; refused before anything is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from hunter.values.amounts import (
    LEAST_TTL_S,
    MOST_S,
    MOST_TTL_S,
    MOST_USD,
    number,
    seconds,
    shortened,
)
from hunter.values.errors import UsageError
from hunter.values.words import duration

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Typed(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions
    """What all of them share."""

    def refuse(self, param: click.Parameter | None, why: str, remedy: str) -> UsageError:
        """One sentence that names the option, and what to write instead."""
        name = max(param.opts, key=len) if param is not None else self.name
        return UsageError(f"{name}: {why}.", remedy=remedy)


class Amount(_Typed):
    """A finite number above zero."""

    def __init__(self, name: str, *, most: float, example: str) -> None:
        self.name, self.most, self.example = name, most, example

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number that was typed."""
        try:
            return number(str(value), most=self.most)
        except ValueError as error:
            raise self.refuse(param, str(error), f"Write it as {self.example}.") from error


class Duration(_Typed):
    """A duration, as seconds."""

    name = "duration"

    def __init__(self, *, least_s: float = 0.0, most_s: float = MOST_S) -> None:
        self.least_s, self.most_s = least_s, most_s

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The seconds that were meant."""
        remedy = "Write it as 90s, 10m or 2h."
        try:
            found = seconds(str(value))
        except ValueError as error:
            raise self.refuse(param, str(error), remedy) from error
        if not self.least_s <= found <= self.most_s:
            between = f"between {duration(self.least_s)} and {duration(self.most_s)}"
            raise self.refuse(param, f"{shortened(str(value))} is not {between}", remedy)
        return found


class Moment(_Typed):
    """So long ago, or a date; a date without a time zone is in UTC."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta | datetime:
        """How long ago, or when."""
        text = str(value)
        try:
            return timedelta(seconds=seconds(text))
        except ValueError:
            pass
        try:
            if len(text) > 40 or not text.isascii():
                raise ValueError(text)
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            remedy = "Write 24h or 7d (ago), or a date as 2026-11-20."
            raise self.refuse(param, f"{shortened(text)} is no time", remedy) from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class KeyValues(_Typed):
    """`a=1,b=2` as a table of these keys."""

    name = "values"

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = known
        """Each key, and what it means."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, str]:
        """The values by their keys, as text."""
        pairs = [part.partition("=") for part in str(value).split(",") if part.strip()]
        keys = [key.strip() for key, _, _ in pairs]
        wrong = sorted({key for key in keys if key not in self.known or keys.count(key) > 1})
        if wrong or not keys:
            known = "; ".join(f"{key} ({what})" for key, what in self.known.items())
            what = f"{shortened(', '.join(wrong))} cannot be" if wrong else "nothing is described"
            raise self.refuse(param, what, f"Known, once each: {known}.")
        return dict(zip(keys, (said.strip() for _, _, said in pairs), strict=True))


MONEY = Amount("dollars", most=MOST_USD, example="0.60")
DURATION = Duration()
TTL = Duration(least_s=LEAST_TTL_S, most_s=MOST_TTL_S)
MOMENT = Moment()
