"""Uniformly random splits and independent pairs, both drawn without looking at the data.

Stratified splits would make the parts dependent, so the splits are uniform. The pairing of the training examples into
disjoint pairs is one random permutation: with i.i.d. examples the pairs are then i.i.d. as well.

Where rows come in groups (the windows of a patient, say) the groups are what is drawn independently: parts are made of whole
groups, and a pair is a random row of each of two different groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems

__all__ = ["Split", "draw_pairs", "draw_split", "pairs_between", "pairs_within", "similar_share"]


@dataclass(frozen=True)
class Split(Frozen):
    """Row numbers of the three parts: ``calibration``, ``holdout`` and ``train``."""

    calibration: NDArray[np.intp]
    holdout: NDArray[np.intp]
    train: NDArray[np.intp]


def draw_split(
    n: int,
    *,
    rng: np.random.Generator,
    calibration: float = 0.2,
    holdout: float = 0.2,
    min_train: int = 4,
    groups: NDArray[np.intp] | None = None,
) -> Split:
    """Split n rows uniformly at random into calibration, hold-out and training parts.

    Parameters
    ----------
    n : int
        Number of rows.
    rng : numpy.random.Generator
        Source of the one permutation that is drawn.
    calibration, holdout : float
        Shares in [0, 1). A positive share gets at least two rows; 0 leaves the part empty.
    min_train : int
        Fewest training rows, or groups.
    groups : ndarray of int, shape (n,), optional
        The number of each row's group, 0 to G - 1; then shares and sizes speak of groups.

    Raises
    ------
    InvalidInputError
        If the shares leave fewer than ``min_train`` rows for training.
    """
    problems = Problems("split")
    problems.number("calibration", calibration, low=0, high=1, open_high=True)
    problems.number("holdout", holdout, low=0, high=1, open_high=True)
    problems.raise_if_any()
    units, kind = (n, "rows") if groups is None else (int(groups.max(initial=-1)) + 1, "groups")
    first = max(2, round(calibration * units)) if calibration > 0 else 0
    second = max(2, round(holdout * units)) if holdout > 0 else 0
    left = units - first - second
    problems.require(
        left >= min_train,
        f"n={units} {kind} with calibration={calibration:g} and holdout={holdout:g} leave {left} for training: "
        f"expected at least {min_train}",
    )
    problems.raise_if_any()
    order = rng.permutation(units)
    parts = (order[:first], order[first : first + second], order[first + second :])
    return Split(*parts) if groups is None else Split(*(np.flatnonzero(np.isin(groups, part)) for part in parts))


def draw_pairs(n: int, *, rng: np.random.Generator, groups: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
    """Return floor(n/2) disjoint pairs of row numbers, shape (m, 2), by one random permutation; of groups, a row of each."""
    if groups is not None:  # after a permutation of the rows, the first of a group is a random one
        shuffled = rng.permutation(n)
        chosen = shuffled[np.unique(groups[shuffled], return_index=True)[1]]
        return chosen[draw_pairs(chosen.size, rng=rng)]
    m = n // 2
    order = rng.permutation(n)[: 2 * m]
    return order.reshape(2, m).T.copy()


def pairs_between(
    n: int, *, count: int, rng: np.random.Generator, groups: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Return pairs of row numbers drawn with replacement, shape (count, 2): of different rows, or a row of different groups."""
    if groups is None:
        left, right = rng.integers(0, n, size=count), rng.integers(0, n - 1, size=count)
        return np.column_stack([left, right + (right >= left)])
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order, starts = np.argsort(codes, kind="stable"), np.cumsum(sizes) - sizes
    chosen = pairs_between(sizes.size, count=count, rng=rng)
    return order[starts[chosen] + rng.integers(0, sizes[chosen])]


def pairs_within(
    codes: NDArray[np.intp], groups: NDArray[np.intp] | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which pairs of some rows count, an upper triangle (n, n) without pairs of one group, and whether those are similar."""
    units = np.arange(codes.size) if groups is None else groups
    counted = np.triu(units[:, None] != units, 1)
    return counted, (codes[:, None] == codes)[counted]


def similar_share(codes: NDArray[np.intp], groups: NDArray[np.intp] | None = None) -> float:
    """Return the share of pairs of one class: among different rows, or among random rows of different groups."""
    if groups is None:
        sizes = np.unique(codes, return_counts=True)[1].astype(float)
        return float((sizes * (sizes - 1)).sum()) / (codes.size * (codes.size - 1))
    _, units, rows = np.unique(groups, return_inverse=True, return_counts=True)
    cells, counts = np.unique(np.column_stack([units, codes]), axis=0, return_counts=True)
    shares = counts / rows[cells[:, 0]]
    together = np.bincount(cells[:, 1], weights=shares)
    return float((np.square(together).sum() - np.square(shares).sum()) / (rows.size * (rows.size - 1)))
