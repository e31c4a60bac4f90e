"""Risk minimisation on explicit pairs, of which nothing is known but their two sides and whether they are similar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from boundcalc.errors import InvalidInputError
from boundcalc.trainer.data.normalise import Normaliser
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.risk.erm import Fit, minimise_risk
from boundcalc.trainer.risk.pairs import ListedPairs
from boundcalc.trainer.risk.structures import Structure, make_structure

if TYPE_CHECKING:
    from boundcalc.trainer.data.reading import Blocks

__all__ = ["fit_listed"]


def fit_listed(
    left: Blocks,
    right: Blocks,
    labels: np.ndarray,
    trained: Sequence[str],
    *,
    settings: Settings,
    rng: np.random.Generator,
) -> tuple[Normaliser, Structure, Fit]:
    """Normalise on a calibration part of the pairs and minimise the risk on the rest.

    Parameters
    ----------
    left, right : (mapping of str to ndarray (P, d_k), mapping of str to bool ndarray (P,))
        Blocks and presence of every modality on both sides.
    labels : ndarray of shape (P,)
        +1 for similar pairs, -1 for others.
    trained : sequence of str
        The modalities to train on.
    settings : Settings
    rng : numpy.random.Generator
        Draws the calibration part.

    Raises
    ------
    InvalidInputError
        For features too large, or weights that need labelled examples.
    """
    count, dims = labels.shape[0], {name: block.shape[1] for name, block in left[0].items()}
    order = rng.permutation(count)
    held = round(settings.calibration * count) if count >= 10 else 0
    calibration, train = order[:held], order[held:]
    stacked = {name: np.concatenate([left[0][name][calibration], right[0][name][calibration]]) for name in dims}
    here = {name: np.concatenate([left[1][name][calibration], right[1][name][calibration]]) for name in dims}
    normaliser = Normaliser.fit(stacked, here, kind=settings.normalise, standardise=settings.standardise)
    sides = [
        [normaliser.apply(name, side[0][name][train], side[1][name][train]) for name in trained]
        for side in (left, right)
    ]
    both = [np.repeat((left[1][k] & right[1][k])[train][:, None], dims[k], axis=1) for k in trained]
    differences = np.where(np.hstack(both), np.hstack(sides[0]) - np.hstack(sides[1]), 0.0)
    largest = float(np.abs(differences).max(initial=0.0))
    if not largest < 1e50:
        raise InvalidInputError(
            f"pairs: features differ by up to {largest:g}, too much for sums of squared distances: normalise the "
            "rows, or rescale the features"
        )
    if settings.pair_weights == "balanced":
        raise InvalidInputError("pair_weights='balanced' needs labelled examples: give (omega_pos, omega_neg)")
    if settings.ranking is not None:
        raise InvalidInputError(f"loss={settings.ranking.name!r} compares pairs of rows: it needs labelled examples")
    structure = make_structure(settings.metric_class, dims={k: dims[k] for k in trained}, blocks=settings.blocks)
    weights = settings.pair_weights or (1.0, 1.0)
    pairs = ListedPairs(differences, labels[train] > 0)
    problem = settings.problem(pairs, structure, (float(weights[0]), float(weights[1])))
    fit = minimise_risk(problem, tolerance=settings.tolerance, max_evaluations=settings.max_evaluations)
    return normaliser, structure, fit
