r"""The AUC of pairs, P(D of a same pair < D of a different pair), from below; ties count as errors.

A random perfect matching of the rows is drawn without looking. Given the types, its same pairs are i.i.d. from their law and
its different pairs from theirs; surplus ones are dropped at random. Every bijection between m of each has the mean product
(1 - kappa (1 - AUC))^m, so each split gives the e-value exp(-m T)/(1 - kappa (1 - AUC))^m, and so does their mean.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.bijections import SPLITS
from boundcalc.certification.draws import Block
from boundcalc.certification.scaling import scale_to_coupling
from boundcalc.certification.sides import log_mean_below
from boundcalc.certification.sources import Distances, listed_distances

__all__ = ["auc_bound"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


def auc_bound(
    distances: Distances,
    codes: Rows,
    *,
    delta: float,
    members: list[Rows] | None = None,
    kappa: float = 0.98,
    splits: int = SPLITS,
    rng: np.random.Generator,
) -> float:
    """Return the lower confidence bound of the AUC of pairs; 0 where nothing is certified.

    Parameters
    ----------
    distances : Distances
    codes : ndarray of int, shape (n,)
    delta, kappa : float
        In (0, 1), fixed in advance.
    members : list of ndarray of int, optional
        The rows of each group: one random row of each is used in every split. Labels must not be the groups.
    splits : int
    rng : numpy.random.Generator
    """
    found = [_one_split(distances, codes, members, kappa, rng) for _ in range(splits)]
    log_delta = math.log(delta)

    def rejected(loss: float) -> bool:
        """Whether AUC <= 1 - loss is rejected."""
        rest = math.log1p(-kappa * loss)
        return log_mean_below([log_h - m * rest for log_h, m in found]) + log_delta >= 1e-12

    low, high = 0.0, 1.0
    if not rejected(1.0):
        return 0.0
    while high - low > 1e-12:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if rejected(middle) else (middle, high)
    return 1.0 - high


def _one_split(
    distances: Distances, codes: Rows, members: list[Rows] | None, kappa: float, rng: np.random.Generator
) -> tuple[float, int]:
    """Return a lower end of log h and the number of pairs of each kind."""
    rows = np.arange(codes.size) if members is None else np.array([rng.choice(part) for part in members])
    order = rng.permutation(rows)
    half = order.size // 2
    pairs = np.column_stack([order[:half], order[half : 2 * half]])
    same = codes[pairs[:, 0]] == codes[pairs[:, 1]]
    m = int(min(same.sum(), (~same).sum()))
    if m == 0:
        return 0.0, 0
    # The order of the pairs is random: the first m of each kind are a random choice.
    near = listed_distances(distances, pairs[same][:m])
    far = listed_distances(distances, pairs[~same][:m])
    wrong = (near[:, None] + 2.0 * distances.tie >= far).astype(float)
    everyone = np.arange(m)
    return scale_to_coupling(Block(everyone, everyone).matrix(wrong, kappa)).log_mean, m
