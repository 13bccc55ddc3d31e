"""Who bills what, when: a market's rules as values.

The values come from `data/markets.toml` through `hunter.facts.shipped`; each carries its source there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import log
from typing import Literal

Meter = Literal["gpu", "disk", "bandwidth"]
METERS: tuple[Meter, ...] = ("gpu", "disk", "bandwidth")

Standing = Literal["documented", "observed", "contradicted", "assumed"]

Reading = Literal["dearer", "cheaper"]
"""Which way to read a market that says both that a meter runs and that it does not."""

Z90 = 1.2815515655446004
"""The 90th percentile of the normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Whether one meter runs in one phase, and who says so."""

    billed: bool
    source: str
    date: str
    status: Standing
    """Of a contradicted cell, `billed` is the dearer reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """A positive number believed until our own launches say better.

    `expected` is its median; low and high are about the 10th and the 90th percentile of one launch.
    """

    low: float
    expected: float
    high: float
    source: str
    date: str = ""

    @property
    def log_sd(self) -> float:
        """The standard deviation of its logarithm."""
        return log(self.high / self.low) / (2 * Z90)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRules:
    """How one market charges, and how its machines usually behave."""

    name: str
    title: str
    month_h: float
    """Hours in a month of storage."""
    bandwidth_bytes_per_gb: float
    """Bytes in the GB that the market's traffic price is for."""
    phases: dict[str, dict[Meter, Cell]] = field(default_factory=dict)
    storage_usd_gb_month: float | None = None
    """Where the market has one price for all; else each offer states its own."""
    storage_stopped_usd_gb_month: float | None = None
    inet_usd_gb: float | None = None
    stop_keeps_disk: bool = True
    step_s: float = 1.0
    """A rental is charged by whole steps of so many seconds."""
    minimum_s: float = 0.0
    """And for so many at least."""
    priors: dict[str, Prior] = field(default_factory=dict)
    reading: Reading = "dearer"

    def billed(self, phase: str, meter: Meter) -> bool:
        """Whether the meter runs in the phase. A phase nobody described is billed in full."""
        cells = self.phases.get(phase)
        return True if cells is None else cells[meter].billed

    def read(self, reading: Reading) -> MarketRules:
        """The same rules with every contradicted cell read this way.

        These are to be the rules as they ship, in their dearer reading.
        """
        if reading == "dearer":
            return self
        phases = {
            phase: {
                meter: replace(cell, billed=False) if cell.status == "contradicted" else cell
                for meter, cell in cells.items()
            }
            for phase, cells in self.phases.items()
        }
        return replace(self, phases=phases, reading=reading)

    @property
    def contradictions(self) -> tuple[tuple[str, Meter, Cell], ...]:
        """Phases and meters of which the market says both."""
        return tuple(
            (phase, meter, cell)
            for phase, cells in self.phases.items()
            for meter, cell in cells.items()
            if cell.status == "contradicted"
        )
