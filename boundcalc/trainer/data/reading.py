"""What the learner is given, read: a matrix, modalities by name, or pairs become blocks with presence.

Blocks are arrays of shape (n, d_k) by modality; a row that is NaN throughout is a missing modality.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import Problems
from boundcalc.trainer.data.modalities import ModalityData, as_block, missing_rows
from boundcalc.trainer.data.order import aligned

__all__ = [
    "Blocks",
    "fill",
    "is_list_of_matrices",
    "match_known",
    "named_arrays",
    "single_error",
    "split_columns",
    "two_sides",
    "with_gaps",
]

Array = NDArray[np.float64]
Blocks = tuple[dict[str, Array], dict[str, NDArray[np.bool_]]]
"""Arrays (zeros where missing) and presence of every modality."""


def is_list_of_matrices(X: Any) -> bool:
    """Tell a list of two-dimensional arrays (modalities) from a list of rows (one matrix)."""
    return isinstance(X, (list, tuple)) and len(X) > 0 and all(getattr(one, "ndim", 0) == 2 for one in X)


def with_gaps(data: ModalityData) -> dict[str, Array]:
    """Return the blocks with NaN in the rows where a modality is missing; text is read by the data that were trained on only."""
    if data.text:
        raise InvalidInputError(
            f"modality {next(iter(data.text))!r} has columns of text: this takes numbers; make columns of zeros and ones of them "
            "before (pandas.get_dummies), for what is trained on and what is transformed alike"
        )
    return {name: np.where(data.mask[:, [k]], np.nan, data.arrays[name]) for k, name in enumerate(data.names)}


def split_columns(block: Array, modalities: Any, names: Sequence[str]) -> dict[str, Array]:
    """Return the columns of each modality.

    Parameters
    ----------
    block : ndarray of shape (n, d)
    modalities : mapping of str to columns
        Indices, a slice, or names.
    names : sequence of str
        The columns' names; empty where they have none.

    Raises
    ------
    InvalidInputError
        If that is no such mapping, or a column does not exist.
    """
    if not isinstance(modalities, Mapping) or not modalities:
        raise InvalidInputError(f"modalities={modalities!r}: expected a mapping of name to columns of X")
    chosen: dict[str, Array] = {}
    for name, group in modalities.items():
        if not isinstance(group, slice):
            group = [names.index(one) if isinstance(one, str) and one in names else one for one in np.ravel(group)]
        try:
            chosen[str(name)] = block[:, group]
        except (IndexError, TypeError, ValueError) as error:
            raise InvalidInputError(
                f"modalities[{name!r}]={modalities[name]!r}: expected columns of X, which has {block.shape[1]}"
            ) from error
    return chosen


def named_arrays(X: Any) -> dict[str, Array]:
    """Return the blocks of a mapping of names to arrays, or of a list of arrays (then named m0, m1, ...)."""
    named = X if isinstance(X, Mapping) else {f"m{k}": block for k, block in enumerate(X)}
    items = aligned({str(name): block for name, block in named.items()}).items()
    arrays: dict[str, Array] = {}
    for name, block in items:
        with single_error():
            try:
                matrix = as_block(block)
            except (TypeError, ValueError, OverflowError):
                raise InvalidInputError(f"modality {name!r}: expected an array of real numbers") from None
            matrix = matrix[:, None] if matrix.ndim == 1 else matrix
            arrays[str(name)] = check_array(
                matrix, dtype=np.float64, ensure_all_finite="allow-nan", input_name=str(name)
            )
    return arrays


def match_known(arrays: Mapping[str, Array], dims: Mapping[str, int], trained: Sequence[str]) -> dict[str, Array]:
    """Return blocks of all the modalities that fit saw; one that is not at hand is missing in every row.

    Parameters
    ----------
    arrays : mapping of str to ndarray (n, d_k)
    dims : mapping of str to int
        Columns of each modality in fit.
    trained : sequence of str
        The modalities that the metric uses, of which one at least is needed.

    Raises
    ------
    InvalidInputError
        For modalities that fit did not see, other columns, or rows of unequal number.
    """
    rows = {block.shape[0] for block in arrays.values()}
    unknown = [name for name in arrays if name not in dims]
    if unknown:
        raise InvalidInputError(
            f"X has modalities {', '.join(map(repr, unknown))} that fit did not see: expected some of {', '.join(dims)}"
        )
    wrong = any(block.shape[1] != dims[name] for name, block in arrays.items())
    if len(rows) != 1 or wrong or not any(name in arrays for name in trained):
        raise InvalidInputError(f"X has modalities {_shapes(arrays)}: expected rows of equal number and columns {dims}")
    (count,) = rows
    return {name: arrays.get(name, np.full((count, d), np.nan)) for name, d in dims.items()}


def two_sides(pairs: Any) -> tuple[Any, Any, bool]:
    """Return both sides of pairs, and whether they were given separately.

    Raises
    ------
    InvalidInputError
        If that is neither an array of shape (P, 2, d) nor a pair of sides.
    """
    separate = isinstance(pairs, tuple) or (isinstance(pairs, list) and all(isinstance(p, Mapping) for p in pairs))
    if separate and len(pairs) == 2:
        return pairs[0], pairs[1], True
    if isinstance(pairs, Mapping) or separate:
        raise InvalidInputError("pairs: expected an array (P, 2, d), or a tuple (left, right) of both sides")
    with single_error():
        block = check_array(pairs, allow_nd=True, dtype=np.float64, ensure_all_finite="allow-nan")
    if block.ndim != 3 or block.shape[1] != 2:
        raise InvalidInputError(f"pairs of shape {block.shape}: expected (P, 2, d), or a tuple (left, right)")
    return block[:, 0], block[:, 1], False


def fill(arrays: dict[str, Array]) -> Blocks:
    """Replace missing blocks by zeros; refuse NaN inside a block and infinite values."""
    if len({block.shape[0] for block in arrays.values()}) > 1:
        raise InvalidInputError(f"X has modalities {_shapes(arrays)}: expected equal rows")
    problems = Problems("X")
    present = {name: ~missing_rows(name, block, problems) for name, block in arrays.items()}
    problems.raise_if_any()
    return {name: np.where(present[name][:, None], block, 0.0) for name, block in arrays.items()}, present


@contextmanager
def single_error() -> Iterator[None]:
    """Turn scikit-learn's complaints about the array into ours, words kept (they name the estimator and the cause)."""
    try:
        yield
    except InvalidInputError:
        raise
    except ValueError as error:
        raise InvalidInputError(str(error)) from error


def _shapes(arrays: Mapping[str, Array]) -> dict[str, tuple[int, ...]]:
    return {name: block.shape for name, block in arrays.items()}
