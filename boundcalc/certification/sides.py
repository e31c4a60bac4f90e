"""Floating-point results moved to the safe side by more than they can be wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["EPS", "as_upper_risk", "log_mean_below", "lowered", "raised", "sum_above"]

Array = NDArray[np.float64]

#: The spacing of doubles at 1, twice what one rounding may change.
EPS = float(np.finfo(float).eps)


def raised(value: float, ulps: float = 8.0) -> float:
    """Return a number above everything within ``ulps`` roundings of the value, taken at its own size or at 1."""
    return value + ulps * EPS * (1.0 + abs(value))


def lowered(value: float, ulps: float = 8.0) -> float:
    """Return a number below everything within ``ulps`` roundings of the value, taken at its own size or at 1."""
    return value - ulps * EPS * (1.0 + abs(value))


def sum_above(terms: Array, *, ulps: float = 8.0) -> float:
    """Return an upper end of the sum of terms that are each known to a few roundings of their own size."""
    return math.fsum(terms) + ulps * EPS * math.fsum(np.abs(terms))


def log_mean_below(logs: Iterable[float]) -> float:
    """Return a lower end of log mean exp.

    The largest term is 1 after it is taken out, so the sum lies between 1 and the number of terms, and a term far below
    the largest is wrong by a share that its smallness outweighs.
    """
    values = np.asarray(list(logs), dtype=float)
    top = float(values.max())
    if top == -math.inf:
        return top
    mean = math.fsum(np.exp(values - top)) / values.size
    return lowered(top + math.log(mean), 64.0)


def as_upper_risk(log_tail: float, *, kappa: float, scale: float, exponent: float) -> float:
    """Return (c/kappa) (1 - exp(log_tail / N)) rounded up, at most c; ``log_tail`` is a lower end of log(delta h)."""
    if not log_tail > -math.inf:
        return scale
    share = -math.expm1(lowered(log_tail / exponent, 4.0))
    return min(scale, scale / kappa * share * (1.0 + 16.0 * EPS))
