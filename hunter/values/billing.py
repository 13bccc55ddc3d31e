"""One market as estimates see it: who bills what when, and how its machines usually behave.

The values stand in `data/markets/NAME.toml`, each with its source; a plug-in brings its own such file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from hunter.values.figures import Chance, Day, Figure, NotNegative, Positive, Prior, Share, Words
from hunter.values.units import usd_h_from_gb_month

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.values.columns import Text
    from hunter.values.units import Floats

Meter = Literal["gpu", "disk", "bandwidth"]
METERS: tuple[Meter, ...] = ("gpu", "disk", "bandwidth")

Standing = Literal["documented", "observed", "contradicted", "assumed"]

Reading = Literal["dearer", "cheaper"]
"""Which way to read a market that says both that a meter runs and that it does not."""

PhaseName: TypeAlias = Literal["allocate", "download", "unpack", "start", "running", "stopped"]
TenancyName: TypeAlias = Literal["on-demand", "interruptible"]


class Cell(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether one meter runs in one phase, and who says so."""

    billed: bool
    source: Words
    date: Day
    status: Standing
    """Of a contradicted cell, `billed` is the dearer reading."""


class HostPriors(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a market's machines usually behave."""

    allocate_s: Prior
    start_s: Prior
    link_share: Prior
    """Of the advertised link, what arrives."""
    link_mbps: Prior
    """Where an offer does not state its link."""


class Tier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Offers of one market that boot about equally often."""

    name: Words
    chance: Chance
    launches: Positive
    """How many of our own launches the chance is worth."""
    source: Words
    date: Day = ""
    datacenter: bool | None = None
    """Asked of an offer that belongs here; None asks nothing."""
    reliability: Chance | None = None
    """At least."""


class Rate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Interruptions an hour, and how many of our own hours the figure is worth."""

    per_h: Prior
    hours: Positive


class Restart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a stopped instance's GPU is lost to others."""

    taken_after_h: Prior
    left: Prior
    """The chance that remains however long it was stopped."""

    def __post_init__(self) -> None:
        if self.left.high > 1:
            raise ValueError(f"left is a chance, and {self.left.high:g} is above 1")


class NetworkVolume(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A market's volume outside its machines, in one data centre."""

    usd_gb_month: Figure
    beyond_usd_gb_month: Figure
    """For what is above the tier."""
    tier_gb: Figure
    read_mb_s: Prior


class Popular(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Images that a market keeps ready on many of its machines."""

    images: tuple[Words, ...]
    """Words that an image's name, or its last part, begins with."""
    chance: Share


class MarketRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one market charges, how its machines usually behave, and what goes wrong there."""

    name: Words
    """What an offer's name begins with, as `vast`; not stated in the file, which is called so."""
    title: Words
    month_h: Positive
    """Hours in a month of storage."""
    bandwidth_bytes_per_gb: Positive
    """Bytes in the GB that the market's traffic price is for."""
    priors: HostPriors
    phases: dict[PhaseName, dict[Meter, Cell]] = {}
    storage_usd_gb_month: NotNegative | None = None
    """Where the market has one price for all; else each offer states its own."""
    storage_stopped_usd_gb_month: NotNegative | None = None
    inet_usd_gb: NotNegative | None = None
    stop_keeps_disk: bool = True
    step_s: Positive = 1.0
    """A rental is charged by whole steps of so many seconds."""
    minimum_s: NotNegative = 0.0
    """And for so many at least."""
    boot: tuple[Tier, ...] = ()
    """Chances that a host comes up at all; an offer belongs to the first tier that it fits."""
    interruption: dict[TenancyName, Rate] = {}
    restart: Restart | None = None
    volume: NetworkVolume | None = None
    popular: Popular | None = None
    reading: Reading = "dearer"
    """Not stated in the file: how contradicted cells are read here."""

    def __post_init__(self) -> None:
        for phase, cells in self.phases.items():
            for meter in METERS:
                if meter not in cells:
                    raise ValueError(f"phases.{phase} does not say whether {meter} is billed")

    def billed(self, phase: str, meter: Meter) -> bool:
        """Whether the meter runs in the phase. A phase nobody described is billed in full."""
        cells = self.phases.get(phase)  # type: ignore[call-overload]
        return True if cells is None else bool(cells[meter].billed)

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


def disk_usd_h(
    usd_gb_month: Floats, disk_gb: float, market: Text, rules: Mapping[str, MarketRules]
) -> Floats:
    """What a disk costs an hour on each offer, by the month of its own market.

    Args:
        usd_gb_month: each offer's price of a GB and month.
        disk_gb: the disk.
        market: each offer's market.
        rules: every market's; NaN where one is unknown.
    """
    month_h = market.lookup({name: rule.month_h for name, rule in rules.items()})
    return usd_h_from_gb_month(usd_gb_month, disk_gb, month_h)
