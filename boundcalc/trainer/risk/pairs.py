"""Exact risk and gradient over pairs of examples, in bounded memory.

The risk is the U-statistic of order 2, the mean over all n(n-1)/2 unordered pairs, or the mean over a list of pairs. A
modality that is missing in either element contributes 0 to the pair.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.risk.losses import Loss
from boundcalc.trainer.risk.pair_blocks import PairBlocks, PairRisk, Totals
from boundcalc.trainer.risk.structures import GroupedWeights
from boundcalc.trainer.risk.threads import available_threads

__all__ = [
    "AllPairs",
    "DifferencePairs",
    "ListedPairs",
    "PairRisk",
    "PairSource",
    "similar_pairs",
    "spread_pairs",
    "squared_distances",
]

Array = NDArray[np.float64]


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

    @abstractmethod
    def sampled_parts(self, structure: GroupedWeights, count: int) -> tuple[Array, NDArray[np.bool_]]:
        """Return what each weight adds to D of about ``count`` pairs, shape (S, g), and whether they are similar; no randomness."""

    def margin_allowance(self, operator: Array, threshold: float) -> float:
        """Return a bound of what floating point may do to a margin.

        Distances are sums of at most 4 |A| R^2 in absolute value, R^2 the ``squared_radius``, in products of length d
        (twice d for a matrix).
        """
        norm = float(np.abs(operator).max(initial=0.0) if operator.ndim == 1 else np.linalg.norm(operator))
        scale = 4.0 * norm * self.squared_radius + abs(threshold)
        return float((2 * self.d + 16) * np.finfo(float).eps * scale)

    def profile(
        self, operator: Array, threshold: float, *, rhos: Sequence[float], weights: tuple[float, float] = (1.0, 1.0)
    ) -> tuple[float, tuple[float, ...]]:
        """Return the weighted pair error P(z <= 0) and the weighted ramp risk at each margin, in one pass.

        A margin that cannot be told from 0 in floating point counts as an error.

        Parameters
        ----------
        rhos : sequence of float
            Margins > 0.
        weights : (omega_pos, omega_neg)
        """
        return self.profiles(operator, threshold, rhos=rhos, weights=(weights,))[0]

    def profiles(
        self, operator: Array, threshold: float, *, rhos: Sequence[float], weights: Sequence[tuple[float, float]]
    ) -> tuple[tuple[float, tuple[float, ...]], ...]:
        """Return :meth:`profile` for each of several pair weights, in one pass over the pairs."""
        wrong, ramps = np.zeros(2), np.zeros((2, len(rhos)))
        tie = self.margin_allowance(operator, threshold)
        for z, similar in self.margins(operator, threshold):
            kind = 0 if similar else 1
            # A margin of 0 is an error, and rounding may not turn it into a success: codes tie by the thousand.
            wrong[kind] += np.count_nonzero(z <= tie)
            for k, rho in enumerate(rhos):
                ramp = z * (-1.0 / rho)
                ramp += 1.0
                ramps[kind, k] += np.clip(ramp, 0.0, 1.0, out=ramp).sum()
        return tuple(
            (float(wrong @ pair) / self.count, tuple((np.array(pair) @ ramps / self.count).tolist()))
            for pair in weights
        )


class DifferencePairs(PairSource):
    """Pairs that are given by their differences."""

    @abstractmethod
    def sample(self, count: int) -> tuple[Array, NDArray[np.bool_]]:
        """Return differences of about ``count`` pairs, shape (S, d), and whether they are similar; no randomness."""

    def sampled_parts(self, structure: GroupedWeights, count: int) -> tuple[Array, NDArray[np.bool_]]:
        """Return their squared norms on each group."""
        differences, similar = self.sample(count)
        return structure.squared_parts(differences), similar


class AllPairs(DifferencePairs):
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
        self._kernels: dict[bool, PairBlocks] = {}
        self.n_similar = similar_pairs(codes)
        self.n_dissimilar = n * (n - 1) // 2 - self.n_similar
        self.squared_radius = float(np.square(self._centred).sum(axis=1).max(initial=0.0)) * (1 + 1e-12)
        self.depth = n + self.d

    def _kernel(self, operator: Array) -> PairBlocks:
        """Return the kernel for weights or for a matrix; they differ only where modalities are missing."""
        patterned = operator.ndim == 2 and not bool(self._present.all())
        if patterned not in self._kernels:
            self._kernels[patterned] = PairBlocks(
                self._centred, self._codes, self._owner, self._present, patterned, self._dtype
            )
        return self._kernels[patterned]

    def sample(self, count: int) -> tuple[Array, NDArray[np.bool_]]:
        """Return pairs of each row with rows at evenly spread distances in the given order, shape (S, d)."""
        left, right = spread_pairs(self._codes.size, count)
        both = (self._present[left] & self._present[right])[:, self._owner]
        differences = np.where(both, self._centred[left] - self._centred[right], 0.0)
        return differences, self._codes[left] == self._codes[right]

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


def similar_pairs(codes: NDArray[np.intp]) -> int:
    """Return how many unordered pairs of rows have one class."""
    sizes = np.unique(codes, return_counts=True)[1].astype(object)
    return int(sum(size * (size - 1) // 2 for size in sizes))


def spread_pairs(n: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return about ``count`` pairs of n rows: each row with rows at evenly spread distances in the given order."""
    shifts = np.unique(np.linspace(1, n // 2, max(1, min(n // 2, count // n))).round().astype(np.intp))
    left = np.tile(np.arange(n), shifts.size)
    return left, (left + np.repeat(shifts, n)) % n


def squared_distances(operator: Array, differences: Array) -> Array:
    """Return D of each difference, shape (P, d); rounding may leave one of a matrix just below 0."""
    if operator.ndim == 1:
        return np.square(differences) @ operator
    return np.einsum("ij,ij->i", differences @ operator, differences)


class ListedPairs(DifferencePairs):
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

    def _part(self, chosen: slice) -> Array:
        """Return the differences of some of the pairs, similar ones first."""
        return self.differences[chosen]

    def sample(self, count: int) -> tuple[Array, NDArray[np.bool_]]:
        """Return every so-many-th pair of the list."""
        step = slice(None, None, max(1, self.count // count))
        return self._part(step), (np.arange(self.count) < self.n_similar)[step]

    def _scored(self, operator: Array, threshold: float) -> Iterator[tuple[Array, Array, bool]]:
        """Yield differences and margins of the pairs, block by block, each with whether they are similar."""
        size = max(1, 2**21 // max(self.d, 1))
        for start, stop, similar in ((0, self.n_similar, True), (self.n_similar, self.count, False)):
            for i in range(start, stop, size):
                differences = self._part(slice(i, min(i + size, stop)))
                z = threshold - squared_distances(operator.astype(differences.dtype, copy=False), differences).astype(
                    float
                )
                yield differences, z if similar else -z, similar

    def margins(self, operator: Array, threshold: float) -> Iterator[tuple[Array, bool]]:
        """Yield margins of the listed pairs."""
        for _, z, similar in self._scored(operator, threshold):
            yield z, similar

    def slopes(
        self, operator: Array, threshold: float, *, loss: Loss, weights: tuple[float, float], totals: Totals
    ) -> Iterator[tuple[Array, Array]]:
        """Yield differences and the weighted loss's derivative by the distance, and add up values and slack."""
        for differences, z, similar in self._scored(operator, threshold):
            weight = weights[0] if similar else weights[1]
            values, slopes = loss.block(z[:, None], similar=similar)
            totals.value += weight * float(values.sum())
            totals.slack += weight * loss.slack(slopes)
            yield differences, (-weight if similar else weight) * slopes[:, 0]

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
        totals = Totals()
        result = np.zeros_like(operator)
        for differences, by_distance in self.slopes(operator, threshold, loss=loss, weights=weights, totals=totals):
            totals.threshold -= float(by_distance.sum())
            if gradient and operator.ndim == 1:
                result += by_distance.astype(differences.dtype, copy=False) @ np.square(differences)
            elif gradient:
                result += (differences.T * by_distance.astype(differences.dtype, copy=False)) @ differences
        scale = 1.0 / self.count
        if not gradient:
            return PairRisk(totals.value * scale, 0.0, None, 0.0)
        return PairRisk(totals.value * scale, totals.slack * scale, result * scale, totals.threshold * scale)
