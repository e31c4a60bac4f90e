"""What is trained for a plan: a metric, or a model of the classes, with what it shows and certifies on rows it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.bijections import SPLITS
from boundcalc.certification.draws import Kernel
from boundcalc.certification.kernels import Derived, PairErrors, averaged, members_of
from boundcalc.certification.measured import pair_sums
from boundcalc.certification.rates import rate_bound
from boundcalc.certification.search import population_bound
from boundcalc.certification.sources import Distances, of_trained
from boundcalc.frozen import Frozen
from boundcalc.planner.offers import Question
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.prepare import Prepared, prepare
from boundcalc.trainer.data.splits import Split
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset_fit import fit_subset
from boundcalc.trainer.models.choosing import choose
from boundcalc.trainer.models.folds import Folds, Spec
from boundcalc.trainer.models.pair_model import PairModel

__all__ = ["COARSE", "Model", "coarser", "train_on", "trained"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

#: Of models that only tell what is expected: certified error asked for, and pairs drawn.
_TOLERANCE, _SAMPLED = 5e-3, 100_000
#: One of each kind of model that "auto" chooses among: they tell what to expect of the choice among all in a third of the time.
COARSE = (
    Spec("modality", "raw", False),
    Spec("discriminant", "gaussian", True),
    Spec("posterior", "gaussian", True),
    Spec("posterior", "gaussian", False),
    Spec("posterior", "logistic", True, 1.0),
    Spec("posterior", "gaussian", True, 1.0, "bumps"),
)


def coarser(settings: Settings) -> Settings:
    """Return the settings with which models are trained that only tell what is expected."""
    pairs = min(settings.sampled_pairs, _SAMPLED)
    return replace(settings, tolerance=max(_TOLERANCE, settings.tolerance), sampled_pairs=pairs)


@dataclass(frozen=True)
class Model(Frozen):
    """What was trained on some rows: a metric, or a model of the classes in its place.

    Attributes
    ----------
    prepared : Prepared
    subset : tuple of str
    threshold : float
    params : ndarray or None
        Of the metric.
    model : PairModel or None
    """

    prepared: Prepared
    subset: tuple[str, ...]
    threshold: float
    params: Array | None = None
    model: PairModel | None = None

    @property
    def start(self) -> tuple[Array, float] | None:
        """Where the training of a metric on more rows starts."""
        return None if self.params is None else (self.params, self.threshold)

    def distances(self, part: Rows) -> Distances:
        """Return the distances of some rows."""
        params = np.empty(0) if self.params is None else self.params
        return of_trained(self.prepared, self.subset, params, part, self.model)

    def errors(self, part: Rows, weights: tuple[float, float] = (1.0, 1.0)) -> PairErrors:
        """Return the weighted errors of pairs of some rows."""
        distances = self.distances(part)
        return PairErrors(distances.between, self.prepared.data.codes[part], self.threshold, weights, distances.tie)

    def members(self, part: Rows) -> list[Rows] | None:
        """Return which of some rows belong to one group, for each group; None where rows have none."""
        groups = self.prepared.data.groups
        return None if groups is None else members_of(groups[part])

    def between(self, part: Rows, kernel: PairErrors | Derived) -> Kernel:
        """Return a kernel between units of some rows: the rows themselves, or their groups."""
        members = self.members(part)
        return kernel if members is None else averaged(kernel, members)

    def certificate(
        self, part: Rows, *, question: Question, rng: np.random.Generator, delta: float | None = None
    ) -> float:
        """Return the certificate of the quantity on held-out rows, at the question's delta if not given."""
        level = delta or question.delta
        if question.quantity != "pair_error":
            return rate_bound(
                self.distances(part), self.prepared.data.codes[part], self.threshold, name=question.quantity, delta=level,
                members=self.members(part), splits=SPLITS, rng=rng,
            )  # fmt: skip
        weights, units = self.prepared.weights, self.prepared.units(part)
        errors = self.errors(part, weights)
        return population_bound(
            self.between(part, errors), units, weights=weights, scale=errors.scale, delta=level, kappa=None, splits=SPLITS,
            rng=rng,
        )[0]  # fmt: skip

    def measured(self, part: Rows, *, question: Question) -> tuple[float, float]:
        """Return the quantity on held-out rows, and what the better constant rule has."""
        data = self.prepared.data
        groups = None if data.groups is None else data.groups[part]
        sums = pair_sums(self.distances(part), data.codes[part], self.threshold, groups=groups)
        if question.quantity != "pair_error":
            return (sums.match_rate if question.quantity == "fmr" else sums.non_match_rate), 1.0
        return sums.error(self.prepared.weights), sums.constant(self.prepared.weights)


def train_on(
    data: ModalityData, subset: tuple[str, ...], *, split: Split, settings: Settings, rng: np.random.Generator
) -> Model:
    """Train a subset on a given split."""
    return trained(prepare(data, settings=settings, rng=rng, split=split), subset, rng=rng)


def trained(
    prepared: Prepared,
    subset: Sequence[str],
    *,
    rng: np.random.Generator,
    folds: Folds | None = None,
    start: tuple[Array, float] | None = None,
    specs: Sequence[Spec] | None = None,
) -> Model:
    """Train a subset on what is prepared, as ``train`` does.

    Parameters
    ----------
    prepared : Prepared
    subset : sequence of str
    rng : numpy.random.Generator
    folds : Folds, optional
        What models of the classes are chosen by, where several subsets share it.
    start : (params, threshold), optional
        Of a metric.
    specs : sequence of Spec, optional
        The only candidates among models of the classes.
    """
    settings, names = prepared.settings, tuple(subset)
    if settings.fits_model:
        model = choose(Folds(prepared) if folds is None else folds, names, settings, specs=specs)
        if model is not None:
            return Model(prepared, names, model.threshold, model=model)
    fit = fit_subset(prepared, names, start=start, rng=rng)
    return Model(prepared, names, settings.decision_threshold(fit.threshold), fit.params)
