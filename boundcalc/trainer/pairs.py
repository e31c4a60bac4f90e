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

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.losses import Loss

__all__ = ["AllPairs", "ListedPairs", "PairRisk", "PairSource"]

Array = NDArray[np.float64]
ROWS, COLUMNS = 256, 1024


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

    def profile(self, operator: Array, threshold: float, *, rhos: Sequence[float]) -> tuple[float, tuple[float, ...]]:
        """Return the pair error P(z <= 0) and the ramp risk at each margin, in one pass.

        Parameters
        ----------
        rhos : sequence of float
            Margins > 0.
        """
        wrong, ramps = 0, np.zeros(len(rhos))
        for z, _ in self.margins(operator, threshold):
            wrong += int(np.count_nonzero(z <= 0))
            for k, rho in enumerate(rhos):
                ramps[k] += float(np.clip(1.0 - z / rho, 0.0, 1.0).sum())
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
    """

    def __init__(
        self,
        rows: Array,
        codes: NDArray[np.intp],
        *,
        widths: Sequence[int] | None = None,
        present: NDArray[np.bool_] | None = None,
    ) -> None:
        n, self.d = rows.shape
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
        self._patterns = [
            (start, stop, present[start][owner]) for start, stop in zip(bounds[:-1], bounds[1:], strict=True)
        ]

    def _tasks(self) -> Iterator[tuple[int, int, int, int, NDArray[np.intp] | None, bool]]:
        """Yield row range, column range, the columns at hand (None for all) and whether the block is square."""
        for p, (start, stop, here) in enumerate(self._patterns):
            for q in range(p, len(self._patterns)):
                left, right, there = self._patterns[q]
                both = here & there
                columns = None if both.all() else np.flatnonzero(both)
                for i0 in range(start, stop, ROWS):
                    i1 = min(i0 + ROWS, stop)
                    first = left
                    if p == q:
                        yield i0, i1, i0, i1, columns, True
                        first = i1
                    for j0 in range(first, right, COLUMNS):
                        yield i0, i1, j0, min(j0 + COLUMNS, right), columns, False

    def _rectangles(self, i0: int, i1: int, j0: int, j1: int) -> Iterator[tuple[slice, slice]]:
        """Yield the rectangles of similar pairs of a block, relative to its corner."""
        rows, columns = self.codes[i0:i1], self.codes[j0:j1]
        if rows.size == 0 or columns.size == 0:
            return
        for code in np.unique(rows) if rows[0] != rows[-1] else rows[:1]:
            a, b = np.searchsorted(rows, (code, code + 1))
            c, e = np.searchsorted(columns, (code, code + 1))
            if b > a and e > c:
                yield slice(int(a), int(b)), slice(int(c), int(e))

    def _products(self, operator: Array, columns: NDArray[np.intp] | None) -> tuple[Array, Array]:
        """Return (left, right), shapes (n, d'+2), whose product is D: -2 x'A x' + q + q'."""
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
        left[:, -2], left[:, -1] = squares, 1.0
        right = extended.copy() if columns is None else extended
        right[:, -1] = squares
        return left, right

    def _blocks(
        self, operator: Array
    ) -> Iterator[tuple[Array, tuple[int, int, int, int], NDArray[np.intp] | None, bool, Array]]:
        """Yield blocks of distances; the buffer is reused."""
        buffer = np.empty(ROWS * COLUMNS)
        cached: tuple[bytes | None, Array, Array] | None = None
        for i0, i1, j0, j1, columns, square in self._tasks():
            key = None if columns is None else columns.tobytes()
            if cached is None or cached[0] != key:
                cached = (key, *self._products(operator, columns))
            _, left, right = cached
            block = buffer[: (i1 - i0) * (j1 - j0)].reshape(i1 - i0, j1 - j0)
            np.matmul(left[i0:i1], right[j0:j1].T, out=block)
            yield block, (i0, i1, j0, j1), columns, square, right

    def margins(self, operator: Array, threshold: float) -> Iterator[tuple[Array, bool]]:
        """Yield margins of all pairs, block by block."""
        for block, (i0, i1, j0, j1), _, square, _ in self._blocks(operator):
            keep = np.triu(np.ones(block.shape, dtype=bool), 1) if square else np.ones(block.shape, dtype=bool)
            for a, c in self._rectangles(i0, i1, j0, j1):
                similar = block[a, c][keep[a, c]]
                keep[a, c] = False
                if similar.size:
                    yield threshold - similar, True
            other = block[keep]
            if other.size:
                yield other - threshold, False

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
        totals = _Totals()
        full = operator.ndim == 2
        result = np.zeros_like(operator) if gradient else None
        for block, (i0, i1, j0, j1), columns, square, right in self._blocks(operator):
            block -= threshold
            values, slopes = self._losses(block, (i0, i1, j0, j1), loss, weights, square)
            totals.value += float(values.sum())
            if not gradient:
                continue
            assert result is not None and slopes is not None
            totals.slack += self._slack(loss, slopes, (i0, i1, j0, j1), weights)
            totals.threshold -= float(slopes.sum())
            # Columns of ones in the product give the row sums for free; the last column is not needed.
            x, xx = right[i0:i1, :-2], right[j0:j1, :-1]
            product = slopes @ xx
            across = product[:, :-1]
            share: Array
            if full:
                cross = x.T @ across
                share = (x.T * product[:, -1]) @ x + (xx[:, :-1].T * slopes.sum(axis=0)) @ xx[:, :-1] - cross - cross.T
            else:
                # sum_ij c_ij (x_i - x_j)^2 = sum_i r_i x_i^2 + sum_j s_j x_j^2 - 2 sum_i x_i (C x)_i
                share = product[:, -1] @ np.square(x) + slopes.sum(axis=0) @ np.square(xx[:, :-1])
                share -= 2.0 * np.einsum("ij,ij->j", x, across)
            if columns is None:
                result += share
            elif full:
                result[np.ix_(columns, columns)] += share
            else:
                result[columns] += share
        scale = 1.0 / self.count
        return PairRisk(
            totals.value * scale,
            totals.slack * scale,
            None if result is None else result * scale,
            totals.threshold * scale,
        )

    def _losses(
        self, block: Array, corner: tuple[int, int, int, int], loss: Loss, weights: tuple[float, float], square: bool
    ) -> tuple[Array, Array]:
        """Return values and slopes d/dD of a block of D - t, each pair counted once."""
        rectangles = [(a, c, np.negative(block[a, c])) for a, c in self._rectangles(*corner)]
        values, slopes = loss.block(block, similar=False)
        if weights[1] != 1.0:
            values *= weights[1]
            slopes *= weights[1]
        for a, c, z in rectangles:
            value, slope = loss.block(z, similar=True)
            values[a, c] = value if weights[0] == 1.0 else weights[0] * value
            slopes[a, c] = np.multiply(slope, -weights[0], out=slope)
        if square:
            below = np.tril_indices(values.shape[0])
            values[below] = 0.0
            slopes[below] = 0.0
        return values, slopes

    def _slack(
        self, loss: Loss, slopes: Array, corner: tuple[int, int, int, int], weights: tuple[float, float]
    ) -> float:
        if loss.smooth and loss.slack(np.full((1, 1), -0.5)) == 0.0:
            return 0.0
        # slack is p - p^2 up to a factor and so vanishes on pairs that do not count (p = 0).
        if weights == (1.0, 1.0):
            signed = np.abs(slopes)
            return loss.slack(np.negative(signed, out=signed))
        total, rest = 0.0, np.abs(slopes) / -weights[1]
        for a, c in self._rectangles(*corner):
            total += weights[0] * loss.slack(np.abs(slopes[a, c]) / -weights[0])
            rest[a, c] = 0.0
        return total + weights[1] * loss.slack(rest)


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
