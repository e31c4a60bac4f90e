"""Sums over all pairs in blocks: distances, losses and gradients of one order of the rows.

Rows are sorted by their pattern of missing modalities and then by class, so that within a block the columns at hand are
the same and similar pairs form a few rectangles. The distances of a block are one augmented matrix product, and so is
its share of the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.frozen import Frozen
from boundcalc.trainer.risk.losses import Loss
from boundcalc.trainer.risk.threads import map_blocks

__all__ = ["PairBlocks", "PairRisk", "Totals"]

Array = NDArray[np.float64]
ROWS, COLUMNS = 128, 1024


@lru_cache(maxsize=256)
def _triangle(size: int) -> NDArray[np.bool_]:
    """Return a mask that is True on and below the diagonal."""
    return np.tri(size, dtype=bool)


@dataclass(frozen=True)
class PairRisk(Frozen):
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
class Totals:
    """Sums over pairs: of values, of slack and of slopes with respect to the threshold."""

    value: float = 0.0
    slack: float = 0.0
    threshold: float = 0.0


@dataclass(frozen=True)
class _Task(Frozen):
    i0: int
    i1: int
    j0: int
    j1: int
    columns: NDArray[np.intp] | None
    diagonal: bool


class _OuterProducts:
    """Sums c_ij (x_i - x_j)(x_i - x_j)' over strips of pairs: weights and C X are added up by row and multiplied once.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
    """

    def __init__(self, rows: Array) -> None:
        self.rows = rows
        # For each set of columns: the weight of each row, and the rows of C X.
        self.parts: dict[bytes | None, tuple[NDArray[np.intp] | slice, Array, Array]] = {}

    def add(self, task: _Task, weights: Array, crossed: Array) -> None:
        columns = slice(None) if task.columns is None else task.columns
        key = None if task.columns is None else task.columns.tobytes()
        if key not in self.parts:
            n = self.rows.shape[0]
            self.parts[key] = columns, np.zeros(n), np.zeros((n, crossed.shape[1]))
        _, total, sums = self.parts[key]
        total += weights
        sums[task.i0 : task.i1] += crossed

    def total(self) -> Array:
        result = np.zeros((self.rows.shape[1],) * 2)
        for columns, weights, crossed in self.parts.values():
            x = self.rows[:, columns]
            # Half of the weights with each order of the product: the sum with its transpose is all.
            half = x.T @ (0.5 * weights[:, None] * x - crossed)
            if isinstance(columns, slice):
                result += half + half.T
            else:
                result[np.ix_(columns, columns)] += half + half.T
        return result


class PairBlocks:
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

        def strip(task: _Task) -> tuple[Totals, _Task, Array | None, tuple[Array, Array] | None]:
            left, right = factors(task)
            size = task.i1 - task.i0
            d = self.d if task.columns is None else task.columns.size
            indicators = (right.shape[1] - d) // 2
            group = self.group if task.columns is None else np.zeros(d, dtype=np.intp)
            x, present = right[task.i0 : task.i1, :d], right[task.i0 : task.i1, d : d + indicators]
            totals, across = Totals(), np.zeros((size, d + indicators))
            share = None if full else np.zeros(d)
            weights_of = np.zeros(self.n if full and gradient else 0)
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
                    if share is None:
                        weights_of[j0:j1] += columns_sums[0]
                    elif indicators == 1:
                        share += columns_sums[0] @ np.square(xx)
                    else:
                        share += np.einsum("jk,kj->k", np.square(xx), columns_sums[group])
            if gradient:
                row_sums = across[:, d:]
                totals.threshold = -float(row_sums[:, 0].sum())
                # sum_ij c_ij (x_i - x_j)^2 = sum_i r_i x_i^2 + sum_j s_j x_j^2 - 2 sum_i x_i (C x)_i
                if share is None:
                    weights_of[task.i0 : task.i1] += row_sums[:, 0]
                    return totals, task, None, (weights_of, across[:, :d])
                else:
                    share += np.einsum("ik,ik->k", np.square(x), row_sums[:, group])
                    share -= 2.0 * np.einsum("ij,ij->j", x, across[:, :d])
            return totals, task, share, None

        sums, result = Totals(), np.zeros_like(operator) if gradient and not full else None
        outer = _OuterProducts(self.rows)
        for totals, task, share, parts in map_blocks(strip, self._tasks(), threads=threads):
            sums.value += totals.value
            sums.slack += totals.slack
            sums.threshold += totals.threshold
            if parts is not None:
                outer.add(task, *parts)
            elif result is not None and share is not None:
                result[slice(None) if task.columns is None else task.columns] += share
        if gradient and full:
            result = outer.total()
        return PairRisk(
            sums.value * scale, sums.slack * scale, None if result is None else result * scale, sums.threshold * scale
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
