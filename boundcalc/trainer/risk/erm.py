"""Convex empirical risk minimisation with a certified optimisation error.

Every point that the solver visits gives a lower bound of the optimum: the supporting line of the objective there,
minimised over the whole box (the Frank-Wolfe gap; Jaggi 2013). The best lower bound is kept, so the certificate holds
whatever the solver did. The hinge is minimised through a smooth surrogate whose slopes p in [0, 1] support the hinge
itself: hinge(z') >= p (1 - z') for all z'.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.trainer.risk.losses import Loss
from boundcalc.trainer.risk.newton import PairSample, newton_descent
from boundcalc.trainer.risk.pairs import PairSource
from boundcalc.trainer.risk.ranking import Ranked
from boundcalc.trainer.risk.structures import GroupedWeights, Structure
from boundcalc.trainer.risk.threads import one_blas_thread

__all__ = ["Fit", "Problem", "certify", "minimise_risk"]

Array = NDArray[np.float64]
Progress = Callable[[int, int, str], None]

# The tolerance is relative to the objective, or to this share of the constant rule's risk if that is larger: nobody
# needs more digits of a risk that is nearly 0, and an objective of 0 is never met to relative accuracy.
_FLOOR = 0.2


@dataclass(frozen=True)
class Problem(Frozen):
    """One convex problem: pairs, structure, loss, box, pair weights and regularisation.

    Attributes
    ----------
    regularisation : float
        mu >= 0 in mu ||A - A_0||_F^2; for grouped weights the norm of the diagonal matrix.
    anchor : float
        A_0 is this multiple of the identity, or its largest eigenvalue.
    source : ndarray of shape (g,) or (d, d), optional
        Parameters of any other A_0.
    linear : ndarray of shape (g,) or (d, d), optional
        Coefficients of a linear term that is part of the objective.
    """

    pairs: PairSource
    structure: Structure
    loss: Loss
    eig_range: tuple[float, float]
    threshold_range: tuple[float, float]
    weights: tuple[float, float] = (1.0, 1.0)
    regularisation: float = 0.0
    anchor: float = 0.0
    source: Array | None = None
    linear: Array | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.loss.convex:
            raise InvalidInputError(f"loss={self.loss.name!r} is not convex: it is evaluated, never minimised")

    def penalty(self, params: Array) -> tuple[float, Array]:
        """Return mu ||A - A_0||_F^2, with the linear term, and its gradient with respect to the parameters."""
        linear = np.zeros_like(params) if self.linear is None else self.linear
        if self.regularisation == 0.0:
            return float(np.sum(linear * params)), linear
        difference = params - (self.structure.constant(self.anchor) if self.source is None else self.source)
        counts = self.structure.pull_back(np.ones(self.structure.d)) if params.ndim == 1 else np.ones_like(params)
        weighted = counts * difference
        return (
            self.regularisation * float(np.sum(weighted * difference)) + float(np.sum(linear * params)),
            2.0 * self.regularisation * weighted + linear,
        )

    def penalty_curvature(self) -> Array:
        """Return the second derivatives of the penalty with respect to grouped weights, shape (g,)."""
        return 2.0 * self.regularisation * self.structure.pull_back(np.ones(self.structure.d))

    def objective(self, params: Array, threshold: float) -> float:
        """Return the regularised empirical risk."""
        risk = self.pairs.evaluate(
            self.structure.operator(params), threshold, loss=self.loss, weights=self.weights, gradient=False
        )
        return risk.value + self.penalty(params)[0]

    def rounding_allowance(self) -> float:
        """Return a bound of what floating point may add to the objective and to the gap, at any point of the box.

        Products of length k are exact to k ulp of the sum of absolute values; distances are sums of at most
        lam_max (|x| + |x'|)^2 <= 4 lam_max R^2 in absolute value, R the largest norm of a centred row.
        """
        lam_max, d = self.eig_range[1], self.structure.d
        scale = 4.0 * lam_max * self.pairs.squared_radius + max(map(abs, self.threshold_range)) + self.loss.kink
        # Value and gradient of the penalty over the box: at most three times reg d (lam_max + anchor)^2.
        penalty = 4.0 * self.regularisation * d * (lam_max + self.anchor) ** 2
        if self.linear is not None:
            penalty += lam_max * float(np.abs(self.linear).sum())
        # Each of the d eigenvalues of a gradient is off by some ulp of its norm.
        depth = self.pairs.depth + 32 + (8 * d if len(self.structure.shape) == 2 else 0)
        return float(4.0 * np.finfo(float).eps * depth * (max(self.weights) * scale + penalty))


@dataclass(frozen=True)
class Fit(Frozen):
    """What the solver found.

    Attributes
    ----------
    params : ndarray of shape (g,) or (d, d)
    threshold : float
    objective : float
        The regularised risk at the solution.
    risk : float
        The risk without the penalty.
    lower_bound : float
        No point of the box has a smaller objective.
    eps_opt : float
        ``objective - lower_bound`` plus the rounding allowance: certified.
    evaluations : int
        Risk evaluations over all pairs.
    converged : bool
        Whether the tolerance was met.
    width : float
        Width of the last surrogate of a loss with a kink: a good first one for a warm start from here.
    ranked : Ranked or None
        Where comparisons chose the metric: how well. All else is then about the pair loss, whose risk was not minimised.
    """

    params: Array
    threshold: float
    objective: float
    risk: float
    lower_bound: float
    eps_opt: float
    evaluations: int
    converged: bool
    width: float = 1.0
    ranked: Ranked | None = None


class _Converged(Exception):
    """Raised inside the solver's callback when the certificate is good enough."""


class _Search:
    """Evaluate the surrogate, remember the best point and the best lower bound."""

    def __init__(
        self, problem: Problem, tolerance: float, limit: int, progress: Callable[[float], None] | None = None
    ) -> None:
        self.progress = progress
        self.problem, self.tolerance, self.limit = problem, tolerance, limit
        self.low, self.high = problem.eig_range
        self.t_low, self.t_high = problem.threshold_range if problem.loss.has_threshold else (0.0, 0.0)
        self.surrogate: Loss = problem.loss
        self.best = math.inf
        self.point: tuple[Array, float] = (problem.structure.constant(self.low), self.t_low)
        self.lower_bound = -math.inf
        self.evaluations = 0
        self.stage_target = 0.0
        self.slack = 0.0
        self.sample: PairSample | None = None
        positive = problem.pairs.n_similar / problem.pairs.count * problem.weights[0]
        negative = problem.pairs.n_dissimilar / problem.pairs.count * problem.weights[1]
        self.floor = max(_FLOOR * problem.loss.constant_risk(positive, negative), 1e-3)

    @property
    def target(self) -> float:
        """The optimisation error asked for at the present best objective."""
        return self.tolerance * max(self.best, self.floor)

    @property
    def gap(self) -> float:
        return self.best - self.lower_bound

    def record(self, params: Array, threshold: float, value: float) -> None:
        if value < self.best:
            self.best, self.point = value, (params.copy(), threshold)

    def measure(self, params: Array, threshold: float) -> float:
        """Evaluate the loss itself and remember the point."""
        value = self.problem.objective(params, threshold)
        self.evaluations += 1
        self.record(params, threshold, value)
        return value

    def evaluate(self, params: Array, threshold: float) -> tuple[float, Array, float]:
        """Return the surrogate objective and its gradients; raise when the certificate suffices."""
        problem, structure = self.problem, self.problem.structure
        risk = problem.pairs.evaluate(
            structure.operator(params), threshold, loss=self.surrogate, weights=problem.weights
        )
        self.evaluations += 1
        penalty, slope = problem.penalty(params)
        assert risk.gradient is not None
        gradient = structure.pull_back(risk.gradient) + slope
        value = risk.value + penalty
        d_threshold = risk.gradient_threshold if self.problem.loss.has_threshold else 0.0
        linear = float(np.sum(gradient * params)) - structure.linear_minimum(gradient, self.low, self.high)
        linear += d_threshold * threshold - min(d_threshold * self.t_low, d_threshold * self.t_high)
        self.lower_bound = max(self.lower_bound, value - risk.slack - linear)
        self.slack = risk.slack
        if self.progress is not None:
            far = math.log(max(self.gap / self.target, 1.0)) / math.log(1e3)
            self.progress(max(0.0, 0.95 - 0.9 * min(far, 1.0)))
        # The surrogate is never below the loss.
        self.record(params, threshold, value)
        # A rounded kink is worth no more accuracy than the rounding costs.
        enough = max(self.stage_target, 0.3 * risk.slack) if self.stage_target >= 0 else -math.inf
        if self.gap <= self.target or linear <= enough or self.evaluations >= self.limit:
            raise _Converged
        return value, gradient, d_threshold


def minimise_risk(
    problem: Problem,
    *,
    start: tuple[Array, float] | None = None,
    width: float | None = None,
    tolerance: float = 1e-3,
    max_evaluations: int = 2000,
    progress: Callable[[float], None] | None = None,
) -> Fit:
    """Minimise the empirical risk over the box and certify how close the result is.

    Parameters
    ----------
    problem : Problem
    start : (params, threshold), optional
        A warm start inside the box; the result is never worse than it.
    width : float, optional
        Width of the first surrogate of a loss with a kink (default: 1, or 1/4 from a warm start).
    tolerance : float
        Stop when the certified error is at most this share of the objective.
    max_evaluations : int
        Stop then at the latest; the certificate still holds, it is just larger.
    progress : callable, optional
        Called at each evaluation with the share that is done: how far the certified error has come, on a log scale.

    Returns
    -------
    Fit
    """
    structure = problem.structure
    search = _Search(problem, tolerance, max_evaluations, progress)
    middle = 0.5 * (search.t_low + search.t_high)
    if start is None:
        params, threshold = structure.constant(0.5 * (search.low + search.high)), middle
    else:
        params = structure.project(np.array(start[0], dtype=float), search.low, search.high)
        threshold = float(np.clip(start[1], search.t_low, search.t_high))
        search.measure(params, threshold)
    by_newton = params.ndim == 1
    solve = _solve_weights if by_newton else _solve_matrix
    if width is None:
        width = 0.125 if by_newton else 1.0 if start is None else 0.25
    while True:
        search.surrogate = problem.loss.surrogate(width)
        search.stage_target = 0.0 if problem.loss.smooth else 0.2 * search.target
        try:
            params, threshold = solve(search, params, threshold)
        except _Converged:
            params, threshold = search.point
        if not problem.loss.smooth:
            search.measure(params, threshold)
        done = search.gap <= search.target or search.evaluations >= max_evaluations
        if problem.loss.smooth or done or width < 4e-9:
            break
        # The slack shrinks with the square of the width: Newton steps may go where it is small enough at once.
        aim = math.sqrt(0.3 * search.target / search.slack) if by_newton and search.slack > 0 else 0.25
        width *= min(0.25, max(aim, 0.02))
    params, threshold = search.point
    penalty = problem.penalty(params)[0]
    eps_opt = max(search.gap, 0.0) + problem.rounding_allowance()
    return Fit(
        params,
        threshold,
        search.best,
        search.best - penalty,
        search.lower_bound,
        eps_opt,
        search.evaluations,
        search.gap <= search.target,
        width,
    )


def certify(problem: Problem, params: Array, threshold: float) -> float:
    """Return a certified eps: no point of the box has an objective smaller than that at the given point minus eps."""
    search = _Search(problem, 0.0, 10**9)
    search.measure(params, threshold)
    for width in (1.0,) if problem.loss.smooth else (0.3, 0.1, 0.03, 0.01, 0.003):
        search.surrogate = problem.loss.surrogate(width)
        search.stage_target = -math.inf
        with suppress(_Converged):
            search.evaluate(params, threshold)
    value = problem.objective(params, threshold)
    return max(value - search.lower_bound, 0.0) + problem.rounding_allowance()


class _UnitBox:
    """Weights and threshold as one point of the unit box, where all coordinates have one scale."""

    def __init__(self, search: _Search) -> None:
        self.search = search
        self.span = search.high - search.low
        self.t_span = search.t_high - search.t_low
        structure = search.problem.structure
        self.scale = np.append(np.full(structure.shape[0], self.span), self.t_span)

    def leave(self, u: Array) -> tuple[Array, float]:
        """Return weights and threshold, inside their ranges whatever rounding does."""
        search, inside = self.search, np.clip(u, 0.0, 1.0)
        return (
            np.minimum(search.low + self.span * inside[:-1], search.high),
            min(search.t_low + self.t_span * float(inside[-1]), search.t_high),
        )

    def enter(self, params: Array, threshold: float) -> Array:
        search = self.search
        u = np.append(
            (params - search.low) / self.span if self.span > 0 else np.zeros_like(params),
            (threshold - search.t_low) / self.t_span if self.t_span > 0 else 0.0,
        )
        return np.clip(u, 0.0, 1.0)

    def exact(self, u: Array) -> tuple[float, Array]:
        """Return the surrogate objective over all pairs and its gradient."""
        value, gradient, d_threshold = self.search.evaluate(*self.leave(u))
        return value, np.append(gradient, d_threshold) * self.scale

    def sampled(self, u: Array, sample: PairSample) -> tuple[float, Array]:
        """Return the surrogate objective over the sample and its gradient."""
        params, threshold = self.leave(u)
        value, gradient = sample.risk(np.append(params, threshold), self.search.surrogate)
        penalty, slope = self.search.problem.penalty(params)
        gradient[:-1] += slope
        return value + penalty, gradient * self.scale

    def curvature(self, u: Array, sample: PairSample) -> Array:
        """Return the second derivative over the sample."""
        params, threshold = self.leave(u)
        matrix = sample.curvature(np.append(params, threshold), self.search.surrogate)
        matrix[np.diag_indices(params.size)] += self.search.problem.penalty_curvature()
        return matrix * np.outer(self.scale, self.scale)


#: Of more weights than this no matrix of second derivatives is made: it would not fit.
_MOST_CURVED = 3000


def _solve_weights(search: _Search, params: Array, threshold: float) -> tuple[Array, float]:
    """Newton steps on exact gradients with the curvature of a sample, then L-BFGS-B for what they leave, or for all."""
    box = _UnitBox(search)
    point = box.enter(params, threshold)
    sample = search.sample
    few = params.size <= _MOST_CURVED
    if sample is None and few:
        assert isinstance(search.problem.structure, GroupedWeights)
        sample = PairSample.draw(search.problem.pairs, search.problem.structure, search.problem.weights)
        search.sample = sample
        if 4 * sample.shares.size < search.problem.pairs.count:
            decrement = 0.3 * max(search.tolerance, 1e-3) * search.floor
            point = _newton(box, sample, partial(box.sampled, sample=sample), point, 40, decrement)
    if few:
        assert sample is not None
        point = _newton(box, sample, box.exact, point, 15, 0.0)
    from scipy.optimize import minimize  # takes long to import

    result = minimize(
        box.exact,
        point,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * point.size,
        options={"maxcor": 30, "ftol": 0.0, "gtol": 0.0, "maxiter": 10**6, "maxfun": 10**6, "maxls": 40},
    )
    return box.leave(result.x)


def _newton(
    box: _UnitBox,
    sample: PairSample,
    oracle: Callable[[Array], tuple[float, Array]],
    point: Array,
    steps: int,
    decrement: float,
) -> Array:
    movable = (box.scale > 0).astype(float)
    with one_blas_thread():
        return newton_descent(
            oracle, partial(box.curvature, sample=sample), point, high=movable, steps=steps, decrement=decrement
        )


def _solve_matrix(search: _Search, params: Array, threshold: float) -> tuple[Array, float]:
    """Spectral projected gradient (Birgin, Martinez, Raydan 2000) over the spectral box."""
    structure = search.problem.structure
    value, gradient, slope = search.evaluate(params, threshold)
    recent = [value]
    step = 1.0 / max(float(np.abs(gradient).max()), abs(slope), 1e-30)
    while True:
        target = structure.project(params - step * gradient, search.low, search.high)
        t_target = float(np.clip(threshold - step * slope, search.t_low, search.t_high))
        move, t_move = target - params, t_target - threshold
        decrease = float(np.sum(gradient * move)) + slope * t_move
        if decrease >= -1e-18 * max(abs(value), 1e-300):
            return params, threshold
        fraction, reference = 1.0, max(recent[-8:])
        while True:
            trial, t_trial = params + fraction * move, threshold + fraction * t_move
            new, new_gradient, new_slope = search.evaluate(trial, t_trial)
            if new <= reference + 1e-4 * fraction * decrease:
                break
            fraction *= 0.3
            if fraction < 1e-10:
                return params, threshold
        s, t_s = trial - params, t_trial - threshold
        curvature = float(np.sum(s * (new_gradient - gradient))) + t_s * (new_slope - slope)
        length = float(np.sum(s * s)) + t_s * t_s
        step = min(max(length / curvature, 1e-10), 1e10) if curvature > 0 else 1e10
        params, threshold, value, gradient, slope = trial, t_trial, new, new_gradient, new_slope
        recent.append(value)
