"""Choose a pair model by folds of the rows that are not held out.

The hold-out is not read, so whatever is chosen here is fixed before it: a certificate on it pays nothing for the choice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.models.evidence import Evidence, relevance
from boundcalc.trainer.models.folds import FEW, Folds, Map, Spec, blended
from boundcalc.trainer.models.pair_model import PairModel
from boundcalc.trainer.risk.newton import newton_descent
from boundcalc.trainer.risk.threads import one_blas_thread

__all__ = ["choose", "cut", "cut_scores"]

Array = NDArray[np.float64]

#: Strengths that the folds choose from; None is the shrinkage of Ledoit and Wolf.
SHRINKAGES: tuple[float | None, ...] = (None, 1e-4, 0.01, 0.1, 0.4)
PENALTIES: tuple[float, ...] = (10.0, 1.0, 0.1)
RANKS: tuple[float, ...] = (8.0, 32.0)
#: Of bumps, relative to the mean squared distance of two rows.
REACHES: tuple[float, ...] = (1.0, 3.0)
#: How many kinds of candidates the first fold leaves, and what others must gain to replace what all of them say together, or to
#: bring back modalities that did not help.
_LEFT, _GAIN = 6, 0.003
#: Pairs that say what the distances of modalities weigh.
_PAIRS = 5000
#: For how many rows it counts what candidates would weigh before the rows say how they add up.
_HOLD = 5.0


@dataclass(frozen=True)
class _Candidate(Frozen):
    """A kind of model on some modalities, and what the folds say of it: threshold and errors (plain, weighted).

    With ``parts`` its evidence for the classes is that of other candidates, weighted by their shares.
    """

    spec: Spec
    modalities: tuple[int, ...]
    weights: Array
    parts: tuple[_Candidate, ...] = ()
    shares: tuple[float, ...] = ()
    threshold: float = 0.0
    error: tuple[float, float] = (1.0, 1.0)

    @property
    def options(self) -> dict[str, object]:
        """What a reader is told."""
        told = (f"{share:.2g} {one.spec.name}" for one, share in zip(self.parts, self.shares, strict=True))
        return {**self.spec.options, **({"parts": " + ".join(told)} if self.parts else {})}

    def map(self, folds: Folds, fold: int) -> Map:
        """Return the map on rows outside a fold."""
        if not self.parts:
            return folds.fused(self.spec, self.modalities, fold, self.weights)
        return blended([one.map(folds, fold) for one in self.parts], self.shares, folds.prior(fold))

    def distances(self, folds: Folds, some: Sequence[int]) -> Array:
        """Return the distances of the pairs of some folds, each by the map that has not seen it."""
        found = [folds.distances(self.map(folds, k), self.modalities, k)[folds.pairs(k)[0]] for k in some]
        return np.concatenate(found)

    def judged(self, folds: Folds, some: Sequence[int]) -> _Candidate:
        """Return the candidate with the best threshold for the pairs of some folds, and its errors there."""
        threshold, error = cut(self.distances(folds, some), folds.similar(some), folds.weights, folds.aim)
        return replace(self, threshold=threshold, error=error)


def specs_of(settings: Settings, *, several: bool, by_class: bool = False, few: bool = False) -> list[Spec]:
    """Return the candidates that the settings ask for.

    Parameters
    ----------
    settings : Settings
    several : bool
        Whether there are several modalities to fuse.
    by_class : bool
        Whether for classes not met: "auto" then has no posterior of the others.
    few : bool
        Whether to compare the main kinds, not their strengths, as "auto" does of few rows.
    """
    shrinkages = (SHRINKAGES[:1] if few else SHRINKAGES) if settings.shrinkage is None else (settings.shrinkage,)
    penalties = (PENALTIES[1:2] if few else PENALTIES) if settings.penalty is None else (settings.penalty,)
    gaussians = [(joint, s) for joint in (True, False)[: 1 + several] for s in shrinkages]
    ranks = RANKS if settings.rank is None else (float(settings.rank),)
    families = {
        "modality": [Spec("modality", kind, False) for kind in ("raw", "standardised")],
        "discriminant": [Spec("discriminant", "gaussian", *one) for one in gaussians],
        "posterior": [
            *(Spec("posterior", "gaussian", *one) for one in gaussians),
            *(Spec("posterior", "logistic", True, p) for p in penalties),
            Spec("posterior", "gaussian", True, columns="bent"),
            *([] if few else [Spec("posterior", "logistic", True, penalties[len(penalties) // 2], "bent")]),
            *(Spec("posterior", "gaussian", True, reach, "bumps") for reach in (REACHES[:1] if few else REACHES)),
        ],
        "low_rank": [Spec("low_rank", "pairs", True, rank) for rank in ranks],
    }
    # Of few rows the best discriminant is no better than the best posterior.
    best = ("modality", *(["discriminant"] if by_class or not few else []), *([] if by_class else ["posterior"]))
    asked = best if settings.structure == "auto" else (settings.structure,)
    return [spec for name in asked for spec in families[name]]


def choose(
    folds: Folds,
    subset: Sequence[str],
    settings: Settings,
    *,
    specs: Sequence[Spec] | None = None,
    progress: Callable[[float], None] | None = None,
) -> PairModel | None:
    """Return the model that errs least on pairs of rows which it had not seen, fitted to all rows that are not held out.

    Parameters
    ----------
    folds : Folds
    subset : sequence of str
        The modalities.
    settings : Settings
        Its structure, and its rank, shrinkage and penalty where they are fixed.
    specs : sequence of Spec, optional
        The only candidates, for a first look.
    progress : callable, optional
        Called with the share of the candidates that is judged.

    Returns
    -------
    PairModel or None
        None for "auto" where no fold has pairs of both kinds.

    Raises
    ------
    InvalidInputError
        Where there are too few rows for another structure than "auto".
    """
    with one_blas_thread(numbers=folds.x.size):
        return _chosen(folds, subset, settings, specs, progress or (lambda share: None))


def _chosen(
    folds: Folds,
    subset: Sequence[str],
    settings: Settings,
    specs: Sequence[Spec] | None,
    progress: Callable[[float], None],
) -> PairModel | None:
    everything = tuple(folds.names.index(name) for name in subset)
    everyone = range(folds.count)
    similar = folds.similar(everyone)
    if similar.all() or not similar.any():
        if settings.structure == "auto" and settings.threshold_for is None:
            return None
        raise InvalidInputError(
            f"structure={settings.structure!r}: the folds of {folds.codes.size} rows have pairs of one kind only; give more "
            "rows of each class, or structure='diagonal'"
        )
    counts, alone = (dict(zip(everything, one, strict=True)) for one in relevance(folds, everything))
    kept = tuple(k for k in everything if counts[k] > 0)

    def usual(several: bool) -> Sequence[Spec]:
        return specs_of(settings, several=several, by_class=folds.by_class, few=few) if specs is None else specs

    few = folds.codes.size < FEW and settings.structure == "auto"
    asked = [(spec, kept) for spec in usual(len(kept) > 1)]
    again = [one for one in usual(False) if not few or (one[:2] == ("posterior", "gaussian") and one.columns != "bent")]
    asked += [(spec, everything) for spec in again if kept != everything]

    def judged_in(some: Sequence[int], begin: float, end: float) -> Iterator[_Candidate]:
        for place, (spec, modalities) in enumerate(asked):
            progress(begin + (end - begin) * place / len(asked))
            yield _judged(folds, spec, modalities, alone, some)

    if many := len(asked) > _LEFT and not few:
        first = list(judged_in(range(1), 0.1, 0.5))
        kinds: dict[tuple[object, ...], _Candidate] = {}
        for one in sorted(first, key=lambda one: one.error[1]):
            kinds.setdefault((one.spec._replace(strength=None), one.modalities), one)
        asked = [(one.spec, one.modalities) for one in list(kinds.values())[:_LEFT]]
        asked += [(one.spec, one.modalities) for one in first if one.spec.structure == "modality"][:1]
    asked = list(dict.fromkeys(asked))
    judged = list(judged_in(everyone, 0.5 * many, 0.9))
    progress(0.9)
    best = min(judged, key=lambda one: one.error[1] + _GAIN * (len(one.modalities) > len(kept)))
    posteriors = [one for one in judged if one.spec.structure == "posterior" and one.modalities == best.modalities]
    if len(posteriors) > 1 and not folds.by_class:
        together = _together(folds, posteriors).judged(folds, everyone)
        doubt = 0.5 * math.sqrt(
            best.error[1] / similar.sum()
        )  # about the standard error of a mean over the similar pairs
        best = together if together.error[1] < best.error[1] + max(_GAIN, doubt) else best
    return _fitted(folds, best, counts)


def _judged(
    folds: Folds, spec: Spec, modalities: tuple[int, ...], alone: dict[int, float], some: Sequence[int]
) -> _Candidate:
    """Fit without each of some folds and judge its pairs."""
    weights = np.ones(len(modalities))
    if not spec.joint and spec.structure == "posterior":
        weights = np.array([alone[k] for k in modalities])
    elif not spec.joint and len(modalities) > 1:
        parts = [_Candidate(spec, (k,), np.ones(1)).distances(folds, some) for k in modalities]
        weights = pair_weights(np.column_stack(parts), folds.similar(some))
    return _Candidate(spec, modalities, weights).judged(folds, some)


def _together(folds: Folds, posteriors: Sequence[_Candidate]) -> _Candidate:
    """Return the candidate whose evidence is a weighted sum of that of others, by their log loss on rows not seen."""
    modalities = posteriors[0].modalities
    sources = [lambda k, one=one: folds.evidence(one.map(folds, k), modalities, k) for one in posteriors]
    evidence = Evidence(folds, sources)
    # What each would weigh if one of them were true: this decides where the rows tell little more.
    likely = -np.array([evidence.losses(one).sum() for one in np.eye(len(posteriors))])
    likely = np.exp(likely - likely.max())
    shares, _ = evidence.solve(likely / likely.sum(), hold=_HOLD)
    used = shares > 1e-3
    if not used.any():
        return min(posteriors, key=lambda one: one.error[1])
    parts = tuple(one for one, share in zip(posteriors, used, strict=True) if share)
    spec, weights = Spec("posterior", "together", True), np.ones(len(modalities))
    return _Candidate(spec, modalities, weights, parts, tuple(shares[used].tolist()))


def _fitted(folds: Folds, best: _Candidate, counts: dict[int, float]) -> PairModel:
    """Fit the chosen model to all rows, over the columns of all modalities of the subset."""
    found, everything = best.map(folds, -1), tuple(counts)
    columns = folds.columns_of(everything)
    inside = np.isin(columns, folds.columns_of(best.modalities))
    scale, places, lift = 1.0 / folds.scale[columns], inside, None
    if found.lift is not None:
        landmarks = np.zeros((len(found.lift.landmarks), columns.size))
        landmarks[:, inside] = found.lift.landmarks
        lift = replace(found.lift, scale=np.where(inside, scale, 0.0), landmarks=landmarks)
        places = np.concatenate([inside, inside, np.ones(len(landmarks), dtype=bool)])
    factor = np.zeros((places.size, *found.factor.shape[1:]))
    factor[places] = found.factor
    factor[: columns.size] = (factor[: columns.size].T * scale).T
    offsets = found.offsets
    if offsets is not None:
        offsets = np.zeros((len(everything), factor.shape[1]))
        offsets[np.isin(everything, best.modalities)] = found.offsets
    weights = counts if best.spec.joint else {**counts, **dict(zip(best.modalities, best.weights, strict=True))}
    largest = max(*weights.values(), 1e-300)
    return PairModel(
        structure=best.spec.structure,
        widths=tuple(folds.widths[k] for k in everything),
        shift=folds.shift[columns],
        factor=factor,
        bias=found.bias,
        threshold=best.threshold,
        weights=tuple(float(one) / largest for one in weights.values()),  # 0 for what was left out
        options=best.options,
        error=best.error,
        certified_optimum=best.spec.kind != "pairs",
        lift=lift,
        offsets=offsets,
        prior=None if found.bias is None else folds.prior(-1),
    )


def cut(
    distances: Array, similar: NDArray[np.bool_], weights: tuple[float, float], aim: Mapping[str, float] | None = None
) -> tuple[float, tuple[float, float]]:
    """Return a threshold and the share of wrong pairs there, plain and weighted: with an aim, where that rate is still kept to.

    Parameters
    ----------
    distances : ndarray of shape (P,)
    similar : ndarray of bool, shape (P,)
    weights : (omega_pos, omega_neg)
    aim : {"fmr": rate} or {"fnmr": rate}, optional
        The threshold has the least of the other rate; without an aim, the least weighted share.
    """
    order = np.argsort(distances)
    d, same = distances[order], similar[order]
    # After the first k pairs are called similar: misses among the rest, false matches among them.
    missed = np.concatenate([[0], np.cumsum(same)])
    missed, false = missed[-1] - missed, np.concatenate([[0], np.cumsum(~same)])
    cost = weights[0] * missed + weights[1] * false
    ends = np.concatenate([[0.0], d, [d[-1] + max(float(d[-1]), 1.0)]])
    apart = np.diff(ends) > 1e-9 * ends[-1]  # rounding may not decide
    apart[-1] = True
    least = cost
    for name, rate in (aim or {}).items():
        kept, least = (false, missed) if name == "fmr" else (missed, false)
        apart &= kept <= rate * kept.max()
    k = int(np.where(apart, least, np.inf).argmin())
    return 0.5 * float(ends[k] + ends[k + 1]), (float(missed[k] + false[k]) / d.size, float(cost[k]) / d.size)


def cut_scores(scores: Array, similar: NDArray[np.bool_], weights: tuple[float, float]) -> tuple[float, float]:
    """Return the same threshold of scores of either sign, smaller for similar pairs, and the weighted share of wrong ones."""
    least = float(scores.min())
    threshold, (_, error) = cut(scores - least, similar, weights)
    return threshold + least, error


def pair_weights(parts: Array, similar: NDArray[np.bool_]) -> Array:
    """Return weights >= 0 of distances of the same pairs, shape (P, K), by a balanced logistic regression; the largest is 1."""
    from scipy.special import expit  # takes long to import

    step = max(1, similar.size // _PAIRS)
    scale = np.maximum(parts.mean(axis=0), 1e-300)
    x, sign = parts[::step] / scale, np.where(similar[::step], 1.0, -1.0)
    share = np.where(sign > 0, 0.5 / max((sign > 0).sum(), 1), 0.5 / max((sign < 0).sum(), 1))

    signed = sign[:, None] * np.column_stack([-x, np.ones(x.shape[0])])  # margins are products

    def objective(point: Array) -> tuple[float, Array]:
        z = signed @ point
        return float(share @ np.logaddexp(0.0, -z)), -(share * expit(-z)) @ signed

    def curvature(point: Array) -> Array:
        z = signed @ point
        return (signed.T * (share * expit(z) * expit(-z))) @ signed

    start = np.append(np.full(x.shape[1], 1.0 / x.shape[1]), 1.0)
    high, low = np.append(np.full(x.shape[1], 1e3), np.inf), np.append(np.zeros(x.shape[1]), -np.inf)
    found = newton_descent(objective, curvature, start, low=low, high=high, steps=50, decrement=1e-5, remembered=0)
    found = found[:-1] / scale
    return found / found.max() if found.max() > 0 else np.ones(x.shape[1])
