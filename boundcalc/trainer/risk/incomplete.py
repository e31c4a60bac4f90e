r"""Incomplete U-statistics: means over pairs drawn at random, with a certified error given the data.

Beyond ``exact_rows`` examples the mean over all n(n-1)/2 pairs is replaced by the mean over S pairs drawn uniformly with
replacement. Given the data the pairs are independent, so the empirical Bernstein inequality (Maurer, Pontil 2009,
Theorem 4) bounds how far the mean over all pairs lies above. The optimisation error needs the gradient: with the
coordinates of the mean gradient known up to e_k, the Frank-Wolfe gap over a box of spans s_k is known up to
sum_k s_k e_k, and over matrices with eigenvalues in an interval of length s up to s sqrt(d) times the Frobenius norm of
the errors, since the nuclear norm is at most that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.complexity.bernstein import bernstein_error
from boundcalc.trainer.data.prepare import Prepared, pair_differences
from boundcalc.trainer.risk.erm import Problem
from boundcalc.trainer.risk.losses import Loss, round_up
from boundcalc.trainer.risk.pairs import ListedPairs
from boundcalc.trainer.risk.structures import GroupedWeights

__all__ = ["SampledPairs", "certified_gap"]

Array = NDArray[np.float64]
CHUNK_NUMBERS = 2**21


class SampledPairs(ListedPairs):
    """Pairs of rows drawn uniformly with replacement; differences are formed in blocks when they are needed.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    part : ndarray of int
        Row numbers, at least two.
    count : int
        Number of pairs S >= 2.
    rng : numpy.random.Generator
    """

    def __init__(
        self, prepared: Prepared, subset: Sequence[str], part: NDArray[np.intp], *, count: int, rng: np.random.Generator
    ) -> None:
        self._block, self._present = prepared.rows(subset, part)
        self._widths = prepared.widths(subset)
        n = part.size
        left, right = rng.integers(0, n, size=count), rng.integers(0, n - 1, size=count)
        drawn = np.column_stack([left, right + (right >= left)])
        codes = prepared.data.codes[part]
        similar = codes[drawn[:, 0]] == codes[drawn[:, 1]]
        self._pairs = np.concatenate([drawn[similar], drawn[~similar]])
        self.d = self._block.shape[1]
        self.n_similar = int(similar.sum())
        self.n_dissimilar = count - self.n_similar
        norms = np.square(self._block - self._block.mean(axis=0)).sum(axis=1)
        self.squared_radius = 4.0 * float(norms.max()) * (1 + 1e-12)
        self.depth = self.d + count

    def _differences(self, pairs: NDArray[np.intp]) -> Array:
        return pair_differences(self._block, self._present, self._widths, pairs)

    def sample(self, count: int) -> tuple[Array, NDArray[np.bool_]]:
        """Return every so-many-th pair."""
        step = max(1, self.count // count)
        return self._differences(self._pairs[::step]), (np.arange(self.count) < self.n_similar)[::step]

    def _chunks(self) -> Iterator[tuple[Array, bool]]:
        size = max(1, CHUNK_NUMBERS // max(self.d, 1))
        for start, stop, similar in ((0, self.n_similar, True), (self.n_similar, self.count, False)):
            for i in range(start, stop, size):
                yield self._differences(self._pairs[i : min(i + size, stop)]), similar

    def upper_risk(
        self,
        operator: Array,
        threshold: float,
        *,
        loss: Loss,
        weights: tuple[float, float],
        span: float,
        delta: float,
    ) -> tuple[float, float]:
        """Return the mean loss over the sample, and how far the mean over all pairs may lie above it.

        Parameters
        ----------
        operator : ndarray of shape (d,) or (d, d)
        threshold : float
        loss : Loss
        weights : (omega_pos, omega_neg)
        span : float
            Length of the range of the weighted loss.
        delta : float
            Failure probability.
        """
        total = squares = 0.0
        for z, similar in self.margins(operator, threshold):
            values = weights[0 if similar else 1] * loss.block(z[:, None], similar=similar)[0]
            total += float(values.sum())
            squares += float(np.square(values).sum())
        mean = total / self.count
        return mean, bernstein_error(mean, squares / self.count, count=self.count, span=span, delta=delta)


def certified_gap(problem: Problem, params: Array, threshold: float, *, width: float, delta: float) -> float:
    """Return eps: with probability at least 1 - delta over the pairs no point of the box is better by more than eps.

    The objective is the one over all pairs, of which ``problem.pairs`` is a sample that the point does not depend on.

    Parameters
    ----------
    problem : Problem
        On :class:`SampledPairs`.
    params, threshold : ndarray, float
    width : float
        Width of the surrogate of a loss with a kink, chosen before the sample was drawn.
    delta : float
    """
    pairs, structure, loss = problem.pairs, problem.structure, problem.loss
    assert isinstance(pairs, SampledPairs)
    surrogate, count = loss.surrogate(width), pairs.count
    operator = structure.operator(params)
    size = structure.granularity if isinstance(structure, GroupedWeights) else pairs.d
    shape = structure.shape
    first, second = np.zeros(shape), np.zeros(shape)
    slack = t_first = t_second = 0.0
    for differences, similar in pairs._chunks():
        z = threshold - pairs._distances(operator, differences)
        sign, weight = (1.0, problem.weights[0]) if similar else (-1.0, problem.weights[1])
        _, slopes = surrogate.block((sign * z)[:, None], similar=similar)
        slack += weight * surrogate.slack(slopes)
        by_distance = -sign * weight * slopes[:, 0]
        t_first, t_second = t_first - float(by_distance.sum()), t_second + float(np.square(by_distance).sum())
        if isinstance(structure, GroupedWeights):
            parts = structure.squared_parts(differences)
            first += by_distance @ parts
            second += np.square(by_distance) @ np.square(parts)
        else:
            squares = np.square(differences)
            first += (differences.T * by_distance) @ differences
            second += (squares.T * np.square(by_distance)) @ squares
    first, second = first / count, second / count
    t_first, t_second = t_first / count, t_second / count
    steep = max(problem.weights) * loss.lipschitz
    entries = first.size + 1
    each = delta / (2 * (entries + 1))

    def error(mean: float, square: float, largest: float) -> float:
        return bernstein_error(mean, square, count=count, span=2 * steep * largest, delta=each)

    errors = np.array([
        error(float(m), float(s), pairs.squared_radius) for m, s in zip(first.flat, second.flat, strict=True)
    ])  # fmt: skip
    low, high = problem.eig_range
    t_low, t_high = problem.threshold_range if loss.has_threshold else (0.0, 0.0)
    gradient = first + problem.penalty(params)[1]
    gap = float(np.sum(gradient * params)) - structure.linear_minimum(gradient, low, high)
    gap += t_first * threshold - min(t_first * t_low, t_first * t_high)
    spread = float(errors.sum()) if len(shape) == 1 else math.sqrt(size) * float(np.linalg.norm(errors))
    doubt = (high - low) * spread + (t_high - t_low) * error(t_first, t_second, 1.0)
    # What the supporting lines lose at the point lies in [0, weight width/8] for each pair.
    lost = 0.0 if loss.smooth else max(problem.weights) * width / 8
    loose = slack / count + lost * math.sqrt(math.log(1 / each) / (2 * count))
    return round_up(max(gap, 0.0) + loose + doubt) + problem.rounding_allowance()
