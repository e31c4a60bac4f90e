"""Measure many subsets of modalities in one go: nested warm starts, in parallel, resumable, with progress."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems, as_generator, why_unreadable
from boundcalc.language.files import write_text
from boundcalc.language.ledger import check_delta
from boundcalc.language.records import check_entries, from_json, plain, rebuild
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.prepare import Prepared, prepare
from boundcalc.trainer.measure.parallel import in_parallel
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset import SubsetResult, measure_subset
from boundcalc.trainer.models.folds import Folds

__all__ = ["Measurements", "measure_subsets"]

FORMAT = "boundcalc-measurements-2"
Array = NDArray[np.float64]
Progress = Callable[[float, int, str], None]


@dataclass(frozen=True)
class Measurements(Frozen, Mapping[str, SubsetResult]):
    """Results by subset label (``"a+b"``), small subsets first.

    Attributes
    ----------
    results : dict of str to SubsetResult
    facts : dict
        Data set, split sizes, normalisation, fingerprint.
    settings : dict
        What was fixed in advance (:class:`~boundcalc.trainer.measure.settings.Settings` as JSON types).
    """

    results: dict[str, SubsetResult]
    facts: dict[str, Any]
    settings: dict[str, Any]

    def __getitem__(self, label: str) -> SubsetResult:
        try:
            return self.results[label]
        except (KeyError, TypeError):
            raise KeyError(f"{label!r}: expected one of the measured subsets {', '.join(self.results)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def at(self, delta: float) -> Measurements:
        """Return the same measurements, each certified random value read at another failure probability.

        Parameters
        ----------
        delta : float
            In (0, 1).

        Raises
        ------
        InvalidInputError
            If it is not.
        """
        results = {label: result.at(delta) for label, result in self.results.items()}
        return Measurements(results, self.facts, {**self.settings, "delta": check_delta(delta)})

    @property
    def rho_grid(self) -> tuple[float, ...]:
        """The margins that were fixed in advance."""
        return tuple(self.settings["rho_grid"])

    @property
    def nests(self) -> bool:
        """Whether statements about nested subsets may be made: lam_min = 0."""
        return self.settings["eig_range"][0] == 0

    @property
    def full(self) -> SubsetResult | None:
        """The result on all modalities, if it was asked for."""
        return next((r for r in self.results.values() if len(r.modalities) == len(self.facts["dims"])), None)

    def to_json(self, *, indent: int | None = None) -> str:
        """Return JSON that :meth:`from_json` reads back without loss.

        Parameters
        ----------
        indent : int, optional
            As for ``json.dumps``.
        """
        record = {
            "format": FORMAT,
            "facts": self.facts,
            "settings": self.settings,
            "results": [{**one.to_dict(), "frame": one.frame.own} for one in self.results.values()],
        }
        return json.dumps(record, indent=indent, allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Measurements:
        """Read :meth:`to_json`.

        Parameters
        ----------
        text : str

        Returns
        -------
        Measurements

        Raises
        ------
        InvalidInputError
            If the text is not such a record.
        """
        try:
            record = from_json(text)
            if record["format"] != FORMAT:
                raise InvalidInputError(f"its format is {shortened(record['format'])}, expected {FORMAT!r}")
            check_entries(record, ("format", "facts", "settings", "results"), optional=("certificates", "summary"))
            shared = {"facts": record["facts"], "settings": record["settings"]}
            results: dict[str, SubsetResult] = {}
            for one in rebuild(tuple[dict, ...], record["results"]):
                result = SubsetResult.from_dict({**one, "frame": {**one["frame"], **shared}})
                if result.label in results:
                    raise InvalidInputError(f"the subset {result.label} is there twice")
                results[result.label] = result
            if not results:
                raise InvalidInputError("it holds no subset")
            return cls(results, record["facts"], record["settings"])
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
            raise InvalidInputError(why_unreadable(error), context="measurements") from error


def measure_subsets(
    data: ModalityData,
    *,
    subsets: str | Sequence[str | Iterable[str]] = "all",
    settings: Settings | None = None,
    rng: np.random.Generator | int | None = None,
    progress: Progress | None = None,
    n_jobs: int = 1,
    resume: str | Path | None = None,
    **changes: Any,
) -> Measurements:
    """Train on each subset and measure what bounds need.

    The split, the preprocessing and the pairing are drawn once and shared. With lam_min = 0 every subset starts from
    the best solution on a smaller one, so adding a modality never raises the empirical risk.

    Parameters
    ----------
    data : ModalityData
    subsets : {"all", "greedy"} or str or sequence
        ``"all"``, ``"a,a+b"``, a sequence of subsets, or ``"greedy"``: each modality alone, and again and again the subset of
        the largest size so far that errs least on the training part, with each other modality added.
    settings : Settings, optional
        What is fixed in advance.
    rng : numpy.random.Generator or int, optional
    progress : callable, optional
        Called as ``progress(done, total, message)``; ``done`` is a whole number after each subset and, where one takes
        longer than a second, a fraction within it.
    n_jobs : int
        Subsets of one size are trained in parallel through joblib (its backend may be dask or ray).
    resume : path, optional
        A JSON file to which finished subsets are written, and from which they are taken over if they belong to the
        same data, settings and split.
    **changes
        Fields of :class:`~boundcalc.trainer.measure.settings.Settings`, such as ``delta``, ``loss``, ``structure``,
        ``eig_range`` and ``threshold_range``.

    Returns
    -------
    Measurements

    Raises
    ------
    InvalidInputError
        On bad settings, unknown subsets, or a resume file that belongs to something else.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 20)
    >>> data = ModalityData({"a": rng.normal(size=(40, 2)) + y[:, None], "b": rng.normal(size=(40, 3))}, y)
    >>> list(measure_subsets(data, rng=1))
    ['a', 'b', 'a+b']
    """
    settings = changed_settings(settings, changes)
    if not isinstance(data, ModalityData):
        raise InvalidInputError(f"data={type(data).__name__}: expected ModalityData")
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, (int, np.integer)) or n_jobs == 0:
        raise InvalidInputError(f"n_jobs={n_jobs!r}: expected a nonzero integer (-1: all processors)")
    greedy = isinstance(subsets, str) and subsets.strip() == "greedy"
    asked = [(name,) for name in data.names] if greedy else list(data.parse_subsets(subsets))
    total = len(data.names) * (len(data.names) + 1) // 2 if greedy else len(asked)
    generator = as_generator(rng)
    prepared = prepare(data, settings=settings, rng=generator)
    store = _Store(resume, prepared)
    known = {label: result.at(settings.delta) for label, result in store.results.items()}
    done = {"+".join(subset): known["+".join(subset)] for subset in asked if "+".join(subset) in known}
    folds = Folds(prepared) if settings.fits_model else None
    report = progress if progress is not None else lambda *_: None
    report(len(done), total, "taken over" if done else "start")
    for size in range(1, 1 + len(data.names)):
        if greedy and size > 1:
            grown = _grown(data.names, done.values())
            asked += grown
            done |= {"+".join(subset): known["+".join(subset)] for subset in grown if "+".join(subset) in known}
        level = [subset for subset in asked if len(subset) == size and "+".join(subset) not in done]
        starts = [warm_start(prepared, subset, done.values()) for subset in level]
        generators = [_child(generator, _number(data, subset)) for subset in level]
        for result in _run(prepared, level, starts, generators, n_jobs, _Within(report, done, total), folds):
            done[result.label] = result
            store.save(done)
            report(len(done), total, result.label)
    ordered = {"+".join(subset): done["+".join(subset)] for subset in asked}
    return Measurements(ordered, prepared.facts(), settings_record(settings))


def _grown(names: Sequence[str], done: Iterable[SubsetResult]) -> list[tuple[str, ...]]:
    """Return the best of the largest subsets so far with each other modality added."""
    results = list(done)
    size = max(len(result.modalities) for result in results)
    largest = [result for result in results if len(result.modalities) == size]
    best = set(min(largest, key=lambda result: (result.expected_error, result.train.risk.mean)).modalities)
    return [tuple(name for name in names if name in best | {added}) for added in names if added not in best]


def settings_record(settings: Settings) -> dict[str, Any]:
    """Return the settings as JSON would give them back."""
    return json.loads(json.dumps(settings.to_dict(), default=str))


def changed_settings(settings: Settings | None, changes: Mapping[str, Any]) -> Settings:
    """Return settings with changes, unknown ones refused."""
    known = Settings.__dataclass_fields__
    problems = Problems("training")
    for name in changes:
        problems.require(name in known, f"{name}: not a setting; expected some of {', '.join(known)}")
    problems.raise_if_any()
    base = {name: getattr(settings, name) for name in known} if settings is not None else {}
    return Settings(**{**base, **changes})


def _child(generator: np.random.Generator, number: int) -> np.random.Generator:
    """Return the subset's own generator, by its place among all subsets, so that a resumed run draws the same."""
    root = generator.bit_generator.seed_seq
    assert isinstance(root, np.random.SeedSequence)
    key = (*root.spawn_key, root.n_children_spawned + number)  # what spawn would give, without the others
    return np.random.default_rng(np.random.SeedSequence(root.entropy, spawn_key=key, pool_size=root.pool_size))


def _number(data: ModalityData, subset: Sequence[str]) -> int:
    return sum(1 << data.names.index(name) for name in subset)


class _Within:
    """Tells how far a subset is, at most once a second: in fractions of a subset that is done."""

    def __init__(self, report: Callable[[float, int, str], None], done: Mapping[str, Any], total: int) -> None:
        self.report, self.done, self.total, self.last = report, done, total, time.monotonic()

    def __call__(self, subset: tuple[str, ...]) -> Callable[[float], None]:
        def tell(share: float) -> None:
            if time.monotonic() - self.last >= 1.0:
                self.report(len(self.done) + share, self.total, "+".join(subset))
                self.last = time.monotonic()

        return tell


def _run(
    prepared: Prepared,
    level: Sequence[tuple[str, ...]],
    starts: Sequence[tuple[Array, float] | None],
    generators: Sequence[np.random.Generator],
    n_jobs: int,
    within: Callable[[tuple[str, ...]], Callable[[float], None]],
    folds: Folds | None,
) -> Iterator[SubsetResult]:
    jobs = list(zip(level, starts, generators, strict=True))
    if n_jobs == 1 or len(level) < 2:
        for subset, start, generator in jobs:
            yield measure_subset(prepared, subset, start=start, rng=generator, progress=within(subset), folds=folds)
        return
    alone = replace(prepared, threads=1)
    yield from in_parallel(_measured, [(alone, *job) for job in jobs], n_jobs=n_jobs)


def _measured(prepared: Prepared, subset: Sequence[str], start: Any, generator: np.random.Generator) -> SubsetResult:
    return measure_subset(prepared, subset, start=start, rng=generator)


def warm_start(
    prepared: Prepared, subset: Sequence[str], results: Iterable[SubsetResult]
) -> tuple[Array, float] | None:
    """Return the best solution on a smaller subset, extended by the least weight; None if there is none."""
    inside = [r for r in results if set(r.modalities) < set(subset)]
    if not inside:
        return None
    best = min(inside, key=lambda result: result.estimates["rhat_M"].value)
    low = prepared.settings.eig_range[0]
    structure = prepared.structure(subset)
    params = structure.constant(low)
    kept = np.concatenate([
        np.full(prepared.structure((name,)).shape[0], name in best.modalities) for name in subset
    ])  # fmt: skip
    if params.ndim == 1:
        params[kept] = best.array()
    else:
        params[np.ix_(kept, kept)] = best.array()
    threshold = best.threshold if prepared.settings.pair_loss.has_threshold else 0.0
    return params, threshold


class _Store:
    """Finished subsets on disk, written whole and moved into place, so that an interrupted run loses at most one."""

    def __init__(self, path: str | Path | None, prepared: Prepared) -> None:
        self.path = None if path is None else Path(path)
        self.prepared = prepared
        self.results: dict[str, SubsetResult] = {}
        if self.path is not None and (self.path.is_dir() or not self.path.parent.is_dir()):
            raise InvalidInputError(f"resume={str(path)!r}: expected a file in a folder that exists")
        if self.path is not None and self.path.exists():
            try:
                record = Measurements.from_json(self.path.read_text(encoding="utf-8"))
            except (InvalidInputError, UnicodeDecodeError) as error:
                raise InvalidInputError(
                    f"resume={str(path)!r} is not a file of finished subsets: remove it, or name another ({error})"
                ) from error
            one, facts = next(iter(record.values())), prepared.facts()
            radii = (one.frame.weights, one.frame.squared_radii)
            if (plain(record.facts), *radii) != (plain(facts), prepared.weights, prepared.squared_radii):
                raise InvalidInputError(
                    f"resume={str(path)!r} belongs to other data, settings or another split: remove it, or use "
                    "the same data, settings and seed"
                )
            self.results = dict(record.results)

    def save(self, results: dict[str, SubsetResult]) -> None:
        if self.path is None:
            return
        merged = {**self.results, **results}
        record = Measurements(merged, self.prepared.facts(), settings_record(self.prepared.settings))
        write_text(self.path, record.to_json())
