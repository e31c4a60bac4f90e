"""Rows that are not held out, in folds: each kind of model is fitted without a fold and judges the pairs within it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.data.prepare import Prepared
from boundcalc.trainer.data.splits import pairs_within
from boundcalc.trainer.models.classes import Gaussians, class_means, logistic_regression, shrunk_log_odds
from boundcalc.trainer.models.lift import Lift
from boundcalc.trainer.models.low_rank import fit_low_rank
from boundcalc.trainer.models.pair_model import Gaps, embedded, log_odds, square_gaps, squared_map, stacked
from boundcalc.trainer.risk.distances import cross_distances

__all__ = ["FEW", "Folds", "Map", "Spec", "blended"]

Array = NDArray[np.float64]
#: Rows that are fitted to, rows that choose, and rows of a fold whose pairs are looked at.
_FITTED, _CHOOSING, _JUDGING = 20_000, 6000, 500
#: Numbers of a block of rows.
_ENTRIES = 2**21
#: Fewer rows than this tell strengths apart too badly for many of them, or many folds, to be worth their time.
FEW = 250
#: Evidence of more numbers is not kept for the next subset.
_KEPT = 50_000
#: Fewer similar pairs than this within the folds ask for larger folds.
_SIMILAR = 50
#: Rows that bumps stand at, and the shrinkage of the Gaussians on bumps and their reach, relative to 2 d, where none is asked for.
_LANDMARKS, _SMOOTH = 200, 1e-3


class Spec(NamedTuple):
    """One kind of model with its strength; ``joint`` fits all modalities at once, else each alone, fused by weights.

    ``columns`` are the standardised "rows", "bent" ones or "bumps" (see :class:`Lift`), whose strength is their reach.
    """

    structure: str
    kind: str
    joint: bool
    strength: float | None = None
    columns: str = "rows"

    @property
    def name(self) -> str:
        """Kind, columns and fusion in a few words."""
        return f"{self.kind} on {self.columns}" + ", fused" * (not self.joint)

    @property
    def options(self) -> dict[str, object]:
        """What a reader is told."""
        told: dict[str, object] = {"kind": self.kind, "fused": "jointly" if self.joint else "by weights"}
        told |= {} if self.columns == "rows" else {"columns": self.columns}
        name = (
            "reach" if self.columns == "bumps" else {"logistic": "penalty", "pairs": "rank"}.get(self.kind, "shrinkage")
        )
        return told if self.strength is None else {**told, name: self.strength}


class Map(NamedTuple):
    """A linear map of standardised columns or of a lift of them, with a bias where its values are log-odds of classes.

    ``offsets`` (K, c) are what that bias holds of each of its modalities.
    """

    factor: Array
    bias: Array | None
    lift: Lift | None = None
    offsets: Array | None = None


class _Columns(NamedTuple):
    """What a model is fitted to: columns of rows, how they were centred and scaled, and their place in a lift.

    ``there`` says which entries are at hand, None where all are; ``starts`` where the columns of each modality begin.
    """

    values: Array
    centre: Array
    spread: Array
    place: slice
    lift: Lift | None
    there: NDArray[np.bool_] | None
    starts: NDArray[np.intp]

    def restored(self, factor: Array, bias: Array, prior: Array, means: Array | None = None) -> Map:
        """Return a map of the centred and scaled columns as one of the lift.

        A column v speaks for a class of mean m by factor (v - m / 2), so much of the bias is its own; without ``means`` columns
        speak of all modalities at once. All evidence is that of a single modality.
        """
        offsets = None
        if means is not None:
            offsets = -np.add.reduceat(factor * (self.centre / self.spread + 0.5 * means).T, self.starts, axis=0)
        own = factor / self.spread[:, None]
        whole, bias = own, bias - self.centre @ own
        if self.lift is not None:
            whole = np.zeros((self.lift.width, factor.shape[1]))
            whole[self.place] = own
        return Map(whole, bias, self.lift, (bias - prior)[None] if self.starts.size == 1 else offsets)


def blended(maps: Sequence[Map], shares: Sequence[float], prior: Array) -> Map:
    """Return the map whose evidence, log-odds less those of the prior, is a weighted sum of others' of the same columns."""
    lift = max((one.lift for one in maps if one.lift is not None), key=lambda one: one.width, default=None)
    factor, bias = np.zeros((max(one.factor.shape[0] for one in maps), prior.size)), prior.copy()
    offsets: Array | None = None
    for one, share in zip(maps, shares, strict=True):
        assert one.bias is not None
        factor[: one.factor.shape[0]] += share * one.factor
        bias += share * (one.bias - prior)
        if one.offsets is not None:
            offsets = share * one.offsets + (0.0 if offsets is None else offsets)
    return Map(factor, bias, lift, offsets)


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
        missing = np.repeat(~self.here, self.widths, axis=1)
        count = np.maximum((~missing).sum(axis=0), 1)
        x[missing] = 0.0  # in place throughout: one copy of the rows
        self.shift = x.sum(axis=0) / count
        x -= self.shift
        x[missing] = 0.0
        size = np.maximum(np.maximum(x.max(axis=0), -x.min(axis=0)), 1e-300)
        step = max(1, _ENTRIES // len(x))
        some = [slice(k, k + step) for k in range(0, size.size, step)]
        squares = np.concatenate([np.square(x[:, columns] / size[columns]).sum(axis=0) for columns in some])
        spread = size * np.sqrt(squares / count)
        self.scale = np.where(spread > 1e-12 * np.maximum(np.abs(self.shift), 1e-300), spread, np.inf)
        x /= self.scale
        self.x = x
        self.codes = data.codes[part]
        self.groups = np.arange(part.size) if data.groups is None else data.groups[part]
        self.weights, self.by_class, self.aim = prepared.weights, by_class, prepared.settings.threshold_for
        self._pairs: dict[int, tuple[NDArray[np.bool_], NDArray[np.bool_]]] = {}
        self.count, self.fold = self._drawn()
        similar = self.similar(range(self.count))
        if by_class and 0 < similar.mean() < 1:  # few classes of a fold make more similar pairs than all of them do
            self.weights = (0.5 / float(similar.mean()), 0.5 / float(1.0 - similar.mean()))
        self._known: dict[tuple[object, ...], Any] = {}
        self._last: tuple[tuple[Any, ...], _Columns] | None = None
        self._logistic: dict[tuple[object, ...], dict[float, tuple[Array, Array]]] = {}

    def _drawn(self) -> tuple[int, NDArray[np.intp]]:
        """Return how many folds, and each row's; -1 where it is not looked at. Rows are in random order already."""
        unit = np.unique(self.codes if self.by_class else self.groups, return_inverse=True)[1]
        first = np.unique(unit, return_index=True)[1]
        order = np.argsort(np.argsort(first))[unit]  # groups in the order of their first row
        looked = np.arange(unit.size) < _CHOOSING
        for count in (3, 2) if unit.size < FEW and not self.by_class else (4, 3, 2):
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

    def similar(self, some: Sequence[int]) -> NDArray[np.bool_]:
        """Return whether the pairs of some folds are similar, one fold after the other."""
        return np.concatenate([self.pairs(k)[1] for k in some])

    def fitted_rows(self, fold: int) -> NDArray[np.intp]:
        """Return the rows that a model without this fold is fitted to; all of them without fold -1."""
        return np.flatnonzero((self.fold != fold) & (self.fold >= 0)) if fold >= 0 else np.arange(self.codes.size)

    def columns_of(self, modalities: Sequence[int]) -> NDArray[np.intp]:
        """Return the columns of some modalities, one after the other."""
        return np.concatenate([self.columns[k] for k in modalities])

    def x_of(self, modalities: Sequence[int], rows: NDArray[np.intp] | None = None) -> Array:
        """Return the standardised columns of some modalities, of all rows or some of them."""
        x = self.x if rows is None else self.x[rows]
        return x if tuple(modalities) == tuple(range(len(self.columns))) else x[:, self.columns_of(modalities)]

    def _columns(self, fold: int, modalities: tuple[int, ...], columns: str, reach: float | None) -> _Columns:
        """Return what a model without a fold is fitted to."""
        rows = self.fitted_rows(fold)
        x, there = np.ascontiguousarray(self.x_of(modalities, rows)), self.there(modalities, rows)
        starts = np.cumsum((0, *(self.widths[k] for k in modalities[:-1])))
        d = x.shape[1]
        if columns == "rows":
            return _Columns(x, np.zeros(d), np.ones(d), slice(0, d), None, there, starts)
        bumps = columns == "bumps"
        # Short numbers: where exactly a landmark stands does not matter, and it is stored.
        landmarks = x[:_LANDMARKS].round(2) if bumps else np.empty((0, d))
        lift = Lift(np.ones(d), landmarks, 2.0 * d * (reach or 1.0))
        place = slice(2 * d, None) if bumps else slice(d, 2 * d)
        some = [
            (part, None if there is None else there[part])
            for part in np.array_split(np.arange(len(x)), 1 + x.size // _ENTRIES)
        ]
        values = np.concatenate([lift(x[part], known)[:, place] for part, known in some])
        if there is not None and bumps:  # a bump is where any column is
            there = np.repeat(there.any(axis=1, keepdims=True), values.shape[1], axis=1)
        at = True if there is None else there
        centre = values.mean(axis=0, where=at)
        spread = np.ones(values.shape[1]) if bumps else values.std(axis=0, where=at)
        spread = np.where(spread > 1e-9, spread, np.inf)
        values -= centre
        values /= spread
        if there is not None:
            values[~there] = 0.0
        return _Columns(values, centre, spread, place, lift, there, starts)

    def _cached(self, name: str, make: Callable[..., Any], *key: Any) -> Any:
        if (name, *key) not in self._known:
            self._known[name, *key] = make(*key)
        return self._known[name, *key]

    def _fit_gaussians(
        self, fold: int, modalities: tuple[int, ...], columns: str = "rows"
    ) -> tuple[Gaussians, _Columns]:
        made = self._columns(fold, modalities, columns, None)
        model = Gaussians.fit(made.values, self._classes(fold)[2], there=made.there)
        return model, made._replace(values=np.empty((0, 0)), there=None)

    def _fit_bumps(self, fold: int, modalities: tuple[int, ...], reach: float | None) -> Map:
        made = self._columns(fold, modalities, "bumps", reach)
        found = shrunk_log_odds(made.values, self._classes(fold)[2], _SMOOTH, there=made.there)
        return made.restored(*found, self.prior(fold))

    def _classes(self, fold: int) -> tuple[NDArray[np.intp], Array, NDArray[np.intp]]:
        """Return the classes among the rows outside a fold, the log of their shares, and each row's place among them."""
        return self._cached("classes", self._find_classes, fold)

    def _find_classes(self, fold: int) -> tuple[NDArray[np.intp], Array, NDArray[np.intp]]:
        known, own, counts = np.unique(self.codes[self.fitted_rows(fold)], return_inverse=True, return_counts=True)
        return known, np.log(counts / counts.sum()), own

    def gaussians(self, fold: int, modalities: tuple[int, ...]) -> Gaussians:
        """Return the class model of some modalities on rows outside a fold."""
        return self._cached("gaussians", self._fit_gaussians, fold, modalities, "rows")[0]

    def _regression(self, fold: int, modalities: tuple[int, ...], columns: str, penalty: float) -> Map:
        key = (fold, modalities, columns, None)
        if self._last is None or self._last[0] != key:  # rows are many: those of one fold at a time
            self._last = key, self._columns(*key)
        made = self._last[1]
        known = self._logistic.setdefault((fold, modalities, columns), {})
        if penalty not in known:
            codes = self._classes(fold)[2]
            # Solutions at other penalties are near, and so are those without another fold.
            other = self._logistic.get((0, modalities, columns), {}).get(penalty)
            alike = other is not None and other[1].size == self._classes(fold)[0].size
            nearest = min(known, key=lambda p: abs(np.log(p / penalty)), default=None)
            start = other if alike else None if nearest is None else known[nearest]
            known[penalty] = logistic_regression(made.values, codes, penalty=penalty, start=start)
        means = class_means(made.values, self._classes(fold)[2], made.there)[1]
        return made.restored(*known[penalty], self.prior(fold), means)

    def prior(self, fold: int) -> Array:
        """Return the log shares of the classes among the rows outside a fold."""
        return self._classes(fold)[1]

    def map(self, spec: Spec, modalities: tuple[int, ...], fold: int) -> Map:
        """Return the model of some modalities at once on rows outside a fold."""
        if self.codes.size < FEW:  # maps are small then, and asked for again and again
            return self._cached("map", self._fit_map, spec, modalities, fold)
        return self._fit_map(spec, modalities, fold)

    def _fit_map(self, spec: Spec, modalities: tuple[int, ...], fold: int) -> Map:
        columns = self.columns_of(modalities)
        if spec.structure == "modality":
            scale = self.scale[columns] if spec.kind == "raw" else np.ones(columns.size)
            scale = np.where(np.isfinite(self.scale[columns]), scale, 0.0)
            scale = scale / max(float(scale.max()), 1e-300)
            return Map(scale / max(float(np.sqrt(np.square(scale).sum())), 1e-300), None)
        if spec.kind == "logistic":
            assert spec.strength is not None
            return self._regression(fold, modalities, spec.columns, spec.strength)
        if spec.kind == "pairs":
            rows = self.fitted_rows(fold)
            start = self.gaussians(fold, modalities)
            found = fit_low_rank(
                self.x_of(modalities, rows), self.codes[rows], start=start.discriminant(start.ledoit_wolf),
                rank=int(spec.strength or 1), weights=self.weights,
            )  # fmt: skip
            return Map(found, None)
        if spec.columns == "bumps":
            return self._cached("bumps", self._fit_bumps, fold, modalities, spec.strength)
        model, made = self._cached("gaussians", self._fit_gaussians, fold, modalities, spec.columns)
        shrinkage = model.ledoit_wolf if spec.strength is None else spec.strength
        if spec.structure == "discriminant":
            return Map(model.discriminant(shrinkage), None)
        return made.restored(*model.log_odds(shrinkage), self.prior(fold), model.means)

    def fused(self, spec: Spec, modalities: tuple[int, ...], fold: int, weights: Array) -> Map:
        """Return one map of all columns of the modalities, each alone fused by its weight, or all jointly."""
        if spec.joint:
            return self.map(spec, modalities, fold)
        maps = [self.map(spec, (k,), fold) for k in modalities]
        if maps[0].bias is None:
            return Map(stacked([np.sqrt(w) * one.factor for w, one in zip(weights, maps, strict=True)]), None)
        prior = self.prior(fold)
        offsets = np.stack(
            [w * (one.bias - prior) for w, one in zip(weights, maps, strict=True) if one.bias is not None]
        )
        factor = np.concatenate([w * one.factor for w, one in zip(weights, maps, strict=True)])
        return Map(factor, prior + offsets.sum(axis=0), None, offsets)

    def there(self, modalities: Sequence[int], rows: NDArray[np.intp]) -> NDArray[np.bool_] | None:
        """Return which entries of the columns of some modalities are at hand in some rows, None where all are."""
        here = self.here[rows][:, list(modalities)]
        return None if here.all() else np.repeat(here, [self.widths[k] for k in modalities], axis=1)

    def _gaps(self, found: Map, modalities: Sequence[int], fold: int) -> Gaps:
        widths = tuple(self.widths[k] for k in modalities)
        return Gaps(widths, found.offsets, self.prior(fold), np.ones(len(widths), dtype=bool))

    def distances(self, found: Map, modalities: tuple[int, ...], fold: int) -> Array:
        """Return D of all pairs of the rows of a fold that are looked at, by a map that was fitted without it, shape (m, m)."""
        rows = self.judged(fold)
        x, here = self.x_of(modalities, rows), self.here[rows][:, list(modalities)]
        if found.bias is None and not here.all():
            widths = [self.widths[k] for k in modalities]
            return cross_distances(x, x, squared_map(found.factor), widths, here, here)
        gaps = self._gaps(found, modalities, fold)
        return square_gaps(embedded(x, found.factor, found.bias, found.lift, here, gaps))

    def alone(self, spec: Spec, modality: int, fold: int) -> tuple[Array, Array, NDArray[np.intp]]:
        """Return the evidence of one modality's own model, which several subsets ask for."""
        if self.judged(fold).size * self.prior(fold).size > _KEPT:
            return self._evidence_alone(spec, modality, fold)
        return self._cached("alone", self._evidence_alone, spec, modality, fold)

    def _evidence_alone(self, spec: Spec, modality: int, fold: int) -> tuple[Array, Array, NDArray[np.intp]]:
        return self.evidence(self.map(spec, (modality,), fold), (modality,), fold)

    def evidence(self, found: Map, modalities: tuple[int, ...], fold: int) -> tuple[Array, Array, NDArray[np.intp]]:
        """Return a map's evidence for each class on a fold's rows, the prior, and the rows' classes (-1: not met)."""
        assert found.bias is not None
        rows, (known, prior, _) = self.judged(fold), self._classes(fold)
        place = np.minimum(np.searchsorted(known, self.codes[rows]), known.size - 1)
        own = np.where(known[place] == self.codes[rows], place, -1)
        x, here = self.x_of(modalities, rows), self.here[rows][:, list(modalities)]
        gaps = self._gaps(found, modalities, fold)
        return log_odds(x, found.factor, found.bias, found.lift, here, gaps) - prior, prior, own
