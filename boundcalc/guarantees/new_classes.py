"""Certificates for classes that no model has met: whole classes are held out, and classes are what is drawn independently."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.certifying import certify_request
from boundcalc.certification.sources import of_trained
from boundcalc.errors import InvalidInputError
from boundcalc.guarantees.certified import Certified, Used, question
from boundcalc.language.arguments import as_generator
from boundcalc.language.ledger import check_delta
from boundcalc.trainer import ModalityData
from boundcalc.trainer.data.prepare import Prepared, prepare
from boundcalc.trainer.data.splits import Split
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset import fit_subset
from boundcalc.trainer.models.choosing import choose, cut
from boundcalc.trainer.models.folds import Folds
from boundcalc.trainer.models.pair_model import what_is_used

__all__ = ["certify_new_classes", "held_classes"]


def certify_new_classes(
    data: ModalityData, *, share: float, delta: float = 0.05, rng: Any = 0, calibration: float = 0.2, **settings: Any
) -> Certified:
    """Fit a model to the rows of some classes, and certify it for pairs of rows of two new classes.

    Bounded is the mean of the non-match rate within a new class and the match rate between two. The classes are taken as
    independent draws of one population of classes; how many rows each has does not matter.

    Parameters
    ----------
    data : ModalityData
        Without groups.
    share : float
        The share of the classes that is held out, drawn at random.
    delta : float
    rng : int or numpy.random.Generator
    calibration : float
        The share of the other rows that fixes normalisation and weights.
    **settings
        Of the model, such as ``structure``; it is chosen by folds of whole classes, "auto" without posteriors, which know no
        other classes, but with the diagonal metric.

    Raises
    ------
    InvalidInputError
        On bad settings, or fewer than four classes to hold out or to train on.
    """
    check_delta(delta)
    generator, count, held = as_generator(rng), data.classes.size, held_classes(data, share)
    unseen = np.isin(data.codes, generator.permutation(count)[:held])
    seen = generator.permutation(np.flatnonzero(~unseen))
    first = round(calibration * seen.size)
    split = Split(seen[:first], np.flatnonzero(unseen), seen[first:])
    chosen = Settings(**{"pair_weights": "balanced", **settings})
    prepared = prepare(data, settings=chosen, rng=generator, split=split)
    names = data.names
    folds = Folds(prepared, by_class=True)
    model = choose(folds, names, chosen) if chosen.fits_model else None
    units, error = _metric_by_folds(prepared, folds, generator) if chosen.structure == "auto" else (math.nan, math.inf)
    params = np.empty(0)
    if model is None or error < model.error[1]:
        fit, model = fit_subset(prepared, names, rng=generator), None
        params = fit.params
        own = chosen.decision_threshold(fit.threshold)
        threshold = units * _mean_distance(prepared, params) if error < math.inf else own
    else:
        threshold = model.threshold
    said, label = what_is_used(prepared.structure(names).name, model), "+".join(names)
    used = Used(lambda rows: of_trained(prepared, names, params, rows, model), threshold, 0.0, said)
    fixed = (
        f"the {said} on {label} with its threshold (rows of the other {count - held} classes)",
        f"which {held} classes are held out (drawn at random)",
        "the seed of the splits, which have not seen the held-out rows",
    )
    return Certified(
        label, certify_request(question(prepared, used, weights=None, delta=delta, fixed=fixed, by_class=True))
    )


def held_classes(data: ModalityData, share: float) -> int:
    """Return how many classes are held out, refused where they or the others are too few."""
    if isinstance(share, bool) or not 0 < share < 1:
        raise InvalidInputError(f"new classes: share={share!r}, expected a number in (0, 1)")
    if data.groups is not None:
        raise InvalidInputError("new classes: the classes are the units, so rows may have no other groups")
    count = data.classes.size
    held = round(share * count)
    if min(held, count - held) < 4:
        raise InvalidInputError(
            f"new classes: {held} of {count} classes would be held out; expected at least 4, and 4 to train on"
        )
    return held


def _metric_by_folds(prepared: Prepared, folds: Folds, rng: np.random.Generator) -> tuple[float, float]:
    """Return the best threshold of a metric for classes that it has not met, and its error; inf where none can be judged.

    The threshold is in units of the mean distance of training rows, as the size of a metric varies with what it was trained on.
    """
    similar = folds.similar(range(folds.count))
    if similar.all() or not similar.any():
        return math.nan, math.inf
    found = []
    for fold in range(folds.count):
        inside = replace(prepared, split=replace(prepared.split, train=folds.rows[folds.fitted_rows(fold)]))
        params = fit_subset(inside, prepared.data.names, rng=rng).params
        unit = _mean_distance(inside, params)
        if unit <= 0:
            return math.nan, math.inf
        found.append(_distances(prepared, params, folds.rows[folds.judged(fold)])[folds.pairs(fold)[0]] / unit)
    threshold, (_, error) = cut(np.concatenate(found), similar, folds.weights, folds.aim)
    return threshold, error


def _distances(prepared: Prepared, params: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    everyone = np.arange(rows.size)
    return of_trained(prepared, prepared.data.names, params, rows).between(everyone, everyone)


def _mean_distance(prepared: Prepared, params: NDArray[np.float64]) -> float:
    """Return the mean distance of training rows, of the first thousand."""
    return float(_distances(prepared, params, prepared.split.train[:1000]).mean())
