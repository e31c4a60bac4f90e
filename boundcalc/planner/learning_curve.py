"""What a user would otherwise do: fit a power law to a learning curve and read it off. An estimate, no guarantee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import as_generator

__all__ = ["PowerLaw", "fit_power_law"]

_RATES = np.geomspace(1e-3, 2.0, 60)
_DRAWS = 200
#: Exponents of a finer grid's step, and how many grids follow each other.
_STEPS, _FINER = np.linspace(-1.0, 1.0, 9)[:, None], 12


@dataclass(frozen=True)
class PowerLaw(Frozen):
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


def fit_power_law(
    sizes: Sequence[int], values: ArrayLike, *, rng: np.random.Generator | int | None = None, level: float = 0.9
) -> PowerLaw:
    """Fit offset + scale n^(-rate) with offset, scale >= 0 and 0 < rate <= 2 by least squares.

    Parameters
    ----------
    sizes : sequence of int
        At least three different ones.
    values : array_like of shape (repeats, sizes)
        Nonnegative risks.
    rng : numpy.random.Generator or int, optional
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
    rng = as_generator(rng)
    offset, scale, rate = _fit(n, table.mean(axis=0)[None])[0].tolist()
    fitted = offset + scale * n**-rate
    residuals = table - fitted
    drawn = _resampled(residuals, rng).mean(axis=1)
    return PowerLaw(offset, scale, rate, refits=_fit(n, np.maximum(fitted + drawn, 0.0)), level=level)


def _resampled(residuals: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw tables of residuals, shape (draws, repeats, sizes): each from those at the same or a neighbouring size."""
    repeats, sizes = residuals.shape
    moved = rng.integers(-1, 2, (_DRAWS, repeats, sizes))
    column = np.clip(np.arange(sizes) + moved, 0, sizes - 1)
    return np.asarray(residuals[rng.integers(0, repeats, moved.shape), column])


def _fit(n: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """Fit each curve of shape (curves, sizes): offset, scale and rate, shape (curves, 3).

    Given the rate, offset and scale are a least-squares problem with a closed form, so that only the rate is searched:
    on a grid first, for the error may have several valleys, then on finer ones within the best one.
    """
    logs = np.log(n / n.min())

    def errors(rate: np.ndarray, which: np.ndarray) -> np.ndarray:
        return _given_rate(rate, logs, curves[which])[2]

    which = np.arange(len(curves))
    on_grid = errors(_RATES[:, None], which[None, :])
    rate, step = _RATES[on_grid.argmin(axis=0)], _RATES[1] / _RATES[0]
    for _ in range(_FINER):
        tried = np.clip(rate * step**_STEPS, _RATES[0], _RATES[-1])
        rate, step = tried[errors(tried, which[None, :]).argmin(axis=0), which], step ** (2.0 / (_STEPS.size - 1))
    offset, scale, _ = _given_rate(rate, logs, curves)
    return np.stack([offset, scale * n.min() ** rate, rate], axis=1)


def _given_rate(rate: np.ndarray, logs: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the best offset >= 0 and scale >= 0 for rates of any shape, and the mean squared error they leave."""
    falls = np.exp(-rate[..., None] * logs)
    mean, fall = values.mean(axis=-1), falls.mean(axis=-1)
    centred = falls - fall[..., None]
    scale = np.maximum((centred * values).mean(axis=-1) / (centred**2).mean(axis=-1), 0.0)
    offset = mean - scale * fall
    through_zero = offset < 0
    scale = np.where(through_zero, (falls * values).mean(axis=-1) / (falls**2).mean(axis=-1), scale)
    offset = np.where(through_zero, 0.0, offset)
    left = values - offset[..., None] - scale[..., None] * falls
    return offset, scale, (left**2).mean(axis=-1)
