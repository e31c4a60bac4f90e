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
from typing import Any

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
        return self.profiles(operator, threshold, rhos=rhos, weights=(weights,))[0]

    def profiles(
        self,
        operator: Array,
        threshold: float,
        *,
        rhos: Sequence[float],
        weights: Sequence[tuple[float, float]],
    ) -> tuple[tuple[float, tuple[float, ...]], ...]:
        """Return :meth:`profile` for each of several pair weights, in one pass over the pairs."""
        wrong, ramps = np.zeros(2), np.zeros((2, len(rhos)))
        for z, similar in self.margins(operator, threshold):
            kind = 0 if similar else 1
            wrong[kind] += np.count_nonzero(z <= 0)
            for k, rho in enumerate(rhos):
                ramp = z * (-1.0 / rho)
                ramp += 1.0
                ramps[kind, k] += np.clip(ramp, 0.0, 1.0, out=ramp).sum()
        return tuple(
            (float(wrong @ pair) / self.count, tuple((np.array(pair) @ ramps / self.count).tolist()))
            for pair in weights
        )


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
    single : bool
        Work in single precision: twice as fast, to about six digits; for a solver's steps, never for a certificate.
    """

    def __init__(
        self,
        rows: Array,
        codes: NDArray[np.intp],
        *,
        widths: Sequence[int] | None = None,
        present: NDArray[np.bool_] | None = None,
        threads: int | None = None,
        single: bool = False,
    ) -> None:
        n, self.d = rows.shape
        widths = (self.d,) if widths is None else tuple(widths)
        present = np.ones((n, len(widths)), dtype=bool) if present is None else present
        self.threads = available_threads() if threads is None else threads
        owner = np.repeat(np.arange(len(widths)), widths)
        at_hand = present[:, owner]
        # Distances do not change when a column is shifted, and small numbers cancel less.
        count = np.maximum(at_hand.sum(axis=0), 1)
        centre = np.where(at_hand, rows, 0.0).sum(axis=0) / count
        self._centred = np.where(at_hand, rows - centre, 0.0)
        self._codes, self._present, self._owner = codes, present, owner
        self._dtype = np.dtype(np.float32 if single else np.float64)
        self._kernels: dict[bool, _Kernel] = {}
        sizes = np.unique(codes, return_counts=True)[1].astype(object)
        self.n_similar = int(sum(size * (size - 1) // 2 for size in sizes))
        self.n_dissimilar = n * (n - 1) // 2 - self.n_similar
        self.squared_radius = float(np.square(self._centred).sum(axis=1).max(initial=0.0)) * (1 + 1e-12)
        self.depth = n + self.d

    def _kernel(self, operator: Array) -> _Kernel:
        """Return the kernel for weights or for a matrix; they differ only where modalities are missing."""
        patterned = operator.ndim == 2 and not bool(self._present.all())
        if patterned not in self._kernels:
            self._kernels[patterned] = _Kernel(
                self._centred, self._codes, self._owner, self._present, patterned, self._dtype
            )
        return self._kernels[patterned]

    def margins(self, operator: Array, threshold: float) -> Iterator[tuple[Array, bool]]:
        """Yield margins of all pairs, block by block."""
        yield from self._kernel(operator).margins(operator, threshold)

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
        threads = self.threads if self.count * self.d > 200_000_000 else 1
        return self._kernel(operator).evaluate(
            operator, threshold, loss=loss, weights=weights, gradient=gradient, scale=1.0 / self.count, threads=threads
        )


class _Kernel:
    """Blocks of distances and gradients for one order of the rows.

    For weights, each modality with gaps brings its own column of presence indicators into the augmented product, and
    rows are sorted by class. For a matrix the modalities interact: rows are sorted by pattern of missing modalities
    first, and each pair of patterns is a product over the columns that both have.
    """

    def __init__(
        self,
        rows: Array,
        codes: NDArray[np.intp],
        owner: NDArray[np.intp],
        present: NDArray[np.bool_],
        patterned: bool,
        dtype: np.dtype[Any],
    ) -> None:
        self.dtype = dtype
        # A margin that costs nothing.
        self.far = 1e300 if dtype == np.float64 else 1e30
        self.n, self.d = rows.shape
        order = np.lexsort((codes, *present.T[::-1])) if patterned else np.argsort(codes, kind="stable")
        self.codes, present = codes[order], present[order]
        gaps = np.zeros(0, dtype=np.intp) if patterned else np.flatnonzero(~present.all(axis=0))
        # Indicator columns: one of ones for all that is never missing, one for each modality with gaps.
        self.indicators = 1 + gaps.size
        number = np.zeros(present.shape[1], dtype=np.intp)
        number[gaps] = 1 + np.arange(gaps.size)
        self.group = number[owner]
        self._extended = np.empty((self.n, self.d + 2 * self.indicators))
        self._extended[:, : self.d] = rows[order]
        self._extended[:, self.d] = 1.0
        self._extended[:, self.d + 1 : self.d + self.indicators] = present[:, gaps]
        self.rows = self._extended[:, : self.d]
        if patterned:
            change = np.flatnonzero(np.any(present[1:] != present[:-1], axis=1)) + 1
            self._patterns = [
                (start, stop, present[start][owner]) for start, stop in pairwise([0, *change.tolist(), self.n])
            ]
        else:
            self._patterns = [(0, self.n, np.ones(self.d, dtype=bool))]

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
        """Return (left, right) whose product is D - t: -2 x'A x' + (q - t) p' + p q'."""
        if columns is None:
            right, rows, group = self._extended.copy(), self.rows, self.group
        else:
            rows, group = self.rows[:, columns], self.group[columns]
            right = np.empty((self.n, columns.size + 2))
            right[:, :-2], right[:, -2] = rows, 1.0
            operator = operator[columns] if operator.ndim == 1 else operator[np.ix_(columns, columns)]
        d, indicators = rows.shape[1], right.shape[1] - rows.shape[1] >> 1
        moved = rows * operator if operator.ndim == 1 else rows @ operator
        left = np.empty_like(right)
        np.multiply(moved, -2.0, out=left[:, :d])
        squares = np.zeros((self.n, indicators))
        for k in range(indicators):
            mine = slice(None) if indicators == 1 else group == k
            squares[:, k] = np.einsum("ij,ij->i", moved[:, mine], rows[:, mine])
        left[:, d : d + indicators] = squares
        left[:, d] -= threshold
        left[:, d + indicators :] = right[:, d : d + indicators]
        right[:, d + indicators :] = squares
        return left.astype(self.dtype, copy=False), right.astype(self.dtype, copy=False)

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
        self, operator: Array, threshold: float, *, loss: Loss, weights: tuple[float, float], gradient: bool,
        scale: float, threads: int,
    ) -> PairRisk:  # fmt: skip
        """Sum over strips of rows, in order, so that the number of threads does not change the result."""
        factors = self._factors(operator, threshold)
        full = operator.ndim == 2
        slack = gradient and (not loss.smooth or loss.surrogate_of_kink)

        def strip(task: _Task) -> tuple[_Totals, NDArray[np.intp] | None, Array | None]:
            left, right = factors(task)
            size = task.i1 - task.i0
            d = self.d if task.columns is None else task.columns.size
            indicators = (right.shape[1] - d) // 2
            group = self.group if task.columns is None else np.zeros(d, dtype=np.intp)
            x, present = right[task.i0 : task.i1, :d], right[task.i0 : task.i1, d : d + indicators]
            totals, across = _Totals(), np.zeros((size, d + indicators))
            share = np.zeros((d, d)) if full else np.zeros(d)
            buffer = np.empty(size * max(COLUMNS, ROWS), dtype=self.dtype)
            for j0, j1, square in self._strip(task):
                block = buffer[: size * (j1 - j0)].reshape(size, j1 - j0)
                np.matmul(left[task.i0 : task.i1], right[j0:j1].T, out=block)
                value, loose, slopes = self._losses(block, (task.i0, task.i1, j0, j1), loss, weights, square, slack)
                totals.value += value
                totals.slack += loose
                if gradient:
                    # The indicator columns give the row sums for free.
                    across += slopes @ right[j0:j1, : d + indicators]
                    columns_sums, xx = present.T @ slopes, right[j0:j1, :d]
                    if full:
                        share += (xx.T * columns_sums[0]) @ xx
                    elif indicators == 1:
                        share += columns_sums[0] @ np.square(xx)
                    else:
                        share += np.einsum("jk,kj->k", np.square(xx), columns_sums[group])
            if gradient:
                row_sums = across[:, d:]
                totals.threshold = -float(row_sums[:, 0].sum())
                # sum_ij c_ij (x_i - x_j)^2 = sum_i r_i x_i^2 + sum_j s_j x_j^2 - 2 sum_i x_i (C x)_i
                if full:
                    cross = x.T @ across[:, :d]
                    share += (x.T * row_sums[:, 0]) @ x - cross - cross.T
                else:
                    share += np.einsum("ik,ik->k", np.square(x), row_sums[:, group])
                    share -= 2.0 * np.einsum("ij,ij->j", x, across[:, :d])
            return totals, task.columns, share

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
        # Margins that far cost nothing and have slope 0; the similar ones are dealt with below.
        for a, c, _ in kept:
            block[a, c] = self.far
        if square:
            block[_triangle(block.shape[0])] = self.far
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
