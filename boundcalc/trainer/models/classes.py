"""Models of the classes on rows: Gaussians with one covariance in closed form, and multinomial logistic regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boundcalc.frozen import Frozen
from boundcalc.trainer.risk.newton import quasi_newton_descent

__all__ = ["Gaussians", "class_means", "logistic_regression", "shrunk_log_odds"]

Array = NDArray[np.float64]
#: A direction between classes that noise explains keeps this share of its length.
_LEAST = 1e-2
#: The least variance within classes that is believed, of columns with variance 1.
_FLOOR = 1e-8
#: Steps of a regression end when the next promises less of the log loss over all rows, or of its mean: less than the rows can tell.
_CHANGE = (0.05, 1e-4)


@dataclass(frozen=True)
class Gaussians(Frozen):
    """Class means and the covariance within classes, in its eigenvectors: closed forms at every shrinkage.

    The covariance is shrunk towards a multiple of the identity (Ledoit and Wolf 2004).

    Attributes
    ----------
    means : ndarray of shape (c, d)
    counts : ndarray of shape (c,)
    values : ndarray of shape (r,)
    vectors : ndarray of shape (d, r)
        Eigenvalues and eigenvectors of the covariance; beyond these r it is 0.
    size : float
        Mean eigenvalue, over all d.
    ledoit_wolf : float
        The shrinkage in [0, 1] with about the least mean squared error.
    """

    means: Array
    counts: Array
    values: Array
    vectors: Array
    size: float
    ledoit_wolf: float

    @classmethod
    def fit(cls, x: Array, codes: NDArray[np.intp], *, there: NDArray[np.bool_] | None = None) -> Gaussians:
        """Fit to standardised rows, shape (n, d), of classes 0 to c - 1, none of them empty.

        Parameters
        ----------
        x : ndarray of shape (n, d)
        codes : ndarray of int, shape (n,)
        there : ndarray of bool, shape (n, d), optional
            Which entries are at hand; the others are not read.
        """
        n, d = x.shape
        counts, means, within, free = _moments(x, codes, there)
        if d <= n:
            values, vectors = np.linalg.eigh(within.T @ within / free)
        else:  # all class means and differences lie in the rows' own span
            span = _row_span(np.concatenate([within, means]))[1]
            small = within @ span
            values, small_vectors = np.linalg.eigh(small.T @ small / free)
            vectors = span @ small_vectors
        values = np.maximum(values, 0.0)
        size = float(values.sum()) / d
        fourth = float(np.square(np.square(within).sum(axis=1)).sum()) / n**2
        noise = max(fourth - float(np.square(values).sum()) / n, 0.0)
        spread = float(np.square(values).sum()) - d * size**2
        return cls(means, counts, values, vectors, size, min(noise / spread, 1.0) if spread > 0 else 1.0)

    def whitener(self, shrinkage: float) -> Array:
        """Return the map after which the covariance within classes is the identity, shape (d, r)."""
        shrunk = (1.0 - shrinkage) * self.values + shrinkage * self.size
        return self.vectors / np.sqrt(np.maximum(shrunk, _FLOOR))

    def discriminant(self, shrinkage: float) -> Array:
        """Return directions that separate the classes, each by how much of its spread is not noise, shape (d, q)."""
        white = self.whitener(shrinkage)
        between = self.means @ white
        between -= (self.counts / self.counts.sum()) @ between
        _, sizes, turned = np.linalg.svd(between / np.sqrt(max(self.counts.size - 1, 1)), full_matrices=False)
        spread = np.square(sizes)
        signal = np.maximum(spread - float(np.mean(1.0 / self.counts)), _LEAST * spread)
        kept = spread > 1e-12 * max(float(spread[0]), 1e-300)
        return (white @ turned[kept].T) * np.sqrt(signal / (1.0 + signal))[kept]

    def log_odds(self, shrinkage: float) -> tuple[Array, Array]:
        """Return (W, b): x W + b are the classes' log probabilities but for a constant, shapes (d, c) and (c,)."""
        white = self.whitener(shrinkage)
        centres = self.means @ white
        return white @ centres.T, np.log(self.counts / self.counts.sum()) - 0.5 * np.square(centres).sum(axis=1)


def shrunk_log_odds(
    x: Array, codes: NDArray[np.intp], shrinkage: float, *, there: NDArray[np.bool_] | None = None
) -> tuple[Array, Array]:
    """Return what :meth:`Gaussians.log_odds` would at one shrinkage > 0, without eigenvectors."""
    counts, means, within, free = _moments(x, codes, there)
    covariance = within.T @ within * ((1.0 - shrinkage) / free)
    size = float(np.square(within).sum()) / free / x.shape[1]
    covariance[np.diag_indices_from(covariance)] += shrinkage * size + _FLOOR
    from scipy.linalg import cho_factor, cho_solve  # takes long to import

    factor = cho_solve(cho_factor(covariance, overwrite_a=True), means.T)
    return factor, np.log(counts / counts.sum()) - 0.5 * np.einsum("dc,cd->c", factor, means)


def class_means(x: Array, codes: NDArray[np.intp], there: NDArray[np.bool_] | None = None) -> tuple[Array, Array]:
    """Return the sizes of the classes and their means over the entries that are there, shapes (c,) and (c, d); 0 over none."""
    counts, order = np.bincount(codes), np.argsort(codes, kind="stable")
    starts = np.cumsum(counts) - counts
    if there is None:
        return counts.astype(float), np.add.reduceat(x[order], starts, axis=0) / counts[:, None]
    known = np.add.reduceat(there[order].astype(float), starts, axis=0)
    return counts.astype(float), np.add.reduceat(np.where(there, x, 0.0)[order], starts, axis=0) / np.maximum(known, 1)


def _moments(
    x: Array, codes: NDArray[np.intp], there: NDArray[np.bool_] | None = None
) -> tuple[Array, Array, Array, int]:
    """Return the sizes of the classes, their means, each row less its mean, and the degrees of freedom within classes.

    Columns with gaps are scaled up so that their sums of squares are those of all rows; products of two such columns, over the
    rows that have both, then come out too small at most, and the covariance stays positive semidefinite.
    """
    counts, means = class_means(x, codes, there)
    within = x - means[codes]
    if there is not None:
        within = np.where(there, within, 0.0) * np.sqrt(codes.size / np.maximum(there.sum(axis=0), 1))
    return counts, means, within, max(codes.size - counts.size, 1)


def _row_span(x: Array) -> tuple[Array, Array]:
    """Return (Z, S) with x = Z S' and orthonormal columns of S, for fewer rows than columns: from the rows' own products."""
    inner, turned = np.linalg.eigh(x @ x.T)
    kept = inner > 1e-10 * max(float(inner[-1]), 1e-300)
    sizes = np.sqrt(inner[kept])
    return turned[:, kept] * sizes, x.T @ (turned[:, kept] / sizes)


def logistic_regression(
    x: Array, codes: NDArray[np.intp], *, penalty: float, start: tuple[Array, Array] | None = None
) -> tuple[Array, Array]:
    """Return (W, b) of the multinomial logistic regression with penalty |W|^2/2 on the sum of log losses / ``penalty``.

    Parameters
    ----------
    x : ndarray of shape (n, d)
        Centred and scaled columns.
    codes : ndarray of int, shape (n,)
        Classes 0 to c - 1.
    penalty : float
        lambda > 0 in sum of losses + lambda |W|^2/2.
    start : (W, b), optional
        The solution at another penalty.
    """
    n, d = x.shape
    classes = int(codes.max()) + 1
    if d > n:  # the penalised solution lies in the span of the rows
        coordinates, span = _row_span(x)
        begin = None if start is None else (span.T @ start[0], start[1])
        inner, bias = logistic_regression(coordinates, codes, penalty=penalty, start=begin)
        return span @ inner, bias
    ones, at = np.column_stack([x, np.ones(n)]), (np.arange(n), codes)
    ridge = np.append(np.full(d, penalty), 0.0)[:, None]

    def objective(point: Array) -> tuple[float, Array]:
        scores = ones @ point
        scores -= scores.max(axis=1, keepdims=True)
        own = scores[at].sum()
        np.exp(scores, out=scores)
        total = scores.sum(axis=1, keepdims=True)
        pull = ridge * point
        value = float(np.log(total).sum() - own) + 0.5 * float(np.vdot(point, pull))
        scores /= total
        scores[at] -= 1.0
        return value, ones.T @ scores + pull

    first = np.zeros((d + 1, classes)) if start is None else np.concatenate([start[0], start[1][None]])
    found = quasi_newton_descent(objective, first, steps=200, decrement=max(_CHANGE[0], _CHANGE[1] * n))
    return found[:-1], found[-1]
