"""Newton steps for metric weights, with the curvature of the risk taken from a sample of pairs.

The gradient is exact and the objective must fall, so an odd sample costs steps, never correctness (sub-sampled Newton;
Roosta-Khorasani and Mahoney 2019). Pairs that were met before correct the curvature by secants (BFGS).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boundcalc.frozen import Frozen
from boundcalc.trainer.risk.losses import Loss
from boundcalc.trainer.risk.pairs import PairSource
from boundcalc.trainer.risk.structures import GroupedWeights

__all__ = ["PairSample", "newton_descent", "quasi_newton_descent"]

Array = NDArray[np.float64]
RIDGE = 1e-4
SECANTS = 10
SAMPLED_NUMBERS = 6_000_000, 24_000_000  # the second where a look at all pairs takes longer still
Oracle = Callable[[Array], tuple[float, Array]]


@dataclass(frozen=True)
class PairSample(Frozen):
    """Squared differences of sampled pairs on each group of coordinates.

    Attributes
    ----------
    parts : ndarray of shape (S, g + 1)
        The squared norm of each pair's difference on each group, and -1 for the threshold: D - t is a product.
    similar : int
        The first so many pairs are similar.
    shares : ndarray of shape (S,)
        What each pair stands for: the mean over all pairs is about the sum of share times loss.
    """

    parts: Array
    similar: int
    shares: Array

    @classmethod
    def draw(cls, pairs: PairSource, structure: GroupedWeights, weights: tuple[float, float]) -> PairSample:
        """Take some pairs, more of them where there are more weights, in bounded memory.

        Parameters
        ----------
        pairs : PairSource
        structure : GroupedWeights
        weights : (omega_pos, omega_neg)
        """
        size = structure.granularity + 1
        numbers = int(np.clip(pairs.count // 4, *SAMPLED_NUMBERS))
        count = min(max(20_000, 200 * size), numbers // (structure.d + 1))
        found, similar = pairs.sampled_parts(structure, count)
        order = np.argsort(~similar, kind="stable")
        near = int(similar.sum())
        parts = np.empty((similar.size, size))
        parts[:, :-1], parts[:, -1] = found[order], -1.0
        # Both kinds stand for their true shares.
        shares = np.full(similar.size, weights[0] * pairs.n_similar / pairs.count / max(near, 1))
        shares[near:] = weights[1] * pairs.n_dissimilar / pairs.count / max(similar.size - near, 1)
        return cls(parts, near, shares)

    def _slopes(self, gap: Array, loss: Loss) -> tuple[Array, Array]:
        """Return losses and slopes d ell/d(D - t) for given D - t."""
        near, near_slopes = loss.block(-gap[None, : self.similar], similar=True)
        far, far_slopes = loss.block(gap[None, self.similar :].copy(), similar=False)
        return np.concatenate([near[0], far[0]]), np.concatenate([-near_slopes[0], far_slopes[0]])

    def risk(self, point: Array, loss: Loss) -> tuple[float, Array]:
        """Return the estimated risk at (weights, threshold) and its gradient."""
        values, slopes = self._slopes(self.parts @ point, loss)
        return float(self.shares @ values), (self.shares * slopes) @ self.parts

    def curvature(self, point: Array, loss: Loss) -> Array:
        """Return the estimated second derivative, by differences of slopes over a tenth of the scores' spread."""
        gap = self.parts @ point
        reach = max(0.1 * float(gap.std()), 1e-9)
        bend = self._slopes(gap + reach, loss)[1] - self._slopes(gap - reach, loss)[1]
        active = np.flatnonzero(bend > 0)
        chosen = self.parts[active]
        return np.asarray((chosen.T * (self.shares[active] * bend[active] / (2 * reach))) @ chosen)


def newton_descent(
    oracle: Oracle,
    curvature: Callable[[Array], Array],
    point: Array,
    *,
    high: Array,
    low: Array | float = 0.0,
    steps: int,
    decrement: float = 0.0,
    remembered: int = SECANTS,
) -> Array:
    """Minimise over a box by Newton steps; the oracle may raise to stop.

    Parameters
    ----------
    oracle : callable
        Maps a point to (value, gradient).
    curvature : callable
        Maps a point to a positive semidefinite matrix.
    point, high, low : ndarray of shape (g,)
        The box is [low, high].
    steps : int
        At most so many.
    decrement : float
        Stop when a step promises to lower the value by less.
    remembered : int
        So many steps correct the curvature; 0 where it is exact.
    """
    value, gradient = oracle(point)
    secants: list[tuple[Array, Array]] = []
    for _ in range(steps):
        matrix = curvature(point)
        for s, y in secants:
            matrix = _secant(matrix, s, y)
        step = box_quadratic_step(matrix, gradient, low - point, high - point)
        slope = float(gradient @ step)
        if slope >= -decrement or slope == 0.0:
            return point
        fraction = 1.0
        while True:
            trial = np.clip(point + fraction * step, low, high)
            new, new_gradient = oracle(trial)
            if remembered:
                secants = [*secants[1 - remembered :], (trial - point, new_gradient - gradient)]
            if new <= value + 1e-4 * fraction * slope:
                break
            fraction *= _shorter(fraction * slope, new - value)
            if fraction < 1e-4:
                return point
        point, value, gradient = trial, new, new_gradient
    return point


def _shorter(promised: float, change: float) -> float:
    """Return what share of a step is left: the least of the parabola through both values, a tenth to a half of it."""
    return float(np.clip(-0.5 * promised / (change - promised), 0.1, 0.5))


def quasi_newton_descent(oracle: Oracle, point: Array, *, steps: int, decrement: float) -> Array:
    """Minimise a smooth convex function by L-BFGS: on few numbers its own arithmetic must cost no more than the oracle's.

    Parameters
    ----------
    oracle, steps, decrement :
        As for :func:`newton_descent`.
    point : ndarray of any shape
        In units in which steps of length 1 are not too short.
    """
    value, gradient = oracle(point)
    met: list[tuple[Array, Array, float]] = []
    for _ in range(steps):
        step, shares = gradient, []
        for s, y, weight in reversed(met):
            shares.append(weight * float(np.vdot(s, step)))
            step = step - shares[-1] * y
        # The last change of slopes gives the size of a step; without one it is at most 1.
        known = met[-1][2] * float(np.vdot(met[-1][1], met[-1][1])) if met else max(1.0, float(np.linalg.norm(step)))
        step = step / known
        for s, y, weight in met:
            step = step + (shares.pop() - weight * float(np.vdot(y, step))) * s
        slope = float(np.vdot(gradient, step))
        if slope <= decrement:
            return point
        fraction = 1.0
        while True:
            trial = point - fraction * step
            new, new_gradient = oracle(trial)
            if new <= value - 1e-4 * fraction * slope:
                break
            fraction *= _shorter(-fraction * slope, new - value)
            if fraction < 1e-6:
                return point
        s, y = trial - point, new_gradient - gradient
        curved = float(np.vdot(s, y))
        met = [*met[1 - SECANTS :], (s, y, 1.0 / curved)] if curved > 1e-12 * float(np.vdot(s, s)) else met
        point, value, gradient = trial, new, new_gradient
    return point


def _secant(matrix: Array, s: Array, y: Array) -> Array:
    """Return the BFGS update: the matrix that maps s to y and is near the given one."""
    moved, curved = matrix @ s, float(y @ s)
    along = float(s @ moved)
    if not (curved > 1e-12 * along > 0):
        return matrix
    return matrix - np.outer(moved, moved) / along + np.outer(y, y) / curved


def box_quadratic_step(matrix: Array, gradient: Array, low: Array, high: Array) -> Array:
    """Return about the minimiser of gradient.p + p.matrix.p/2 over low <= p <= high, by guessing the active bounds.

    Each guess fixes the coordinates whose bound is pressed on and solves for the others (the primal-dual active set
    method; Hintermueller, Ito, Kunisch 2002). Guesses that go round in a circle are left for L-BFGS-B.
    """
    from scipy.linalg.lapack import dposv  # takes long to import

    size, fixed = gradient.size, low >= high
    matrix = np.array(matrix, dtype=float)
    diagonal = matrix.reshape(-1)[:: size + 1]  # a view
    diagonal += RIDGE * diagonal + max(1e-9 * float(diagonal.mean()), 1e-300)
    step, best, least = np.zeros(size), np.zeros(size), 0.0
    with np.errstate(over="ignore"):
        pressure = -gradient / diagonal
        at_low, at_high = (pressure <= low) | fixed, pressure >= high
        for _ in range(20):
            step = np.where(at_low, low, np.where(at_high, high, 0.0))
            free = (~(at_low | at_high)).nonzero()[0]
            if free.size:
                part = matrix if free.size == size else matrix[free[:, None], free]
                _, found, failed = dposv(part, -(gradient + matrix @ step)[free])
                if failed:
                    return best
                step[free] = found
            inside = np.minimum(np.maximum(step, low), high)
            slope = gradient + matrix @ inside
            model = 0.5 * float((gradient + slope) @ inside)
            if model < least:
                best, least = inside, model
            if free.size == size and np.array_equal(step, inside):
                return best
            pressure = step - (gradient + matrix @ step) / diagonal
            now_low, now_high = (pressure < low) | fixed, pressure > high
            if np.array_equal(now_low, at_low) and np.array_equal(now_high, at_high):
                return best
            at_low, at_high = now_low, now_high
    return _quadratic_by_gradients(matrix, gradient, low, high, best)


def _quadratic_by_gradients(matrix: Array, gradient: Array, low: Array, high: Array, step: Array) -> Array:
    from scipy.optimize import minimize  # takes long to import

    def model(p: Array) -> tuple[float, Array]:
        slope = gradient + matrix @ p
        return 0.5 * float((gradient + slope) @ p), slope

    options = {"maxcor": 30, "ftol": 1e-9, "gtol": 0.0, "maxfun": 2000}
    found = minimize(model, step, jac=True, method="L-BFGS-B", bounds=np.stack([low, high], axis=1), options=options)
    return np.clip(found.x, low, high)
