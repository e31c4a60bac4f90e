"""Our model beside what people would use instead: the same rows, the same folds for the threshold, the same hold-out."""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.certifying import certify_request
from boundcalc.certification.foreign import fitted
from boundcalc.certification.models import scorer
from boundcalc.certification.sources import Distances, of_pair_model
from boundcalc.errors import InvalidInputError
from boundcalc.guarantees.certified import Used, question
from boundcalc.language.arguments import as_generator
from boundcalc.language.ledger import Ledger, check_delta
from boundcalc.trainer import ModalityData
from boundcalc.trainer.data.prepare import Prepared, prepare
from boundcalc.trainer.data.splits import pairs_within
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset import fit_model, roc_area
from boundcalc.trainer.models.choosing import cut_scores
from boundcalc.trainer.models.folds import Folds

__all__ = ["Standing", "contest", "rivals"]

Array = NDArray[np.float64]
#: Hold-out rows whose pairs are measured.
_MEASURED = 3000
#: What is averaged over the splits.
_MEANS = ("error", "half_width", "auc", "mean_precision", "recall", "seconds")


@dataclass(frozen=True)
class Standing:
    """How one contender did, averaged over the splits.

    Attributes
    ----------
    name : str
    error : float
        Weighted share of wrong held-out pairs; balanced by the weights of the calibration part.
    half_width : float
        Of its normal 95 % interval over the held-out rows (jackknife of the pairs' mean): estimated, not certified.
    auc, mean_precision, recall : float
        Area under the ROC curve of held-out pairs; mean average precision and recall at 1, each held-out row asking the others.
    seconds : float
        To fit, and to choose the threshold by folds.
    certificate : float
        The first split's bound of the error; all contenders' hold at once.
    constant : float
        Error of the best constant rule on the rows that were certified.
    about : str
        What was chosen, or why it did not run.
    """

    name: str
    error: float
    half_width: float
    auc: float
    mean_precision: float
    recall: float
    seconds: float
    certificate: float
    constant: float
    about: str = ""

    @property
    def vacuous(self) -> bool:
        """Whether the certificate says no more than the constant rule."""
        return self.certificate >= self.constant

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**vars(self), "vacuous": self.vacuous}


def rivals() -> Mapping[str, Any]:
    """Return what people would use instead, unfitted; those whose packages are installed."""
    if importlib.util.find_spec("sklearn") is None:
        return {}
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import NeighborhoodComponentsAnalysis
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found: dict[str, Any] = {
        "Euclidean": StandardScaler(),
        "NCA": make_pipeline(StandardScaler(), NeighborhoodComponentsAnalysis(random_state=0)),
        "LDA": make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()),
        "logistic pair score": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    }
    if importlib.util.find_spec("metric_learn") is not None:
        named = {"ITML": "ITML_Supervised", "LMNN": "LMNN", "MMC": "MMC_Supervised"}
        found |= {label: _OfMetricLearn(name) for label, name in named.items()}
    return found


@dataclass(frozen=True)
class _OfMetricLearn:
    """A model of metric-learn by its name, imported when it is fitted: releases that do not run here then say so in their line."""

    name: str

    @property
    def __name__(self) -> str:
        """What a message calls it."""
        return f"metric_learn.{self.name}"

    def fit(self, x: Array, y: NDArray[np.intp]) -> Any:
        """Return the fitted model, with its standardised columns."""
        import metric_learn
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), getattr(metric_learn, self.name)()).fit(x, y)


def contest(
    data: ModalityData,
    *,
    models: Mapping[str, Any] | None = None,
    splits: int = 3,
    delta: float = 0.05,
    rng: Any = 0,
    holdout: float = 0.4,
    calibration: float = 0.2,
    progress: Callable[[float, int, str], None] | None = None,
    **settings: Any,
) -> tuple[Standing, ...]:
    """Fit every contender to the rows that are not held out, choose its threshold by the same folds, and test it.

    Parameters
    ----------
    data : ModalityData
    models : mapping of str to object or class, optional
        Further models, as for :func:`boundcalc.train`.
    splits : int
        Random splits that are averaged.
    delta : float
        All certificates of the first split hold at once with probability at least 1 - delta.
    rng : int or numpy.random.Generator
    holdout, calibration : float
        Shares of the rows that test, and that fix normalisation and weights.
    progress : callable, optional
        Called as ``progress(done, total, message)``.
    **settings
        Of our model, such as ``structure``.

    Returns
    -------
    tuple of Standing
        The smallest error first.

    Raises
    ------
    InvalidInputError
        On bad settings.
    """
    check_delta(delta)
    if isinstance(splits, bool) or not isinstance(splits, (int, np.integer)) or splits < 1:
        raise InvalidInputError(f"splits={splits!r}: expected an integer >= 1")
    chosen = Settings(**{"pair_weights": "balanced", "holdout": holdout, "calibration": calibration, **settings})
    others: dict[str, Any] = {**rivals(), **(models or {})}
    names = ["boundcalc", *others]
    parts = {name: Fraction(1, len(names)) for name in names}
    levels = Ledger.split(delta, ["certificate"]).over("models", parts)
    generator, report = as_generator(rng), progress or (lambda *_: None)
    found: dict[str, list[Standing]] = {name: [] for name in names}
    for split in range(splits):
        prepared = prepare(data, settings=chosen, rng=generator)
        folds = Folds(prepared)
        for k, name in enumerate(names):
            report(split * len(names) + k, splits * len(names), name)
            began = time.perf_counter()
            try:
                used, about = (
                    _ours(prepared, folds)
                    if k == 0
                    else _theirs(others[name], prepared, folds, name, own=name in (models or {}))
                )
            except InvalidInputError as error:
                if k == 0 or name in (models or {}):
                    raise
                used, about = None, str(error)
            seconds = time.perf_counter() - began
            level = levels[f"certificate[{name}]"] if split == 0 else None
            found[name].append(_standing(name, prepared, used, seconds, about, level))
    return tuple(
        sorted((_averaged(several) for several in found.values()), key=lambda one: (math.isnan(one.error), one.error))
    )


def _ours(prepared: Prepared, folds: Folds) -> tuple[Used, str]:
    names = prepared.data.names
    model = fit_model(prepared, names, folds=folds)
    if model is None:
        raise InvalidInputError(
            f"structure={prepared.settings.structure!r}: expected one that is fitted to the classes, and rows enough for it"
        )

    def distances(rows: NDArray[np.intp]) -> Distances:
        return of_pair_model(model, *prepared.encoded_rows(names, rows))

    told = ", ".join(f"{name} {value}" for name, value in model.options.items())
    return Used(distances, model.threshold, model.error[1], model.structure), f"{model.structure}: {told}"


def _theirs(model: Any, prepared: Prepared, folds: Folds, name: str, *, own: bool = False) -> tuple[Used, str]:
    """Fit without each fold for the threshold, then to all rows that are not held out; ``own`` models see labels as they are."""
    x = prepared.encoded_rows(prepared.data.names, np.arange(prepared.data.n))[0]
    y = prepared.data.y if own else prepared.data.codes  # metric-learn wants numbers
    judged = []
    for fold in range(folds.count):
        rows = folds.rows[folds.fitted_rows(fold)]
        inside = folds.judged(fold)
        between = scorer(fitted(model, x[rows], y[rows]), x)(folds.rows[inside]).between
        everyone = np.arange(inside.size)
        judged.append(between(everyone, everyone)[folds.pairs(fold)[0]])
    similar = np.concatenate([folds.pairs(k)[1] for k in range(folds.count)])
    threshold, error = cut_scores(np.concatenate(judged), similar, prepared.weights)
    return Used(scorer(fitted(model, x[folds.rows], y[folds.rows]), x), threshold, error, name), ""


def _standing(
    name: str, prepared: Prepared, used: Used | None, seconds: float, about: str, level: float | None
) -> Standing:
    """Measure a contender on the held-out rows."""
    if used is None:
        return Standing(name, **dict.fromkeys((*_MEANS, "certificate", "constant"), math.nan), about=about)
    part = prepared.split.holdout[:_MEASURED]
    codes, groups = prepared.data.codes[part], prepared.data.groups
    everyone = np.arange(part.size)
    distances = used.distances(part).between(everyone, everyone)
    upper, similar = pairs_within(codes, None if groups is None else groups[part])
    apart, same = upper | upper.T, codes[:, None] == codes
    wrong = np.where(
        same, prepared.weights[0] * (distances >= used.threshold), prepared.weights[1] * (distances < used.threshold)
    )
    rows = np.where(apart, wrong, 0.0).sum(axis=1) / np.maximum(apart.sum(axis=1), 1)
    area = roc_area(distances[upper], similar)
    precision, recall = _retrieval(np.where(apart, distances, np.inf), same & apart)
    bound = constant = math.nan
    if level is not None:
        fixed = (f"{name} with its threshold (rows outside the hold-out)",)
        found = certify_request(question(prepared, used, weights=prepared.weights, delta=level, fixed=fixed))
        bound, constant = found.value, found.constant
    half = 1.96 * 2.0 * float(rows.std()) / math.sqrt(part.size)
    area = math.nan if area is None else area
    return Standing(name, float(rows.mean()), half, area, precision, recall, seconds, bound, constant, about)


def _retrieval(distances: Array, same: NDArray[np.bool_]) -> tuple[float, float]:
    """Return mean average precision and recall at 1 over the rows that have a row of their class among the others."""
    order = np.argsort(distances, axis=1, kind="stable")
    hits = np.take_along_axis(same, order, axis=1)
    asked = hits.any(axis=1)
    if not asked.any():
        return math.nan, math.nan
    hits = hits[asked]
    precision = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    return float(((precision * hits).sum(axis=1) / hits.sum(axis=1)).mean()), float(hits[:, 0].mean())


def _averaged(several: Sequence[Standing]) -> Standing:
    first = several[0]
    means: dict[str, Any] = {name: float(np.mean([getattr(one, name) for one in several])) for name in _MEANS}
    return replace(first, **means)
