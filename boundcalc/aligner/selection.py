"""What the few aligned pairs choose: cross-validation by the rank of the true partner among all rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from itertools import permutations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["choose", "cross_validate", "fold_parts", "partner_ranks", "similarities"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
C = TypeVar("C", bound=Hashable)

#: Fewer pairs choose nothing: what is plain is taken.
FEWEST = 6


def similarities(a: Array, b: Array, *, by: str) -> Array:
    """Return how alike each row of ``a`` is to each row of ``b``: minus the squared distance, or the cosine."""
    if by == "cosine":
        a, b = (points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-300) for points in (a, b))
        return np.asarray(a @ b.T)
    centre = b.mean(axis=0)  # near the origin the difference of large squares loses fewer digits
    a, b = a - centre, b - centre
    return np.minimum(2.0 * a @ b.T - np.square(a).sum(axis=1)[:, None] - np.square(b).sum(axis=1), 0.0)


def partner_ranks(latents: Sequence[Array], tuples: Rows, *, by: str) -> Array:
    """Return for each tuple the mean log rank of the true partner among all rows, over modalities and both directions.

    Parameters
    ----------
    latents : sequence of ndarray of shape (n_k, q)
        Of all rows of each modality.
    tuples : ndarray of int, shape (P, K)
        Rows that belong together, -1 where one is missing; at least two known in each.
    by : {"distance", "cosine"}

    Returns
    -------
    ndarray of shape (P,)
        log 1 = 0 is best; ties count against.
    """
    total, count = np.zeros(len(tuples)), np.zeros(len(tuples))
    for i, j in permutations(range(len(latents)), 2):
        both = np.flatnonzero((tuples[:, i] >= 0) & (tuples[:, j] >= 0))
        table = similarities(latents[i][tuples[both, i]], latents[j], by=by)
        own = table[np.arange(both.size), tuples[both, j]]
        total[both] += np.log((table >= own[:, None]).sum(axis=1))
        count[both] += 1
    return total / np.maximum(count, 1)


def fold_parts(count: int, *, folds: int, rng: np.random.Generator) -> list[tuple[Rows, Rows]]:
    """Return (kept, held out) for each fold of so many pairs; none where there are too few to choose by."""
    if count < FEWEST:
        return []
    parts = np.array_split(rng.permutation(count), min(folds, count // 2))
    return [(np.setdiff1d(np.arange(count), part), part) for part in parts]


def cross_validate(
    candidates: Collection[C], parts: Sequence[tuple[Rows, Rows]], log_ranks: Callable[[C, Rows, Rows], Array]
) -> dict[C, Array]:
    """Return the log rank of every pair for each candidate, fitted without that pair's fold."""
    found = {one: np.zeros(sum(held.size for _, held in parts)) for one in candidates}
    for one, ranks in found.items():
        for kept, held in parts:
            ranks[held] = log_ranks(one, kept, held)
    return found


def choose(found: Mapping[C, Array], plain: Collection[C]) -> C:
    """Return the candidate of smallest mean log rank, and one that is not plain only beyond a standard error.

    The error is that of the paired differences to the best plain one, over pairs. Without ranks it is the first plain one.
    """
    best_plain = min(plain, key=lambda one: found[one].mean() if found[one].size else 0.0)
    best = min(found, key=lambda one: found[one].mean() if found[one].size else 0.0)
    gain = found[best_plain] - found[best]
    if best in plain or gain.size < 2 or gain.mean() <= gain.std(ddof=1) / np.sqrt(gain.size):
        return best_plain
    return best
