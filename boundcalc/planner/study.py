"""What a pilot shows of future models: every row held out once, errors of every subset at several numbers of training rows.

Rows are cut into folds without looking at them. In each fold the other rows calibrate and train, on nested parts; what is kept
are moments of the errors on the fold's pairs. Nothing here is a guarantee: it is what a plan expects. Where rows come in groups
all numbers count groups, which are what is drawn and collected: folds are made of whole groups, pairs are of different ones.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.arithmetic.written import shortened
from boundcalc.certification.kernels import QUANTITIES
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import as_generator, why_unreadable
from boundcalc.language.records import check_entries, from_json, rebuild
from boundcalc.planner.assured import spread_of
from boundcalc.planner.evidence import FOLDS, MOST_HELD, Evidence, read_evidence
from boundcalc.planner.moments import law, pair_moments
from boundcalc.planner.trained import COARSE, Kept, Model, coarser, trained
from boundcalc.trainer.data.cautions import units
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.prepare import Prepared, checked_facts, prepare
from boundcalc.trainer.data.splits import Split
from boundcalc.trainer.measure.parallel import in_parallel
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset_result import SubsetResult
from boundcalc.trainer.measure.subsets import Measurements, settings_record
from boundcalc.trainer.models.folds import Folds, Spec
from boundcalc.trainer.risk.threads import one_blas_thread

__all__ = ["Study", "check_study", "study_measured", "study_pilot", "tested_pairs", "training_sizes"]

Array = NDArray[np.float64]
Subset = tuple[str, ...]
Progress = Callable[[float, int, str], None]

#: Fewest rows of a fold, fewest training rows of a curve's point, and its number of points.
_LEAST, _SMALLEST, _SIZES = 8, 24, 5
#: With more subsets than this, only so many get a curve.
_CURVES = 40
#: By which many subsets of models of the classes are looked through first; how many of them are trained in one go, which share
#: what each modality says alone, and how many of more columns than so many, where what they share is large.
_FIRST, _AT_ONCE, _FEWER, _WIDE = Spec("posterior", "gaussian", True, None), 32, 8, 500
#: With more modalities than this, subsets are found greedily.
MOST_EXACT = 12
FORMAT = "boundcalc-study-3"


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
    models : mapping of str to Kept
        Of some subsets what was trained on the settings' own split.
    measured : SubsetResult or None
        Of one of them what the source's bound of the class of metrics asks for.
    """

    evidence: Mapping[str, Evidence]
    facts: dict[str, Any]
    settings: dict[str, Any]
    searched: int
    models: Mapping[str, Kept] = field(default_factory=dict)
    measured: SubsetResult | None = None

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
            {
                **vars(one),
                "sizes": list(one.sizes),
                "moments": one.moments.tolist(),
                "weights": one.weights.tolist(),
                "noise": None if one.noise is None else one.noise.tolist(),
            }
            for one in self.evidence.values()
        ]
        return {
            "format": FORMAT,
            "facts": self.facts,
            "settings": self.settings,
            "searched": self.searched,
            "evidence": evidence,
            "models": {label: one.to_dict() for label, one in self.models.items()},
            "measured": None if self.measured is None else self.measured.to_dict(),
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
            check_entries(
                record, ("format", "facts", "settings", "searched", "evidence"), optional=["models", "measured"]
            )
            if record["format"] != FORMAT:
                raise InvalidInputError(f"its format is {shortened(record['format'])}, expected {FORMAT!r}")
            facts, settings = checked_facts(record["facts"]), Settings.from_dict(record["settings"])
            listed = [read_evidence(one, facts, settings) for one in rebuild(tuple[dict, ...], record["evidence"])]
            found, searched = {one.subset: one for one in listed}, rebuild(int, record["searched"])
            if not found or len(found) < len(listed):
                raise InvalidInputError("it holds no subset, or one twice")
            if searched not in (len(found), 2 ** len(facts["dims"]) - 1):  # what the choice costs: these, or all
                raise InvalidInputError(f"searched = {shortened(searched)} does not fit its {len(found)} subsets")
            models = {label: Kept.from_dict(one) for label, one in dict(record.get("models", {})).items()}
            measured = None if record.get("measured") is None else SubsetResult.from_dict(record["measured"])
            return cls(found, facts, settings_record(settings), searched, models, measured)
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
    sizes = training_sizes(data, settings=settings, curve=curve)
    largest, many = sizes[-1], len(data.names)
    greedy = subsets is None and many > MOST_EXACT
    asked = (
        [] if greedy else [one for one in (data.parse_subsets("all") if subsets is None else subsets) if allowed(one)]
    )
    count = many * (many + 1) // 2 if greedy else len(asked)
    few = not greedy and count <= _CURVES
    usual = COARSE if settings.structure == "auto" else None
    first = (_FIRST,) if settings.structure == "auto" and not few else usual
    total = FOLDS * (count if few else count + min(count, _CURVES))
    bench = _Bench(tuple(folds), n_jobs, _counted(progress, total), first)
    if greedy:
        points, searched = _greedy(bench, data.names, allowed, largest), 2**many - 1
    else:
        points, searched = bench.run(asked, sizes if few else (largest,)), len(asked)
    if not few:
        points |= replace(bench, specs=usual).run(_contenders(points, folds), sizes)
    weights = np.array([fold.weights for fold in folds])
    rows = min(fold.units(held_part(fold)) for fold in folds)
    pilot_rows = sum(fold.units(held_part(fold)) for fold in folds)
    evidence = {}
    for subset, found in points.items():
        label = "+".join(subset)
        moments, noise = found[..., :15], found[..., 15:]
        own = sizes[-found.shape[1] :]
        evidence[label] = Evidence(label, own, moments, weights, rows, pilot_rows, settings.fits_model, noise)
    facts = folds[0].facts()
    return Study(evidence, facts, settings_record(settings), searched)


def _counted(progress: Progress | None, total: int) -> Callable[[str, float], None]:
    """Return what is called with the name of each training that goes on, out of about so many, and the share of it that is done."""
    done, report = 0, progress or (lambda *_: None)
    report(0, total, "start")

    def tell(what: str, share: float) -> None:
        nonlocal done
        done += share == 1
        report(min(done + share % 1, total), total, what)

    return tell


def training_sizes(data: ModalityData, *, settings: Settings, curve: bool) -> tuple[int, ...]:
    """Return the numbers of rows (or groups) that the models of a pilot's folds are fitted to, refused for too small a pilot."""
    _check_size(data)
    largest = data.units - -(-data.units // FOLDS) - (0 if settings.fits_model else _calibrating(data, settings))
    if not curve:
        return (largest,)
    return tuple(np.unique(np.geomspace(min(_SMALLEST, largest), largest, _SIZES).astype(int)).tolist())


def _calibrating(data: ModalityData, settings: Settings) -> int:
    return max(2, round(settings.calibration * data.units)) if settings.calibration > 0 else 0


def _check_size(data: ModalityData) -> None:
    if data.units < FOLDS * _LEAST:
        kind = "rows" if data.groups is None else "groups"
        raise InvalidInputError(
            f"the pilot has {data.units} {kind}: expected at least {FOLDS * _LEAST} to plan from", context="plan"
        )


def _folds(data: ModalityData, *, settings: Settings, rng: np.random.Generator) -> Iterator[Prepared]:
    _check_size(data)
    order = rng.permutation(data.units)
    calibration = _calibrating(data, settings)
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
    progress: Callable[[str, float], None]
    specs: Sequence[Spec] | None = None

    def run(self, subsets: Sequence[Subset], sizes: tuple[int, ...]) -> dict[Subset, Array]:
        """Return for each subset the moments and the noise at the sizes, shape (folds, sizes, 18)."""
        first = self.folds[0]
        step = (_FEWER if sum(first.data.dims.values()) > _WIDE else _AT_ONCE) if first.settings.fits_model else 1
        parts = [tuple(subsets[k : k + step]) for k in range(0, len(subsets), step)]
        jobs = [(fold, part, sizes, self.specs) for part in parts for fold in self.folds]
        if self.n_jobs == 1:
            results: Iterable[Array] = (_tested(*job, progress=self.progress) for job in jobs)
        else:
            results = in_parallel(_tested, [(replace(job[0], threads=1), *job[1:]) for job in jobs], n_jobs=self.n_jobs)
        found: dict[Subset, list[Array]] = {subset: [] for subset in subsets}
        for (_, part, *_), moments in zip(jobs, results, strict=True):
            for subset, own in zip(part, moments, strict=True):
                found[subset].append(own)
                self.progress("+".join(subset), 1)
        return {subset: np.stack(folds) for subset, folds in found.items()}


def _tested(
    fold: Prepared,
    subsets: Sequence[Subset],
    sizes: tuple[int, ...],
    specs: Sequence[Spec] | None,
    progress: Callable[[str, float], None] = lambda what, share: None,
) -> Array:
    """Train on nested parts of a fold, a metric each time from the solution before it.

    What goes on is told with the share of the rows that were trained on, below 1.
    Returns moments of the errors, and the noise of their differences from the last, shape (subsets, sizes, 15 + 3).
    """
    models: dict[Subset, list[Model]] = {subset: [] for subset in subsets}
    for size in sizes:
        nested = replace(fold.split, train=_first_units(fold, size))
        if fold.settings.fits_model:
            nested = replace(nested, calibration=nested.calibration[:0])
        part = replace(fold, settings=coarser(fold.settings), split=nested)
        folds = Folds(part) if fold.settings.fits_model else None
        for subset, known in models.items():
            if size > sizes[0]:
                progress("+".join(subset), sum(one for one in sizes if one < size) / sum(sizes))
            start = known[-1].start if known else None
            known.append(trained(part, subset, rng=np.random.default_rng(0), folds=folds, start=start, specs=specs))
    with one_blas_thread(numbers=held_part(fold).size ** 2):
        return np.stack([_compared([tested_pairs(one) for one in known], fold) for known in models.values()])


def _compared(pairs: Sequence[tuple[Any, Any, Any]], fold: Prepared) -> Array:
    """Return moments of models' errors on the same pairs, and the sampling variance of their differences from the last."""
    part = held_part(fold)
    units, groups = fold.units(part), None if fold.data.groups is None else fold.data.groups[part]
    (last_missed, last_matched, same), found = pairs[-1], []
    noises: list[Array] = []
    for missed, matched, _ in pairs[:-1]:
        apart = np.subtract(missed, last_missed, dtype=float), np.subtract(matched, last_matched, dtype=float)
        moments, noise = pair_moments(apart[0], apart[1], same, groups=groups), []
        for quantity in QUANTITIES:
            own = law(moments, weights=np.array(fold.weights), rows=units, quantity=quantity, at=0.0)
            noise.append((spread_of(units, variance=own.variance, square=own.square) / own.share) ** 2)
        noises.append(np.array(noise))
    noises.append(np.zeros(len(QUANTITIES)))  # the last does not differ from itself
    for (missed, matched, _), own_noise in zip(pairs, noises, strict=True):
        found.append(np.append(pair_moments(missed, matched, same, groups=groups), own_noise))
    return np.stack(found)


def _learnt_rows(fold: Prepared) -> NDArray[np.intp]:
    """Return the rows that a model is fitted to: those that train, and for a model of the classes those that calibrate."""
    return np.concatenate([fold.split.train, fold.split.calibration]) if fold.settings.fits_model else fold.split.train


def _first_units(fold: Prepared, count: int) -> NDArray[np.intp]:
    """Return the rows of so many units that a model is fitted to; in a fold a unit's rows stand one after the other."""
    train, groups = _learnt_rows(fold), fold.data.groups
    starts = np.arange(train.size) if groups is None else np.flatnonzero(np.diff(groups[train], prepend=-1))
    return train[: starts[count]] if count < starts.size else train


def held_part(fold: Prepared) -> NDArray[np.intp]:
    """Return the first held-out rows, those of a group one after the other."""
    part, groups = fold.split.holdout, fold.data.groups
    return (part if groups is None else part[np.argsort(groups[part], kind="stable")])[:MOST_HELD]


def tested_moments(model: Model) -> Array:
    """Return the moments of a model's errors on the first held-out rows, shape (15,)."""
    data, part = model.prepared.data, held_part(model.prepared)
    return pair_moments(*tested_pairs(model), groups=None if data.groups is None else data.groups[part])


def tested_pairs(model: Model) -> tuple[Any, Any, Any]:
    """Return which pairs of the first held-out rows are missed, matched and the same, each of shape (n_h, n_h)."""
    part = held_part(model.prepared)
    distances, everyone = model.distances(part), np.arange(part.size)
    found, codes = distances.between(everyone, everyone) - model.threshold, model.prepared.data.codes[part]
    same = codes[:, None] == codes
    return same & (found >= -distances.tie), ~same & (found <= distances.tie), same


def _error(moments: Array, folds: Sequence[Prepared]) -> float:
    """Return the mean error at the largest size."""
    weights = np.array([fold.weights for fold in folds])
    return float(np.einsum("fk,fk->f", moments[:, -1, :2], weights).mean())


def _contenders(points: Mapping[Subset, Array], folds: Sequence[Prepared]) -> list[Subset]:
    """Return which subsets get a curve: all of a few; of many the best, and the best (two) of every size."""
    if len(points) <= _CURVES:
        return list(points)
    order = sorted(points, key=lambda subset: _error(points[subset], folds))
    sizes = {len(subset) for subset in points}
    each = 2 if 4 * len(sizes) <= _CURVES else 1
    kept = {subset for size in sizes for subset in [one for one in order if len(one) == size][:each]}
    return [subset for place, subset in enumerate(order) if subset in kept or place < _CURVES - each * len(sizes)]


def _greedy(
    bench: _Bench, names: Sequence[str], allowed: Callable[[Subset], bool], largest: int
) -> dict[Subset, Array]:
    """Add one modality after the other, each time the one with which the error is smallest."""
    found: dict[Subset, Array] = {}
    base: Subset = ()
    while len(base) < len(names):
        wider = [tuple(name for name in names if name in base or name == new) for new in names if new not in base]
        found |= (tried := bench.run(wider, (largest,)))
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
    part, size = prepared.units(held_part(prepared)), prepared.units(_learnt_rows(prepared))
    if part < _LEAST:
        kind = "rows" if data.groups is None else "groups"
        raise InvalidInputError(
            f"measured: {part} {kind} were held out; expected at least {_LEAST} (holdout > 0 in the settings)"
        )
    weights = np.array([prepared.weights])
    evidence = {}
    for label, result in measured.items():
        moments = tested_moments(Model.measured(prepared, result))
        evidence[label] = Evidence(
            label, (size,), moments[None, None], weights, part, part, prepared.settings.fits_model
        )
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
