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
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.complexity.bernstein import BoundedMean, safe_variance
from boundcalc.trainer.data.prepare import Prepared, pair_differences, pieces
from boundcalc.trainer.data.splits import pairs_between
from boundcalc.trainer.risk.erm import Problem
from boundcalc.trainer.risk.losses import Loss, round_up
from boundcalc.trainer.risk.pair_blocks import Totals
from boundcalc.trainer.risk.pairs import ListedPairs
from boundcalc.trainer.risk.structures import GroupedWeights

__all__ = ["Gap", "SampledPairs", "measure_gap"]

Array = NDArray[np.float64]


class SampledPairs(ListedPairs):
    """Pairs of rows (of groups, a random row of each) drawn uniformly with replacement; differences are formed in blocks.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    part : ndarray of int
        Row numbers, at least two.
    count : int
        Number of pairs S >= 2.
    rng : numpy.random.Generator
    single : bool
        Differences in single precision, sums in double: for a solver's steps, never for a certificate.
    """

    def __init__(
        self, prepared: Prepared, subset: Sequence[str], part: NDArray[np.intp], *, count: int, rng: np.random.Generator,
        single: bool = False,
    ) -> None:  # fmt: skip
        self._block, self._present = prepared.rows(subset, part)
        self._widths = prepared.widths(subset)
        codes, groups = prepared.data.codes[part], prepared.data.groups
        groups = None if groups is None else groups[part]
        drawn = pairs_between(part.size, count=count, rng=rng, groups=groups)
        similar = codes[drawn[:, 0]] == codes[drawn[:, 1]]
        self._pairs = np.concatenate([drawn[similar], drawn[~similar]])
        self.d = self._block.shape[1]
        self.n_similar = int(similar.sum())
        self.n_dissimilar = count - self.n_similar
        centre, some = self._block.mean(axis=0), pieces(*self._block.shape)
        largest = max(float(np.square(self._block[rows] - centre).sum(axis=1).max()) for rows in some)
        self.squared_radius = 4.0 * largest * (1 + 1e-12)
        self.depth = self.d + count
        self._scores: tuple[Array, Array] | None = None
        if single:
            self._block = self._block.astype(np.float32)

    def _part(self, chosen: slice) -> Array:
        return pair_differences(self._block, self._present, self._widths, self._pairs[chosen])

    def margins(self, operator: Array, threshold: float) -> Iterator[tuple[Array, bool]]:
        """Yield margins of the pairs; the distances of the last metric are kept, as several losses ask for them."""
        if self._scores is None or not np.array_equal(self._scores[0], operator):
            gaps = [-z if similar else z for z, similar in super().margins(operator, 0.0)]
            self._scores = operator.copy(), np.concatenate(gaps)
        distances = self._scores[1]
        yield threshold - distances[: self.n_similar], True
        yield distances[self.n_similar :] - threshold, False

    def mean_loss(
        self, operator: Array, threshold: float, *, loss: Loss, weights: tuple[float, float], span: float
    ) -> BoundedMean:
        """Return the mean loss over the sample, which bounds the mean over all pairs at any delta.

        Parameters
        ----------
        operator : ndarray of shape (d,) or (d, d)
        threshold : float
        loss : Loss
        weights : (omega_pos, omega_neg)
        span : float
            Length of the range of the weighted loss.
        """
        total = squares = 0.0
        for z, similar in self.margins(operator, threshold):
            values = weights[0 if similar else 1] * loss.block(z[:, None], similar=similar)[0]
            total += float(values.sum())
            squares += float(np.square(values).sum())
        return BoundedMean.from_sums(total / self.count, squares / self.count, count=self.count, span=span)


@dataclass(frozen=True)
class Gap:
    """How much better than the returned metric any other may be, over all pairs; measured once, read at any delta.

    Attributes
    ----------
    value : float
        The gap over the sample, or over all pairs, with its rounding allowance.
    lost : float
        What supporting lines may lose at one pair, in [0, lost].
    count : int
        Sampled pairs; 0 where the value is exact, and everything else is not needed.
    reach, spread, square, entries, span : float
        The metric's box (with sqrt(size) for a matrix, whose errors add up as squares), sum of the standard deviations and
        of the variances of the gradient's coordinates, their number and the length of their range.
    matrix : bool
    reach_t, deviation_t, span_t : float
        The same for the threshold.
    """

    value: float
    lost: float = 0.0
    count: int = 0
    reach: float = 0.0
    spread: float = 0.0
    square: float = 0.0
    entries: int = 0
    span: float = 0.0
    matrix: bool = False
    reach_t: float = 0.0
    deviation_t: float = 0.0
    span_t: float = 0.0

    def at(self, delta: float) -> float:
        """Return eps: with probability at least 1 - delta over the pairs no metric is better by more than eps."""
        if self.count == 0:
            return self.value
        # Coordinates, threshold and lost parts make up one inequality: the union is inside it.
        each = delta / (2 * (self.entries + 2))
        log = math.log(2 / each)
        factor, constant = math.sqrt(2 * log / self.count), 7 * log / (3 * (self.count - 1))
        largest = constant * self.span
        if self.matrix:  # the Frobenius norm of the coordinates' errors
            errors = math.sqrt(
                factor * factor * self.square + 2 * factor * largest * self.spread + self.entries * largest * largest
            )
        else:
            errors = factor * self.spread + self.entries * largest
        threshold = factor * self.deviation_t + constant * self.span_t
        doubt = self.reach * errors + self.reach_t * threshold
        loose = self.lost * math.sqrt(math.log(1 / each) / (2 * self.count))
        return round_up(self.value + (loose + doubt) * (1 + 1e-12))


def measure_gap(problem: Problem, params: Array, threshold: float, *, width: float) -> Gap:
    """Measure how far from optimal a point is for the objective over all pairs, of which ``problem.pairs`` is a sample.

    The point may not depend on that sample.

    Parameters
    ----------
    problem : Problem
        On :class:`SampledPairs`.
    params, threshold : ndarray, float
    width : float
        Width of the surrogate of a loss with a kink, chosen before the sample was drawn.
    """
    pairs, structure, loss = problem.pairs, problem.structure, problem.loss
    assert isinstance(pairs, SampledPairs)
    surrogate, count = loss.surrogate(width), pairs.count
    operator = structure.operator(params)
    shape = structure.shape
    first, second = np.zeros(shape), np.zeros(shape)
    totals, t_first, t_second = Totals(), 0.0, 0.0
    for differences, by_distance in pairs.slopes(
        operator, threshold, loss=surrogate, weights=problem.weights, totals=totals
    ):
        t_first, t_second = t_first - float(by_distance.sum()), t_second + float(np.square(by_distance).sum())
        if isinstance(structure, GroupedWeights):
            parts = structure.squared_parts(differences)
            first += by_distance @ parts
            second += np.square(by_distance) @ np.square(parts)
        else:
            squares = np.square(differences)
            first += (differences.T * by_distance) @ differences
            second += (squares.T * np.square(by_distance)) @ squares
    first, second, t_first, t_second = first / count, second / count, t_first / count, t_second / count
    low, high = problem.eig_range
    t_low, t_high = problem.threshold_range if loss.has_threshold else (0.0, 0.0)
    gradient = first + problem.penalty(params)[1]
    gap = float(np.sum(gradient * params)) - structure.linear_minimum(gradient, low, high)
    gap += t_first * threshold - min(t_first * t_low, t_first * t_high)
    matrix = len(shape) == 2
    variances = safe_variance(first, second, count)
    steep = 2 * max(problem.weights) * loss.lipschitz
    return Gap(
        value=round_up(max(gap, 0.0) + totals.slack / count) + problem.rounding_allowance(),
        # What the supporting lines lose at the point lies in [0, weight width/8] for each pair.
        lost=0.0 if loss.smooth else max(problem.weights) * width / 8,
        count=count,
        reach=(high - low) * (math.sqrt(pairs.d) if matrix else 1.0),
        spread=float(np.sqrt(variances).sum()),
        square=float(variances.sum()),
        entries=first.size,
        span=steep * pairs.squared_radius,
        matrix=matrix,
        reach_t=t_high - t_low,
        deviation_t=math.sqrt(float(safe_variance(t_first, t_second, count))),
        span_t=steep,
    )
