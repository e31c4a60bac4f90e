"""Means of bounded values that are measured once and read at any delta (Maurer, Pontil 2009, Theorem 4)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.errors import InvalidInputError
from boundcalc.trainer.risk.losses import round_up

__all__ = ["BoundedMean", "bernstein_deviation"]


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


@dataclass(frozen=True)
class BoundedMean:
    """The mean of i.i.d. values in an interval of known length, or an exact value.

    Attributes
    ----------
    mean : float
    variance : float
        Unbiased.
    count : int
        Number of values; 0 where the mean is exact.
    span : float
        Length of the interval, known in advance.
    """

    mean: float
    variance: float = 0.0
    count: int = 0
    span: float = 0.0

    def __post_init__(self) -> None:
        sizes = (self.mean, self.variance, self.span)
        if not (all(0 <= size for size in sizes) and math.isfinite(self.mean)) or self.count in (1,) or self.count < 0:
            raise InvalidInputError(f"{self}: expected a finite mean >= 0, variance and span >= 0, and no single value")
        if not self.count and self.variance:
            raise InvalidInputError(f"{self}: an exact mean varies not")
        if self.count and self.variance > (1 + 1e-6) * self.span**2 / 4 * self.count / (self.count - 1):
            raise InvalidInputError(f"{self}: numbers in an interval of that length do not vary so much")

    @classmethod
    def of(cls, values: NDArray[np.float64], *, span: float) -> BoundedMean:
        """Measure at least two values."""
        return cls(float(values.mean()), float(values.var(ddof=1)), values.size, span)

    @classmethod
    def from_sums(cls, mean: float, mean_square: float, *, count: int, span: float) -> BoundedMean:
        """Measure from the means of at least two values and of their squares."""
        return cls(mean, float(safe_variance(mean, mean_square, count)), count, span)

    def error(self, delta: float) -> float:
        """Return how far the expectation may lie above the mean, with probability at least 1 - delta; rounded up."""
        if self.count == 0:
            return 0.0
        return round_up(bernstein_deviation(self.variance, count=self.count, span=self.span, delta=delta))

    def upper(self, delta: float) -> float:
        """Return an upper confidence value of the expectation, rounded up; the mean itself where it is exact."""
        return self.mean if self.count == 0 else round_up(self.mean + self.error(delta))


def safe_variance(mean: Any, mean_square: Any, count: int) -> Any:
    """Return the unbiased variance from sums; rounding of the difference may not make it smaller."""
    return (np.maximum(mean_square - mean * mean, 0.0) + 1e-12 * np.abs(mean_square)) * count / (count - 1)
