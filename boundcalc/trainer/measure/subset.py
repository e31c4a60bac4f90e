"""Train on one subset of modalities and measure everything that a bound may ask for."""

from __future__ import annotations

import importlib.util
import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.complexity.kappa import measure_kappa
from boundcalc.trainer.complexity.rademacher import measure_complexity
from boundcalc.trainer.data.prepare import Prepared
from boundcalc.trainer.measure.subset_fit import fit_subset, subset_problem
from boundcalc.trainer.measure.subset_record import PartValues, subset_record
from boundcalc.trainer.measure.subset_result import SubsetResult, nested_tuples
from boundcalc.trainer.risk.erm import Fit, certify
from boundcalc.trainer.risk.incomplete import SampledPairs, certified_gap
from boundcalc.trainer.risk.losses import Loss, Ramp, round_up
from boundcalc.trainer.risk.pairs import PairSource

__all__ = ["SubsetResult", "assess_fit", "fit_subset", "measure_subset", "trivial_rule"]

Array = NDArray[np.float64]


def measure_subset(
    prepared: Prepared,
    subset: Sequence[str],
    *,
    start: tuple[Array, float] | None = None,
    rng: np.random.Generator,
) -> SubsetResult:
    """Train on one subset and measure it.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    start : (params, threshold), optional
        Warm start, for instance the solution on a smaller subset with weight 0 elsewhere.
    rng : numpy.random.Generator
        For Monte-Carlo draws, and for pair samples beyond ``exact_rows``.
    """
    began = time.perf_counter()
    train = prepared.split.train
    pairs = prepared.all_pairs(subset, train) if train.size <= prepared.settings.exact_rows else None
    fit = fit_subset(prepared, subset, pairs=pairs, start=start, rng=rng)
    result = assess_fit(prepared, subset, fit, pairs=pairs, rng=rng)
    return replace(result, seconds=time.perf_counter() - began)


def assess_fit(
    prepared: Prepared,
    subset: Sequence[str],
    fit: Fit,
    *,
    pairs: PairSource | None = None,
    rng: np.random.Generator,
    delta: float | None = None,
) -> SubsetResult:
    """Measure a metric that was trained on one subset.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    fit : Fit
    pairs : PairSource, optional
        All pairs of the training part, if they are at hand.
    rng : numpy.random.Generator
    delta : float, optional
        Failure probability of each certified random value, in place of the settings' one.
    """
    settings, loss = prepared.settings, prepared.settings.pair_loss
    delta = settings.delta if delta is None else delta
    structure, weights = prepared.structure(subset), prepared.weights
    operator = structure.operator(fit.params)
    decision = settings.decision_threshold(fit.threshold)
    measured = _measure_part(
        prepared, subset, fit, prepared.split.train, pairs=pairs, risk=fit.risk, rng=rng, delta=delta
    )
    differences = prepared.independent_differences(subset)
    complexity = measure_complexity(
        differences,
        structure,
        eig_range=settings.eig_range,
        threshold_range=settings.class_threshold_range,
        radius=round_up(math.sqrt(prepared.squared_radius(subset)), ulps=1),
        delta=delta,
        draws=settings.draws,
        rng=rng,
    )
    kappa = measure_kappa(
        differences,
        structure,
        eig_range=settings.eig_range,
        threshold_range=settings.class_threshold_range,
        squared_radii=[prepared.squared_radii[name] for name in subset],
        widths=prepared.widths(subset),
        delta=delta,
    )
    holdout = prepared.split.holdout
    tested: PartValues | None = None
    trivial_holdout: tuple[float | None, float | None, float | None] = (None, None, None)
    auc: float | None = None
    knn: float | None = None
    if holdout.size >= 2:
        tested = _measure_part(prepared, subset, fit, holdout, rng=rng, delta=delta, margins=())
        trivial_holdout = trivial_rule(prepared.data.codes[holdout], loss, weights)
        auc, knn = _neighbour_scores(prepared, subset, operator)
    trivial_risk, trivial_error, heavy_trivial_error = trivial_rule(
        prepared.data.codes[prepared.split.train], loss, weights
    )
    eps_opt = fit.eps_opt if measured.eps_opt is None else measured.eps_opt
    estimates = subset_record(
        prepared,
        subset,
        complexity,
        kappa,
        train=measured,
        holdout=tested,
        rhat=measured.risk + measured.error,
        eps_opt=eps_opt,
        delta=delta,
    )
    return SubsetResult(
        label="+".join(subset),
        modalities=tuple(subset),
        estimates=estimates,
        params=nested_tuples(fit.params.tolist()),
        threshold=decision,
        holdout_error=None if tested is None else tested.wrong[0],
        train_error=measured.wrong[0],
        holdout_auc=auc,
        holdout_knn=knn,
        trivial_risk=trivial_risk,
        trivial_error=trivial_error,
        trivial_holdout_risk=trivial_holdout[0],
        trivial_holdout_error=trivial_holdout[1],
        ramps=tuple(zip(settings.rho_grid, measured.ramps[1:], strict=True)),
        weighted_ramps=tuple(zip(settings.rho_grid, measured.heavy_ramps[1:], strict=True)),
        weighted_holdout_error=None if tested is None else tested.wrong[1],
        weighted_trivial_error=heavy_trivial_error,
        weighted_trivial_holdout_error=trivial_holdout[2],
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
    delta: float,
    pairs: PairSource | None = None,
    margins: tuple[float, ...] | None = None,
    risk: float | None = None,
) -> PartValues:
    """Measure risk, pair errors and ramp risks on one part, over all pairs or over a sample of them.

    A sample pays ``delta`` in all: for the risk alone, or a quarter each for the risk and the optimisation error and
    the rest for the ramps.
    """
    settings, loss, weights = prepared.settings, prepared.settings.pair_loss, prepared.weights
    operator = prepared.structure(subset).operator(fit.params)
    decision = settings.decision_threshold(fit.threshold)
    margins = (settings.rho, *settings.rho_grid) if margins is None else margins
    if part.size <= settings.exact_rows:
        pairs = prepared.all_pairs(subset, part) if pairs is None else pairs
        profiles = pairs.profiles(operator, decision, rhos=margins, weights=((1.0, 1.0), weights))
        if risk is None:
            risk = pairs.evaluate(operator, fit.threshold, loss=loss, weights=weights, gradient=False).value
        (error, ramps), (heavy_error, heavy_ramps) = profiles
        unregularised = subset_problem(prepared, subset, pairs, regularised=False)
        eps_opt = certify(unregularised, fit.params, fit.threshold) if margins and settings.reg > 0 else None
        return PartValues(part.size, pairs.count, risk, (error, heavy_error), ramps, heavy_ramps, eps_opt)
    sample = SampledPairs(prepared, subset, part, count=settings.sampled_pairs, rng=rng)
    span = prepared.loss_range(prepared.squared_radius(subset))
    risk, doubt = sample.upper_risk(
        operator, fit.threshold, loss=loss, weights=weights, span=span, delta=0.25 * delta if margins else delta
    )
    wrong = tuple(value for value, _ in sample.profiles(operator, decision, rhos=(), weights=((1.0, 1.0), weights)))
    tables = []
    for pair in ((1.0, 1.0), weights):
        each = 0.5 * delta / (2 * max(len(margins), 1))
        uppers = [
            sample.upper_risk(operator, decision, loss=Ramp(rho), weights=pair, span=max(pair), delta=each)
            for rho in margins
        ]
        tables.append(tuple(min(max(pair), value + error) for value, error in uppers))
    eps_opt = None
    if margins:
        problem = subset_problem(prepared, subset, sample, regularised=False)
        eps_opt = certified_gap(problem, fit.params, fit.threshold, width=fit.width, delta=0.25 * delta)
    return PartValues(part.size, sample.count, risk, (wrong[0], wrong[1]), tables[0], tables[1], eps_opt, error=doubt)


def trivial_rule(codes: NDArray[np.intp], loss: Loss, weights: tuple[float, float]) -> tuple[float, float, float]:
    """Return risk, error and weighted error of the best constant score over all pairs of examples of these classes."""
    sizes = np.unique(codes, return_counts=True)[1].astype(float)
    similar = float((sizes * (sizes - 1)).sum()) / (codes.size * (codes.size - 1))
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
