"""What is wrong with a pair, as numbers in [0, 1]: errors by kind, differences of two models, means over groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.draws import Kernel
from boundcalc.frozen import Frozen

__all__ = ["QUANTITIES", "Derived", "PairErrors", "averaged", "gain_kernel", "symmetric", "verification", "within"]

#: What can be certified and planned at a threshold: the weighted pair error, and both rates.
QUANTITIES = {"pair_error": "pair error", "fmr": "false-match rate", "fnmr": "false-non-match rate"}

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


#: Pairs of rows in a block.
_PAIRS = 4_000_000


@dataclass(frozen=True)
class PairErrors:
    """The weighted error of pairs: same ones at D >= t, different ones at D <= t; a tie is an error for both.

    Attributes
    ----------
    distances : callable
        Distances of rows with rows.
    codes : ndarray of int, shape (n,)
        Classes.
    threshold : float
    weights : (w_pos, w_neg)
    tie : float
        Distances this close to the threshold count as ties.
    """

    distances: Callable[[Rows, Rows], Array]
    codes: Rows
    threshold: float
    weights: tuple[float, float] = (1.0, 1.0)
    tie: float = 0.0

    @property
    def scale(self) -> float:
        """The largest weight c."""
        return max(self.weights)

    @property
    def levels(self) -> Array:
        """All values of the error over c."""
        return np.unique([0.0, *(weight / self.scale for weight in self.weights)])

    def __call__(self, rows: Rows, others: Rows) -> Array:
        """Return the error over c."""
        distances = self.distances(rows, others)
        same = self.codes[rows][:, None] == self.codes[others]
        positive, negative = (weight / self.scale for weight in self.weights)
        missed = positive * (distances >= self.threshold - self.tie)
        return np.where(same, missed, negative * (distances <= self.threshold + self.tie))


@dataclass(frozen=True)
class Derived(Frozen):
    """A kernel made of others, with all values that it can take if they are few."""

    function: Kernel
    levels: Array | None = None

    def __call__(self, rows: Rows, others: Rows) -> Array:
        """Return the kernel of rows with rows."""
        return self.function(rows, others)


def gain_kernel(model: PairErrors, other: PairErrors) -> Derived:
    """Return (1 - (other's error - model's error)/c)/2, whose mean is below 1/2 where the model is better."""

    def function(rows: Rows, others: Rows) -> Array:
        return 0.5 * (1.0 - (other(rows, others) - model(rows, others)))

    return Derived(function, np.unique(0.5 * (1.0 - (other.levels[:, None] - model.levels))))


def gain_above(bound: float, scale: float = 1.0) -> float:
    """Return the gain that a bound of the mean of `gain_kernel` certifies: c (1 - 2 U), rounded down."""
    return scale * (1.0 - 2.0 * bound) - 4e-15 * scale


def symmetric(kernel: PairErrors | Derived) -> Derived:
    """Return the mean of both orders of a pair."""
    levels = kernel.levels
    return Derived(
        lambda rows, others: 0.5 * (kernel(rows, others) + kernel(others, rows).T),
        None if levels is None else np.unique(0.5 * (levels[:, None] + levels)),
    )


def members_of(groups: NDArray[np.intp]) -> list[Rows]:
    """Return the rows of each group, groups in the order of their numbers."""
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)


def averaged(kernel: Kernel, members: list[Rows]) -> Derived:
    """Return the kernel between groups: the mean over all their row pairs.

    Parameters
    ----------
    kernel : Kernel
        Between rows.
    members : list of ndarray of int
        The rows of each group.
    """

    def between(groups: Rows, others: Rows) -> Array:
        right = np.concatenate([members[k] for k in others])
        sizes = np.array([members[k].size for k in others])
        # So many groups at a time that a block of pairs of rows stays small.
        rows = np.cumsum([members[k].size for k in groups])
        parts = np.split(groups, np.flatnonzero(np.diff(rows // max(1, _PAIRS // right.size))) + 1)
        return np.concatenate([_means(kernel, [members[k] for k in part], right, sizes) for part in parts])

    return Derived(between)


def _means(kernel: Kernel, left: list[Rows], right: Rows, sizes: Rows) -> Array:
    """Return the mean of each group's rows with each of the groups whose rows stand one after the other."""
    own = np.array([part.size for part in left])
    sums = np.add.reduceat(kernel(np.concatenate(left), right), np.cumsum(own) - own, axis=0)
    sums = np.add.reduceat(sums, np.cumsum(sizes) - sizes, axis=1)
    # A mean of numbers in [0, 1], which rounding may move: from above, but not beyond 1.
    return np.minimum(sums / np.outer(own, sizes) * (1.0 + 1e-12), 1.0)


def within(kernel: Kernel, members: list[Rows]) -> Array:
    """Return the mean over the ordered pairs of rows inside each group; 1 where a group has one row only.

    Parameters
    ----------
    kernel : Kernel
        Between rows.
    members : list of ndarray of int
    """

    def mean(rows: Rows) -> float:
        if rows.size < 2:
            return 1.0
        values = kernel(rows, rows)
        return min(1.0, float(values.sum() - np.trace(values)) / (rows.size * (rows.size - 1)) * (1.0 + 1e-13))

    return np.array([mean(rows) for rows in members])


def verification(kernel: Kernel, members: list[Rows]) -> Derived:
    """Return the mean of the non-match rate within two groups and the match rate between them, where labels are groups.

    Parameters
    ----------
    kernel : Kernel
        Between rows.
    members : list of ndarray of int
    """
    inside, between = within(kernel, members), averaged(kernel, members)
    return Derived(
        lambda groups, others: 0.25 * (inside[groups][:, None] + inside[others]) + 0.5 * between(groups, others)
    )
