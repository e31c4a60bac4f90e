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

from boundcalc.trainer.complexity import measure_complexity
from boundcalc.trainer.erm import Fit, certify
from boundcalc.trainer.kappa import measure_kappa
from boundcalc.trainer.losses import Loss, round_up
from boundcalc.trainer.pairs import PairSource
from boundcalc.trainer.prepare import Prepared
from boundcalc.trainer.subset_fit import fit_subset, subset_problem
from boundcalc.trainer.subset_record import subset_record
from boundcalc.trainer.subset_result import SubsetResult, nested_tuples

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
    pairs = prepared.all_pairs(subset, prepared.split.train)
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
    pairs = prepared.all_pairs(subset, prepared.split.train) if pairs is None else pairs
    structure = prepared.structure(subset)
    operator = structure.operator(fit.params)
    decision = settings.decision_threshold(fit.threshold)
    margins, weights = (settings.rho, *settings.rho_grid), prepared.weights
    (train_error, ramps), (_, heavy_ramps) = pairs.profiles(
        operator, decision, rhos=margins, weights=((1.0, 1.0), weights)
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
    holdout_risk: float | None = None
    holdout_error: float | None = None
    heavy_holdout_error: float | None = None
    trivial_holdout: tuple[float | None, float | None, float | None] = (None, None, None)
    auc: float | None = None
    knn: float | None = None
    if holdout.size >= 2:
        tested = prepared.all_pairs(subset, holdout)
        holdout_risk = tested.evaluate(operator, fit.threshold, loss=loss, weights=weights, gradient=False).value
        (holdout_error, _), (heavy_holdout_error, _) = tested.profiles(
            operator, decision, rhos=(), weights=((1.0, 1.0), weights)
        )
        trivial_holdout = trivial_rule(tested, loss, weights)
        auc, knn = _neighbour_scores(prepared, subset, operator)
    trivial_risk, trivial_error, heavy_trivial_error = trivial_rule(pairs, loss, weights)
    eps_opt = fit.eps_opt
    if settings.reg > 0:
        eps_opt = certify(subset_problem(prepared, subset, pairs, regularised=False), fit.params, fit.threshold)
    estimates = subset_record(
        prepared, subset, complexity, kappa, rhat=fit.risk, eps_opt=eps_opt, ramp=ramps[0], heavy_ramp=heavy_ramps[0],
        holdout_risk=holdout_risk, delta=delta,
    )  # fmt: skip
    return SubsetResult(
        label="+".join(subset),
        modalities=tuple(subset),
        estimates=estimates,
        params=nested_tuples(fit.params.tolist()),
        threshold=decision,
        holdout_error=holdout_error,
        train_error=train_error,
        holdout_auc=auc,
        holdout_knn=knn,
        trivial_risk=trivial_risk,
        trivial_error=trivial_error,
        trivial_holdout_risk=trivial_holdout[0],
        trivial_holdout_error=trivial_holdout[1],
        ramps=tuple(zip(settings.rho_grid, ramps[1:], strict=True)),
        weighted_ramps=tuple(zip(settings.rho_grid, heavy_ramps[1:], strict=True)),
        weighted_holdout_error=heavy_holdout_error,
        weighted_trivial_error=heavy_trivial_error,
        weighted_trivial_holdout_error=trivial_holdout[2],
        kappa=kappa,
        complexity=complexity,
        converged=bool(fit.converged),
        evaluations=fit.evaluations,
        seconds=0.0,
    )


def trivial_rule(pairs: PairSource, loss: Loss, weights: tuple[float, float]) -> tuple[float, float, float]:
    """Return risk, error and weighted error of the best constant score on these pairs."""
    similar, other = pairs.n_similar / pairs.count, pairs.n_dissimilar / pairs.count
    heavy = weights[0] * similar, weights[1] * other
    return loss.constant_risk(*heavy), min(similar, other), min(heavy)


def _neighbour_scores(prepared: Prepared, subset: Sequence[str], operator: Array) -> tuple[float | None, float | None]:
    """ROC AUC of hold-out pair distances and 5-nearest-neighbour accuracy, by scikit-learn."""
    if importlib.util.find_spec("sklearn") is None:
        return None, None
    from sklearn.metrics import roc_auc_score
    from sklearn.neighbors import KNeighborsClassifier

    from boundcalc.trainer.distances import cross_distances

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
