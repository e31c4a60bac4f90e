"""What a user would otherwise do: fit a power law to a learning curve and read it off. An estimate, no guarantee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.errors import InvalidInputError

__all__ = ["PowerLaw", "fit_power_law"]

_STEEPEST = 2.0
_DRAWS = 200


@dataclass(frozen=True)
class PowerLaw:
    """The curve offset + scale n^(-rate), with refits to resampled curves for its interval.

    Attributes
    ----------
    offset, scale, rate : float
    refits : ndarray of shape (draws, 3)
        Offset, scale and rate of each refit.
    level : float
        Of the interval.
    """

    offset: float
    scale: float
    rate: float
    refits: NDArray[np.float64]
    level: float = 0.9

    def __call__(self, n: ArrayLike) -> NDArray[np.float64]:
        """Return the fitted value at each n."""
        return np.asarray(self.offset + self.scale * np.asarray(n, dtype=float) ** -self.rate)

    def interval(self, n: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the percentile interval of the refits at each n; it does not cover a wrong model.

        Parameters
        ----------
        n : array_like
            Numbers of samples.

        Returns
        -------
        low, high : ndarray of the shape of n
        """
        points = np.asarray(n, dtype=float)[None, ...]
        shape = (-1,) + (1,) * (points.ndim - 1)
        offset, scale, rate = (column.reshape(shape) for column in self.refits.T)
        values = offset + scale * points**-rate
        low, high = np.quantile(values, [(1 - self.level) / 2, (1 + self.level) / 2], axis=0)
        return low, high


def fit_power_law(sizes: Sequence[int], values: ArrayLike, *, rng: np.random.Generator, level: float = 0.9) -> PowerLaw:
    """Fit offset + scale n^(-rate) with offset, scale >= 0 and 0 < rate <= 2 by least squares on the relative scale.

    Parameters
    ----------
    sizes : sequence of int
        At least three different ones.
    values : array_like of shape (repeats, sizes)
        Nonnegative risks.
    rng : numpy.random.Generator
        Resamples the residuals (and the repeats) for the interval.
    level : float
        Of the interval, in (0, 1).

    Raises
    ------
    InvalidInputError
        On too few sizes or values that are no risks.
    """
    n, table = np.asarray(sizes, dtype=float), np.atleast_2d(np.asarray(values, dtype=float))
    problems = []
    if n.ndim != 1 or np.unique(n).size < 3 or not (n > 0).all():
        problems.append(f"sizes = {list(sizes)!r}: expected at least three different numbers > 0")
    if table.shape[-1:] != n.shape or not np.isfinite(table).all() or (table < 0).any():
        problems.append("values: expected finite numbers >= 0 of shape (repeats, sizes)")
    if not 0 < level < 1:
        problems.append(f"level = {level!r} must be a number in (0, 1)")
    if problems:
        raise InvalidInputError(problems, context="learning curve")
    best = _fit(n, table.mean(axis=0))
    fitted = _curve(n, *best)
    residuals = table - fitted
    refits = [
        _fit(n, np.maximum(fitted + _resample(residuals, rng).mean(axis=0), 0.0), start=best) for _ in range(_DRAWS)
    ]
    return PowerLaw(*best, refits=np.array(refits), level=level)


def _resample(residuals: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a residual for each cell from those at the same or a neighbouring size."""
    repeats, sizes = residuals.shape
    column = np.clip(np.arange(sizes) + rng.integers(-1, 2, (repeats, sizes)), 0, sizes - 1)
    return residuals[rng.integers(0, repeats, (repeats, sizes)), column]


def _curve(n: np.ndarray, offset: float, scale: float, rate: float) -> np.ndarray:
    return np.asarray(offset + scale * n**-rate)


def _fit(
    n: np.ndarray, values: np.ndarray, start: tuple[float, float, float] | None = None
) -> tuple[float, float, float]:
    from scipy.optimize import least_squares

    size = max(float(values.max()), 1e-12)
    first = n.min()

    def error(theta: np.ndarray) -> np.ndarray:
        return np.asarray((theta[0] + theta[1] * (n / first) ** -theta[2] - values) / size)

    guess = (0.8 * values.min(), max(float(np.ptp(values)), 1e-3 * size), 0.5)
    if start is not None:
        guess = (start[0], start[1] * first ** -start[2], start[2])
    low, high = (0.0, 0.0, 1e-3), (size * 1.01, 10 * size, _STEEPEST)
    inside = np.clip(guess, np.asarray(low) + 1e-12, np.asarray(high) - 1e-12)
    offset, scale, rate = least_squares(error, inside, bounds=(low, high)).x
    return float(offset), float(scale * first**rate), float(rate)
