"""Squared metric distances between two sets of rows; a modality missing in either element contributes 0."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

__all__ = ["cross_distances"]

Array = NDArray[np.float64]


def cross_distances(
    left: Array,
    right: Array,
    operator: Array,
    widths: Sequence[int],
    left_present: NDArray[np.bool_],
    right_present: NDArray[np.bool_],
) -> Array:
    """Return D(x, x') for all x in ``left`` and x' in ``right``, shape (n, n').

    Parameters
    ----------
    left, right : ndarray of shape (n, d), (n', d)
    operator : ndarray of shape (d,) or (d, d)
    widths : sequence of int
        Columns of each modality.
    left_present, right_present : ndarray of bool, shape (n, K), (n', K)
    """
    result = np.zeros((left.shape[0], right.shape[0]))
    first = _patterns(left_present)
    second = first if right_present is left_present else _patterns(right_present)
    if len(first) * len(second) > len(widths) ** 2:
        return _by_modalities(left, right, operator, widths, left_present, right_present)
    for here, rows in first:
        for there, others in second:
            columns = np.flatnonzero(np.repeat(here & there, widths))
            if columns.size:
                part = operator[columns] if operator.ndim == 1 else operator[np.ix_(columns, columns)]
                x, y = left[np.ix_(rows, columns)], right[np.ix_(others, columns)]
                centre = y.mean(axis=0)
                result[np.ix_(rows, others)] = _plain(x - centre, y - centre, part)
    return result


def _by_modalities(
    left: Array,
    right: Array,
    operator: Array,
    widths: Sequence[int],
    left_present: NDArray[np.bool_],
    right_present: NDArray[np.bool_],
) -> Array:
    """Return the same as a sum over pairs of modalities, which are fewer than pairs of sets of them."""
    known = np.repeat(right_present, widths, axis=1)
    centre = right.mean(axis=0, where=known) if known.any(axis=0).all() else np.zeros(right.shape[1])
    x = np.where(np.repeat(left_present, widths, axis=1), left - centre, 0.0)
    y = np.where(known, right - centre, 0.0)
    p, q, ends = left_present.astype(float), right_present.astype(float), np.cumsum((0, *widths))
    result = np.zeros((left.shape[0], right.shape[0]))
    for k, j in combinations_with_replacement(range(len(widths)), 2):
        if operator.ndim == 1 and j > k:
            continue
        own, other = slice(ends[k], ends[k + 1]), slice(ends[j], ends[j + 1])
        x_j, y_j = x[:, other], y[:, other]
        if operator.ndim == 1:
            moved_x, moved_y = x[:, own] * operator[own], y[:, own] * operator[own]
        else:
            part = (1.0 + (j > k)) * operator[own, other]
            moved_x, moved_y = x[:, own] @ part, y[:, own] @ part
        result += np.outer(np.einsum("ij,ij->i", moved_x, x_j), q[:, k] * q[:, j])
        result += np.outer(p[:, k] * p[:, j], np.einsum("ij,ij->i", moved_y, y_j))
        result -= (moved_x * p[:, [j]]) @ (y_j * q[:, [k]]).T
        result -= (x_j * p[:, [k]]) @ (moved_y * q[:, [j]]).T
    return np.maximum(result, 0.0)


def _patterns(present: NDArray[np.bool_]) -> list[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """Return each set of modalities that some rows have at hand, and which rows these are."""
    packed = np.ascontiguousarray(np.packbits(present, axis=1))
    kinds = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()  # whole rows are compared at once
    _, first, own = np.unique(kinds, return_index=True, return_inverse=True)
    return [(present[row], np.flatnonzero(own == kind)) for kind, row in enumerate(first)]


def _plain(x: Array, y: Array, operator: Array) -> Array:
    moved_x, moved_y = (x * operator, y * operator) if operator.ndim == 1 else (x @ operator, y @ operator)
    squares = np.einsum("ij,ij->i", moved_x, x)[:, None] + np.einsum("ij,ij->i", moved_y, y)
    return np.maximum(squares - 2.0 * moved_x @ y.T, 0.0)
