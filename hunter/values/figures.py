"""Numbers that somebody stands for: each with where it was read and when. Read strictly from `data/`."""

from __future__ import annotations

from math import log
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Z90 = 1.2815515655446004
"""The 90th percentile of the normal distribution."""

MOST = 1e15
"""No figure of ours is larger: bytes included."""
NotNegative: TypeAlias = Annotated[float, Meta(ge=0, le=MOST)]
Positive: TypeAlias = Annotated[float, Meta(gt=0, le=MOST)]
Chance: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Words: TypeAlias = Annotated[str, Meta(min_length=1)]
Day: TypeAlias = Annotated[str, Meta(pattern=r"^20\d\d-[01]\d-[0-3]\d$")]
"""As 2026-11-24."""


class Figure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One number that is not doubted."""

    expected: NotNegative
    source: Words = ""
    date: Day = ""


class Share(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure between nothing and all."""

    expected: Chance
    source: Words = ""
    date: Day = ""


class Prior(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A positive number believed until our own launches say better.

    `expected` is its median; low and high are about the 10th and the 90th percentile of one launch.
    """

    low: Positive
    expected: Positive
    high: Positive
    source: Words = ""
    date: Day = ""

    def __post_init__(self) -> None:
        if not self.low <= self.expected <= self.high:
            raise ValueError(
                f"low {self.low:g}, expected {self.expected:g} and high {self.high:g} are not in order"
            )

    @property
    def log_sd(self) -> float:
        """The standard deviation of its logarithm."""
        return log(self.high / self.low) / (2 * Z90)
