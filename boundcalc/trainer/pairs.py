"""Exact risk and gradient over all pairs of examples, in blocks and in bounded memory.

The risk is the U-statistic of order 2, the mean over all n(n-1)/2 unordered pairs. Rows are sorted by their pattern of
missing modalities and then by class, so that within a block the columns at hand are the same and similar pairs form a
few rectangles. The distances of a block are one augmented matrix product, and so is its share of the gradient. A
modality that is missing in either element contributes 0 to the pair.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer._threads import available_threads, map_blocks
from boundcalc.trainer.losses import Loss

__all__ = ["AllPairs", "ListedPairs", "PairRisk", "PairSource"]

Array = NDArray[np.float64]
ROWS, COLUMNS = 128, 1024


@lru_cache(maxsize=256)
def _triangle(size: int) -> NDArray[np.bool_]:
    """Return a mask that is True on and below the diagonal."""
    return np.tri(size, dtype=bool)


@dataclass(frozen=True)
class PairRisk:
    """Risk of one metric and threshold over a set of pairs.

    Attributes
    ----------
    value : float
        Weighted mean loss.
    slack : float
        ``value`` minus the mean of the supporting lines whose slopes gave the gradient (0 for smooth losses).
    gradient : ndarray or None
        With respect to the metric: shape (d,) for weights, (d, d) for a matrix.
    gradient_threshold : float
        With respect to the threshold.
    """

    value: float
    slack: float
    gradient: Array | None
    gradient_threshold: float


@dataclass
class _Totals:
    value: float = 0.0
    slack: float = 0.0
    threshold: float = 0.0


@dataclass(frozen=True)
class _Task:
    i0: int
    i1: int
    j0: int
    j1: int
    columns: NDArray[np.intp] | None
    diagonal: bool


class PairSource(ABC):
    """A set of labelled pairs over which risks are averaged.

    Attributes
    ----------
    d : int
        Number of coordinates.
    n_similar, n_dissimilar : int
    squared_radius : float
        An upper bound of the squared norms of the centred rows, for rounding allowances.
    depth : int
        Longest sum in a product, for rounding allowances.
    """

    d: int
    n_similar: int
    n_dissimilar: int
    squared_radius: float
    depth: int

    @property
    def count(self) -> int:
        """Number of unordered pairs."""
        return self.n_similar + self.n_dissimilar

    @abstractmethod
    def margins(self, operator: Array, threshold: float) -> Iterator[tuple[Array, bool]]:
        """Yield one-dimensional arrays of margins z = s (t - D), each with whether its pairs are similar."""

    @abstractmethod
    def evaluate(
        self,
        operator: Array,
        threshold: float,
        *,
        loss: Loss,
        weights: tuple[float, float] = (1.0, 1.0),
        gradient: bool = True,
    ) -> PairRisk:
        """Return the weighted mean loss over the pairs, with its gradient if asked for.

        Parameters
        ----------
        operator : ndarray of shape (d,) or (d, d)
            Metric weights, or a symmetric matrix.
        threshold : float
        loss : Loss
        weights : (omega_pos, omega_neg)
        """

    def mean(self, function: Callable[[Array, bool], float], operator: Array, threshold: float) -> float:
        """Return the mean over pairs of a function that maps an array of margins to a sum."""
        return sum(function(z, similar) for z, similar in self.margins(operator, threshold)) / self.count

    def profile(
        self,
        operator: Array,
        threshold: float,
        *,
        rhos: Sequence[float],
        weights: tuple[float, float] = (1.0, 1.0),
    ) -> tuple[float, tuple[float, ...]]:
        """Return the weighted pair error P(z <= 0) and the weighted ramp risk at each margin, in one pass.

        Parameters
        ----------
        rhos : sequence of float
            Margins > 0.
        weights : (omega_pos, omega_neg)
        """
        wrong, ramps = 0.0, np.zeros(len(rhos))
        for z, similar in self.margins(operator, threshold):
            weight = weights[0] if similar else weights[1]
            wrong += weight * int(np.count_nonzero(z <= 0))
            for k, rho in enumerate(rhos):
                ramps[k] += weight * float(np.clip(1.0 - z / rho, 0.0, 1.0).sum())
        return wrong / self.count, tuple(float(r) for r in ramps / self.count)


class AllPairs(PairSource):
    """All unordered pairs of n rows.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
        Concatenated modalities, in the order of ``widths``.
    codes : ndarray of int, shape (n,)
        Class numbers; two rows are similar when they are equal.
    widths : sequence of int, optional
        Number of columns of each modality (default: one modality).
    present : ndarray of bool, shape (n, K), optional
        Where a modality is at hand (default: everywhere).
    threads : int, optional
        Threads that share the blocks (default: the processors at hand).
    """

    def __init__(
        self,
        rows: Array,
        codes: NDArray[np.intp],
        *,
        widths: Sequence[int] | None = None,
        present: NDArray[np.bool_] | None = None,
        threads: int | None = None,
    ) -> None:
        n, self.d = rows.shape
        self.threads = available_threads() if threads is None else threads
        widths = (self.d,) if widths is None else tuple(widths)
        present = np.ones((n, len(widths)), dtype=bool) if present is None else present
        order = np.lexsort((codes, *present.T[::-1]))
        self.codes, present = codes[order], present[order]
        owner = np.repeat(np.arange(len(widths)), widths)
        at_hand = present[:, owner]
        # Distances do not change when a column is shifted, and small numbers cancel less.
        rows = rows[order]
        count = np.maximum(at_hand.sum(axis=0), 1)
        centre = np.where(at_hand, rows, 0.0).sum(axis=0) / count
        self.rows = np.ascontiguousarray(np.where(at_hand, rows - centre, 0.0))
        self._extended = np.empty((n, self.d + 2))
        self._extended[:, : self.d] = self.rows
        self._extended[:, self.d] = 1.0
        self.n = n
        sizes = np.unique(codes, return_counts=True)[1].astype(object)
        self.n_similar = int(sum(size * (size - 1) // 2 for size in sizes))
        self.n_dissimilar = n * (n - 1) // 2 - self.n_similar
        self.squared_radius = float(np.square(self.rows).sum(axis=1).max(initial=0.0)) * (1 + 1e-12)
        self.depth = n + self.d
        change = np.flatnonzero(np.any(present[1:] != present[:-1], axis=1)) + 1
        bounds = [0, *change.tolist(), n]
        self._patterns = [(start, stop, present[start][owner]) for start, stop in pairwise(bounds)]

    def _tasks(self) -> Iterator[_Task]:
        """Yield strips of rows against everything after them, small strips so that threads share the work evenly."""
        for p, (start, stop, here) in enumerate(self._patterns):
            for q in range(p, len(self._patterns)):
                left, right, there = self._patterns[q]
                both = here & there
                columns = None if both.all() else np.flatnonzero(both)
                for i0 in range(start, stop, ROWS):
                    i1 = min(i0 + ROWS, stop)
                    yield _Task(i0, i1, i0 if p == q else left, right, columns, p == q)

    def _rectangles(self, i0: int, i1: int, j0: int, j1: int) -> Iterator[tuple[slice, slice]]:
        """Yield the rectangles of similar pairs of a block, relative to its corner."""
        rows, columns = self.codes[i0:i1], self.codes[j0:j1]
        if columns.size == 0:
            return
        # Within a pattern rows are sorted by class: each class is one run.
        starts = [0, *(np.flatnonzero(rows[1:] != rows[:-1]) + 1).tolist(), rows.size]
        for a, b in pairwise(starts):
            c, e = np.searchsorted(columns, (rows[a], rows[a] + 1))
            if e > c:
                yield slice(a, b), slice(int(c), int(e))

    def _products(self, operator: Array, columns: NDArray[np.intp] | None, threshold: float) -> tuple[Array, Array]:
        """Return (left, right), shapes (n, d'+2), whose product is D - t: -2 x'A x' + (q - t) + q'."""
        if columns is None:
            extended, rows = self._extended, self.rows
        else:
            rows = self.rows[:, columns]
            extended = np.empty((self.n, columns.size + 2))
            extended[:, :-2], extended[:, -2] = rows, 1.0
            operator = operator[columns] if operator.ndim == 1 else operator[np.ix_(columns, columns)]
        moved = rows * operator if operator.ndim == 1 else rows @ operator
        squares = np.einsum("ij,ij->i", moved, rows)
        left = np.empty_like(extended)
        np.multiply(moved, -2.0, out=left[:, :-2])
        left[:, -2], left[:, -1] = squares - threshold, 1.0
        right = extended.copy() if columns is None else extended
        right[:, -1] = squares
        return left, right

    def _factors(self, operator: Array, threshold: float) -> Callable[[_Task], tuple[Array, Array]]:
        """Return the factors for the columns of a task; they are computed once for each set of columns in turn."""
        cache: dict[bytes | None, tuple[Array, Array]] = {}

        def factors(task: _Task) -> tuple[Array, Array]:
            key = None if task.columns is None else task.columns.tobytes()
            if key not in cache:
                cache[key] = self._products(operator, task.columns, threshold)
            return cache[key]

        return factors

    def _strip(self, task: _Task) -> Iterator[tuple[int, int, bool]]:
        """Yield the column ranges of a strip; the square on the diagonal, if any, comes first."""
        first = task.j0
        if task.diagonal:
            yield task.i0, task.i1, True
            first = task.i1
        for j0 in range(first, task.j1, COLUMNS):
            yield j0, min(j0 + COLUMNS, task.j1), False

    def margins(self, operator: Array, threshold: float) -> Iterator[tuple[Array, bool]]:
        """Yield margins of all pairs, block by block."""
        factors = self._factors(operator, threshold)
        for task in self._tasks():
            left, right = factors(task)
            for j0, j1, square in self._strip(task):
                block = left[task.i0 : task.i1] @ right[j0:j1].T
                keep = np.triu(np.ones(block.shape, dtype=bool), 1) if square else np.ones(block.shape, dtype=bool)
                for a, c in self._rectangles(task.i0, task.i1, j0, j1):
                    similar = block[a, c][keep[a, c]]
                    keep[a, c] = False
                    if similar.size:
                        yield -similar, True
                other = block[keep]
                if other.size:
                    yield other, False

    def evaluate(
        self,
        operator: Array,
        threshold: float,
        *,
        loss: Loss,
        weights: tuple[float, float] = (1.0, 1.0),
        gradient: bool = True,
    ) -> PairRisk:
        """Return the weighted mean loss over all pairs, with its gradient if asked for."""
        factors = self._factors(operator, threshold)
        full = operator.ndim == 2
        slack = not loss.smooth or loss.surrogate_of_kink

        def strip(task: _Task) -> tuple[_Totals, NDArray[np.intp] | None, Array | None]:
            left, right = factors(task)
            x = right[task.i0 : task.i1, :-2]
            totals, share = _Totals(), None
            across = np.zeros((task.i1 - task.i0, x.shape[1] + 1))
            buffer = np.empty((task.i1 - task.i0) * COLUMNS)
            for j0, j1, square in self._strip(task):
                block = buffer[: (task.i1 - task.i0) * (j1 - j0)].reshape(task.i1 - task.i0, j1 - j0)
                np.matmul(left[task.i0 : task.i1], right[j0:j1].T, out=block)
                value, loose, slopes = self._losses(block, (task.i0, task.i1, j0, j1), loss, weights, square, slack)
                totals.value += value
                totals.slack += loose
                if gradient:
                    # The column of ones gives the row sums for free.
                    xx = right[j0:j1, :-1]
                    across += slopes @ xx
                    column_sums = np.ones(slopes.shape[0]) @ slopes
                    part = (xx[:, :-1].T * column_sums) @ xx[:, :-1] if full else column_sums @ np.square(xx[:, :-1])
                    share = part if share is None else share + part
            if gradient and share is not None:
                row_sums = across[:, -1]
                totals.threshold = -float(row_sums.sum())
                # sum_ij c_ij (x_i - x_j)^2 = sum_i r_i x_i^2 + sum_j s_j x_j^2 - 2 sum_i x_i (C x)_i
                if full:
                    cross = x.T @ across[:, :-1]
                    share += (x.T * row_sums) @ x - cross - cross.T
                else:
                    share += row_sums @ np.square(x) - 2.0 * np.einsum("ij,ij->j", x, across[:, :-1])
            return totals, task.columns, share

        threads = self.threads if self.count > 5_000_000 else 1
        sums, result = _Totals(), np.zeros_like(operator) if gradient else None
        for totals, columns, share in map_blocks(strip, self._tasks(), threads=threads):
            sums.value += totals.value
            sums.slack += totals.slack
            sums.threshold += totals.threshold
            if result is None or share is None:
                continue
            if columns is None:
                result += share
            elif full:
                result[np.ix_(columns, columns)] += share
            else:
                result[columns] += share
        scale = 1.0 / self.count
        return PairRisk(
            sums.value * scale,
            sums.slack * scale,
            None if result is None else result * scale,
            sums.threshold * scale,
        )

    def _losses(
        self,
        block: Array,
        corner: tuple[int, int, int, int],
        loss: Loss,
        weights: tuple[float, float],
        square: bool,
        slack: bool,
    ) -> tuple[float, float, Array]:
        """Return sum of values, sum of slack and slopes d/dD of a block of D - t, each pair counted once."""
        kept = [(a, c, np.negative(block[a, c])) for a, c in self._rectangles(*corner)]
        # Margins of 1e300 cost nothing and have slope 0; the similar ones are dealt with below.
        for a, c, _ in kept:
            block[a, c] = 1e300
        if square:
            block[_triangle(block.shape[0])] = 1e300
        value, slopes = loss.totals(block, similar=False)
        loose = loss.slack(slopes) if slack else 0.0
        if weights[1] != 1.0:
            value, loose = value * weights[1], loose * weights[1]
            slopes *= weights[1]
        for a, c, z in kept:
            if square:
                # On the diagonal both ranges are the same: count the upper triangle.
                upper = ~_triangle(z.shape[0])
                part, inner = loss.totals(z[upper][None, :], similar=True)
                slope = np.zeros_like(z)
                slope[upper] = inner[0]
            else:
                part, slope = loss.totals(z, similar=True)
            value += weights[0] * part
            loose += weights[0] * loss.slack(slope) if slack else 0.0
            np.multiply(slope, -weights[0], out=slopes[a, c])
        return value, loose, slopes


class ListedPairs(PairSource):
    """An explicit list of pairs, given by their differences.

    Parameters
    ----------
    differences : ndarray of shape (P, d)
        x - x' of each pair, zeros where a modality is missing in either element.
    similar : ndarray of bool, shape (P,)
    """

    def __init__(self, differences: Array, similar: NDArray[np.bool_]) -> None:
        order = np.argsort(~similar, kind="stable")
        self.differences = np.ascontiguousarray(differences[order])
        self.d = differences.shape[1]
        self.n_similar = int(similar.sum())
        self.n_dissimilar = int(similar.size - self.n_similar)
        self.squared_radius = float(np.square(self.differences).sum(axis=1).max(initial=0.0))
        self.depth = self.d + int(similar.size)

    def _chunks(self) -> Iterator[tuple[Array, bool]]:
        size = max(1, 2**21 // max(self.d, 1))
        for start, stop, similar in ((0, self.n_similar, True), (self.n_similar, self.count, False)):
            for i in range(start, stop, size):
                yield self.differences[i : min(i + size, stop)], similar

    @staticmethod
    def _distances(operator: Array, differences: Array) -> Array:
        if operator.ndim == 1:
            return np.square(differences) @ operator
        return np.einsum("ij,ij->i", differences @ operator, differences)

    def margins(self, operator: Array, threshold: float) -> Iterator[tuple[Array, bool]]:
        """Yield margins of the listed pairs."""
        for differences, similar in self._chunks():
            z = threshold - self._distances(operator, differences)
            yield (z if similar else -z), similar

    def evaluate(
        self,
        operator: Array,
        threshold: float,
        *,
        loss: Loss,
        weights: tuple[float, float] = (1.0, 1.0),
        gradient: bool = True,
    ) -> PairRisk:
        """Return the weighted mean loss over the listed pairs, with its gradient if asked for."""
        totals = _Totals()
        result = np.zeros_like(operator) if gradient else None
        for differences, similar in self._chunks():
            z = threshold - self._distances(operator, differences)
            weight, sign = (weights[0], 1.0) if similar else (weights[1], -1.0)
            values, slopes = loss.block((sign * z)[:, None], similar=similar)
            totals.value += weight * float(values.sum())
            if result is not None:
                totals.slack += weight * loss.slack(slopes)
                by_distance = -sign * weight * slopes[:, 0]
                totals.threshold -= float(by_distance.sum())
                if operator.ndim == 1:
                    result += by_distance @ np.square(differences)
                else:
                    result += (differences.T * by_distance) @ differences
        scale = 1.0 / self.count
        return PairRisk(
            totals.value * scale,
            totals.slack * scale,
            None if result is None else result * scale,
            totals.threshold * scale,
        )
