"""What was asked: sources, labels, groups and numbers checked, and all that calibration rows choose chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.bijections import SPLITS
from boundcalc.certification.kernels import QUANTITIES, members_of
from boundcalc.certification.models import from_model, own_groups, same_holdout
from boundcalc.certification.sources import (
    Distances,
    from_embeddings,
    from_matrix,
    listed_distances,
    numbers,
)
from boundcalc.errors import InvalidInputError, in_context
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems, as_generator
from boundcalc.language.ledger import Ledger
from boundcalc.trainer.data.labels import check_targets, encode_groups, encode_labels, rare_classes, told_of_rare
from boundcalc.trainer.data.order import aligned
from boundcalc.trainer.data.prepare import balanced_weights

__all__ = ["Calibration", "Listed", "Request", "read_request"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

_SOURCES = ("distance", "scores", "embeddings", "model")
_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys((*_SOURCES, "data", "against", "pairs", "y", "threshold", "groups", "kappa", "calibration")),
    "metric": "sqeuclidean", "delta": 0.05, "weights": "balanced", "splits": SPLITS, "rng": 0, "share": 1.0, "running": False,
    "progress": None, "quantity": "pair_error",
}  # fmt: skip
#: More splits than this change no digit that is shown.
_MOST_SPLITS = 10_000
#: Pairs of a kind that choose a threshold: more of them decide no digit that matters.
_MOST_PAIRS = 4_000_000
#: Rates that a threshold can be chosen for, with the side of the target.
RATES = ("fmr", "precision")


@dataclass(frozen=True)
class Listed(Frozen):
    """A list of pairs.

    Attributes
    ----------
    pairs : ndarray of int, shape (P, 2)
    distances : ndarray of shape (P,)
    same : ndarray of bool, shape (P,)
    tie : float
        Distances this close to the threshold count as ties.
    sign : int
        -1 where distances are scores with their sign changed.
    """

    pairs: Rows
    distances: Array
    same: NDArray[np.bool_]
    tie: float
    sign: int


@dataclass(frozen=True)
class Calibration:
    """Rows that choose and are not counted."""

    distances: Distances
    codes: Rows

    def off_diagonal(self) -> tuple[Array, NDArray[np.bool_], Array]:
        """Return distances of ordered pairs of different rows, whether they are the same, and how many pairs each stands for.

        Beyond `_MOST_PAIRS` of a kind they are a random sample of it: they choose, and certify nothing.
        """
        everyone, sizes = np.arange(self.codes.size), np.bincount(self.codes)
        similar = int(sizes @ (sizes - 1))
        share = [
            min(1.0, _MOST_PAIRS / max(count, 1)) for count in (everyone.size * (everyone.size - 1) - similar, similar)
        ]
        draws, found = np.random.default_rng(0), []
        for rows in np.array_split(everyone, 1 + everyone.size**2 // 2**22):
            same = self.codes[rows][:, None] == self.codes
            kept = rows[:, None] != everyone
            if min(share) < 1:
                kept &= draws.random(same.shape) < np.where(same, share[1], share[0])
            found.append((self.distances.between(rows, everyone)[kept], same[kept]))
        distances, same = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return distances, same, np.where(same, 1 / share[1], 1 / share[0])


@dataclass(frozen=True)
class Request:
    """A question whose arguments fit together.

    Attributes
    ----------
    distances, other : Distances
        Of the model, and of the one it is compared with.
    codes, groups : ndarray of int, shape (n,)
        Classes and groups of the rows that are counted.
    threshold : float or mapping
        The model's threshold (of distances: scores have changed their sign), or the rate it is to reach.
    other_threshold : float
    weights : (w_pos, w_neg) or None
        None for the balanced mix of the hold-out's own pairs.
    fixed : tuple of str
        What was fixed in advance, in words.
    delta : float
        What the statement consumes.
    notes : tuple of str
        Why the labels may be none.
    progress : callable, optional
        Is told the share that is done.
    quantity : {"pair_error", "fmr", "fnmr"}
    """

    distances: Distances | None
    other: Distances | None
    codes: Rows
    groups: Rows | None
    threshold: Any
    other_threshold: float
    weights: tuple[float, float] | None
    balanced: bool
    fixed: tuple[str, ...]
    delta: float
    kappa: float | None
    splits: int
    rng: np.random.Generator
    calibration: Calibration | None
    listed: Listed | None
    running: bool = False
    notes: tuple[str, ...] = ()
    progress: Callable[[float], None] | None = None
    quantity: str = "pair_error"

    @property
    def members(self) -> list[Rows] | None:
        """The rows of each group."""
        return None if self.groups is None else members_of(self.groups)


def read_request(**given: Any) -> Request:
    """Return the question that the arguments of :func:`~boundcalc.certification.certify` ask.

    Raises
    ------
    InvalidInputError
        If they do not fit together.
    """
    if unknown := set(given) - set(_DEFAULTS):
        raise InvalidInputError(f"unexpected {', '.join(sorted(unknown))}", context="certify")
    given = {**_DEFAULTS, **given}
    drawn = ""
    if given["rng"] is None:
        given["rng"] = np.random.default_rng(fresh := np.random.SeedSequence())
        drawn = f", which is {fresh.entropy}"
    delta, rng = _read_numbers(given, fresh=bool(drawn))
    name = _the_source(given)
    frames = aligned({key: given[key] for key in (name, "y", "groups")}) if given["pairs"] is None else {}
    given |= frames
    if given["pairs"] is not None:
        return _listed_request(given, name, delta, rng)
    distances, labels, own = _distances(given, name, given[name])
    other, other_own = None, None
    if given["against"] is not None:
        with in_context("against, like the source"):
            other, _, other_own = _distances(given, name, given["against"])
        if other.n != distances.n:
            raise InvalidInputError(
                f"against has {other.n} rows, {name} {distances.n}: expected the same rows in the same order"
            )
        if name == "model" and given["data"] is None and not same_holdout(given["model"], given["against"]):
            raise InvalidInputError(
                "against has held out other rows than model: give data=(X, y) that neither was trained on"
            )
    groups = own_groups(given[name], given["data"]) if given["groups"] is None else given["groups"]
    codes, groups, notes = _labels(labels, groups, distances.n)
    _enough(codes, groups)
    fixed = [
        f"the order of the rows, and the seed (one, not the best of several) of {given['splits']} random "
        f"split{'s' * (given['splits'] > 1)}{drawn}",
        f"delta = {given['delta']:g}",
    ]
    fixed.append(_paid(given["share"]))
    if given["kappa"] is not None:
        fixed.append(f"kappa = {given['kappa']:g}")
    calibration = None
    weights, balanced = given["weights"], isinstance(given["weights"], str)
    if given["calibration"] is not None:
        chosen = _share(codes.size, groups, given["calibration"], rng)
        calibration = Calibration(distances.of_rows(chosen), codes[chosen])
        other_calibration = None if other is None else other.of_rows(chosen)
        kept = np.setdiff1d(np.arange(codes.size), chosen)
        distances, other = distances.of_rows(kept), None if other is None else other.of_rows(kept)
        if weights == "balanced" and not isinstance(given["threshold"], Mapping) and given["quantity"] == "pair_error":
            weights = balanced_weights(calibration.codes)
            fixed.append(
                f"the weights {weights[0]:.4g} for same and {weights[1]:.4g} for different pairs, from {chosen.size} "
                "calibration rows"
            )
        codes = codes[kept]
        groups = None if groups is None else np.unique(groups[kept], return_inverse=True)[1]
    threshold, other_threshold = _thresholds(given, own, other_own, distances.sign)
    if threshold is None and calibration is not None:
        threshold = _best_threshold(calibration)
        fixed.append(f"the threshold {distances.sign * threshold:.6g}, from the calibration rows")
        if other is not None and other_calibration is not None:
            other_threshold = _best_threshold(Calibration(other_calibration, calibration.codes))
    elif isinstance(threshold, float):
        fixed.append(f"the threshold {distances.sign * threshold:.6g}")
    if isinstance(given["threshold"], Mapping) or given["quantity"] != "pair_error":
        weights = (1.0, 1.0)  # a rate has none
    elif weights is None or not balanced:
        weights = (1.0, 1.0) if weights is None else weights
        fixed.append(f"the weights {weights[0]:.4g} for same and {weights[1]:.4g} for different pairs")
    if other is not None:
        fixed.append(f"the threshold {other.sign * other_threshold:.6g} of the other model")
    _enough(codes, groups)
    return Request(
        distances,
        other,
        codes,
        groups,
        threshold,
        other_threshold,
        None if isinstance(weights, str) else (float(weights[0]), float(weights[1])),
        balanced,
        tuple(fixed),
        delta,
        given["kappa"],
        given["splits"],
        rng,
        calibration,
        None,
        given["running"],
        notes,
        given["progress"],
        given["quantity"],
    )


def _paid(share: float) -> str:
    """Return what a model's share of delta is for."""
    if share == 1.0:
        return "the model, one only (each of J that are compared on these rows needs share=1/J)"
    return f"this model's share of delta, {share:g}"


def _read_numbers(given: Mapping[str, Any], *, fresh: bool) -> tuple[float, np.random.Generator]:
    """Check what does not depend on the data; return delta's share and the generator."""
    problems = Problems("certify")
    problems.number("delta", given["delta"], low=0, high=1, open_low=True, open_high=True)
    problems.number("share", given["share"], low=0, high=1, open_low=True)
    if given["kappa"] is not None:
        problems.number("kappa", given["kappa"], low=0, high=1, open_low=True, open_high=True)
    if given["calibration"] is not None:
        problems.number("calibration", given["calibration"], low=0, high=1, open_low=True, open_high=True)
    splits = given["splits"]
    whole = isinstance(splits, (int, np.integer)) and not isinstance(splits, bool)
    problems.require(
        whole and 1 <= splits <= _MOST_SPLITS, f"splits={splits!r}: expected an integer >= 1, at most {_MOST_SPLITS:,}"
    )
    seedless = fresh and not isinstance(given["threshold"], Mapping) and given["pairs"] is None
    problems.require(
        not given["running"] or seedless,
        "running=True holds over a seed that is drawn afresh: give rng=None, a number as threshold, and all pairs",
    )
    problems.require(
        given["progress"] is None or callable(given["progress"]), f"progress={given['progress']!r}: expected a function"
    )
    quantity = given["quantity"]
    if (
        problems.require(
            quantity in tuple(QUANTITIES), f"quantity={quantity!r}: expected one of {', '.join(QUANTITIES)}"
        )
        and quantity != "pair_error"
    ):
        others = [name for name in ("against", "pairs", "kappa") if given[name] is not None]
        others += [name for name in ("running",) if given[name]]
        others += ["threshold"] if isinstance(given["threshold"], Mapping) else []
        problems.require(
            not others, f"quantity={quantity!r} is of one model, at one threshold: leave out {', '.join(others)}"
        )
    weights = given["weights"]
    expected = "expected 'balanced', 'own', (w_pos, w_neg) fixed in advance, or None"
    if isinstance(weights, str):
        problems.require(weights in ("balanced", "own"), f"weights={weights!r}: {expected}")
    elif weights is not None:
        two = isinstance(weights, (Sequence, np.ndarray)) and len(weights) == 2
        if problems.require(two, f"weights={weights!r}: {expected}"):
            numeric = [
                problems.number(name, w, low=0, high=1e100) for name, w in zip(("w_pos", "w_neg"), weights, strict=True)
            ]
            problems.require(not all(numeric) or max(weights) > 0, f"weights={weights!r}: one must be above 0")
    problems.raise_if_any()
    ledger = Ledger.split(given["delta"], {"this model": given["share"]})
    return ledger["this model"], as_generator(given["rng"])


def _the_source(given: Mapping[str, Any]) -> str:
    named = [name for name in _SOURCES if given[name] is not None]
    if len(named) != 1:
        raise InvalidInputError(
            f"{' and '.join(named) or 'no source'} given: expected exactly one of {', '.join(_SOURCES)}",
            context="certify",
        )
    if given["data"] is not None and named[0] != "model":
        raise InvalidInputError("data= goes with model= only", context="certify")
    if given["metric"] != _DEFAULTS["metric"] and named[0] != "embeddings":
        raise InvalidInputError(
            f"metric={given['metric']!r} goes with embeddings= only: {named[0]}= brings its own distance",
            context="certify",
        )
    if named[0] == "model" and given["y"] is not None:
        raise InvalidInputError("y= does not go with model=: give data=(X, y)", context="certify")
    if named[0] != "model" and given["y"] is None:
        raise InvalidInputError("y=None: expected the label of each row", context="certify")
    return named[0]


def _distances(given: Mapping[str, Any], name: str, value: Any) -> tuple[Distances, Any, float | None]:
    if name == "model":
        return from_model(value, given["data"])
    if name == "embeddings":
        return from_embeddings(value, metric=given["metric"]), given["y"], None
    return from_matrix(name, value), given["y"], None


def _labels(labels: Any, groups: Any, n: int) -> tuple[Rows, Rows | None, tuple[str, ...]]:
    """Return classes, groups, and why the labels may be none: here numbers may be identities with few rows each."""
    problems, doubts = Problems("certify"), Problems("certify")
    kinds, classes, codes = encode_labels(labels, problems)
    check_targets(kinds, classes, codes, doubts)
    groups = None if groups is None else encode_groups(groups, n, problems)
    problems.raise_if_any()
    problems.require(codes.size == n, f"y has {codes.size} labels: expected one for each of {n} rows")
    problems.raise_if_any()
    if groups is not None and np.array_equal(codes, groups):
        return codes, groups, ()
    rare = rare_classes(classes, codes)
    return codes, groups, (*doubts.found, *([told_of_rare(rare)] if rare else []))


def _share(n: int, groups: Rows | None, share: float, rng: np.random.Generator) -> Rows:
    """Return the rows of a random share of rows or groups."""
    units = n if groups is None else int(groups.max()) + 1
    chosen = rng.permutation(units)[: max(2, round(share * units))]
    return np.sort(chosen) if groups is None else np.flatnonzero(np.isin(groups, chosen))


def _thresholds(given: Mapping[str, Any], own: float | None, other_own: float | None, sign: int) -> tuple[Any, float]:
    """Return the threshold of distances, a rate asked for, or None; and that of the other model."""
    threshold = own if given["threshold"] is None else given["threshold"]
    first, second = threshold, threshold if other_own is None or given["threshold"] is not None else other_own
    if given["against"] is not None and isinstance(threshold, (tuple, list)) and len(threshold) == 2:
        first, second = threshold
    if isinstance(first, Mapping):
        name, *more = first or ("",)
        if more or name not in RATES or given["against"] is not None:
            raise InvalidInputError(
                f"threshold={first!r}: expected one of {', '.join(f'{{{r!r}: rate}}' for r in RATES)}"
            )
        problems = Problems("certify")
        problems.number(name, first[name], low=0, high=1, open_low=True, open_high=True)
        problems.raise_if_any()
        if name == "precision" and given["calibration"] is None:
            raise InvalidInputError(
                "threshold={'precision': ...} is searched from the best threshold of the calibration rows: give calibration=0.2"
            )
        return dict(first), np.nan
    if first is None:
        if given["calibration"] is None:
            raise InvalidInputError(
                "threshold=None: a threshold chosen on the held-out rows certifies nothing; give one that was fixed in "
                "advance, or calibration=0.2 to choose it on a share of the rows that is then not counted",
                context="certify",
            )
        return None, np.nan
    problems = Problems("certify")
    for value in (first, second) if second is not first else (first,):
        problems.number("threshold", value)
    problems.raise_if_any()
    return sign * float(first or 0.0), sign * float(second or 0.0)


def _best_threshold(calibration: Calibration) -> float:
    """Return the threshold of the smallest balanced error, half-way between two distances."""
    distances, same, _ = calibration.off_diagonal()
    if same.all() or not same.any():
        raise InvalidInputError(
            f"the {calibration.codes.size} calibration rows have no {'different' if same.all() else 'same'} pair: "
            "give more rows or a larger calibration share, or a threshold fixed in advance"
        )
    order = np.argsort(distances, kind="stable")
    distances, same = distances[order], same[order]
    error = 1.0 - np.cumsum(same) / same.sum() + np.cumsum(~same) / (~same).sum()
    last = np.flatnonzero(np.append(distances[1:] > distances[:-1], False))
    if not last.size:
        return float(distances[0])
    best = last[np.argmin(error[last])]
    return float(0.5 * (distances[best] + distances[best + 1]))


def _enough(codes: Rows, groups: Rows | None) -> None:
    problems = Problems("certify")
    units = codes.size if groups is None else int(groups.max(initial=-1)) + 1
    kind = "rows" if groups is None else "groups"
    problems.require(units >= 2, f"{units} {kind} to count: expected at least 2")
    sizes = np.bincount(codes)
    sizes = sizes[sizes > 0]
    problems.require(sizes.size >= 2, "y has one class only: no pair is different; expected at least two classes")
    problems.require(sizes.max(initial=0) >= 2, "no two rows have the same label: no pair is the same")
    problems.raise_if_any()


def _same(labels: Any, pairs: NDArray[Any], rows: int | None, *, of_rows: bool) -> NDArray[np.bool_]:
    """Return whether the rows of each pair are the same: by booleans for pairs, or by the labels of rows."""
    labels = np.asarray(labels)
    if labels.dtype.kind == "b" and labels.shape == (len(pairs),) and not of_rows:
        if rows == len(pairs):
            raise InvalidInputError(
                f"y has {rows} booleans for as many rows and pairs, and could be either: give labels of rows as 0 and 1; with "
                "booleans for pairs, give one number for each pair instead of rows"
            )
        return np.asarray(labels)
    problems = Problems("certify")
    _, _, codes = encode_labels(labels, problems)
    problems.raise_if_any()
    named = pairs.dtype.kind == "U"
    if named or pairs.min() < 0 or pairs.max() >= codes.size or codes.size != (rows or codes.size):
        raise InvalidInputError(
            f"y has {codes.size} entries: expected a boolean for each of {len(pairs)} pairs, or a label for each row"
        )
    return np.asarray(codes[pairs[:, 0]] == codes[pairs[:, 1]])


def _listed_request(given: Mapping[str, Any], name: str, delta: float, rng: np.random.Generator) -> Request:
    for argument in ("groups", "calibration", "against", "kappa"):
        if given[argument] is not None:
            raise InvalidInputError(f"{argument}= does not go with pairs=", context="certify")
    pairs = np.asarray(given["pairs"])
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iuU" or len(pairs) < 1:
        raise InvalidInputError(
            f"pairs of shape {pairs.shape}, {pairs.dtype}: expected row numbers or names, shape (P, 2)"
        )
    labels, own, tie, rows = given["y"], None, 0.0, None
    if name != "model" and np.ndim(given[name]) == 1:
        sign = -1 if name == "scores" else 1
        listed = sign * numbers(name, given[name], ndim=1)
        if listed.size != len(pairs):
            raise InvalidInputError(f"{name} has {listed.size} numbers for {len(pairs)} pairs")
    else:
        distances, labels, own = _distances(given, name, given[name])
        sign, tie, rows = distances.sign, distances.tie, distances.n
        if pairs.dtype.kind == "U" or pairs.min() < 0 or pairs.max() >= rows:
            raise InvalidInputError(f"pairs: expected row numbers in 0..{rows - 1}")
        listed = listed_distances(distances, pairs)
    same = _same(labels, pairs, rows, of_rows=name == "model")
    units, places = np.unique(pairs, return_inverse=True)
    places = places.reshape(pairs.shape)
    if (places[:, 0] == places[:, 1]).any():
        raise InvalidInputError("pairs: a row is paired with itself")
    threshold, _ = _thresholds(given, own, None, sign)
    if not isinstance(threshold, float):
        raise InvalidInputError("with pairs= expected a threshold that was fixed in advance")
    weights = given["weights"]
    balanced = isinstance(weights, str)
    weights = None if balanced else (1.0, 1.0) if weights is None else (float(weights[0]), float(weights[1]))
    fixed = [
        f"the list of {len(pairs):,} pairs",
        f"the threshold {sign * threshold:.6g}",
        f"delta = {given['delta']:g}",
    ]
    fixed.append(_paid(given["share"]))
    if weights is not None:
        fixed.append(f"the weights {weights[0]:.4g} for same and {weights[1]:.4g} for different pairs")
    return Request(None, None, np.arange(units.size), None, threshold, np.nan, weights, balanced, tuple(fixed), delta, None,
                   given["splits"], rng, None, Listed(places, listed, same, tie, sign))  # fmt: skip
