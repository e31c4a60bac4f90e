"""All methods and their controls on the same splits, at several aligned fractions, over several seeds."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.aligner.closed_form import PLANS
from boundcalc.aligner.estimator import AlignedEncoders
from boundcalc.aligner.inputs import read_mask, refuse_unread
from boundcalc.aligner.match import match_estimates
from boundcalc.aligner.retrieval import retrieval_measures, zero_shot_measures
from boundcalc.aligner.settings import CONTROLS, METHODS
from boundcalc.errors import InvalidInputError, require
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.normalise import Normaliser

__all__ = ["Comparison", "compare_regularisers"]

_CALIBRATION, _TEST = 0.2, 0.3
_SHARP = 0.01
"""Margin (over s^2) at which the threshold is chosen: almost the number of mistakes."""
Blocks = dict[str, NDArray[np.float64]]

#: The control beside each method that transports, and what gains are measured against.
_TWINS = {**CONTROLS, "cca_ot": "cca_softmax"}
_BASES = {"auto": "cca"} | {name: "cca" if name in PLANS else "none" for pair in _TWINS.items() for name in pair}


@dataclass
class Comparison:
    """What was measured; grows as runs finish, so that an interruption keeps what is done.

    Attributes
    ----------
    records : list of dict
        One for each run: ``aligned`` (fraction), ``regulariser`` (or closed form, or control), ``seed``, ``pairs``
        (aligned training examples), and the measures.
    complete : bool
    facts : dict
        Data set, splits and settings.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    complete: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures."""
        skip = ("aligned", "regulariser", "seed", "pairs")
        return tuple(dict.fromkeys(name for record in self.records for name in record if name not in skip))

    def summary(self, measure: str, *, level: float = 0.95) -> list[dict[str, Any]]:
        """Return mean and interval over the seeds, for each fraction and method.

        ``gain`` is the mean difference, on the same seeds, to the method without transport or pseudo-pairs (``base``: "none"
        or "cca"), ``over_control`` that to the control without transport; both with half-widths. ``claim`` is "transport"
        only where both exceed their half-width, "gain" where only the first does.

        The intervals are Student's with the variance of Nadeau and Bengio (2003) for re-splits that overlap; those of
        differences hold together for all settings of the summary (Bonferroni).

        Parameters
        ----------
        measure : str
            One of :attr:`measures`.
        level : float
            In (0, 1).
        """
        if measure not in self.measures:
            raise InvalidInputError(
                f"measure={measure!r}: expected one of {', '.join(self.measures) or 'none, nothing is done'}"
            )
        cells = list(dict.fromkeys((record["aligned"], record["regulariser"]) for record in self.records))
        compared = sum((name in _BASES) + (name in _TWINS) for _, name in cells)
        strict = 1.0 - (1.0 - level) / max(compared, 1)
        overlap = float(self.facts.get("overlap", 0.0))

        def difference(aligned: float, name: str, other: str | None) -> tuple[float, float]:
            own, rival = (self._by_seed(aligned, one, measure) for one in (name, other or name))
            return interval([own[seed] - rival[seed] for seed in own if seed in rival], level=strict, overlap=overlap)

        rows = []
        for aligned, name in cells:
            own = self._by_seed(aligned, name, measure)
            mean, half = interval(own.values(), level=level, overlap=overlap)
            gain, gain_half = difference(aligned, name, _BASES.get(name))
            over, over_half = difference(aligned, name, _TWINS[name]) if name in _TWINS else (math.nan, math.nan)
            claim = "" if not gain > gain_half else "transport" if over > over_half else "gain"
            rows.append(
                {
                    "aligned": aligned, "regulariser": name, "seeds": len(own), "mean": mean, "half_width": half,
                    "base": _BASES.get(name, ""), "gain": gain, "gain_half_width": gain_half,
                    "over_control": over, "over_control_half_width": over_half, "claim": claim,
                }
            )  # fmt: skip
        return rows

    def to_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps({"complete": self.complete, "facts": self.facts, "records": self.records})

    def _by_seed(self, aligned: float, regulariser: str, measure: str) -> dict[int, float]:
        return {
            record["seed"]: record[measure]
            for record in self.records
            if record["aligned"] == aligned and record["regulariser"] == regulariser and measure in record
        }


def interval(values: Iterable[float], *, level: float = 0.95, overlap: float = 0.0) -> tuple[float, float]:
    """Return the mean and the half-width of Student's interval (nan where there are too few values).

    Parameters
    ----------
    values : iterable of float
    level : float
        In (0, 1).
    overlap : float
        Test rows per training row of re-splits of the same data, which makes the values depend on one another; 0 for
        independent ones. The variance of their mean is (1/J + overlap) times that of one value (Nadeau, Bengio 2003).
    """
    from scipy.stats import t as student

    sample = np.asarray(list(values), dtype=float)
    if sample.size < 2:
        return float(sample[0]) if sample.size else math.nan, math.nan
    spread = float(sample.std(ddof=1)) * math.sqrt(1.0 / sample.size + overlap)
    return float(sample.mean()), float(student.ppf((1 + level) / 2, sample.size - 1)) * spread


def arms_of(regularisers: Sequence[str]) -> tuple[str, ...]:
    """Return what is fitted: CCA, plain training where something is trained, and each method with its control beside it."""
    arms = ["cca"] if {"cca_ot", "auto"}.issuperset(regularisers) else ["none", "cca"]
    for name in regularisers:
        arms += [name, _TWINS[name]] if name in _TWINS else [name]
    return tuple(dict.fromkeys(arms))


def compare_regularisers(
    data: ModalityData,
    *,
    aligned: Sequence[float] = (0.05, 0.2, 1.0),
    regularisers: Sequence[str] = ("none", *_TWINS),
    seeds: int = 5,
    unseen: Sequence[Any] = (),
    k: int = 10,
    aligned_rows: ArrayLike | None = None,
    test_rows: ArrayLike | None = None,
    rng: int = 0,
    progress: Callable[[int, int, str], None] | None = None,
    comparison: Comparison | None = None,
    **settings: Any,
) -> Comparison:
    """Fit each method and its control at each aligned fraction, on the same splits for each seed, and measure on test rows.

    For each seed the rows are split at random: 20 % calibrate centre and scale, 30 % test, the rest trains. Of the training
    rows with all modalities the given fraction is aligned; the others are shuffled within each modality. "cca" is always there,
    "none" beside what is trained, and beside each transport its control: the product plan, or a softmax without marginals.

    Parameters
    ----------
    data : ModalityData
    aligned : sequence of float
        Fractions in (0, 1].
    regularisers : sequence of {"none", "loop", "barycenter", "cca_ot", "auto"}
    seeds : int
    unseen : sequence
        Classes of which nothing is aligned in training (their rows stay, unaligned).
    k : int
        For recall@k.
    aligned_rows, test_rows : array_like of bool, shape (n,), optional
        Rows that may be aligned (of which the fractions are taken), and the rows that test, in place of random ones.
    rng : int
        First seed.
    progress : callable, optional
    comparison : Comparison, optional
        An empty one that is filled as runs finish; after an interruption it holds what is done.
    **settings
        Of :class:`AlignedEncoders`; the temperature is chosen by cross-validation for each method by itself ("cv") unless
        given here.

    Returns
    -------
    Comparison
        Measures: ``recall@k``, ``mAP`` (means over both directions and all pairs of modalities), ``mAP a>b`` of each
        direction, ``knn`` and ``logistic`` (accuracy on fused latents, where several rows are of a class), ``knn only a`` (all
        other modalities missing at test time), ``match_error`` of trained linear encoders on test rows at the threshold found
        on the aligned ones; with ``unseen`` also ``recall@k seen``, ``unseen``, ``harmonic``, and the same of ``mAP``.

    Raises
    ------
    InvalidInputError
        On bad arguments, or so few rows that no two would be aligned or fewer than k tested.
    """
    _check(data, aligned, regularisers, seeds, unseen, k)
    may_align, tests = (
        None if rows is None else read_mask(name, rows, data.n)
        for name, rows in (("aligned_rows", aligned_rows), ("test_rows", test_rows))
    )
    settings = {"temperature": "cv"} | settings
    result = Comparison() if comparison is None else comparison
    result.facts = {
        "data": data.name, "rows": data.n, "seeds": seeds, "k": k, "unseen": [str(name) for name in unseen],
        "calibration": _CALIBRATION, "test": _TEST, "note": data.note, "settings": {key: str(v) for key, v in settings.items()},
        "overlap": _TEST / (1.0 - _CALIBRATION - _TEST) if tests is None else 0.0, "cautions": [],
    }  # fmt: skip
    aligned, arms = tuple(dict.fromkeys(aligned)), arms_of(regularisers)
    tasks = [(seed, part, name) for seed in range(rng, rng + seeds) for part in aligned for name in arms]
    for done, (seed, part, name) in enumerate(tasks, start=1):
        split = _split(data, seed=seed, aligned=part, unseen=unseen, may_align=may_align, tests=tests)
        if k > len(split.test_labels):
            raise InvalidInputError(
                f"k={k!r}: expected at most {len(split.test_labels)}, the complete test rows",
                context="compare_regularisers",
            )
        what = {"method": name} if name in METHODS else {"regulariser": name}
        model = AlignedEncoders(random_state=seed, **settings | what)
        model.fit(split.train, split.pairs)
        record = {"aligned": float(part), "regulariser": name, "seed": seed, "pairs": len(split.pairs)}
        result.records.append(record | _measure(model, split, k=k))
        result.facts["cautions"] = list(dict.fromkeys([*result.facts["cautions"], *model.cautions_]))
        if progress is not None:
            progress(done, len(tasks), f"{name}, {part:.0%} aligned, seed {seed}")
    result.complete = True
    return result


@dataclass(frozen=True)
class _Split(Frozen):
    """Normalised rows of one seed: training rows by modality (unaligned ones shuffled), and complete test rows."""

    train: Blocks
    labels: dict[str, NDArray[np.intp]]
    pairs: NDArray[np.intp]
    test: Blocks
    test_labels: NDArray[np.intp]
    unseen: tuple[int, ...]
    has_classes: bool


def _split(
    data: ModalityData, *, seed: int, aligned: float, unseen: Sequence[Any], may_align: Any = None, tests: Any = None
) -> _Split:
    rng = np.random.default_rng(seed)
    order = rng.permutation(data.n)
    test = order[: round(_TEST * data.n)] if tests is None else np.flatnonzero(tests)
    order = order[~np.isin(order, test)]
    first = round(_CALIBRATION / (1.0 - _TEST) * order.size)
    calibration, train = order[:first], order[first:]
    here = {name: data.present[:, place] for place, name in enumerate(data.names)}
    normaliser = Normaliser.fit(
        {name: data.arrays[name][calibration] for name in data.names},
        {name: here[name][calibration] for name in data.names},
        nonnegative=data.nonnegative,
    )
    rows = {name: normaliser.apply(name, data.arrays[name], here[name]) for name in data.names}
    whole = np.asarray(data.present.all(axis=1))
    wanted = {str(name) for name in unseen}
    hidden = tuple(code for code, name in enumerate(data.classes) if str(name) in wanted)
    free = np.ones(data.n, dtype=bool) if may_align is None else may_align
    candidates = train[whole[train] & free[train] & ~np.isin(data.codes[train], hidden)]
    chosen = candidates[: round(aligned * len(candidates))]
    test = test[whole[test]]
    if len(chosen) < 2 or len(test) < 2:
        raise InvalidInputError(
            f"aligned={aligned!r} leaves {len(chosen)} aligned training rows and {len(test)} complete test rows: expected at "
            "least 2 of each",
            context="compare_regularisers",
        )
    loose = np.setdiff1d(train, chosen)
    blocks, labels = {}, {}
    for name in data.names:
        mine = np.concatenate([chosen, rng.permutation(loose[here[name][loose]])])
        blocks[name], labels[name] = rows[name][mine], data.codes[mine]
    pairs = np.repeat(np.arange(len(chosen))[:, None], len(data.names), axis=1)
    return _Split(
        blocks,
        labels,
        pairs,
        {name: rows[name][test] for name in data.names},
        data.codes[test],
        hidden,
        has_classes=len(data.classes) < data.n,
    )


def _measure(model: AlignedEncoders, split: _Split, *, k: int) -> dict[str, float]:
    latents = model.transform(split.test)
    names = list(latents)
    found: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    for a, b in permutations(names, 2):
        table = model.similarity(latents[a], latents[b])
        measured = retrieval_measures(table, query_labels=split.test_labels, gallery_labels=split.test_labels, k=k)
        note(f"recall@{k}", measured[f"recall@{k}"])
        note("mAP", measured["mAP"])
        note(f"mAP {a}>{b}", measured["mAP"])
        if split.unseen:
            parts = zero_shot_measures(table, labels=split.test_labels, unseen=split.unseen, k=k)
            for part, values in parts.items():
                note(f"recall@{k} {part}", values[f"recall@{k}"])
                note(f"mAP {part}", values["mAP"])
    if model.linear_ and model.normalise != "none":
        for a, b in combinations(names, 2):
            aligned = {name: split.train[name][: len(split.pairs)] for name in (a, b)}
            threshold = match_estimates(model, aligned, rho=_SHARP * model.s**2).facts["threshold"]
            test = {name: split.test[name] for name in (a, b)}
            # The test rows are drawn anew; where values repeat in the data, some equal training rows.
            found_error = match_estimates(model, test, threshold=threshold, held_out=True, repeats=True)
            note("match_error", found_error["match_error"].value)
    measured = {name: float(np.mean(values)) for name, values in found.items()}
    # A class to each row leaves nothing to learn it from.
    return measured | (_classify(model, split, latents) if split.has_classes else {})


def _classify(model: AlignedEncoders, split: _Split, latents: Blocks) -> dict[str, float]:
    """Accuracy on fused latents: the mean over the modalities at hand."""
    neighbours = require("sklearn.neighbors", extra="train", purpose="classification on latents")
    linear = require("sklearn.linear_model", extra="train", purpose="classification on latents")
    known = model.transform(split.train)
    count = len(split.pairs)
    fused = np.mean([points[:count] for points in known.values()], axis=0)
    # Every latent point with a label is an example, fused or not: at test time any modality may be missing.
    points = np.concatenate([fused, *known.values()])
    labels = np.concatenate([next(iter(split.labels.values()))[:count], *split.labels.values()])
    knn = neighbours.KNeighborsClassifier(min(10, len(points))).fit(points, labels)
    logistic = linear.LogisticRegression(max_iter=1000, C=100.0).fit(points, labels)
    together = np.mean(list(latents.values()), axis=0)
    truth = split.test_labels
    accuracy = {
        "knn": float(np.mean(knn.predict(together) == truth)),
        "logistic": float(np.mean(logistic.predict(together) == truth)),
    }
    return accuracy | {f"knn only {name}": float(np.mean(knn.predict(z) == truth)) for name, z in latents.items()}


def _check(
    data: Any, aligned: Sequence[float], regularisers: Sequence[str], seeds: int, unseen: Sequence[Any], k: int
) -> None:
    problems = Problems("compare_regularisers")
    if not problems.require(isinstance(data, ModalityData), f"data={type(data).__name__}: expected ModalityData"):
        problems.raise_if_any()
    refuse_unread(data)
    problems.require(len(data.names) >= 2, f"data has modalities {data.names}: expected at least two to align")
    problems.require(len(aligned) > 0, "aligned is empty: expected at least one fraction")
    for part in aligned:
        problems.number("aligned", part, low=0, high=1, open_low=True)
    problems.require(len(regularisers) > 0, "regularisers is empty: expected at least one")
    for name in regularisers:
        problems.one_of("regulariser", name, ("none", *_TWINS, "auto"))
    problems.integer("seeds", seeds, low=1)
    problems.integer("k", k, low=1)
    classes = [str(name) for name in data.classes]
    for name in unseen:
        problems.require(str(name) in classes, f"unseen class {str(name)!r}: expected some of {', '.join(classes)}")
    problems.require(
        len(set(map(str, unseen))) < len(classes), "unseen names all classes: expected at least one seen class"
    )
    problems.raise_if_any()
