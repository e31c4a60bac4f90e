"""Hold-out risks after training on nested parts of the sample: the points of a learning curve."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import as_generator
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset import fit_subset
from boundcalc.trainer.risk.incomplete import SampledPairs
from boundcalc.trainer.risk.pairs import PairSource

__all__ = ["CurvePoints", "nested_risks"]

SMALLEST = 24
SIZES = 6
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class CurvePoints:
    """What models trained on nested parts reach on the same hold-out part.

    Attributes
    ----------
    subset : str
    sizes : tuple of int
        Training rows, rising.
    risk, pair_error : tuple of tuple of float
        For each random split, at each size: the (weighted) risk and the (weighted) pair error on the hold-out part.
    """

    subset: str
    sizes: tuple[int, ...]
    risk: tuple[tuple[float, ...], ...]
    pair_error: tuple[tuple[float, ...], ...]


def nested_risks(
    data: ModalityData,
    subset: Iterable[str],
    *,
    settings: Settings | None = None,
    rng: np.random.Generator | int | None = None,
    repeats: int = 3,
    progress: Progress | None = None,
) -> CurvePoints:
    """Train on nested parts of the training rows and test each model on the same hold-out part.

    Parameters
    ----------
    data : ModalityData
    subset : iterable of str
    settings : Settings, optional
    rng : numpy.random.Generator or int, optional
        Draws one split for each repeat.
    repeats : int
    progress : callable, optional
        Called with (done, all, what).

    Raises
    ------
    InvalidInputError
        If there is no hold-out part, or too few rows to fit a curve through.
    """
    settings, names = settings or Settings(), tuple(subset)
    children, done = as_generator(rng).spawn(repeats), 0
    risk, error = [], []
    sizes: tuple[int, ...] = ()
    for child in children:
        prepared = prepare(data, settings=settings, rng=child)
        train, holdout = prepared.split.train, prepared.split.holdout
        if holdout.size < 2 or train.size < 4 * SMALLEST:
            raise InvalidInputError(
                f"a learning curve needs a hold-out part and at least {4 * SMALLEST} training rows, "
                f"there are {holdout.size} and {train.size}"
            )
        sizes = tuple(np.unique(np.geomspace(SMALLEST, train.size, SIZES).astype(int)).tolist())
        tested: PairSource = prepared.all_pairs(names, holdout)
        if prepared.sampled(holdout):
            tested = SampledPairs(prepared, names, holdout, count=prepared.sample_size(holdout), rng=child)
        risks, errors = [], []
        for size in sizes:
            part = replace(prepared, split=replace(prepared.split, train=train[:size]))
            fit = fit_subset(part, names, rng=child)
            operator = prepared.structure(names).operator(fit.params)
            evaluated = tested.evaluate(
                operator, fit.threshold, loss=settings.pair_loss, weights=prepared.weights, gradient=False
            )
            risks.append(evaluated.value)
            ((found, _),) = tested.profiles(
                operator, settings.decision_threshold(fit.threshold), rhos=(), weights=(prepared.weights,)
            )
            errors.append(found)
            done += 1
            if progress is not None:
                progress(done, repeats * len(sizes), f"{size} rows")
        risk.append(tuple(risks))
        error.append(tuple(errors))
    return CurvePoints("+".join(names), sizes, tuple(risk), tuple(error))
