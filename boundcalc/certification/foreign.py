"""Other people's models: fitted to the rows that are not held out, with a threshold, to be certified like our own.

What a model is asked for is said in :mod:`boundcalc.certification.models`; here it may also be an array with one row of
embeddings for each row of the data, or a mapping of one per modality.
"""

from __future__ import annotations

import copy
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.arithmetic.written import shortened
from boundcalc.certification.models import embedded, scorer
from boundcalc.certification.sources import Distances
from boundcalc.errors import InvalidInputError
from boundcalc.trainer.data.prepare import Prepared
from boundcalc.trainer.data.splits import pairs_within
from boundcalc.trainer.models.choosing import cut_scores

__all__ = ["Contender", "contender", "fitted", "imported"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
#: Rows whose pairs choose a threshold.
_CHOOSING = 1500


def imported(name: str) -> Any:
    """Return what ``module:object`` names. Importing runs the module's code, which the user has named.

    Raises
    ------
    InvalidInputError
        If there is no such module or object, or importing it fails.
    """
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise InvalidInputError(f"model {shortened(name)}: expected module:object, such as sklearn.decomposition:PCA")
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
        distances = embedded(lambda rows: vectors[rows])
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
