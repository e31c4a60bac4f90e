"""Trained models as distances of held-out rows: our own, and whatever else embeds rows or scores pairs of them.

What a model is asked for: ``transform`` (embeddings), ``predict_proba`` (inner products of class probabilities),
``pair_score`` or ``pair_distance`` on pairs of shape (P, 2, d), a call with one argument (embeddings; a torch module gets a
tensor) or with two (scores of aligned rows, larger for the same).
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.sources import Distances, from_embeddings, of_metric, of_pair_model
from boundcalc.errors import InvalidInputError

__all__ = ["embedded", "from_model", "own_groups", "own_threshold", "same_holdout", "scorer"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
#: Pairs that a pair-scoring function is asked for at once.
_ASKED = 50_000
#: Rows whose pairs tell whether a reader is told that pairs are ordered.
_LOOKED_AT = 30
_EXPECTED = (
    "transform, predict_proba, pair_score or pair_distance, or a callable of one argument (embeddings) or two (scores), "
    "or arrays of embeddings"
)


def from_model(model: Any, data: Any) -> tuple[Distances, Any, float | None]:
    """Return the distances of a trained model on held-out data, its labels and the model's own threshold if it has one.

    Parameters
    ----------
    model : object
        See the module. A pipeline that ends in a PairwiseMetricLearner is that learner, on what the steps before it give.
    data : (X, y), ModalityData or None
        None: the rows that a PairwiseMetricLearner has held out itself.
    """
    model, learner = _opened(model)
    labelled = isinstance(data, (tuple, list)) and len(data) == 2
    if learner is not model and learner is not None and labelled:
        data = (model[:-1].transform(data[0]) if len(model) > 1 else data[0], data[1])
        model = learner
    if learner is model:
        return _from_learner(learner, data)
    if not labelled:
        raise InvalidInputError(f"data={type(data).__name__}: expected (X, y), the held-out rows and their labels")
    rows, own = _Rows(data[0]), own_threshold(model)
    ask = scorer(model, rows) if own is None else _asked(partial(_paired, model.pair_distance), rows, sign=1)
    return ask(np.arange(len(rows))), data[1], own


def own_threshold(model: Any) -> float | None:
    """Return the threshold that a model brings: a PairwiseMetricLearner's, or that of its ``pair_distance``; none of anything else.

    Parameters
    ----------
    model : object
        As for :func:`from_model`.
    """
    model, learner = _opened(model)
    if learner is None and hasattr(model, "pair_distance"):
        learner = model
    return getattr(learner, "threshold_", None)


def _opened(model: Any) -> tuple[Any, Any]:
    """Return the best that a search found, and the PairwiseMetricLearner that it is or that a pipeline ends in, if any."""
    model = getattr(model, "best_estimator_", model)
    last = model[-1] if hasattr(model, "steps") else model
    return model, last if hasattr(last, "_normalised") else None


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


def _overlap(rows: Array, trained: Array) -> bool:
    """Whether a tenth of the rows or more were trained on; fewer may be equal by chance."""
    seen = {row.tobytes() for row in np.ascontiguousarray(trained)}
    return 10 * sum(row.tobytes() in seen for row in np.ascontiguousarray(rows)) >= rows.shape[0]


@dataclass(frozen=True)
class _Rows:
    """Rows by number of what is not always an array: a frame, a list, a mapping of any of these."""

    x: Any

    def __len__(self) -> int:
        part = next(iter(self.x.values()), ()) if isinstance(self.x, Mapping) else self.x
        return int(part.shape[0]) if hasattr(part, "shape") else len(part)

    def __getitem__(self, rows: Rows) -> Any:
        if isinstance(self.x, Mapping):
            return {name: _Rows(part)[rows] for name, part in self.x.items()}
        if isinstance(self.x, (list, tuple)):
            return [self.x[row] for row in rows]
        return self.x.iloc[rows] if hasattr(self.x, "iloc") else self.x[rows]


def scorer(model: Any, x: Any) -> Callable[[Rows], Distances]:
    """Return the distances by a fitted model between rows of x, by row numbers.

    Raises
    ------
    InvalidInputError
        If the model offers none of what is asked for.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        return embedded(lambda rows: _by_torch(torch, model, x[rows]))
    for name, sign in (("pair_score", -1), ("pair_distance", 1)):
        if hasattr(model, name) and not hasattr(model, "transform"):
            return _asked(partial(_paired, getattr(model, name)), x, sign=sign)
    if hasattr(model, "transform"):
        return embedded(lambda rows: model.transform(x[rows]))
    if hasattr(model, "predict_proba"):
        return lambda rows: _inner(model.predict_proba(x[rows]))
    if callable(model):
        if len(_required(model)) == 2:
            return _asked(model, x, sign=-1)
        return embedded(lambda rows: model(x[rows]))
    raise InvalidInputError(f"model {type(model).__name__}: expected an object with {_EXPECTED}")


def _paired(ask: Any, a: Array, b: Array) -> Any:
    return ask(np.stack([np.asarray(a), np.asarray(b)], axis=1))


def _required(function: Any) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ["x"]
    return [
        one.name
        for one in parameters
        if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]


def _by_torch(torch: Any, model: Any, x: Array) -> Array:
    first = next(model.parameters(), None)
    like = {} if first is None else {"dtype": first.dtype, "device": first.device}
    model.eval()
    with torch.no_grad():
        return np.asarray(model(torch.as_tensor(np.asarray(x), **like)).cpu(), dtype=float)


def embedded(embed: Callable[[Rows], Any]) -> Callable[[Rows], Distances]:
    """Return the squared Euclidean distances of the vectors of rows, by row numbers."""

    def distances(rows: Rows) -> Distances:
        vectors = np.asarray(embed(rows), dtype=float)
        vectors = vectors[:, None] if vectors.ndim == 1 else vectors
        if vectors.ndim != 2 or vectors.shape[0] != rows.size:
            raise InvalidInputError(
                f"model: embeddings of shape {vectors.shape} for {rows.size} rows; expected ({rows.size}, q)"
            )
        return from_embeddings(vectors, metric="sqeuclidean")

    return distances


def _inner(p: Any) -> Distances:
    p = np.asarray(p, dtype=float)
    return Distances(p.shape[0], lambda i, j: 1.0 - p[i] @ p[j].T, tie=4.0 * (p.shape[1] + 2) * np.finfo(float).eps)


def _asked(score: Callable[[Array, Array], Any], x: Any, *, sign: int) -> Callable[[Rows], Distances]:
    """Return distances by a function of aligned rows, scores if the sign is -1; it is asked in both orders of a pair."""

    def distances(part: Rows) -> Distances:
        def between(i: Rows, j: Rows) -> Array:
            left, right = np.repeat(part[i], j.size), np.tile(part[j], i.size)
            found = [
                np.asarray(score(x[left[k : k + _ASKED]], x[right[k : k + _ASKED]]), dtype=float).ravel()
                for k in range(0, left.size, _ASKED)
            ]
            values = sign * np.concatenate(found)
            if values.size != left.size or not np.isfinite(values).all():
                raise InvalidInputError(
                    f"model: {values.size} scores of {left.size} pairs; expected a finite number for each"
                )
            return values.reshape(i.size, j.size)

        rows = np.linspace(0, part.size - 1, min(part.size, _LOOKED_AT)).astype(np.intp)
        square = between(rows, rows)
        # A few rows may say that it is not symmetric, but never that it is.
        ordered = not np.allclose(square, square.T, rtol=1e-9, atol=1e-12)
        return Distances(part.size, between, symmetric=False, ordered=ordered, sign=sign)

    return distances
