"""What models of the classes say together, and which modalities can be left out: by log loss on rows that they have not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from boundcalc.trainer.models.folds import Folds, Map, Spec

__all__ = ["Evidence", "relevance"]

Array = NDArray[np.float64]


class Evidence:
    """What maps say of the classes of rows that they have not seen: per fold evidence (n, c, K), prior and classes.

    Parameters
    ----------
    folds : Folds
    sources : sequence of (sequence of Map, tuple of int)
        The map without each fold, and its modalities.
    """

    def __init__(self, folds: Folds, sources: Sequence[tuple[Sequence[Map], tuple[int, ...]]]) -> None:
        self.blocks = []
        for fold in range(folds.count):
            found = [folds.evidence(maps[fold], some, fold) for maps, some in sources]
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

        def objective(v: Array) -> tuple[float, Array]:
            value, slope = self.losses(v)
            away = hold / value.size * (v - start)
            return float(value.mean() + away @ (v - start)), slope.mean(axis=0) + 2.0 * away

        bounds = [(0.0, 4.0 if one else 0.0) for one in free]
        found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x
        return found, self.losses(found)[0]


def relevance(folds: Folds, modalities: tuple[int, ...]) -> Array:
    """Return what each modality's evidence counts where all of it is added up, 0 for those that can be left out.

    Evidence is what a Gaussian class model of the modality alone says of rows it has not seen. A modality is left out, the
    least telling first, as long as the log loss rises by no more than its own standard error.
    """
    if len(modalities) == 1 or folds.by_class:
        return np.ones(len(modalities))
    spec = Spec("posterior", "gaussian", True)
    everyone = range(folds.count)
    evidence = Evidence(folds, [([folds.map(spec, (k,), fold) for fold in everyone], (k,)) for k in modalities])
    free = np.ones(len(modalities), dtype=bool)
    v, value = evidence.solve(np.full(len(modalities), 0.5))
    while free.sum() > 1:
        trials = []
        for k in np.flatnonzero(free):
            left = free & (np.arange(free.size) != k)
            found, other = evidence.solve(v, free=left)
            trials.append((float((other - value).mean()), left, found, other))
        rise, left, found, other = min(trials, key=lambda one: one[0])
        if rise > max(float((other - value).std()) / np.sqrt(value.size), 1e-4):
            break
        free, v, value = left, found, other
    v = np.where(free, np.maximum(v, 1e-3), 0.0)
    return v / v.max()
