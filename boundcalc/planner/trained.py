"""What is trained for a plan: a metric, or a model of the classes, with what it shows and certifies on rows it has not seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.bijections import SPLITS
from boundcalc.certification.draws import Kernel
from boundcalc.certification.kernels import Derived, PairErrors, averaged, members_of
from boundcalc.certification.measured import PairSums, pair_sums
from boundcalc.certification.rates import rate_bound
from boundcalc.certification.search import population_bound
from boundcalc.certification.sources import Distances, of_trained
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems
from boundcalc.language.records import check_entries, plain, rebuild
from boundcalc.planner.offers import Question
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.prepare import Prepared, prepare
from boundcalc.trainer.data.splits import Split
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset_fit import fit_subset
from boundcalc.trainer.measure.subset_result import SubsetResult
from boundcalc.trainer.models.choosing import choose
from boundcalc.trainer.models.folds import Folds, Spec
from boundcalc.trainer.models.pair_model import PairModel

__all__ = ["COARSE", "Kept", "Model", "coarser", "train_on", "trained"]

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
class Kept(Frozen):
    """What is stored of a model: its threshold, the metric or the model of the classes, and its pair error on held-out rows."""

    threshold: float
    params: Array | None
    model: PairModel | None
    error: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return dict(plain(self))

    @classmethod
    def from_dict(cls, record: Any) -> Kept:
        """Read :meth:`to_dict`, refused where it contradicts itself."""
        check_entries(record, cls.__dataclass_fields__)
        threshold, error = (rebuild(float, record[name]) for name in ("threshold", "error"))
        params = None if record["params"] is None else np.array(record["params"], dtype=float)
        model = None if record["model"] is None else PairModel.from_dict(record["model"])
        problems = Problems("a model")
        problems.number("threshold", threshold)
        problems.number("error", error, low=0.0)
        problems.require((params is None) != (model is None), "expected a metric or a model of the classes")
        problems.require(params is None or bool(np.isfinite(params).all()), "params: expected finite numbers")
        problems.require(model is None or model.threshold == threshold, "it has two thresholds")
        problems.raise_if_any()
        return cls(threshold, params, model, error)


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

    @classmethod
    def measured(cls, prepared: Prepared, result: SubsetResult) -> Model:
        """Return what was measured on a subset."""
        params = result.array() if result.model is None else None
        return cls(prepared, result.modalities, result.decision, params, result.model)

    @classmethod
    def stored(cls, kept: Kept, *, prepared: Prepared, subset: Sequence[str]) -> Model:
        """Return a model that was stored, refused where it is none of the subset or does not err as it says."""
        found = cls(prepared, tuple(subset), kept.threshold, kept.params, kept.model)
        problems = Problems(f"the model of {'+'.join(subset)}")
        shape = None if kept.params is None else (kept.params.shape, prepared.structure(subset).shape)
        columns = None if kept.model is None else (list(kept.model.widths), prepared.widths(subset))
        for have, need in (one for one in (shape, columns) if one is not None):
            problems.require(have == need, f"it is one of {have}: expected {need}")
        problems.raise_if_any()
        told = f"error = {kept.error:g} is not what it has on the held-out rows"
        problems.require(math.isclose(found.shown()[0], kept.error, rel_tol=1e-9, abs_tol=1e-12), told)
        problems.raise_if_any()
        return found

    @property
    def kept(self) -> Kept:
        """What is stored of it."""
        return Kept(self.threshold, self.params, self.model, self.shown()[0])

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

    def _sums(self, part: Rows) -> PairSums:
        data = self.prepared.data
        groups = None if data.groups is None else data.groups[part]
        return pair_sums(self.distances(part), data.codes[part], self.threshold, groups=groups)

    @cached_property
    def _held_out(self) -> PairSums:
        return self._sums(self.prepared.split.holdout)

    def shown(self, quantity: str = "pair_error", *, part: Rows | None = None) -> tuple[float, float]:
        """Return the quantity on rows, the held-out ones if none are given, and what the better constant rule has."""
        sums = self._held_out if part is None else self._sums(part)
        if quantity != "pair_error":
            return (sums.match_rate if quantity == "fmr" else sums.non_match_rate), 1.0
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
