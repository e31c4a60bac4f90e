"""Minimise the empirical risk on one subset of modalities, from a rough start that costs little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.data.prepare import Prepared
from boundcalc.trainer.risk.erm import Fit, Problem, certify, minimise_risk
from boundcalc.trainer.risk.incomplete import SampledPairs, measure_gap
from boundcalc.trainer.risk.pairs import PairSource
from boundcalc.trainer.risk.ranking import AUC, Comparisons, Ranked, Ranking, best_threshold

__all__ = ["fit_subset"]

Array = NDArray[np.float64]
COARSE_ROWS = 600
SINGLE_REACH = 100.0
COARSE = 5e-3
#: Rows that comparisons are made of, and the width at which the hinge is rounded to certify what they chose.
RANKED_ROWS, RANKED_WIDTH = 1500, 0.05


def fit_subset(
    prepared: Prepared,
    subset: Sequence[str],
    *,
    pairs: PairSource | None = None,
    start: tuple[Array, float] | None = None,
    rng: np.random.Generator | int = 0,
    progress: Callable[[float], None] | None = None,
) -> Fit:
    """Minimise the empirical risk on one subset of modalities.

    Beyond ``settings.exact_rows`` training rows the steps use a random sample of pairs (an incomplete U-statistic).
    The objective is then a mean over a second sample, and ``eps_opt`` holds for the objective over all pairs with
    probability at least 1 - ``settings.delta`` over that sample.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    pairs : PairSource, optional
        All pairs of the training part, if they are at hand.
    start : (params, threshold), optional
    rng : numpy.random.Generator or int
        What the pairs are drawn by beyond ``exact_rows``.
    progress : callable, optional
        Called with the share that is done, in [0, 1), as the certified error falls to what is asked for.
    """
    settings, train = prepared.settings, prepared.split.train
    options: dict[str, Any] = {
        "tolerance": settings.tolerance,
        "max_evaluations": settings.max_evaluations,
        "progress": progress,
    }
    if not prepared.sampled(train):
        pairs = prepared.all_pairs(subset, train) if pairs is None else pairs
        problem = prepared.problem(subset, pairs)
        if settings.ranking is not None:
            fit = _fit_ranking(prepared, subset, settings.ranking, start, options)
            return _judged(fit, problem, certify(problem, fit.params, fit.threshold))
        width: float | None = None
        if train.size >= COARSE_ROWS and settings.metric_class == "full":
            start, width = _rough_start(prepared, subset, problem, start)
        return minimise_risk(problem, start=start, width=width, **options)
    rng = np.random.default_rng(rng)
    precise = _small(prepared, subset)
    size = prepared.sample_size(train)
    if settings.ranking is not None:
        fit = _fit_ranking(prepared, subset, settings.ranking, start, options)
    else:
        drawn = SampledPairs(prepared, subset, train, count=size, rng=rng, single=precise)
        fit = minimise_risk(prepared.problem(subset, drawn), start=start, **options)
        del drawn  # one copy of the rows at a time
    problem = prepared.problem(subset, SampledPairs(prepared, subset, train, count=size, rng=rng))
    return _judged(fit, problem, measure_gap(problem, fit.params, fit.threshold, width=fit.width).at(settings.delta))


def _judged(fit: Fit, problem: Problem, eps_opt: float) -> Fit:
    """Return the fit with risk and optimisation error of the problem in place of what it was found by."""
    objective = problem.objective(fit.params, fit.threshold)
    return replace(
        fit,
        objective=objective,
        risk=objective - problem.penalty(fit.params)[0],
        lower_bound=objective - eps_opt,
        eps_opt=eps_opt,
    )


def _small(prepared: Prepared, subset: Sequence[str]) -> bool:
    """Whether it is known in advance that single precision tells distances: a measured radius would read the hold-out."""
    known = prepared.settings.radius_status[0] == "certified"
    return known and prepared.settings.eig_range[1] * prepared.squared_radius(subset) <= SINGLE_REACH


def _fit_ranking(
    prepared: Prepared, subset: Sequence[str], loss: Ranking, start: tuple[Array, float] | None, options: dict[str, Any]
) -> Fit:
    """Choose the metric by comparisons of pairs and then the threshold by the hinge, on the first training rows."""
    part, groups = prepared.split.train[:RANKED_ROWS], prepared.data.groups
    rows, present = prepared.rows(subset, part)
    pairs = Comparisons(
        rows, prepared.data.codes[part], widths=prepared.widths(subset), present=present, anchored=loss.anchored,
        groups=None if groups is None else groups[part],
    )  # fmt: skip
    structure = prepared.structure(subset)
    pull = structure.pull_back(pairs.near_gradient(structure.operator(structure.constant(0.0))))
    problem = replace(
        prepared.problem(subset, pairs), loss=loss.margin_loss, threshold_range=(0.0, 0.0), weights=(1.0, loss.push),
        linear=loss.pull * pull,
    )  # fmt: skip
    fit = minimise_risk(problem, start=None if start is None else (start[0], 0.0), **options)
    risk = pairs.evaluate(
        structure.operator(fit.params), 0.0, loss=loss.margin_loss, weights=problem.weights, gradient=False
    ).value + loss.pull * float(np.sum(pull * fit.params))
    width = loss.width if isinstance(loss, AUC) else fit.width
    largest = prepared.settings.eig_range[1] * prepared.squared_radius(subset)
    eps_opt = fit.eps_opt + loss.push * pairs.rounding_allowance(largest, width)
    near, far = pairs.pair_distances(structure.operator(fit.params))
    threshold = best_threshold(near, far, weights=prepared.weights, within=prepared.settings.class_threshold_range)
    ranked = Ranked(loss.name, risk, eps_opt, part.size, pairs.count)
    return replace(fit, threshold=threshold, width=RANKED_WIDTH, ranked=ranked)


def _rough_start(
    prepared: Prepared, subset: Sequence[str], problem: Problem, start: tuple[Array, float] | None
) -> tuple[tuple[Array, float] | None, float | None]:
    """Return a start near the optimum, and the width of the surrogate there, from steps that certify nothing.

    The rows are in random order: a third of them gives a good start at a ninth of the cost. Then come all pairs in
    single precision, at half the cost of the exact ones, where distances are not so large that it would be noise.
    """
    settings, train = prepared.settings, prepared.split.train
    precise = _small(prepared, subset)
    tolerance = max(COARSE, settings.tolerance)
    parts = [(train[: min(train.size // 3, COARSE_ROWS)], tolerance)]
    if precise:
        parts.append((train, max(0.7 * settings.tolerance, 2e-4)))
    first, width = start, None
    for part, tolerance in parts:
        rough = prepared.problem(subset, prepared.all_pairs(subset, part, single=precise))
        fit = minimise_risk(
            rough, start=start, width=width, tolerance=tolerance, max_evaluations=min(200, settings.max_evaluations)
        )
        start, width = (fit.params, fit.threshold), fit.width
    assert start is not None
    if first is not None and problem.objective(*first) <= problem.objective(*start):
        return first, None
    return start, width
