"""What a pilot shows of future models: every row held out once, errors of every subset at several numbers of training rows.

Rows are cut into folds without looking at them. In each fold the other rows calibrate and train, on nested parts; what is kept
are moments of the errors on the fold's pairs. Nothing here is a guarantee: it is what a plan expects. Where rows come in groups
all numbers count groups, which are what is drawn and collected: folds are made of whole groups, pairs are of different ones.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import as_generator, why_unreadable
from boundcalc.language.records import check_entries, from_json, rebuild
from boundcalc.planner.evidence import FOLDS, MOST_HELD, Evidence, read_evidence
from boundcalc.planner.moments import pair_moments
from boundcalc.trainer.data.cautions import units
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.prepare import Prepared, checked_facts, prepare
from boundcalc.trainer.data.splits import Split
from boundcalc.trainer.measure.parallel import in_parallel
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset_fit import fit_subset
from boundcalc.trainer.measure.subsets import Measurements, settings_record

__all__ = ["Study", "check_study", "study_measured", "study_pilot", "tested_pairs"]

Array = NDArray[np.float64]
Subset = tuple[str, ...]
Progress = Callable[[int, int, str], None]

#: Fewest rows of a fold, fewest training rows of a curve's point, and its number of points.
_LEAST, _SMALLEST, _SIZES = 8, 24, 5
#: With more subsets than this, only so many get a curve.
_CURVES = 40
#: With more modalities than this, subsets are found greedily.
MOST_EXACT = 12
_COARSE = 5e-3
#: Pairs that are drawn where not all are taken.
_SAMPLED = 100_000
FORMAT = "boundcalc-study-2"


@dataclass(frozen=True)
class Study(Frozen):
    """What a pilot shows of all candidate subsets.

    Attributes
    ----------
    evidence : mapping of str to Evidence
    facts : dict
        Data set, its size, cautions' grounds.
    settings : dict
        Of the training, as JSON types.
    searched : int
        How many subsets could have been recommended: the price of the choice.
    """

    evidence: Mapping[str, Evidence]
    facts: dict[str, Any]
    settings: dict[str, Any]
    searched: int

    @property
    def unit(self) -> str:
        """What is counted: "rows", or the "groups" that they come in."""
        return units(self.facts)

    @property
    def units(self) -> int:
        """How many of them the pilot has."""
        return int(sum(self.facts["groups"].values()) if self.unit == "groups" else self.facts["rows"])

    def price_of_choice(self, labels: Sequence[str], quantity: str) -> float:
        """Return by how much the best of some subsets looks better than it is, as it was chosen by the errors that it shows.

        In each fold the subset that is best in the others is looked at: their mean error is not chosen to be small.

        Parameters
        ----------
        labels : sequence of str
        quantity : {"pair_error", "fmr", "fnmr"}
        """
        errors = np.stack([self.evidence[label].laws(quantity).error[:, -1] for label in labels])
        total, folds = errors.sum(axis=1, keepdims=True), np.arange(errors.shape[1])
        if folds.size == 1:
            return 0.0
        elsewhere = (total - errors).argmin(axis=0)
        return max(float(errors[elsewhere, folds].mean() - errors.mean(axis=1).min()), 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that :meth:`from_dict` reads."""
        evidence = [
            {**vars(one), "sizes": list(one.sizes), "moments": one.moments.tolist(), "weights": one.weights.tolist()}
            for one in self.evidence.values()
        ]
        return {
            "format": FORMAT,
            "facts": self.facts,
            "settings": self.settings,
            "searched": self.searched,
            "evidence": evidence,
        }

    @classmethod
    def from_dict(cls, record: Any) -> Study:
        """Read :meth:`to_dict`.

        Parameters
        ----------
        record : mapping

        Raises
        ------
        InvalidInputError
            If it is no such record.
        """
        try:
            check_entries(record, ("format", "facts", "settings", "searched", "evidence"))
            if record["format"] != FORMAT:
                raise InvalidInputError(f"its format is {shortened(record['format'])}, expected {FORMAT!r}")
            facts, settings = checked_facts(record["facts"]), Settings.from_dict(record["settings"])
            listed = [read_evidence(one, facts, settings) for one in rebuild(tuple[dict, ...], record["evidence"])]
            found, searched = {one.subset: one for one in listed}, rebuild(int, record["searched"])
            if not found or len(found) < len(listed):
                raise InvalidInputError("it holds no subset, or one twice")
            if searched not in (len(found), 2 ** len(facts["dims"]) - 1):  # what the choice costs: these, or all
                raise InvalidInputError(f"searched = {shortened(searched)} does not fit its {len(found)} subsets")
            return cls(found, facts, settings_record(settings), searched)
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise InvalidInputError(why_unreadable(error), context="study") from error


def study_pilot(
    data: ModalityData,
    *,
    subsets: Sequence[Subset] | None = None,
    allowed: Callable[[Subset], bool] = lambda subset: True,
    settings: Settings,
    curve: bool = True,
    rng: Any = 0,
    n_jobs: int = 1,
    progress: Progress | None = None,
) -> Study:
    """Train every subset in every fold of a pilot, and keep the moments of its errors.

    Parameters
    ----------
    data : ModalityData
    subsets : sequence of tuple of str, optional
        A stated list; by default all subsets of up to 12 modalities, and beyond that those on a greedy path.
    allowed : callable
        Whether a subset may be planned with.
    settings : Settings
    curve : bool
        Train on nested parts as well.
    rng : int or numpy.random.Generator
        Draws the folds.
    n_jobs : int
        Folds are trained in parallel through joblib.
    progress : callable, optional
        Called with (done, all, what).

    Raises
    ------
    InvalidInputError
        If the folds of so small a pilot cannot be trained.
    """
    folds = list(_folds(data, settings=settings, rng=as_generator(rng)))
    largest, many = min(fold.units(fold.split.train) for fold in folds), len(data.names)
    greedy = subsets is None and many > MOST_EXACT
    asked = (
        [] if greedy else [one for one in (data.parse_subsets("all") if subsets is None else subsets) if allowed(one)]
    )
    count = many * (many + 1) // 2 if greedy else len(asked)
    bench = _Bench(tuple(folds), n_jobs, _counted(progress, FOLDS * (count + (min(count, _CURVES) if curve else 0))))
    if greedy:
        points, searched = _greedy(bench, data.names, allowed, largest), 2**many - 1
    else:
        points, searched = bench.run({subset: (largest,) for subset in asked}), len(asked)
    sizes = (
        np.unique(np.geomspace(min(_SMALLEST, largest), largest, _SIZES).astype(int)).tolist() if curve else [largest]
    )
    shown = _contenders(points, folds)
    smaller = bench.run({subset: tuple(sizes[:-1]) for subset in shown}) if len(sizes) > 1 else {}
    weights = np.array([fold.weights for fold in folds])
    rows = min(fold.units(held_part(fold)) for fold in folds)
    pilot_rows = sum(fold.units(held_part(fold)) for fold in folds)
    evidence = {}
    for subset, last in points.items():
        label = "+".join(subset)
        moments = np.concatenate([smaller[subset], last], axis=1) if subset in smaller else last
        own = tuple(sizes) if subset in smaller else (largest,)
        evidence[label] = Evidence(label, own, moments, weights, rows, pilot_rows)
    facts = folds[0].facts()
    return Study(evidence, facts, settings_record(settings), searched)


def _counted(progress: Progress | None, total: int) -> Callable[[str], None]:
    """Return what is called with the name of each training that is done, out of about so many."""
    done = itertools.count(1)
    return lambda what: None if progress is None else progress(min(next(done), total), total, what)


def _folds(data: ModalityData, *, settings: Settings, rng: np.random.Generator) -> Iterator[Prepared]:
    if data.units < FOLDS * _LEAST:
        kind = "rows" if data.groups is None else "groups"
        raise InvalidInputError(
            f"the pilot has {data.units} {kind}: expected at least {FOLDS * _LEAST} to plan from", context="plan"
        )
    order = rng.permutation(data.units)
    calibration = max(2, round(settings.calibration * data.units)) if settings.calibration > 0 else 0
    for fold in range(FOLDS):
        holdout = order[fold::FOLDS]
        rest = rng.permutation(np.setdiff1d(order, holdout))
        split = Split(*(data.rows_of(part) for part in (rest[:calibration], holdout, rest[calibration:])))
        yield prepare(data, settings=settings, rng=rng, split=split)


@dataclass(frozen=True)
class _Bench(Frozen):
    """Folds, and how to train on them."""

    folds: tuple[Prepared, ...]
    n_jobs: int
    progress: Callable[[str], None]

    def run(self, asked: Mapping[Subset, tuple[int, ...]]) -> dict[Subset, Array]:
        """Return for each subset the moments at its sizes, shape (folds, sizes, 15)."""
        found: dict[Subset, list[Array]] = {subset: [] for subset in asked}
        jobs = [(fold, subset, sizes) for subset, sizes in asked.items() for fold in self.folds]
        if self.n_jobs == 1:
            results: Iterable[Array] = (_tested(*job) for job in jobs)
        else:
            alone = [(replace(fold, threads=1), subset, sizes) for fold, subset, sizes in jobs]
            results = in_parallel(_tested, alone, n_jobs=self.n_jobs)
        for (_, subset, _), moments in zip(jobs, results, strict=True):
            found[subset].append(moments)
            self.progress("+".join(subset))
        return {subset: np.stack(folds) for subset, folds in found.items()}


def _tested(fold: Prepared, subset: Subset, sizes: tuple[int, ...]) -> Array:
    """Train on nested parts of a fold, each from the solution before it, and return the moments, shape (sizes, 15)."""
    settings = coarser(fold.settings)
    found, start = [], None
    for size in sizes:
        nested = replace(fold.split, train=_first_units(fold, size))
        part = replace(fold, settings=settings, split=nested)
        fit = fit_subset(part, subset, start=start, rng=np.random.default_rng(0))
        start = fit.params, fit.threshold
        found.append(tested_moments(fold, subset, fit.params, settings.decision_threshold(fit.threshold)))
    return np.stack(found)


def coarser(settings: Settings) -> Settings:
    """Return the settings with which models are trained that only tell what is expected."""
    pairs = min(settings.sampled_pairs, _SAMPLED)
    return replace(settings, tolerance=max(_COARSE, settings.tolerance), sampled_pairs=pairs)


def _first_units(fold: Prepared, count: int) -> NDArray[np.intp]:
    """Return the training rows of so many units; in a fold a unit's rows stand one after the other."""
    train, groups = fold.split.train, fold.data.groups
    starts = np.arange(train.size) if groups is None else np.flatnonzero(np.diff(groups[train], prepend=-1))
    return train[: starts[count]] if count < starts.size else train


def held_part(fold: Prepared) -> NDArray[np.intp]:
    """Return the first held-out rows, those of a group one after the other."""
    part, groups = fold.split.holdout, fold.data.groups
    return (part if groups is None else part[np.argsort(groups[part], kind="stable")])[:MOST_HELD]


def tested_moments(fold: Prepared, subset: Sequence[str], params: Array, threshold: float) -> Array:
    """Return the moments of a model's errors on the first held-out rows, shape (15,)."""
    groups = None if fold.data.groups is None else fold.data.groups[held_part(fold)]
    return pair_moments(*tested_pairs(fold, subset, params, threshold), groups=groups)


def tested_pairs(fold: Prepared, subset: Sequence[str], params: Array, threshold: float) -> tuple[Any, Any, Any]:
    """Return which pairs of the first held-out rows are missed, matched and the same, each of shape (n_h, n_h)."""
    from boundcalc.trainer.risk.distances import cross_distances

    part = held_part(fold)
    rows, here = fold.rows(subset, part)
    distances = cross_distances(rows, rows, fold.structure(subset).operator(params), fold.widths(subset), here, here)
    codes = fold.data.codes[part]
    same = codes[:, None] == codes
    return same & (distances >= threshold), ~same & (distances <= threshold), same


def _error(moments: Array, folds: Sequence[Prepared]) -> float:
    """Return the mean error at the largest size."""
    weights = np.array([fold.weights for fold in folds])
    return float(np.einsum("fk,fk->f", moments[:, -1, :2], weights).mean())


def _contenders(points: Mapping[Subset, Array], folds: Sequence[Prepared]) -> list[Subset]:
    """Return which subsets get a curve: all of a few; of many the best, and the best two of every size."""
    if len(points) <= _CURVES:
        return list(points)
    order = sorted(points, key=lambda subset: _error(points[subset], folds))
    sizes = {len(subset) for subset in points}
    kept = {subset for size in sizes for subset in [one for one in order if len(one) == size][:2]}
    return [subset for place, subset in enumerate(order) if subset in kept or place < _CURVES - 2 * len(sizes)]


def _greedy(
    bench: _Bench, names: Sequence[str], allowed: Callable[[Subset], bool], largest: int
) -> dict[Subset, Array]:
    """Add one modality after the other, each time the one with which the error is smallest."""
    found: dict[Subset, Array] = {}
    base: Subset = ()
    while len(base) < len(names):
        wider = [tuple(name for name in names if name in base or name == new) for new in names if new not in base]
        found |= (tried := bench.run({subset: (largest,) for subset in wider}))
        base = min(tried, key=lambda subset: _error(tried[subset], bench.folds))
    kept = {subset: moments for subset, moments in found.items() if allowed(subset)}
    if not kept:
        raise InvalidInputError(
            "no subset on the greedy path has every required modality and no excluded one; give subsets="
        )
    return kept


def study_measured(data: ModalityData, measured: Measurements, *, rng: Any) -> Study:
    """Return what trained subsets show on the rows that were held out of their training: one size, no curve.

    Parameters
    ----------
    data : ModalityData
    measured : Measurements
    rng : int or numpy.random.Generator
        The seed of the training: it draws the same split again.

    Raises
    ------
    InvalidInputError
        If data or seed are not those of the training, or nothing was held out.
    """
    prepared = prepare(data, settings=Settings.from_dict(measured.settings), rng=as_generator(rng))
    if prepared.fingerprint != measured.facts["fingerprint"]:
        raise InvalidInputError("measured, rng: these are not the data and the seed that the estimates come from")
    part, size = prepared.units(held_part(prepared)), prepared.units(prepared.split.train)
    if part < _LEAST:
        kind = "rows" if data.groups is None else "groups"
        raise InvalidInputError(
            f"measured: {part} {kind} were held out; expected at least {_LEAST} (holdout > 0 in the settings)"
        )
    weights = np.array([prepared.weights])
    evidence = {}
    for label, result in measured.items():
        moments = tested_moments(prepared, result.modalities, result.array(), result.threshold)
        evidence[label] = Evidence(label, (size,), moments[None, None], weights, part, part)
    return Study(evidence, dict(measured.facts), dict(measured.settings), len(measured))


def check_study(study: Study, data: ModalityData, *, rng: Any) -> None:
    """Refuse a study of other data, or of parts that another seed has drawn.

    Raises
    ------
    InvalidInputError
        If it is one.
    """
    settings, seed = Settings.from_dict(study.settings), as_generator(rng)
    whole = prepare(data, settings=settings, rng=copy.deepcopy(seed))
    if study.facts["fingerprint"] not in (
        whole.fingerprint,
        next(_folds(data, settings=settings, rng=seed)).fingerprint,
    ):
        raise InvalidInputError("measured, rng: these are not the data and the seed that the study comes from")


def read_study(text: str) -> Study | None:
    """Return the study in the JSON that a plan writes, or None where there is none."""
    record = from_json(text)
    return Study.from_dict(record["study"]) if isinstance(record, dict) and "study" in record else None
