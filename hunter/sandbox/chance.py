"""Chance that is a function of its keys: the same seed, thing and time always draw the same number."""

from __future__ import annotations

from math import erf, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hunter.values.units import Floats

    Whole = NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_STEPS = 128
"""Of a score's unit: scores are read off a table, which is ten times as quick as computing them."""
SCORES = np.arange(-4 * _STEPS, 4 * _STEPS + 1) / _STEPS
RANKS = np.array([0.5 + 0.5 * erf(score / sqrt(2)) for score in SCORES])
_DRAWN = np.interp((np.arange(1 << 14) + 0.5) / (1 << 14), RANKS, SCORES)


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


def pick(shares: Floats, draw: Floats) -> Whole:
    """Which of several things a draw means, by their shares."""
    edges = np.cumsum(shares) / shares.sum()
    return np.minimum(np.searchsorted(edges, draw, side="right"), len(shares) - 1)


def score(draw: Floats) -> Floats:
    """A draw in [0, 1) as a normally distributed number within ±4."""
    found: Floats = _DRAWN[(draw * len(_DRAWN)).astype(np.int64)]
    return found


def step(scores: Floats) -> Whole:
    """The place of scores in `SCORES` and `RANKS`, and in any table of the same length."""
    return np.clip((scores + 4.0) * _STEPS + 0.5, 0, len(SCORES) - 1).astype(np.int64)


def rank(scores: Floats) -> Floats:
    """A normally distributed number as its rank in [0, 1]."""
    found: Floats = RANKS[step(scores)]
    return found


def blend(score: Floats, share: float, other: Floats) -> Floats:
    """A score that correlates with another one by this much."""
    mixed: Floats = share * score + (1 - share**2) ** 0.5 * other
    return mixed
