"""Train on one subset of modalities and measure everything that a bound may ask for."""

from __future__ import annotations

import importlib.util
import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.language.records import nested_tuples
from boundcalc.trainer.complexity.bernstein import BoundedMean
from boundcalc.trainer.complexity.kappa import measure_kappa
from boundcalc.trainer.complexity.rademacher import measure_complexity
from boundcalc.trainer.data.prepare import Prepared
from boundcalc.trainer.measure.subset_fit import fit_subset
from boundcalc.trainer.measure.subset_record import Frame, Part
from boundcalc.trainer.measure.subset_result import SubsetResult
from boundcalc.trainer.risk.erm import Fit, certify
from boundcalc.trainer.risk.incomplete import Gap, SampledPairs, measure_gap
from boundcalc.trainer.risk.losses import Loss, Ramp, round_up
from boundcalc.trainer.risk.pairs import PairSource

__all__ = ["SubsetResult", "assess_fit", "fit_subset", "measure_subset", "trivial_rule"]

Array = NDArray[np.float64]


def measure_subset(
    prepared: Prepared,
    subset: Sequence[str],
    *,
    start: tuple[Array, float] | None = None,
    neighbours: bool = True,
    rng: np.random.Generator,
    progress: Callable[[float], None] | None = None,
) -> SubsetResult:
    """Train on one subset and measure it.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    start : (params, threshold), optional
        Warm start, for instance the solution on a smaller subset with weight 0 elsewhere.
    neighbours : bool
        Whether to measure AUC and nearest neighbours, which no bound asks for.
    rng : numpy.random.Generator
        For Monte-Carlo draws, and for pair samples beyond ``exact_rows``.
    progress : callable, optional
        Called with the share that is done, in [0, 1).
    """
    began = time.perf_counter()
    train = prepared.split.train
    pairs = None if prepared.sampled(train) else prepared.all_pairs(subset, train)
    fit = fit_subset(prepared, subset, pairs=pairs, start=start, rng=rng, progress=progress)
    result = assess_fit(prepared, subset, fit, pairs=pairs, neighbours=neighbours, rng=rng)
    return replace(result, seconds=time.perf_counter() - began)


def assess_fit(
    prepared: Prepared,
    subset: Sequence[str],
    fit: Fit,
    *,
    pairs: PairSource | None = None,
    neighbours: bool = True,
    rng: np.random.Generator,
) -> SubsetResult:
    """Measure a metric that was trained on one subset; its random values are read at the settings' delta.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    fit : Fit
    pairs : PairSource, optional
        All pairs of the training part, if they are at hand.
    neighbours : bool
        As for :func:`measure_subset`.
    rng : numpy.random.Generator
    """
    settings, split = prepared.settings, prepared.split
    structure = prepared.structure(subset)
    train = _measure_part(prepared, subset, fit, split.train, pairs=pairs, trained=True, rng=rng)
    differences = prepared.independent_differences(subset)
    shape: dict[str, Any] = {"eig_range": settings.eig_range, "threshold_range": settings.class_threshold_range}
    complexity = measure_complexity(
        differences,
        structure,
        **shape,
        radius=round_up(math.sqrt(prepared.squared_radius(subset)), ulps=1),
        delta=settings.delta,
        draws=settings.draws,
        rng=rng,
    )
    kappa = measure_kappa(
        differences,
        structure,
        **shape,
        squared_radii=[prepared.squared_radii[name] for name in subset],
        widths=prepared.widths(subset),
        delta=settings.delta,
    )
    tested, auc, knn = None, None, None
    if split.holdout.size >= 2:
        tested = _measure_part(prepared, subset, fit, split.holdout, rng=rng)
        if neighbours:
            auc, knn = _neighbour_scores(prepared, subset, structure.operator(fit.params))
    return SubsetResult(
        frame=Frame.of(prepared, subset),
        params=nested_tuples(fit.params.tolist()),
        threshold=settings.decision_threshold(fit.threshold),
        train=train,
        holdout=tested,
        holdout_auc=auc,
        holdout_knn=knn,
        kappa=kappa,
        complexity=complexity,
        converged=bool(fit.converged),
        evaluations=fit.evaluations,
        seconds=0.0,
    )


def _measure_part(
    prepared: Prepared,
    subset: Sequence[str],
    fit: Fit,
    part: NDArray[np.intp],
    *,
    rng: np.random.Generator,
    pairs: PairSource | None = None,
    trained: bool = False,
) -> Part:
    """Measure risk and pair errors, where it was trained also ramp risks and the optimisation error."""
    settings, loss, weights = prepared.settings, prepared.settings.pair_loss, prepared.weights
    operator = prepared.structure(subset).operator(fit.params)
    decision = settings.decision_threshold(fit.threshold)
    margins = (settings.rho, *settings.rho_grid) if trained else ()
    kinds, gap = ((1.0, 1.0), weights), None
    if not prepared.sampled(part):
        pairs = prepared.all_pairs(subset, part) if pairs is None else pairs
        profiles = pairs.profiles(operator, decision, rhos=margins, weights=kinds)
        value = fit.risk
        if not trained:
            value = pairs.evaluate(operator, fit.threshold, loss=loss, weights=weights, gradient=False).value
        risk = BoundedMean(value)
        wrong = [error for error, _ in profiles]
        ramps = [
            tuple(BoundedMean(one, span=max(pair)) for one in found)
            for pair, (_, found) in zip(kinds, profiles, strict=True)
        ]
        if trained:
            unregularised = prepared.problem(subset, pairs, regularised=False)
            gap = Gap(certify(unregularised, fit.params, fit.threshold) if settings.reg > 0 else fit.eps_opt)
    else:
        pairs = sample = SampledPairs(prepared, subset, part, count=prepared.sample_size(part), rng=rng)
        span = prepared.loss_range(prepared.squared_radius(subset))
        risk = sample.mean_loss(operator, fit.threshold, loss=loss, weights=weights, span=span)
        wrong = [value for value, _ in sample.profiles(operator, decision, rhos=(), weights=kinds)]
        ramps = [
            tuple(sample.mean_loss(operator, decision, loss=Ramp(rho), weights=pair, span=max(pair)) for rho in margins)
            for pair in kinds
        ]
        if trained:
            problem = prepared.problem(subset, sample, regularised=False)
            gap = measure_gap(problem, fit.params, fit.threshold, width=fit.width)
    return Part(
        rows=prepared.units(part),
        pairs=pairs.count,
        risk=risk,
        wrong=(wrong[0], wrong[1]),
        ramps=ramps[0],
        heavy_ramps=ramps[1],
        gap=gap,
        trivial=trivial_rule(prepared.similar_share(part), loss, weights),
    )


def trivial_rule(similar: float, loss: Loss, weights: tuple[float, float]) -> tuple[float, float, float]:
    """Return risk, error and weighted error of the best constant score where this share of pairs is similar."""
    heavy = weights[0] * similar, weights[1] * (1.0 - similar)
    return loss.constant_risk(*heavy), min(similar, 1.0 - similar), min(heavy)


def _neighbour_scores(prepared: Prepared, subset: Sequence[str], operator: Array) -> tuple[float | None, float | None]:
    """ROC AUC of hold-out pair distances and 5-nearest-neighbour accuracy, by scikit-learn."""
    if importlib.util.find_spec("sklearn") is None:
        return None, None
    from sklearn.metrics import roc_auc_score
    from sklearn.neighbors import KNeighborsClassifier

    from boundcalc.trainer.risk.distances import cross_distances

    codes = prepared.data.codes
    holdout, train = prepared.split.holdout, prepared.split.train[:20_000]
    holdout = holdout[:4000]
    widths = prepared.widths(subset)
    left, here = prepared.rows(subset, holdout)
    right, there = prepared.rows(subset, train)
    upper = np.triu_indices(holdout.size, 1)
    if (groups := prepared.data.groups) is not None:
        apart = groups[holdout][upper[0]] != groups[holdout][upper[1]]
        upper = (upper[0][apart], upper[1][apart])
    same = (codes[holdout][:, None] == codes[holdout])[upper]
    auc = None
    if same.any() and not same.all():
        auc = float(roc_auc_score(same, -cross_distances(left, left, operator, widths, here, here)[upper]))
    reference = np.zeros((train.size, train.size))
    with warnings.catch_warnings():
        # Many classes for few rows are no mistake here.
        warnings.simplefilter("ignore", UserWarning)
        knn = KNeighborsClassifier(n_neighbors=min(5, train.size), metric="precomputed").fit(reference, codes[train])
    predicted = knn.predict(cross_distances(left, right, operator, widths, here, there))
    return auc, float((predicted == codes[holdout]).mean())
