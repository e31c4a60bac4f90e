"""The empirical Bernstein inequality (Maurer, Pontil 2009, Theorem 4): how far an expectation lies above a sample mean."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.risk.losses import round_up

__all__ = ["bernstein_deviation", "bernstein_error", "empirical_bernstein"]


def bernstein_deviation(variance: float, *, count: int, span: float, delta: float) -> float:
    """Return how far the expectation may lie above the mean of i.i.d. values in an interval of length ``span``.

    Parameters
    ----------
    variance : float
        Unbiased sample variance of the values.
    count : int
        Number of values, at least 2.
    span : float
    delta : float
        Failure probability.
    """
    log = math.log(2 / delta)
    return math.sqrt(2 * variance * log / count) + 7 * span * log / (3 * (count - 1))


def empirical_bernstein(values: NDArray[np.float64], *, largest: float, delta: float) -> float:
    """Return an upper confidence value of the mean of i.i.d. values in [0, largest].

    Parameters
    ----------
    values : ndarray of shape (n,), n >= 2
    largest : float
        A bound of the values that is known in advance.
    delta : float
        Failure probability.
    """
    variance = float(values.var(ddof=1))
    return float(values.mean()) + bernstein_deviation(variance, count=values.size, span=largest, delta=delta)


def bernstein_error(mean: float, mean_square: float, *, count: int, span: float, delta: float) -> float:
    """Return the same as :func:`bernstein_deviation` from sums over a sample, rounded up.

    Parameters
    ----------
    mean, mean_square : float
        Of the values and of their squares.
    count : int
        Number of values, at least 2.
    span : float
    delta : float
        Failure probability.
    """
    # Rounding of the difference may not make the variance smaller.
    variance = (max(mean_square - mean * mean, 0.0) + 1e-12 * abs(mean_square)) * count / (count - 1)
    return round_up(bernstein_deviation(variance, count=count, span=span, delta=delta))
