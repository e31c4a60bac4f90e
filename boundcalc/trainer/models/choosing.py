"""Choose a pair model by folds of the rows that are not held out.

The hold-out is not read, so whatever is chosen here is fixed before it: a certificate on it pays nothing for the choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.models.folds import Folds, Spec
from boundcalc.trainer.models.pair_model import PairModel

__all__ = ["choose", "cut", "cut_scores"]

Array = NDArray[np.float64]

#: Strengths that the folds choose from; None is the shrinkage of Ledoit and Wolf.
SHRINKAGES: tuple[float | None, ...] = (None, 1e-4, 0.01, 0.1, 0.4)
PENALTIES: tuple[float, ...] = (10.0, 1.0, 0.1)
RANKS: tuple[float, ...] = (8.0, 32.0)
#: How many candidates the first fold leaves, and what the others must gain to bring back modalities that did not help.
_LEFT, _GAIN = 4, 0.003


@dataclass(frozen=True)
class _Judged(Frozen):
    """What the folds say of a candidate: errors (plain, weighted), the threshold, and the weights of the modalities."""

    spec: Spec
    modalities: tuple[int, ...]
    error: tuple[float, float]
    threshold: float
    weights: Array


def specs_of(settings: Settings, *, several: bool) -> list[Spec]:
    """Return the candidates that the settings ask for.

    Parameters
    ----------
    settings : Settings
    several : bool
        Whether there are several modalities to fuse.
    """
    shrinkages = SHRINKAGES if settings.shrinkage is None else (settings.shrinkage,)
    penalties = PENALTIES if settings.penalty is None else (settings.penalty,)
    ranks = RANKS if settings.rank is None else (float(settings.rank),)
    ways = (True, False) if several else (True,)
    families = {
        "modality": [Spec("modality", kind, False) for kind in ("raw", "standardised")],
        "discriminant": [Spec("discriminant", "gaussian", way, s) for way in ways for s in shrinkages],
        "posterior": [
            *(Spec("posterior", "gaussian", way, s) for way in ways for s in shrinkages),
            *(Spec("posterior", "logistic", True, p) for p in penalties),
        ],
        "low_rank": [Spec("low_rank", "pairs", True, rank) for rank in ranks],
    }
    asked = ("modality", "discriminant", "posterior") if settings.structure == "auto" else (settings.structure,)
    return [spec for name in asked for spec in families[name]]


def choose(
    folds: Folds, subset: Sequence[str], settings: Settings, *, specs: Sequence[Spec] | None = None
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

    Returns
    -------
    PairModel or None
        None for "auto" where no fold has pairs of both kinds.

    Raises
    ------
    InvalidInputError
        Where there are too few rows for another structure than "auto".
    """
    everything = tuple(folds.names.index(name) for name in subset)
    similar = np.concatenate([folds.pairs(k)[1] for k in range(folds.count)])
    if similar.all() or not similar.any():
        if settings.structure == "auto":
            return None
        raise InvalidInputError(
            f"structure={settings.structure!r}: the folds of {folds.codes.size} rows have pairs of one kind only; give more "
            "rows of each class, or structure='diagonal'"
        )
    trust = relevance(folds, everything)
    kept = tuple(k for k, v in zip(everything, trust, strict=True) if v > 0)
    candidates = (
        [specs_of(settings, several=several) for several in (len(kept) > 1, False)] if specs is None else [specs] * 2
    )
    asked = [(spec, kept) for spec in candidates[0]]
    asked += [(spec, everything) for spec in candidates[1] if kept != everything]
    if len(asked) > _LEFT:
        first = [_judge(folds, spec, some, trust, everything, range(1)) for spec, some in asked]
        asked = [(one.spec, one.modalities) for one in sorted(first, key=lambda one: one.error[1])[:_LEFT]]
        asked += [(one.spec, one.modalities) for one in first if one.spec.structure == "modality"][:1]
    judged = [_judge(folds, spec, some, trust, everything, range(folds.count)) for spec, some in dict.fromkeys(asked)]
    best = min(judged, key=lambda one: one.error[1] + _GAIN * (len(one.modalities) > len(kept)))
    return _fitted(folds, best, everything, trust)


def _fitted(folds: Folds, best: _Judged, everything: tuple[int, ...], trust: Array) -> PairModel:
    """Fit the chosen model to all rows, over the columns of all modalities of the subset."""
    found = folds.fused(best.spec, best.modalities, -1, best.weights)
    columns = folds.columns_of(everything)
    factor = np.zeros((columns.size, *found.factor.shape[1:]))
    factor[np.isin(columns, folds.columns_of(best.modalities))] = found.factor
    weights = trust.copy()  # 0 for what was left out
    if not best.spec.joint:
        weights[np.isin(everything, best.modalities)] = best.weights
    return PairModel(
        structure=best.spec.structure,
        widths=tuple(folds.widths[k] for k in everything),
        shift=folds.shift[columns],
        factor=(factor.T / folds.scale[columns]).T,
        bias=found.bias,
        threshold=best.threshold,
        weights=tuple((weights / max(float(weights.max()), 1e-300)).tolist()),
        options=best.spec.options,
        error=best.error,
        certified_optimum=best.spec.kind != "pairs",
    )


def _judge(
    folds: Folds,
    spec: Spec,
    modalities: tuple[int, ...],
    trust: Array,
    everything: tuple[int, ...],
    some: Sequence[int],
) -> _Judged:
    """Fit without each fold and judge its pairs."""
    similar = np.concatenate([folds.pairs(k)[1] for k in some])
    weights = np.ones(len(modalities))
    if spec.structure == "posterior" and not spec.joint:
        weights = trust[np.isin(everything, modalities)]
    elif not spec.joint and len(modalities) > 1:
        parts = np.column_stack([np.concatenate(_alone(folds, spec, (k,), some)) for k in modalities])
        weights = pair_weights(parts, similar)
    found = np.concatenate(_alone(folds, spec, modalities, some, weights))
    threshold, error = cut(found, similar, folds.weights)
    return _Judged(spec, modalities, error, threshold, weights)


def _alone(
    folds: Folds, spec: Spec, modalities: tuple[int, ...], some: Sequence[int], weights: Array | None = None
) -> list[Array]:
    """Return the distances of each fold's pairs by the model that has not seen it."""
    weights = np.ones(len(modalities)) if weights is None else weights
    return [
        folds.distances(folds.fused(spec, modalities, k, weights), modalities, folds.judged(k))[folds.pairs(k)[0]]
        for k in some
    ]


def cut(
    distances: Array, similar: NDArray[np.bool_], weights: tuple[float, float]
) -> tuple[float, tuple[float, float]]:
    """Return the threshold with the least weighted share of wrong pairs, and that share, plain and weighted.

    Parameters
    ----------
    distances : ndarray of shape (P,)
    similar : ndarray of bool, shape (P,)
    weights : (omega_pos, omega_neg)
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
    k = int(np.where(apart, cost, np.inf).argmin())
    return 0.5 * float(ends[k] + ends[k + 1]), (float(missed[k] + false[k]) / d.size, float(cost[k]) / d.size)


def cut_scores(scores: Array, similar: NDArray[np.bool_], weights: tuple[float, float]) -> tuple[float, float]:
    """Return the same threshold of scores of either sign, smaller for similar pairs, and the weighted share of wrong ones."""
    least = float(scores.min())
    threshold, (_, error) = cut(scores - least, similar, weights)
    return threshold + least, error


def pair_weights(parts: Array, similar: NDArray[np.bool_]) -> Array:
    """Return weights >= 0 of distances of the same pairs, shape (P, K), by a balanced logistic regression; the largest is 1."""
    step = max(1, similar.size // 20_000)
    scale = np.maximum(parts.mean(axis=0), 1e-300)
    x, sign = parts[::step] / scale, np.where(similar[::step], 1.0, -1.0)
    share = np.where(sign > 0, 0.5 / max((sign > 0).sum(), 1), 0.5 / max((sign < 0).sum(), 1))

    def objective(point: Array) -> tuple[float, Array]:
        z = sign * (point[-1] - x @ point[:-1])
        slope = -share * sign / (1.0 + np.exp(np.clip(z, -500, 500)))
        return float(share @ np.logaddexp(0.0, -z)), np.append(-(slope @ x), slope.sum())

    start = np.append(np.full(x.shape[1], 1.0 / x.shape[1]), 1.0)
    bounds = [(0.0, 1e3)] * x.shape[1] + [(None, None)]
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x[:-1] / scale
    return found / found.max() if found.max() > 0 else np.ones(x.shape[1])


class _Evidence:
    """What each modality alone says of the classes of rows it has not seen: per fold evidence (n, c, K), prior and classes."""

    def __init__(self, folds: Folds, modalities: tuple[int, ...]) -> None:
        self.blocks = []
        for fold in range(folds.count):
            found = [folds.log_odds(fold, k) for k in modalities]
            met = found[0][2] >= 0
            self.blocks.append((np.stack([one[0][met] for one in found], axis=2), found[0][1], found[0][2][met]))

    def losses(self, v: Array) -> tuple[Array, Array]:
        """Return each row's log loss where the evidence is added up with weights v, and its gradient."""
        values, slopes = [], []
        for evidence, prior, own in self.blocks:
            scores = evidence @ v + prior
            scores -= scores.max(axis=1, keepdims=True)
            p = np.exp(scores)
            total = p.sum(axis=1)
            at = (np.arange(own.size), own)
            values.append(np.log(total) - scores[at])
            slopes.append(np.einsum("nc,nck->nk", p / total[:, None], evidence) - evidence[at])
        return np.concatenate(values), np.concatenate(slopes)

    def solve(self, free: NDArray[np.bool_], start: Array) -> tuple[Array, Array]:
        """Return the weights with the least mean loss, 0 where not free, and the losses there."""

        def objective(v: Array) -> tuple[float, Array]:
            value, slope = self.losses(v)
            return float(value.mean()), slope.mean(axis=0)

        bounds = [(0.0, 4.0 if one else 0.0) for one in free]
        found = minimize(objective, np.where(free, start, 0.0), jac=True, method="L-BFGS-B", bounds=bounds).x
        return found, self.losses(found)[0]


def relevance(folds: Folds, modalities: tuple[int, ...]) -> Array:
    """Return what each modality's evidence counts where all of it is added up, 0 for those that can be left out.

    Evidence is what a Gaussian class model of the modality alone says of rows it has not seen. A modality is left out, the
    least telling first, as long as the log loss rises by no more than its own standard error.
    """
    if len(modalities) == 1 or folds.by_class:
        return np.ones(len(modalities))
    evidence = _Evidence(folds, modalities)
    free = np.ones(len(modalities), dtype=bool)
    v, value = evidence.solve(free, np.full(len(modalities), 0.5))
    while free.sum() > 1:
        trials = []
        for k in np.flatnonzero(free):
            left = free & (np.arange(free.size) != k)
            found, other = evidence.solve(left, v)
            trials.append((float((other - value).mean()), left, found, other))
        rise, left, found, other = min(trials, key=lambda one: one[0])
        if rise > max(float((other - value).std()) / np.sqrt(value.size), 1e-4):
            break
        free, v, value = left, found, other
    v = np.where(free, np.maximum(v, 1e-3), 0.0)
    return v / v.max()
