"""Models of the classes on rows: Gaussians with one covariance in closed form, and multinomial logistic regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boundcalc.frozen import Frozen
from boundcalc.trainer.risk.newton import newton_descent

__all__ = ["Gaussians", "logistic_regression", "shrunk_log_odds"]

Array = NDArray[np.float64]
#: A direction between classes that noise explains keeps this share of its length.
_LEAST = 1e-2
#: The least variance within classes that is believed, of columns with variance 1.
_FLOOR = 1e-8
#: Weights of a regression up to which Newton's steps cost less than those without curvature.
_NEWTON = 100


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
    def fit(cls, x: Array, codes: NDArray[np.intp]) -> Gaussians:
        """Fit to standardised rows, shape (n, d), of classes 0 to c - 1, none of them empty."""
        n, d = x.shape
        counts, means, within, free = _moments(x, codes)
        if d <= n:
            values, vectors = np.linalg.eigh(within.T @ within / free)
        else:  # all class means and differences lie in the rows' own span
            coordinates, span = _row_span(x)
            small = _moments(coordinates, codes)[2]
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


def shrunk_log_odds(x: Array, codes: NDArray[np.intp], shrinkage: float) -> tuple[Array, Array]:
    """Return what :meth:`Gaussians.log_odds` would at one shrinkage > 0, without eigenvectors."""
    counts, means, within, free = _moments(x, codes)
    covariance = within.T @ within * ((1.0 - shrinkage) / free)
    size = float(np.square(within).sum()) / free / x.shape[1]
    covariance[np.diag_indices_from(covariance)] += shrinkage * size + _FLOOR
    from scipy.linalg import cho_factor, cho_solve  # takes long to import

    factor = cho_solve(cho_factor(covariance, overwrite_a=True), means.T)
    return factor, np.log(counts / counts.sum()) - 0.5 * np.einsum("dc,cd->c", factor, means)


def _moments(x: Array, codes: NDArray[np.intp]) -> tuple[Array, Array, Array, int]:
    """Return the sizes of the classes, their means, each row less its mean, and the degrees of freedom within classes."""
    counts = np.bincount(codes)
    starts = np.cumsum(counts) - counts
    means = np.add.reduceat(x[np.argsort(codes, kind="stable")], starts, axis=0) / counts[:, None]
    return counts.astype(float), means, x - means[codes], max(codes.size - counts.size, 1)


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
    at, size = (np.arange(n), codes), (d + 1) * classes

    def objective(flat: Array) -> tuple[float, Array]:
        weights = flat[: d * classes].reshape(d, classes)
        scores = x @ weights + flat[d * classes :]
        scores -= scores.max(axis=1, keepdims=True)
        own = scores[at].sum()
        np.exp(scores, out=scores)
        total = scores.sum(axis=1, keepdims=True)
        value = float(np.log(total).sum() - own) + 0.5 * penalty * float(np.square(weights).sum())
        scores /= total
        scores[at] -= 1.0
        slope = x.T @ scores + penalty * weights
        return value / n, np.concatenate([slope.ravel(), scores.sum(axis=0)]) / n

    def curvature(flat: Array) -> Array:
        ones = np.column_stack([x, np.ones(n)])
        scores = ones @ flat.reshape(d + 1, classes)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        parts = (ones[:, :, None] * p[:, None, :]).reshape(n, size)
        matrix = (-parts.T @ parts).reshape(d + 1, classes, d + 1, classes)
        own = np.arange(classes)
        matrix[:, own, :, own] += (p.T[:, None, :] * ones.T) @ ones
        matrix = matrix.reshape(size, size)
        matrix[np.diag_indices(size)] += np.repeat([penalty, 0.0], [d * classes, classes])
        return matrix / n

    first = np.zeros(size) if start is None else np.concatenate([start[0].ravel(), start[1]])
    if size <= _NEWTON:
        everywhere = np.full(size, np.inf)
        found = newton_descent(
            objective, curvature, first, low=-everywhere, high=everywhere, steps=30, decrement=1e-5, remembered=0
        )
    else:
        from scipy.optimize import minimize  # takes long to import

        options = {"gtol": 1e-4, "ftol": 1e-6, "maxiter": 200}
        found = minimize(objective, first, jac=True, method="L-BFGS-B", options=options).x
    return found[: d * classes].reshape(d, classes), found[d * classes :]
