"""Other people's models: fitted to the rows that are not held out, with a threshold, to be certified like our own.

What a model is asked for: ``transform`` (embeddings), ``predict_proba`` (inner products of class probabilities),
``pair_score`` or ``pair_distance`` on pairs of shape (P, 2, d), a call with one argument (embeddings; a torch module gets a
tensor) or with two (scores of aligned rows, larger for the same), or an array with one row of embeddings for each row of the
data, or a mapping of one per modality.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.arithmetic.written import shortened
from boundcalc.certification.sources import Distances, from_embeddings
from boundcalc.errors import InvalidInputError
from boundcalc.trainer.data.prepare import Prepared
from boundcalc.trainer.data.splits import pairs_within
from boundcalc.trainer.models.choosing import cut_scores

__all__ = ["Contender", "contender", "fitted", "imported"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
#: Pairs that a pair-scoring function is asked for at once, and rows whose pairs choose a threshold.
_ASKED, _CHOOSING = 50_000, 1500
_EXPECTED = (
    "transform, predict_proba, pair_score or pair_distance, or a callable of one argument (embeddings) or two (scores), "
    "or arrays of embeddings"
)


def imported(name: str) -> Any:
    """Return what ``module:object`` names. Importing runs the module's code, which the user has named.

    Raises
    ------
    InvalidInputError
        If there is no such module or object, or importing it fails.
    """
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise InvalidInputError(f"model {shortened(name)}: expected module:object, such as sklearn.svm:SVC")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:  # whatever the user's module raises
        raise InvalidInputError(
            f"model {shortened(name)}: importing {module!r} failed ({type(error).__name__}: {error})"
        ) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise InvalidInputError(f"model {shortened(name)}: {module!r} has no {part!r}")
        found = getattr(found, part)
    return found


@dataclass(frozen=True)
class Contender:
    """A fitted model of someone else.

    Attributes
    ----------
    distances : callable
        From row numbers to the :class:`Distances` of these rows.
    threshold : float
    error : float
        Weighted share of wrong pairs on the rows that chose the threshold.
    """

    distances: Callable[[Rows], Distances]
    threshold: float
    error: float


def fitted(model: Any, x: Array, y: Any) -> Any:
    """Return a fresh copy of a model (an instance of a class), fitted where it can be.

    Raises
    ------
    InvalidInputError
        If making or fitting it fails.
    """
    try:
        fresh = model() if inspect.isclass(model) else copy.deepcopy(model)
        return fresh.fit(x, y) if hasattr(fresh, "fit") else fresh
    except Exception as error:  # whatever the user's model raises
        name = getattr(model, "__name__", type(model).__name__)
        raise InvalidInputError(f"model {name}: fitting failed ({type(error).__name__}: {error})") from error


def contender(model: Any, prepared: Prepared, subset: tuple[str, ...]) -> Contender:
    """Fit a model to the training part, and choose its threshold on the calibration part.

    Parameters
    ----------
    model : object or class
        See the module.
    prepared : Prepared
        Its rows before normalisation are what the model sees, the modalities side by side.
    subset : tuple of str
        The modalities.

    Raises
    ------
    InvalidInputError
        If the model is none of these kinds, fails, or the calibration part has pairs of one kind only.
    """
    data, split = prepared.data, prepared.split
    everything, _ = prepared.encoded_rows(subset, np.arange(data.n))
    if isinstance(model, (Mapping, np.ndarray)):
        vectors = _precomputed(model, subset, data.n)
        distances = _embedded(lambda rows: vectors[rows])
    else:
        distances = scorer(fitted(model, everything[split.train], data.y[split.train]), everything)
    part = split.calibration[:_CHOOSING]
    counted, similar = pairs_within(data.codes[part], None if data.groups is None else data.groups[part])
    if similar.size == 0 or similar.all() or not similar.any():
        raise InvalidInputError(
            f"the {part.size} calibration rows, which choose the model's threshold, have pairs of one kind only: raise calibration"
        )
    own = distances(part).between(np.arange(part.size), np.arange(part.size))[counted]
    return Contender(distances, *cut_scores(own, similar, prepared.weights))


def _precomputed(model: Any, subset: tuple[str, ...], n: int) -> Array:
    blocks = [model[name] for name in subset if name in model] if isinstance(model, Mapping) else [model]
    arrays = [np.asarray(block, dtype=float) for block in blocks]
    if not arrays or len(arrays) < (len(subset) if isinstance(model, Mapping) else 1):
        raise InvalidInputError(
            f"model: embeddings of {shortened(list(model))}, expected one for each of {', '.join(subset)}"
        )
    if any(block.ndim != 2 or block.shape[0] != n for block in arrays):
        raise InvalidInputError(
            f"model: embeddings of shapes {[one.shape for one in arrays]}, expected ({n}, q): a row each"
        )
    return np.concatenate(arrays, axis=1)


def scorer(model: Any, x: Array) -> Callable[[Rows], Distances]:
    """Return the distances by a fitted model between rows of x, by row numbers.

    Raises
    ------
    InvalidInputError
        If the model offers none of what is asked for.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        return _embedded(lambda rows: _by_torch(torch, model, x[rows]))
    for name, sign in (("pair_score", -1.0), ("pair_distance", 1.0)):
        if hasattr(model, name) and not hasattr(model, "transform"):
            ask = getattr(model, name)
            return _asked(partial(_paired, ask, sign), x)
    if hasattr(model, "transform"):
        return _embedded(lambda rows: model.transform(x[rows]))
    if hasattr(model, "predict_proba"):
        return lambda rows: _inner(model.predict_proba(x[rows]))
    if callable(model):
        if len(_required(model)) == 2:
            return _asked(lambda a, b: -np.asarray(model(a, b), dtype=float), x)
        return _embedded(lambda rows: model(x[rows]))
    raise InvalidInputError(f"model {type(model).__name__}: expected an object with {_EXPECTED}")


def _paired(ask: Any, sign: float, a: Array, b: Array) -> Any:
    return sign * np.asarray(ask(np.stack([a, b], axis=1)), dtype=float)


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
        return np.asarray(model(torch.as_tensor(x, **like)).cpu(), dtype=float)


def _embedded(embed: Callable[[Rows], Any]) -> Callable[[Rows], Distances]:
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


def _asked(score: Callable[[Array, Array], Any], x: Array) -> Callable[[Rows], Distances]:
    """Return distances by a function of aligned rows: asked in both orders, as nobody says that it is symmetric."""

    def distances(part: Rows) -> Distances:
        def between(i: Rows, j: Rows) -> Array:
            left, right = np.repeat(part[i], j.size), np.tile(part[j], i.size)
            found = [
                np.asarray(score(x[left[k : k + _ASKED]], x[right[k : k + _ASKED]]), dtype=float).ravel()
                for k in range(0, left.size, _ASKED)
            ]
            values = np.concatenate(found)
            if values.size != left.size or not np.isfinite(values).all():
                raise InvalidInputError(
                    f"model: {values.size} scores of {left.size} pairs; expected a finite number for each"
                )
            return values.reshape(i.size, j.size)

        rows = np.arange(min(part.size, 30))
        square = between(rows, rows)
        symmetric = bool(np.allclose(square, square.T, rtol=1e-9, atol=1e-12))
        return Distances(part.size, between, symmetric=symmetric, ordered=not symmetric, sign=-1)

    return distances
