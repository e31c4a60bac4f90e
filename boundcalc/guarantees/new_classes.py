"""Certificates for classes that no model has met: whole classes are held out, and classes are what is drawn independently."""

from __future__ import annotations

from typing import Any

import numpy as np

from boundcalc.certification.certifying import certify_request
from boundcalc.certification.sources import of_trained
from boundcalc.errors import InvalidInputError
from boundcalc.guarantees.certified import Certified, Used, question
from boundcalc.language.arguments import as_generator
from boundcalc.language.ledger import check_delta
from boundcalc.trainer import ModalityData
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.data.splits import Split
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset import fit_subset
from boundcalc.trainer.models.choosing import choose
from boundcalc.trainer.models.folds import Folds

__all__ = ["certify_new_classes"]


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
        Of the model, such as ``structure``; it is chosen by folds of whole classes.

    Raises
    ------
    InvalidInputError
        On bad settings, or fewer than four classes to hold out or to train on.
    """
    check_delta(delta)
    if isinstance(share, bool) or not 0 < share < 1:
        raise InvalidInputError(f"new classes: share={share!r}, expected a number in (0, 1)")
    if data.groups is not None:
        raise InvalidInputError("new classes: the classes are the units, so rows may have no other groups")
    generator, count = as_generator(rng), data.classes.size
    held = round(share * count)
    if min(held, count - held) < 4:
        raise InvalidInputError(
            f"new classes: {held} of {count} classes would be held out; expected at least 4, and 4 to train on"
        )
    unseen = np.isin(data.codes, generator.permutation(count)[:held])
    seen = generator.permutation(np.flatnonzero(~unseen))
    first = round(calibration * seen.size)
    split = Split(seen[:first], np.flatnonzero(unseen), seen[first:])
    chosen = Settings(**{"pair_weights": "balanced", **settings})
    prepared = prepare(data, settings=chosen, rng=generator, split=split)
    names = data.names
    model = choose(Folds(prepared, by_class=True), names, chosen) if chosen.fits_model else None
    if model is None:
        fit = fit_subset(prepared, names, rng=generator)
        params, threshold = fit.params, chosen.decision_threshold(fit.threshold)
        said = prepared.structure(names).name
    else:
        params, threshold, said = np.empty(0), model.threshold, model.structure
    label = "+".join(names)
    used = Used(lambda rows: of_trained(prepared, names, params, rows, model), threshold, 0.0, said)
    fixed = (
        f"the {said} model on {label} with its threshold (rows of the other {count - held} classes)",
        f"which {held} classes are held out (drawn at random)",
        "the seed of the splits, which have not seen the held-out rows",
    )
    return Certified(
        label, certify_request(question(prepared, used, weights=None, delta=delta, fixed=fixed, by_class=True))
    )
