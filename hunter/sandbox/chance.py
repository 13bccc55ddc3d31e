"""Chance that is a function of its keys: the same seed, thing and time always draw the same number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hunter.values.units import Floats

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of the splitmix64 generator (Steele, Lea, Flood 2014)."""
    x = keys + _GOLDEN
    x = (x ^ (x >> np.uint64(30))) * _MIX_A
    x = (x ^ (x >> np.uint64(27))) * _MIX_B
    return x ^ (x >> np.uint64(31))


def uniform(*keys: Any) -> Floats:
    """Numbers in [0, 1) from whole-number keys, which may be columns."""
    with np.errstate(over="ignore"):
        state = np.zeros(1, dtype=np.uint64)
        for key in keys:
            state = _mixed(
                state ^ np.atleast_1d(np.asarray(key)).astype(np.int64).astype(np.uint64)
            )
    return (state >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def normal(*keys: Any) -> Floats:
    """Roughly normal numbers, mean 0 and variance 1, within ±3.5 (a sum of twelve uniforms)."""
    draws = sum(uniform(*keys, 7000 + i) for i in range(12))
    return np.asarray(draws) - 6.0


def one(*keys: int) -> float:
    """A single number in [0, 1)."""
    return float(uniform(*keys)[0])


def between(bounds: list[float], draw: Any) -> Any:
    """A draw in [0, 1) as a number between two bounds."""
    low, high = bounds
    return low + (high - low) * draw


def geometric_between(bounds: list[float], draw: Any) -> Any:
    """A draw in [0, 1) as a number between two bounds, even on a logarithmic scale."""
    low, high = bounds
    return low * (high / low) ** draw
