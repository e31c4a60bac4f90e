"""Rows that are not held out, in folds: each kind of model is fitted without a fold and judges the pairs within it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.data.prepare import Prepared
from boundcalc.trainer.data.splits import pairs_within
from boundcalc.trainer.models.classes import Gaussians, logistic_regression
from boundcalc.trainer.models.low_rank import fit_low_rank
from boundcalc.trainer.models.pair_model import PairModel, stacked

__all__ = ["Folds", "Map", "Spec"]

Array = NDArray[np.float64]
#: Rows that are fitted to, rows that choose, and rows of a fold whose pairs are looked at.
_FITTED, _CHOOSING, _JUDGING = 20_000, 6000, 500
#: Fewer similar pairs than this within the folds ask for larger folds.
_SIMILAR = 50


class Spec(NamedTuple):
    """One kind of model with its strength; ``joint`` fits all modalities at once, else each alone, fused by weights."""

    structure: str
    kind: str
    joint: bool
    strength: float | None = None

    @property
    def options(self) -> dict[str, object]:
        """What a reader is told."""
        told: dict[str, object] = {"kind": self.kind, "fused": "jointly" if self.joint else "by weights"}
        names = {"logistic": "penalty", "pairs": "rank"}
        return told if self.strength is None else {**told, names.get(self.kind, "shrinkage"): self.strength}


class Map(NamedTuple):
    """A linear map of standardised columns, with a bias where its values are log-odds of classes."""

    factor: Array
    bias: Array | None


class Folds:
    """Standardised rows of all modalities outside the hold-out, and what is fitted to them without one of the folds.

    Parameters
    ----------
    prepared : Prepared
        No row of its hold-out part is read.
    by_class : bool
        Whether folds are made of whole classes, so that what is chosen is chosen for classes that no model has met.
    """

    def __init__(self, prepared: Prepared, *, by_class: bool = False) -> None:
        split, data = prepared.split, prepared.data
        part = np.concatenate([split.train, split.calibration])[:_FITTED]
        self.rows = part
        self.names = data.names
        self.widths = tuple(prepared.widths(self.names))
        ends = np.cumsum((0, *self.widths))
        self.columns = [np.arange(a, b) for a, b in pairwise(ends)]
        x, self.here = prepared.encoded_rows(self.names, part)
        at_hand = np.repeat(self.here, self.widths, axis=1)
        count = np.maximum(at_hand.sum(axis=0), 1)
        self.shift = np.where(at_hand, x, 0.0).sum(axis=0) / count
        x = np.where(at_hand, x - self.shift, 0.0)
        size = np.maximum(np.abs(x).max(axis=0), 1e-300)
        spread = size * np.sqrt(np.square(x / size).sum(axis=0) / count)
        self.scale = np.where(spread > 1e-12 * np.maximum(np.abs(self.shift), 1e-300), spread, np.inf)
        self.x = x / self.scale
        self.codes = data.codes[part]
        self.groups = np.arange(part.size) if data.groups is None else data.groups[part]
        self.weights, self.by_class = prepared.weights, by_class
        self._pairs: dict[int, tuple[NDArray[np.bool_], NDArray[np.bool_]]] = {}
        self.count, self.fold = self._drawn()
        self._gaussians: dict[tuple[int, tuple[int, ...]], Gaussians] = {}
        self._logistic: dict[tuple[int, tuple[int, ...]], dict[float, Map]] = {}

    def _drawn(self) -> tuple[int, NDArray[np.intp]]:
        """Return how many folds, and each row's; -1 where it is not looked at. Rows are in random order already."""
        unit = np.unique(self.codes if self.by_class else self.groups, return_inverse=True)[1]
        first = np.unique(unit, return_index=True)[1]
        order = np.argsort(np.argsort(first))[unit]  # groups in the order of their first row
        looked = np.arange(unit.size) < _CHOOSING
        for count in (4, 3, 2):
            fold = np.where(looked, order % count, -1)
            self.fold, self.count = fold, count
            self._pairs.clear()
            if sum(int(self.pairs(k)[1].sum()) for k in range(count)) >= _SIMILAR:
                break
        return count, fold

    def judged(self, fold: int) -> NDArray[np.intp]:
        """Return the rows of a fold whose pairs are looked at."""
        return np.flatnonzero(self.fold == fold)[:_JUDGING]

    def pairs(self, fold: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which pairs of the fold's rows count, as a matrix, and whether those are similar."""
        if fold not in self._pairs:
            rows = self.judged(fold)
            self._pairs[fold] = pairs_within(self.codes[rows], self.groups[rows])
        return self._pairs[fold]

    def fitted_rows(self, fold: int) -> NDArray[np.intp]:
        """Return the rows that a model without this fold is fitted to; all of them without fold -1."""
        return np.flatnonzero((self.fold != fold) & (self.fold >= 0)) if fold >= 0 else np.arange(self.codes.size)

    def columns_of(self, modalities: Sequence[int]) -> NDArray[np.intp]:
        """Return the columns of some modalities, one after the other."""
        return np.concatenate([self.columns[k] for k in modalities])

    def gaussians(self, fold: int, modalities: tuple[int, ...]) -> Gaussians:
        """Return the class model of some modalities on rows outside a fold."""
        key = (fold, modalities)
        if key not in self._gaussians:
            rows = self.fitted_rows(fold)
            codes = np.unique(self.codes[rows], return_inverse=True)[1]
            self._gaussians[key] = Gaussians.fit(self.x[np.ix_(rows, self.columns_of(modalities))], codes)
        return self._gaussians[key]

    def _regression(self, fold: int, modalities: tuple[int, ...], penalty: float) -> Map:
        known = self._logistic.setdefault((fold, modalities), {})
        if penalty not in known:
            rows = self.fitted_rows(fold)
            codes = np.unique(self.codes[rows], return_inverse=True)[1]
            nearest = min(known, key=lambda p: abs(np.log(p / penalty)), default=None)
            start = None if nearest is None else known[nearest]
            x = self.x[np.ix_(rows, self.columns_of(modalities))]
            known[penalty] = Map(*logistic_regression(x, codes, penalty=penalty, start=start))  # type: ignore[arg-type]
        return known[penalty]

    def map(self, spec: Spec, modalities: tuple[int, ...], fold: int) -> Map:
        """Return the model of some modalities at once on rows outside a fold."""
        columns = self.columns_of(modalities)
        if spec.structure == "modality":
            scale = self.scale[columns] if spec.kind == "raw" else np.ones(columns.size)
            scale = np.where(np.isfinite(self.scale[columns]), scale, 0.0)
            scale = scale / max(float(scale.max()), 1e-300)
            return Map(scale / max(float(np.sqrt(np.square(scale).sum())), 1e-300), None)
        if spec.kind == "logistic":
            assert spec.strength is not None
            return self._regression(fold, modalities, spec.strength)
        if spec.kind == "pairs":
            rows = self.fitted_rows(fold)
            start = self.gaussians(fold, modalities)
            found = fit_low_rank(
                self.x[np.ix_(rows, columns)], self.codes[rows], start=start.discriminant(start.ledoit_wolf),
                rank=int(spec.strength or 1), weights=self.weights,
            )  # fmt: skip
            return Map(found, None)
        model = self.gaussians(fold, modalities)
        shrinkage = model.ledoit_wolf if spec.strength is None else spec.strength
        if spec.structure == "discriminant":
            return Map(model.discriminant(shrinkage), None)
        return Map(*model.log_odds(shrinkage))

    def fused(self, spec: Spec, modalities: tuple[int, ...], fold: int, weights: Array) -> Map:
        """Return one map of all columns of the modalities, each alone fused by its weight, or all jointly."""
        if spec.joint:
            return self.map(spec, modalities, fold)
        maps = [self.map(spec, (k,), fold) for k in modalities]
        if maps[0].bias is None:
            return Map(stacked([np.sqrt(w) * one.factor for w, one in zip(weights, maps, strict=True)]), None)
        prior = np.log(self.gaussians(fold, modalities[:1]).counts)
        prior -= np.log(np.exp(prior).sum())
        biases = [w * (one.bias - prior) for w, one in zip(weights, maps, strict=True)]
        factor = np.concatenate([w * one.factor for w, one in zip(weights, maps, strict=True)])
        return Map(factor, np.asarray(sum(biases) + prior))

    def distances(self, found: Map, modalities: tuple[int, ...], rows: NDArray[np.intp]) -> Array:
        """Return D of all pairs of some rows, shape (m, m)."""
        columns, widths = self.columns_of(modalities), tuple(self.widths[k] for k in modalities)
        one = PairModel("", widths, np.zeros(columns.size), *found, 0.0, (), {}, (0.0, 0.0))
        everyone = np.arange(rows.size)
        return one.between(self.x[np.ix_(rows, columns)], self.here[rows][:, list(modalities)])(everyone, everyone)

    def log_odds(self, fold: int, modality: int) -> tuple[Array, Array, NDArray[np.intp]]:
        """Return a modality's evidence for each class on a fold's rows, the prior, and the rows' classes (-1: not met)."""
        model = self.gaussians(fold, (modality,))
        factor, bias = model.log_odds(model.ledoit_wolf)
        prior = np.log(model.counts / model.counts.sum())
        rows = self.judged(fold)
        known = np.unique(self.codes[self.fitted_rows(fold)])
        place = np.minimum(np.searchsorted(known, self.codes[rows]), known.size - 1)
        own = np.where(known[place] == self.codes[rows], place, -1)
        evidence = self.x[np.ix_(rows, self.columns[modality])] @ factor + (bias - prior)
        return np.where(self.here[rows, modality][:, None], evidence, 0.0), prior, own
