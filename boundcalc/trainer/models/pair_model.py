"""A fitted pair model: rows become vectors, and two rows are called similar when these are closer than a threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.records import check_entries, plain, rebuild
from boundcalc.trainer.models.lift import Lift
from boundcalc.trainer.risk.distances import cross_distances

__all__ = ["Between", "PairModel", "what_is_used"]

Array = NDArray[np.float64]
#: Rows of a block of pairs, and numbers of a block of rows.
_BLOCK, _ENTRIES = 256, 2**20
Between = Callable[[NDArray[np.intp], NDArray[np.intp]], Array]


def what_is_used(metric: str, model: PairModel | None) -> str:
    """Return how what is used is called: the model where one was chosen, else the metric of that structure."""
    return f"{metric} metric" if model is None else f"{model.structure} model"


@dataclass(frozen=True, eq=False)
class PairModel(Frozen):
    """An embedding of encoded rows with its threshold; D is the squared Euclidean distance of two embedded rows.

    Attributes
    ----------
    structure : {"modality", "discriminant", "posterior", "low_rank"}
        The kind of model that was chosen.
    widths : tuple of int
        Columns of each modality.
    shift : ndarray of shape (d,)
        Taken off the rows.
    factor : ndarray of shape (d, q), or (d,)
        The map that follows, or a factor of each column; rows of a missing modality contribute 0. With a lift (2 d + m, q).
    bias : ndarray of shape (q,) or None
        Where it is given, the q values are log-odds of the classes and a row becomes its probabilities, scaled to norm 1.
    threshold : float
        Where D is called similar.
    weights : tuple of float
        What each modality counts, the largest 1; those that did not help have 0.
    options : dict
        The strengths, rank or shrinkage that the folds chose.
    error : (float, float)
        Share of wrong pairs among pairs of rows that the model of their fold had not seen, plain and weighted: what the choice
        was made by, so biased low.
    certified_optimum : bool
        Whether the fit is the optimum of a convex problem, or a closed form.
    lift : Lift or None
        Further columns of the shifted rows, which the map takes beside these.
    """

    structure: str
    widths: tuple[int, ...]
    shift: Array
    factor: Array
    bias: Array | None
    threshold: float
    weights: tuple[float, ...]
    options: dict[str, Any]
    error: tuple[float, float]
    certified_optimum: bool = True
    lift: Lift | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PairModel) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.structure, self.widths, self.threshold, self.error))

    def _at_hand(self, here: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.repeat(here, self.widths, axis=1)

    def embed(self, rows: Array, here: NDArray[np.bool_]) -> Array:
        """Return the vectors of encoded rows, shape (n, q).

        Parameters
        ----------
        rows : ndarray of shape (n, d)
        here : ndarray of bool, shape (n, K)
            Which modalities are at hand.
        """
        blocks = (np.array_split(one, 1 + rows.size // _ENTRIES) for one in (rows, here))
        centred = (np.where(self._at_hand(there), some - self.shift, 0.0) for some, there in zip(*blocks, strict=True))
        return np.concatenate([embedded(some, self.factor, self.bias, self.lift) for some in centred])

    def squared(self, left: Array, right: Array, here: NDArray[np.bool_], there: NDArray[np.bool_]) -> Array:
        """Return D of each row of ``left`` with the same row of ``right``; what is missing in either contributes 0."""
        if self.bias is not None:
            return np.square(self.embed(left, here) - self.embed(right, there)).sum(axis=1)
        both = here & there
        return np.square(self.embed(left, both) - self.embed(right, both)).sum(axis=1)

    def between(self, rows: Array, here: NDArray[np.bool_]) -> Between:
        """Return a function of two arrays of places among these rows: D of each with each, shape (n, n')."""
        if self.bias is None and not here.all():
            x = np.where(self._at_hand(here), rows - self.shift, 0.0)
            operator = squared_map(self.factor)
            return lambda i, j: cross_distances(x[i], x[j], operator, self.widths, here[i], here[j])
        z = self.embed(rows, here)
        return lambda i, j: square_gaps(z[i], z[j])

    def wrong_pairs(
        self, rows: Array, here: NDArray[np.bool_], codes: NDArray[np.intp], *, threshold: float
    ) -> tuple[int, int]:
        """Return how many pairs of these rows are similar but not called so, and how many are not but called so.

        Parameters
        ----------
        rows, here : ndarray of shape (n, d), (n, K)
            As for :meth:`embed`.
        codes : ndarray of int, shape (n,)
        threshold : float
            Where D is called similar.
        """
        between, everyone = self.between(rows, here), np.arange(codes.size)
        missed = matched = 0
        for i in range(0, codes.size, _BLOCK):
            some, others = everyone[i : i + _BLOCK], everyone[i:]
            later = some[:, None] < others
            near = between(some, others) < threshold
            same = codes[some][:, None] == codes[others]
            missed += int((later & same & ~near).sum())
            matched += int((later & ~same & near).sum())
        return missed, matched

    def matrix(self) -> Array:
        """Return A with D = (x - x')' A (x - x') on encoded coordinates, shape (d, d).

        Raises
        ------
        InvalidInputError
            For probabilities, which no matrix gives.
        """
        if self.bias is not None:
            raise InvalidInputError(
                f"structure={self.structure!r}: distances of class probabilities have no matrix; use transform, or fit with "
                "structure='diagonal', 'full' or 'discriminant'"
            )
        operator = squared_map(self.factor)
        return np.diag(operator) if operator.ndim == 1 else operator

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(plain(self))

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> PairModel:
        """Read :meth:`to_dict`.

        Parameters
        ----------
        record : mapping of str to value

        Raises
        ------
        InvalidInputError
            If the record contradicts itself.
        """
        check_entries(record, [name for name in cls.__dataclass_fields__ if name != "lift"], optional=["lift"])
        shift, factor = np.asarray(record["shift"], dtype=float), np.asarray(record["factor"], dtype=float)
        bias = None if record["bias"] is None else np.asarray(record["bias"], dtype=float)
        lift = None if record.get("lift") is None else Lift.from_dict(record["lift"])
        widths = rebuild(tuple[int, ...], record["widths"])
        weights, error = rebuild(tuple[float, ...], record["weights"]), rebuild(tuple[float, float], record["error"])
        arrays = [shift, factor, *([] if bias is None else [bias])]
        wide = shift.size if lift is None else lift.width
        fits = shift.shape == (sum(widths),) and factor.ndim in (1, 2) and factor.shape[0] == wide
        fits = fits and (lift is None or (lift.scale.shape == shift.shape and bias is not None))
        fits = fits and (bias is None or bias.shape == factor.shape[1:]) and len(weights) == len(widths)
        if not fits or not all(np.isfinite(one).all() for one in arrays) or not all(0 <= e < np.inf for e in error):
            raise InvalidInputError(f"model of {widths} columns, factor {factor.shape}: its parts do not fit")
        return cls(
            rebuild(str, record["structure"]), widths, shift, factor, bias, rebuild(float, record["threshold"]), weights,
            rebuild(dict, record["options"]), error, rebuild(bool, record["certified_optimum"]), lift,
        )  # fmt: skip


def embedded(x: Array, factor: Array, bias: Array | None, lift: Lift | None) -> Array:
    """Return centred rows under a map, or a factor of each column; with a bias as class probabilities scaled to norm 1."""
    x = x if lift is None else lift(x)
    moved = x * factor if factor.ndim == 1 else x @ factor
    return moved if bias is None else unit_probabilities(moved + bias)


def square_gaps(z: Array, others: Array | None = None) -> Array:
    """Return the squared Euclidean distance of each row to each of the others, or to each other row, shape (n, n')."""
    others = z if others is None else others
    gaps = z @ (-2.0 * others.T)
    gaps += np.einsum("ij,ij->i", z, z)[:, None]
    gaps += np.einsum("ij,ij->i", others, others)
    return np.maximum(gaps, 0.0, out=gaps)


def squared_map(factor: Array) -> Array:
    """Return the operator whose distances are those of mapped rows, shape (d,) or (d, d)."""
    return np.square(factor) if factor.ndim == 1 else factor @ factor.T


def unit_probabilities(log_odds: Array) -> Array:
    """Return class probabilities scaled to norm 1: their inner products do not depend on how many classes are likely."""
    p = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
    return p / np.sqrt(np.square(p).sum(axis=1, keepdims=True))


def stacked(parts: Sequence[Array]) -> Array:
    """Return blocks on the diagonal: what each modality's own map is to all columns."""
    if parts[0].ndim == 1:
        return np.concatenate(parts)
    from scipy.linalg import block_diag

    return np.asarray(block_diag(*parts), dtype=float)
