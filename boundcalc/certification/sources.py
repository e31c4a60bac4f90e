"""Whatever scores pairs of rows, as distances of rows with rows: a matrix, scores, embeddings or a trained model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.sides import EPS
from boundcalc.errors import InvalidInputError
from boundcalc.trainer.data.labels import has_masked

__all__ = [
    "METRICS",
    "Distances",
    "from_embeddings",
    "from_matrix",
    "listed_distances",
    "of_metric",
]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

METRICS = ("sqeuclidean", "cosine")


@dataclass(frozen=True)
class Distances:
    """Distances of n rows, smaller for pairs that are called the same.

    Attributes
    ----------
    n : int
    between : callable
        ``between(rows, others)`` has shape (rows, others).
    tie : float
        A bound of what rounding does to a distance; those so close to a threshold count as ties.
    symmetric : bool
        Exactly.
    ordered : bool
        Whether the two orders of a pair differ by more than rounding.
    sign : int
        -1 where the distance is a score with its sign changed.
    off_zero : bool
        Whether rows are at a distance from themselves, which is not used.
    copies : callable, optional
        How many of some rows are the same as an earlier one, where rows at distance 0 need not be.
    """

    n: int
    between: Callable[[Rows, Rows], Array]
    tie: float = 0.0
    symmetric: bool = True
    ordered: bool = False
    sign: int = 1
    off_zero: bool = False
    copies: Callable[[Rows], int] | None = None

    def of_rows(self, rows: Rows) -> Distances:
        """Return the distances of some of the rows, numbered anew."""
        between, copies = self.between, self.copies
        counted = None if copies is None else lambda i: copies(rows[i])
        return replace(self, n=rows.size, between=lambda i, j: between(rows[i], rows[j]), copies=counted)


def numbers(name: str, value: Any, *, ndim: int) -> Array:
    """Return an array of finite or infinite real numbers.

    Raises
    ------
    InvalidInputError
        If it is none, has another number of axes or holds NaN.
    """
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iufb":
            raise TypeError
        array = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInputError(f"{name}: expected an array of real numbers") from None
    if has_masked(value):
        raise InvalidInputError(f"{name} has masked entries: every pair needs a number")
    if array.ndim != ndim:
        raise InvalidInputError(f"{name} has shape {array.shape}: expected {ndim} {'axis' if ndim == 1 else 'axes'}")
    if np.isnan(array).any():
        raise InvalidInputError(f"{name} has {int(np.isnan(array).sum())} NaN: every pair needs a number")
    return array


def from_matrix(name: str, value: Any) -> Distances:
    """Return the distances of a square matrix; ``scores`` change their sign. The diagonal is not used."""
    matrix = numbers(name, value, ndim=2)
    n = matrix.shape[0]
    if matrix.shape != (n, n) or n < 2:
        raise InvalidInputError(f"{name} has shape {matrix.shape}: expected (n, n), n >= 2: rows with the same rows")
    off = ~np.eye(n, dtype=bool)
    if name == "distance" and matrix[off].min() < -1e-9 * np.abs(matrix[off]).max():
        raise InvalidInputError(
            f"distance has {int((matrix[off] < 0).sum())} negative entries (smallest {matrix[off].min():g}): expected "
            "numbers >= 0; give similarities as scores="
        )
    sign = -1 if name == "scores" else 1
    matrix = matrix if sign == 1 else -matrix
    symmetric = bool(((matrix == matrix.T) | ~off).all())
    ordered = not symmetric and not np.allclose(matrix[off], matrix.T[off], rtol=1e-6, atol=0.0)
    off_zero = sign == 1 and bool(matrix.diagonal().any())
    return Distances(n, lambda rows, others: matrix[rows[:, None], others], 0.0, symmetric, ordered, sign, off_zero)


def from_embeddings(value: Any, *, metric: str) -> Distances:
    """Return squared Euclidean distances, or 1 - cosine, of the rows of a matrix."""
    if metric not in METRICS:
        raise InvalidInputError(f"metric={metric!r}: expected one of {', '.join(METRICS)}")
    x = numbers("embeddings", value, ndim=2)
    n, d = x.shape
    if n < 2 or d < 1:
        raise InvalidInputError(f"embeddings have shape {x.shape}: expected (n, d), n >= 2 and d >= 1")
    if not np.isfinite(x).all():
        raise InvalidInputError("embeddings have infinite entries: expected finite numbers")
    if metric == "cosine":
        largest = np.abs(x).max(axis=1, keepdims=True)
        if not largest.all():
            raise InvalidInputError(
                f"embeddings: row {int(np.flatnonzero(largest == 0)[0])} is 0 and has no direction; cosine needs one"
            )
        x = x / largest
        x /= np.sqrt(np.square(x).sum(axis=1, keepdims=True))
        extended, factor, tie = np.column_stack([x, np.ones(n)]), -1.0, 4.0 * (d + 16) * EPS
    else:
        size = float(np.abs(x).max())
        if size > 1e140:
            raise InvalidInputError(f"embeddings are as large as {size:g}: squared distances overflow; rescale them")
        extended, factor = np.empty((n, d + 2)), -2.0
        np.subtract(x, x.mean(axis=0), out=extended[:, :d])
        squares = np.concatenate(
            [np.square(rows[:, :d]).sum(axis=1) for rows in np.array_split(extended, 1 + n * d // 2**22)]
        )
        extended[:, d], extended[:, d + 1] = 1.0, squares
        radius = float(squares.max())
        tie = EPS * ((4 * d + 64) * radius + 8.0 * d * size * np.sqrt(radius))

    def between(rows: Rows, others: Rows) -> Array:
        """Return [factor x, |x|^2, 1] [x, 1, |x|^2]^T, or [-x, 1] [x, 1]^T: one copy of the rows at a time."""
        left = extended[rows]
        left[:, :d] *= factor
        left[:, d:] = left[:, : d - 1 : -1].copy()
        return left @ extended[others].T

    return Distances(n, between, float(tie))


def of_trained(
    prepared: Any, modalities: Sequence[str], params: Array, part: NDArray[np.intp], model: Any = None
) -> Distances:
    """Return the distances of some prepared rows under a metric that was trained on modalities, or a model in its place."""
    if model is not None:
        return of_pair_model(model, *prepared.encoded_rows(modalities, part))
    rows, here = prepared.rows(modalities, part)
    return of_metric(rows, here, prepared.structure(modalities).operator(params), prepared.widths(modalities))


def of_pair_model(model: Any, rows: Array, here: NDArray[np.bool_]) -> Distances:
    """Return the distances of a fitted :class:`~boundcalc.trainer.models.pair_model.PairModel` on encoded rows."""
    if model.bias is None and not here.all():
        return of_metric(
            np.where(np.repeat(here, model.widths, axis=1), rows - model.shift, 0.0), here, model.matrix(), model.widths
        )
    return replace(
        from_embeddings(model.embed(rows, here), metric="sqeuclidean"),
        copies=lambda some: some.size - len(np.unique(rows[some], axis=0)),
    )


def of_metric(rows: Array, here: NDArray[np.bool_], operator: Array, widths: Sequence[int]) -> Distances:
    """Return the distances of a learnt metric: rows of concatenated modalities, which are present, and the operator."""
    from boundcalc.trainer.risk.distances import cross_distances

    def between(i: Rows, j: Rows) -> Array:
        return cross_distances(rows[i], rows[j], operator, widths, here[i], here[j])

    norm = float(np.abs(operator).max() if operator.ndim == 1 else np.linalg.norm(operator))
    tie = (4 * rows.shape[1] + 64) * EPS * norm * 4.0 * float(np.square(rows).sum(axis=1).max())
    return Distances(rows.shape[0], between, tie)


def listed_distances(distances: Distances, pairs: Rows) -> Array:
    """Return the distance of each listed pair, in blocks."""
    step = 4096
    parts = [pairs[k : k + step] for k in range(0, len(pairs), step)]
    return np.concatenate([_pairwise(distances, part) for part in parts])


def _pairwise(distances: Distances, pairs: Rows) -> Array:
    rows, at = np.unique(pairs[:, 0], return_inverse=True)
    others, to = np.unique(pairs[:, 1], return_inverse=True)
    return distances.between(rows, others)[at, to]
