"""Losses that compare a similar with a dissimilar pair: smoothed AUC, and the triplets of large margin nearest neighbours.

Both are means of push h(D_far - D_near) + pull D_near, h a hinge: over all pairs of pairs, or over those that share a row
(Weinberger, Blitzer, Saul 2005; here all rows of the class are targets). A comparison is linear in the metric, so to the
solver it is what a dissimilar pair at threshold 0 is, and its optimum is certified in the same way. Sorted distances give the
exact mean over all comparisons of P pairs, and its slopes, in O(P log P).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import Problems
from boundcalc.trainer.risk.distances import cross_distances
from boundcalc.trainer.risk.losses import Hinge, Loss, SmoothedHinge, hinge_window, loss_from_name
from boundcalc.trainer.risk.pair_blocks import PairRisk
from boundcalc.trainer.risk.pairs import PairSource
from boundcalc.trainer.risk.structures import GroupedWeights

__all__ = ["AUC", "Comparisons", "Ranked", "Ranking", "Triplets", "best_threshold", "training_loss"]

Array = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Ranking:
    """A loss of comparisons, which chooses the metric: push times a loss of D_far - D_near, and pull times D_near."""

    name = "ranking"
    anchored = False
    push, pull = 1.0, 0.0

    @property
    def margin_loss(self) -> Loss:
        """The loss of D_far - D_near."""
        return Hinge()

    def to_dict(self) -> dict[str, float | str]:
        """Return name and parameters for JSON."""
        return {"name": self.name, **vars(self)}


@dataclass(frozen=True)
class AUC(Ranking):
    """The smoothed hinge over all pairs of a similar and a dissimilar pair: at least 1 - width/2 where their order is wrong.

    Attributes
    ----------
    width : float
        Of the window in which the hinge is rounded, in (0, 1].
    """

    width: float = 0.5

    name = "auc"

    def __post_init__(self) -> None:
        SmoothedHinge(self.width)

    @property
    def margin_loss(self) -> Loss:
        """The smoothed hinge."""
        return SmoothedHinge(self.width)


@dataclass(frozen=True)
class Triplets(Ranking):
    """push max(0, 1 + D_near - D_far) + pull D_near over all triples of a row, one of its class and one of another.

    Attributes
    ----------
    pull, push : float
        ``w_pull`` >= 0 and ``w_push`` > 0.
    """

    pull: float = 0.1
    push: float = 0.9

    name = "triplet"
    anchored = True

    def __post_init__(self) -> None:
        problems = Problems("triplets")
        problems.number("pull", self.pull, low=0)
        problems.number("push", self.push, low=0, open_low=True)
        problems.raise_if_any()


def training_loss(
    loss: str | Loss | Ranking,
    *,
    width: float = 0.5,
    margin: float = 1.0,
    rho: float = 1.0,
    pull: float = 0.1,
    push: float = 0.9,
) -> Loss | Ranking:
    """Return the loss of that name: of pairs, or of comparisons.

    Parameters
    ----------
    loss : {"hinge", "smoothed_hinge", "logistic", "contrastive", "ramp", "auc", "triplet"} or Loss or Ranking
    width, margin, rho, pull, push : float
        Parameters of ``smoothed_hinge`` and ``auc``, of ``contrastive``, of ``ramp`` and of ``triplet``.
    """
    if isinstance(loss, Ranking):
        return loss
    if loss == "auc":
        return AUC(width)
    if loss == "triplet":
        return Triplets(pull, push)
    return loss_from_name(loss, width=width, margin=margin, rho=rho, also=("auc", "triplet"))


@dataclass(frozen=True)
class Ranked:
    """What training on comparisons found.

    Attributes
    ----------
    loss : str
    risk : float
        Mean loss of the comparisons at the metric.
    eps_opt : float
        Certified: no metric of the class has an objective smaller by more on these comparisons.
    rows, comparisons : int
        Training rows, the first so many of the random order, and how many comparisons they make.
    """

    loss: str
    risk: float
    eps_opt: float
    rows: int
    comparisons: int


class Comparisons(PairSource):
    """All comparisons of a similar with a dissimilar pair of rows; their margins are D_far - D_near.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
    codes : ndarray of int, shape (n,)
    widths : sequence of int
        Columns of each modality.
    present : ndarray of bool, shape (n, K)
    anchored : bool
        Whether the two pairs share a row.
    groups : ndarray of int, shape (n,), optional
        Rows of one group make no pair.

    Raises
    ------
    InvalidInputError
        If there is no comparison.
    """

    def __init__(
        self, rows: Array, codes: Places, *, widths: Sequence[int], present: NDArray[np.bool_], anchored: bool,
        groups: Places | None = None,
    ) -> None:  # fmt: skip
        n, self.d = rows.shape
        ends = np.cumsum((0, *widths))
        self._parts = [slice(a, b) for a, b in pairwise(ends)]
        count = np.maximum(present.sum(axis=0), 1).repeat(widths)
        here = present.repeat(widths, axis=1)
        self._rows = np.where(here, rows - np.where(here, rows, 0.0).sum(axis=0) / count, 0.0)
        self._widths, self._present = tuple(widths), present
        apart = ~np.eye(n, dtype=bool) if groups is None else groups[:, None] != groups
        same = codes[:, None] == codes
        # Flat places of the near and of the far pairs that are compared: for each row, or all at once.
        kinds = [np.flatnonzero(kind & (apart if anchored else np.triu(apart))) for kind in (same, ~same)]
        cuts = n * np.arange(1, n if anchored else 1)
        near_of, far_of = (np.split(kind, np.searchsorted(kind, cuts)) for kind in kinds)
        self._groups = [(near, far) for near, far in zip(near_of, far_of, strict=True) if near.size and far.size]
        self.n_similar = 0
        self.n_dissimilar = sum(near.size * far.size for near, far in self._groups)
        if not self._groups:
            raise InvalidInputError(
                f"{n} training rows make no comparison of a similar with a dissimilar pair: give more rows"
            )
        self.squared_radius = float(np.square(self._rows).sum(axis=1).max()) * (1 + 1e-12)
        self.depth = n + self.d

    def distances(self, operator: Array) -> Array:
        """Return D of all pairs of rows, shape (n, n)."""
        return cross_distances(self._rows, self._rows, operator, self._widths, self._present, self._present)

    def margins(self, operator: Array, threshold: float) -> Iterator[tuple[Array, bool]]:
        """Yield D_far - D_near - threshold, one near pair against all that it is compared with."""
        distances = self.distances(operator).ravel()
        for near, far in self._groups:
            for value in distances[near]:
                yield distances[far] - value - threshold, False

    def evaluate(
        self,
        operator: Array,
        threshold: float,
        *,
        loss: Loss,
        weights: tuple[float, float] = (1.0, 1.0),
        gradient: bool = True,
    ) -> PairRisk:
        """Return ``weights[1]`` times the mean loss of the comparisons, with its gradient if asked for."""
        margin, width = hinge_window(loss)
        distances = self.distances(operator).ravel()
        slopes, value, slack, scale = np.zeros(distances.size), 0.0, 0.0, weights[1] / self.count
        for near, far in self._groups:
            found = _compared(distances[near], distances[far] - threshold - margin, width)
            value += found[0]
            slack += found[1] if loss.surrogate_of_kink else 0.0
            slopes[near] += found[2]
            slopes[far] -= found[3]
        slope = self._pulled_back(slopes * scale, operator) if gradient else None
        by_threshold = scale * float(slopes[slopes > 0].sum())
        return PairRisk(value * scale, slack * scale, slope, by_threshold)

    def near_gradient(self, like: Array) -> Array:
        """Return the gradient of the mean of D_near with respect to an operator of the given shape."""
        counts = np.zeros(len(self._rows) ** 2)
        for near, far in self._groups:
            counts[near] += far.size / self.count
        return self._pulled_back(counts, like)

    def _pulled_back(self, slopes: Array, like: Array) -> Array:
        """Return sum s_ij (x_i - x_j)(x_i - x_j)', or its diagonal; a modality that either lacks adds nothing."""
        n, result = len(self._rows), np.zeros_like(like)
        square = slopes.reshape(n, n)
        square = square + square.T
        whole = bool(self._present.all())
        parts = [slice(0, self.d)] if whole else self._parts
        for k, one in enumerate(parts):
            for m in range(len(parts)) if like.ndim == 2 else (k,):
                x, y = self._rows[:, one], self._rows[:, parts[m]]
                here = self._present[:, k] & self._present[:, m]
                s = square if whole else square * here[:, None] * here
                total = s.sum(axis=1)
                if like.ndim == 2:
                    result[one, parts[m]] = x.T @ (total[:, None] * y - s @ y)
                else:
                    result[one] = total @ np.square(x) - np.einsum("ij,ij->j", x, s @ x)
        return result

    def sampled_parts(self, structure: GroupedWeights, count: int) -> tuple[Array, NDArray[np.bool_]]:
        """Return the squared parts of the far pair less those of the near one for comparisons drawn by a fixed seed."""
        rng, n = np.random.default_rng(0), len(self._rows)
        shares = np.array([near.size * far.size for near, far in self._groups]) / self.count
        drawn = [
            (rng.choice(near, size), rng.choice(far, size))
            for (near, far), size in zip(self._groups, rng.multinomial(count, shares), strict=True)
        ]
        near, far = (
            structure.squared_parts(self._differences(np.concatenate(side), n)) for side in zip(*drawn, strict=True)
        )
        return far - near, np.zeros(count, dtype=bool)

    def _differences(self, flat: Places, n: int) -> Array:
        left, right = np.divmod(flat, n)
        both = (self._present[left] & self._present[right]).repeat(self._widths, axis=1)
        return np.where(both, self._rows[left] - self._rows[right], 0.0)

    def rounding_allowance(self, largest: float, width: float) -> float:
        """Return what sums along sorted distances up to ``largest`` may lose, squared and divided by the window."""
        longest = max(max(near.size, far.size) for near, far in self._groups)
        scale = largest + 2.0
        return float(16 * np.finfo(float).eps * longest * scale * (1.0 + (scale / width if width > 0 else 0.0)))

    def pair_distances(self, operator: Array) -> tuple[Array, Array]:
        """Return D of the similar and of the dissimilar pairs that are compared."""
        distances = self.distances(operator).ravel()
        sides = (np.unique(np.concatenate(side)) for side in zip(*self._groups, strict=True))
        near, far = (distances[side] for side in sides)
        return near, far


def _compared(near: Array, far: Array, width: float) -> tuple[float, float, Array, Array]:
    """Sum the rounded hinge of u = near - far over all combinations, rounded where |u| <= width/2.

    Returns
    -------
    (float, float, ndarray, ndarray)
        Values, slack of the supporting lines, and for each near and each far value the sum of its slopes p in [0, 1].
    """
    far = far - 0.5 * width
    order, back = np.argsort(near), np.argsort(far)
    a, b = near[order], far[back]
    first, second = np.append(0.0, np.cumsum(a)), np.append(0.0, np.cumsum(a * a))
    high = np.searchsorted(a, b + width, "left")  # from here on p = 1
    low = np.minimum(np.searchsorted(a, b, "right"), high)  # up to here p = 0
    beyond, inside = a.size - high, high - low
    lines = (first[-1] - first[high] - beyond * b).sum()
    by_far = beyond.astype(float)
    value, slack = float(lines) - 0.5 * width * float(beyond.sum()), 0.0
    if width > 0:
        sums = first[high] - first[low]
        linear = sums - inside * b
        squares = float((second[high] - second[low] - 2.0 * b * sums + inside * b * b).sum())
        by_far += linear / width
        value += squares / (2.0 * width)
        slack = 0.5 * (float(linear.sum()) - squares / width)
    total = np.append(0.0, np.cumsum(b))
    high = np.searchsorted(b, a - width, "right")  # before here p = 1
    by_near = high.astype(float)
    if width > 0:
        low = np.maximum(np.searchsorted(b, a, "left"), high)
        by_near += ((low - high) * a - (total[low] - total[high])) / width
    slopes_near, slopes_far = np.empty_like(a), np.empty_like(b)
    slopes_near[order], slopes_far[back] = by_near, by_far
    return value, slack, slopes_near, slopes_far


def best_threshold(near: Array, far: Array, *, weights: tuple[float, float], within: tuple[float, float]) -> float:
    """Return a threshold with the least weighted hinge risk of pairs at these distances.

    Parameters
    ----------
    near, far : ndarray
        D of similar and of dissimilar pairs.
    weights : (omega_pos, omega_neg)
    within : (t_min, t_max)
    """
    kinks = np.concatenate([near + 1.0, far - 1.0])
    rises = np.concatenate([np.full(near.size, weights[0]), np.full(far.size, weights[1])])
    order = np.argsort(kinks, kind="stable")
    slope = np.cumsum(rises[order]) - weights[0] * near.size
    return float(np.clip(kinks[order][np.argmax(slope >= 0)], *within))
