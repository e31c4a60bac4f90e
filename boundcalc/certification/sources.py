"""Whatever scores pairs of rows, as distances of rows with rows: a matrix, scores, embeddings or a trained model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.sides import EPS
from boundcalc.errors import InvalidInputError

__all__ = [
    "METRICS",
    "Distances",
    "from_embeddings",
    "from_matrix",
    "from_model",
    "listed_distances",
    "of_metric",
    "own_groups",
    "same_holdout",
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
    """

    n: int
    between: Callable[[Rows, Rows], Array]
    tie: float = 0.0
    symmetric: bool = True
    ordered: bool = False
    sign: int = 1
    off_zero: bool = False

    def of_rows(self, rows: Rows) -> Distances:
        """Return the distances of some of the rows, numbered anew."""
        between = self.between
        return replace(self, n=rows.size, between=lambda i, j: between(rows[i], rows[j]))


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
        x = x / np.sqrt(np.square(x).sum(axis=1, keepdims=True))
        left, right, tie = np.column_stack([x, np.ones(n)]), np.column_stack([-x, np.ones(n)]), 4.0 * (d + 16) * EPS
    else:
        size = float(np.abs(x).max())
        if size > 1e140:
            raise InvalidInputError(f"embeddings are as large as {size:g}: squared distances overflow; rescale them")
        x = x - x.mean(axis=0)
        squares = np.square(x).sum(axis=1)
        radius = float(squares.max())
        left = np.column_stack([-2.0 * x, squares, np.ones(n)])
        right = np.column_stack([x, np.ones(n), squares])
        tie = EPS * ((4 * d + 64) * radius + 8.0 * d * size * np.sqrt(radius))
    return Distances(n, lambda rows, others: left[rows] @ right[others].T, float(tie))


def from_model(model: Any, data: Any) -> tuple[Distances, Any, float | None]:
    """Return the distances of a trained model on held-out data, its labels and the model's own threshold if it has one.

    Parameters
    ----------
    model : PairwiseMetricLearner, or an object with ``transform``, or a callable
        The latter two give embeddings, whose squared Euclidean distances count.
    data : (X, y), ModalityData or None
        None: the rows that a PairwiseMetricLearner has held out itself.
    """
    from boundcalc.trainer.data.modalities import ModalityData

    if hasattr(model, "_normalised"):
        return _from_learner(model, data)
    if isinstance(data, ModalityData) or not (isinstance(data, (tuple, list)) and len(data) == 2):
        raise InvalidInputError(f"data={type(data).__name__}: expected (X, y), the held-out rows and their labels")
    transform = getattr(model, "transform", model)
    if not callable(transform):
        raise InvalidInputError(f"model={type(model).__name__}: expected an object with transform, or a callable")
    threshold = getattr(model, "threshold_", None)
    return from_embeddings(transform(data[0]), metric="sqeuclidean"), data[1], threshold


def _from_learner(learner: Any, data: Any) -> tuple[Distances, Any, float | None]:
    from boundcalc.trainer.data.modalities import ModalityData
    from boundcalc.trainer.data.reading import with_gaps

    prepared, model = learner._prepared, learner.model_
    if data is None:
        if prepared is None or prepared.split.holdout.size < 2:
            raise InvalidInputError("data=None: this model has held out no rows; give data=(X, y)")
        part = prepared.split.holdout
        rows, here = (prepared.rows if model is None else prepared.encoded_rows)(learner.modalities_, part)
        labels = prepared.data.codes[part]
    else:
        if isinstance(data, ModalityData):
            inputs, labels = with_gaps(data), data.y
        elif isinstance(data, (tuple, list)) and len(data) == 2:
            inputs, labels = data
        else:
            raise InvalidInputError(f"data={type(data).__name__}: expected (X, y) or ModalityData, or None")
        blocks = learner._blocks(inputs, reset=False)
        rows, here = learner._normalised(blocks)
        if prepared is not None and _overlap(rows, prepared.rows(learner.modalities_, prepared.split.train)[0]):
            raise InvalidInputError(
                "data: rows that the model was trained on certify nothing; give held-out rows, or data=None for those "
                "that the model has held out"
            )
        if model is not None:
            rows, here = learner._raw(blocks)
    if model is not None:
        return of_pair_model(model, rows, here), labels, float(learner.threshold_)
    operator = learner._structure.operator(learner.params_)
    widths = [learner._dims[name] for name in learner.modalities_]
    return of_metric(rows, here, operator, widths), labels, float(learner.threshold_)


def own_groups(model: Any, data: Any) -> Any:
    """Return the groups of the rows that certify, where the data say them."""
    prepared = getattr(model, "_prepared", None) if data is None else None
    if prepared is not None and prepared.data.groups is not None:
        return prepared.data.groups[prepared.split.holdout]
    return getattr(data, "groups", None)


def same_holdout(model: Any, other: Any) -> bool:
    """Whether two trained models have held out the same rows."""
    first, second = model._prepared, other._prepared
    return np.array_equal(first.split.holdout, second.split.holdout) and np.array_equal(
        first.data.codes, second.data.codes
    )


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
    return from_embeddings(model.embed(rows, here), metric="sqeuclidean")


def of_metric(rows: Array, here: NDArray[np.bool_], operator: Array, widths: Sequence[int]) -> Distances:
    """Return the distances of a learnt metric: rows of concatenated modalities, which are present, and the operator."""
    from boundcalc.trainer.risk.distances import cross_distances

    def between(i: Rows, j: Rows) -> Array:
        return cross_distances(rows[i], rows[j], operator, widths, here[i], here[j])

    norm = float(np.abs(operator).max() if operator.ndim == 1 else np.linalg.norm(operator))
    tie = (4 * rows.shape[1] + 64) * EPS * norm * 4.0 * float(np.square(rows).sum(axis=1).max())
    return Distances(rows.shape[0], between, tie)


def _overlap(rows: Array, trained: Array) -> bool:
    """Whether a tenth of the rows or more were trained on; fewer may be equal by chance."""
    seen = {row.tobytes() for row in np.ascontiguousarray(trained)}
    return 10 * sum(row.tobytes() in seen for row in np.ascontiguousarray(rows)) >= rows.shape[0]


def listed_distances(distances: Distances, pairs: Rows) -> Array:
    """Return the distance of each listed pair, in blocks."""
    step = 4096
    parts = [pairs[k : k + step] for k in range(0, len(pairs), step)]
    return np.concatenate([_pairwise(distances, part) for part in parts])


def _pairwise(distances: Distances, pairs: Rows) -> Array:
    rows, at = np.unique(pairs[:, 0], return_inverse=True)
    others, to = np.unique(pairs[:, 1], return_inverse=True)
    return distances.between(rows, others)[at, to]
