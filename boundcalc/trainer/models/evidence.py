"""What models of the classes say together, and which modalities can be left out: by log loss on rows that they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.models.folds import FEW, Folds, Spec
from boundcalc.trainer.risk.newton import newton_descent

__all__ = ["Evidence", "relevance"]

Array = NDArray[np.float64]
Source = Callable[[int], tuple[Array, Array, NDArray[np.intp]]]

#: What speaks for each modality alone; of few rows the first of these.
_SPECS = (
    Spec("posterior", "gaussian", True),
    Spec("posterior", "gaussian", True, None, "bent"),
    Spec("posterior", "gaussian", True, 1.0, "bumps"),
)
#: Numbers of evidence that are looked at; of many classes fewer rows.
_ENTRIES = 2_000_000
#: What a useless modality of so many weights >= 0 gains in log loss over all rows with probability .05 (of few rows, one weight),
#: or .01: half a quantile of a mixture of chi-squares (Chernoff 1954).
_LEAST = {1: 1.35, 3: 4.4}
#: Steps end when the next promises less of the log loss over all rows.
_CHANGE = 0.02


class Evidence:
    """What maps say of the classes of rows that they have not seen: evidence (n, c, K), log prior (n, c), and the rows' classes.

    Parameters
    ----------
    folds : Folds
    sources : sequence of callable
        Return what one says on a fold, as :meth:`Folds.evidence` does.
    """

    def __init__(self, folds: Folds, sources: Sequence[Source]) -> None:
        classes = max(folds.prior(fold).size for fold in range(folds.count))
        blocks = []
        for fold in range(folds.count):
            found = [source(fold) for source in sources]
            prior, own = found[0][1:]
            met = np.flatnonzero(own >= 0)[: 1 + _ENTRIES // (len(sources) * folds.count * prior.size)]
            said, odds = np.zeros((met.size, classes, len(sources))), np.full((met.size, classes), -np.inf)
            for k, one in enumerate(found):
                said[:, : prior.size, k] = one[0][met]
            odds[:, : prior.size] = prior  # classes that the others have not met are impossible
            blocks.append((said, odds, own[met]))
        self.said, self.prior, self.own = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        self.told = self.said[np.arange(self.own.size), self.own]

    def _chances(self, v: Array) -> tuple[Array, Array]:
        """Return each row's log loss where the evidence is added up with weights v, and the chances of the classes."""
        scores = self.said @ v + self.prior
        scores -= scores.max(axis=1, keepdims=True)
        p = np.exp(scores)
        total = p.sum(axis=1)
        return np.log(total) - scores[np.arange(self.own.size), self.own], p / total[:, None]

    def losses(self, v: Array) -> Array:
        """Return each row's log loss where the evidence is added up with weights v, shape (n,)."""
        return self._chances(v)[0]

    def solve(self, start: Array, *, free: NDArray[np.bool_] | None = None, hold: float = 0.0) -> tuple[Array, Array]:
        """Return the weights in [0, 4] with the least mean loss, 0 where not free, and the losses there.

        Parameters
        ----------
        start : ndarray of shape (K,)
        free : ndarray of bool, shape (K,), optional
        hold : float
            The sum of the losses is added this times the squared distance from the start.
        """
        free = np.ones(start.size, dtype=bool) if free is None else free
        start = np.where(free, start, 0.0)

        n, classes, size = self.said.shape
        flat = self.said.reshape(n * classes, size)

        def objective(v: Array) -> tuple[float, Array]:
            value, p = self._chances(v)
            away = hold / n * (v - start)
            slope = (p.ravel() @ flat - self.told.sum(axis=0)) / n
            return float(value.mean() + away @ (v - start)), slope + 2.0 * away

        def curvature(v: Array) -> Array:
            p = self._chances(v)[1]
            mean = (p[:, None] @ self.said)[:, 0]
            return ((flat.T * p.ravel()) @ flat - mean.T @ mean) / n + 2.0 * hold / n * np.eye(size)

        high = np.where(free, 4.0, 0.0)
        found = newton_descent(objective, curvature, start, high=high, steps=50, decrement=_CHANGE / n, remembered=0)
        return found, self.losses(found)


def relevance(folds: Folds, modalities: tuple[int, ...]) -> tuple[Array, Array]:
    """Return what each modality counts where the evidence of all is added up, 0 for those that can be left out: two arrays.

    The first is of the evidence of Gaussian class models of each modality alone, on its rows, bent columns and bumps, so that no
    modality is left out because a linear model tells nothing of it (of few rows on these alone); the second of those on rows.
    A modality is left out, the least telling first, as long as the log loss on rows not seen rises by no more than what a
    useless one would gain.
    """
    count = len(modalities)
    if count == 1 or folds.by_class:
        return np.ones(count), np.ones(count)
    specs = _SPECS if folds.codes.size >= FEW else _SPECS[:1]
    sources = [partial(folds.alone, spec, k) for spec in specs for k in modalities]
    evidence, linear = Evidence(folds, sources), Evidence(folds, sources[:count])
    owner = np.tile(np.arange(count), len(specs))
    v, value = evidence.solve(np.full(owner.size, 0.2))
    kept = np.unique(owner[v > 0])
    while kept.size > 1:
        trials = []
        for k in kept:
            found, other = evidence.solve(np.minimum(v, 1.0), free=np.isin(owner, kept[kept != k]))
            trials.append((float((other - value).mean()), k, found, other))
        rise, last, found, other = min(trials, key=lambda one: one[0])
        if rise > _LEAST[len(specs)] / value.size:
            break
        kept, v, value = kept[kept != last], found, other
    left = np.isin(np.arange(count), kept) if kept.size else np.ones(count, dtype=bool)
    told = [np.bincount(owner, weights=v), linear.solve(np.full(count, 0.5), free=left)[0]]
    told = [np.where(left, np.maximum(one, 1e-3), 0.0) for one in told]
    return told[0] / told[0].max(), told[1] / told[1].max()
