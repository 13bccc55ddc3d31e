"""The only conversions of units.

GB is 10^9 bytes, GiB is 2^30 bytes, Mbps is 10^6 bits a second, MB/s is 10^6 bytes a second.
A rental month is 720 hours on one market and 730 on another, so the month's length is always an
argument that comes from the market's facts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from hunter.values.amounts import seconds as seconds_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

Column = TypeVar("Column", float, "Floats")
"""One number or a numpy column of them: the arithmetic is the same."""

BYTES_PER_GB = 10**9
BYTES_PER_GIB = 2**30
SECONDS_PER_HOUR = 3600.0


def gb(n_bytes: float) -> float:
    """Bytes as GB (10^9)."""
    return n_bytes / BYTES_PER_GB


def usd_gb_from_usd_gib(usd_gib: float) -> float:
    """$ per GiB as $ per GB: a meter that counts GiB charges a GB less.

    >>> round(usd_gb_from_usd_gib(1.073741824), 9)
    1.0
    """
    return usd_gib * BYTES_PER_GB / BYTES_PER_GIB


def mb_s_from_mbps(mbps: Column) -> Column:
    """Megabits a second as megabytes a second.

    >>> mb_s_from_mbps(800.0)
    100.0
    """
    return mbps / 8


def usd_h_from_gb_month(usd_gb_month: Column, disk_gb: float, month_h: Column | float) -> Column:
    """What keeping a disk costs an hour, by a month of so many hours.

    >>> round(usd_h_from_gb_month(0.15, 100.0, 720.0), 6)
    0.020833
    """
    return usd_gb_month * disk_gb / month_h


def hours(text: str) -> float:
    """A duration above zero as hours; ValueError where it is none.

    >>> hours("1h30m"), hours("10m") * 60, hours("2d")
    (1.5, 10.0, 48.0)
    """
    return seconds_of(text) / SECONDS_PER_HOUR
