"""Train on one subset of modalities and measure everything that a bound may ask for."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.language.records import nested_tuples
from boundcalc.trainer.complexity.bernstein import BoundedMean
from boundcalc.trainer.complexity.kappa import measure_kappa
from boundcalc.trainer.complexity.rademacher import measure_complexity
from boundcalc.trainer.data.prepare import Prepared
from boundcalc.trainer.data.splits import pairs_between, pairs_within
from boundcalc.trainer.measure.subset_fit import fit_subset
from boundcalc.trainer.measure.subset_record import Frame, Part
from boundcalc.trainer.measure.subset_result import SubsetResult
from boundcalc.trainer.models.choosing import choose
from boundcalc.trainer.models.folds import Folds
from boundcalc.trainer.models.pair_model import Between, PairModel
from boundcalc.trainer.risk.distances import cross_distances
from boundcalc.trainer.risk.erm import Fit, certify
from boundcalc.trainer.risk.incomplete import Gap, SampledPairs, measure_gap
from boundcalc.trainer.risk.losses import Loss, Ramp, round_up
from boundcalc.trainer.risk.pairs import PairSource

__all__ = ["SubsetResult", "assess_fit", "fit_model", "fit_subset", "measure_subset", "roc_area", "trivial_rule"]

Array = NDArray[np.float64]
Progress = Callable[[float], None]


def measure_subset(
    prepared: Prepared,
    subset: Sequence[str],
    *,
    start: tuple[Array, float] | None = None,
    neighbours: bool = True,
    rng: np.random.Generator,
    progress: Progress | None = None,
    folds: Folds | None = None,
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
    folds : Folds, optional
        What models of the classes are chosen by, where several subsets share it.
    """
    began = time.perf_counter()
    train = prepared.split.train
    pairs = None if prepared.sampled(train) else prepared.all_pairs(subset, train)
    ends = (0.0, 0.4, 0.8, 1.0) if prepared.settings.fits_model else (0.0, 0.7, 0.7, 1.0)
    told = [_stage(progress, *one) for one in pairwise(ends)]
    fit = fit_subset(prepared, subset, pairs=pairs, start=start, rng=rng, progress=told[0])
    model = fit_model(prepared, subset, folds=folds, progress=told[1])
    result = assess_fit(
        prepared, subset, fit, model=model, pairs=pairs, neighbours=neighbours, rng=rng, progress=told[2]
    )
    return replace(result, seconds=time.perf_counter() - began)


def _stage(progress: Progress | None, begin: float, end: float) -> Progress:
    """Return what tells the share of a stage that is done as a share of the whole."""
    return lambda share: None if progress is None else progress(begin + (end - begin) * share)


def fit_model(
    prepared: Prepared, subset: Sequence[str], *, folds: Folds | None = None, progress: Progress | None = None
) -> PairModel | None:
    """Return the model of the classes that the settings ask for, fitted to the rows that are not held out.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    folds : Folds, optional
    progress : callable, optional
        As for :func:`measure_subset`.
    """
    if not prepared.settings.fits_model:
        return None
    return choose(Folds(prepared) if folds is None else folds, subset, prepared.settings, progress=progress)


def assess_fit(
    prepared: Prepared,
    subset: Sequence[str],
    fit: Fit,
    *,
    model: PairModel | None = None,
    pairs: PairSource | None = None,
    neighbours: bool = True,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> SubsetResult:
    """Measure a metric that was trained on one subset; its random values are read at the settings' delta.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    fit : Fit
    model : PairModel, optional
        What is used in place of the metric, of which then only the class-level values are measured.
    pairs : PairSource, optional
        All pairs of the training part, if they are at hand.
    neighbours : bool
        As for :func:`measure_subset`.
    rng : numpy.random.Generator
    progress : callable, optional
        As for :func:`measure_subset`.
    """
    settings, split = prepared.settings, prepared.split
    structure, tell = prepared.structure(subset), _stage(progress, 0.0, 1.0)
    tell(0.0)
    train = _measure_part(prepared, subset, fit, split.train, pairs=pairs, trained=True, rng=rng)
    tell(0.3)
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
    tell(0.5)
    kappa = measure_kappa(
        differences,
        structure,
        **shape,
        squared_radii=[prepared.squared_radii[name] for name in subset],
        widths=prepared.widths(subset),
        delta=settings.delta,
    )
    tell(0.7)
    tested, auc, knn, wrong = None, None, None, None
    if split.holdout.size >= 2:
        tested = _measure_part(prepared, subset, fit, split.holdout, rng=rng)
        if model is not None:
            wrong = _model_errors(prepared, subset, model, rng=rng)
        if neighbours:
            auc, knn = _neighbour_scores(prepared, subset, structure.operator(fit.params), model)
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
        model=model,
        model_holdout=wrong,
        ranked=fit.ranked,
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


def _between(
    prepared: Prepared, subset: Sequence[str], operator: Array, model: PairModel | None, part: NDArray[np.intp]
) -> Between:
    """Return distances by places in a part: by the model, or by the metric where there is none."""
    if model is not None:
        return model.between(*prepared.encoded_rows(subset, part))
    widths, (x, here) = prepared.widths(subset), prepared.rows(subset, part)
    return lambda i, j: cross_distances(x[i], x[j], operator, widths, here[i], here[j])


def _model_errors(
    prepared: Prepared, subset: Sequence[str], model: PairModel, *, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the share of wrong pairs of the hold-out part, plain and weighted: all of them, or a sample as large as a metric's."""
    part, codes, groups = prepared.split.holdout, prepared.data.codes, prepared.data.groups
    wrong, count = np.zeros(2), part.size * (part.size - 1) // 2
    if prepared.sampled(part):
        own = None if groups is None else groups[part]
        drawn = part[pairs_between(part.size, count=prepared.sample_size(part), rng=rng, groups=own)]
        for block in np.array_split(drawn, 1 + len(drawn) // _BLOCK_PAIRS):
            (x, here), (y, there) = (prepared.encoded_rows(subset, side) for side in block.T)
            near = model.squared(x, y, here, there) < model.threshold
            same = codes[block[:, 0]] == codes[block[:, 1]]
            wrong += (same & ~near).sum(), (~same & near).sum()
        count = len(drawn)
    else:
        wrong += model.wrong_pairs(*prepared.encoded_rows(subset, part), codes[part], threshold=model.threshold)
    return float(wrong.sum()) / count, float(wrong @ np.array(prepared.weights)) / count


#: Pairs of a block; hold-out rows and reference rows that the diagnostics look at.
_BLOCK_PAIRS, _LOOKED_AT, _REFERENCE = 20_000, 500, 5000


def roc_area(distances: Array, similar: NDArray[np.bool_]) -> float | None:
    """Return the area under the ROC curve of some pairs, ties counting half; None where they are of one kind."""
    from scipy.stats import rankdata  # takes a second to import

    positive = int(similar.sum())
    if positive in (0, similar.size):
        return None
    above = float(rankdata(-distances)[similar].sum()) - positive * (positive + 1) / 2
    return above / (positive * (similar.size - positive))


def _neighbour_scores(
    prepared: Prepared, subset: Sequence[str], operator: Array, model: PairModel | None
) -> tuple[float | None, float | None]:
    """ROC AUC of hold-out pair distances and 5-nearest-neighbour accuracy, of the first rows of the parts, in blocks."""
    codes, groups = prepared.data.codes, prepared.data.groups
    holdout, train = prepared.split.holdout[:_LOOKED_AT], prepared.split.train[:_REFERENCE]
    between = _between(prepared, subset, operator, model, np.concatenate([holdout, train]))
    new, old = np.arange(holdout.size), np.arange(holdout.size, holdout.size + train.size)
    counted, same = pairs_within(codes[holdout], None if groups is None else groups[holdout])
    auc = roc_area(between(new, new)[counted], same)
    right, nearest = 0, min(5, train.size)
    for rows in np.array_split(new, 1 + new.size * old.size // 2**17):
        near = np.argpartition(between(rows, old), nearest - 1, axis=1)[:, :nearest]
        votes = (codes[train][near][:, :, None] == np.arange(codes.max() + 1)).sum(axis=1)
        right += int((votes.argmax(axis=1) == codes[holdout[rows]]).sum())
    return auc, right / holdout.size
