r"""Complexity constants: kappa with R_m <= kappa/sqrt(m) for every m, from one pilot sample.

kappa = (Lam/2) sum_k sqrt(E v_k^2) + (t_max - t_min)/2, for a full matrix (Lam/2) tr (E ||u||^2 u u^T)^{1/2} + the
same share. The certified value splits the pilot pairs: weights w > 0 (a matrix W > 0) come from the first half, and
on the second half

.. math:: \sum_k \sqrt{E v_k^2} \le \sqrt{\sum_k w_k \; E \sum_k v_k^2/w_k}, \qquad
          \mathrm{tr}\,\Sigma^{1/2} \le \sqrt{\mathrm{tr}\,W \; \mathrm{tr}(W^{-1}\Sigma)}

(Cauchy-Schwarz, in the Hilbert-Schmidt inner product for matrices) leaves one mean of bounded variables, which the
empirical Bernstein inequality of Maurer and Pontil (2009, Theorem 4) bounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from boundcalc.language.ledger import check_delta
from boundcalc.trainer.complexity.bernstein import BoundedMean, bernstein_deviation
from boundcalc.trainer.risk.losses import round_up
from boundcalc.trainer.risk.structures import GroupedWeights, Structure

__all__ = ["THETA_GRID", "Kappa", "Try", "measure_kappa", "worst_kappa"]

Array = NDArray[np.float64]
THETA_GRID: tuple[float, ...] = (0.1, 0.5, 2.0)


@dataclass(frozen=True)
class Try:
    """One ridge's weights: kappa is at most scale sqrt(E Y) plus the threshold's share, Y in [0, largest].

    Y is taken on differences in units of the pair radius, so that it is of order 1 at any scale.

    Attributes
    ----------
    scale : float
    mean : BoundedMean
        Of Y on the second half of the pairs.
    """

    scale: float
    mean: BoundedMean


@dataclass(frozen=True)
class Kappa:
    """The complexity constant, three ways.

    Attributes
    ----------
    plug_in : float
        Sample means in place of expectations; biased low, an estimate.
    worst_case : float
        Holds for every distribution.
    share : float
        The threshold's share, contained in each.
    tries : tuple of Try
        One for each ridge of a grid fixed in advance; empty where the pilot is too small.
    delta : float
        Failure probability at which ``bernstein`` and ``certified`` are read; ``at`` reads them at another one.
    """

    plug_in: float
    worst_case: float
    share: float
    tries: tuple[Try, ...]
    delta: float

    @property
    def bernstein(self) -> float:
        """Upper confidence value, fails with probability at most ``delta``; inf where the pilot is too small."""
        each = self.delta / max(len(self.tries), 1)  # the ridges are one inequality: a union inside it
        found = [one.scale * math.sqrt(_expected(one.mean, each)) * (1 + 1e-9) + self.share for one in self.tries]
        return round_up(min(found)) if found else math.inf

    @property
    def certified(self) -> float:
        """The smaller of the confidence value and the worst case; one event, at ``delta``."""
        return min(self.bernstein, self.worst_case)

    def at(self, delta: float) -> Kappa:
        """Return the same measurement read at another failure probability."""
        return replace(self, delta=check_delta(delta))


def _expected(mean: BoundedMean, delta: float) -> float:
    return mean.mean + bernstein_deviation(mean.variance, count=mean.count, span=mean.span, delta=delta)


def worst_kappa(
    structure: Structure, *, eig_range: tuple[float, float], threshold_range: tuple[float, float], squared_radius: float
) -> tuple[float, float]:
    """Return the constant that holds for every distribution, and the threshold's share of it."""
    half_span, share = 0.5 * (eig_range[1] - eig_range[0]), 0.5 * (threshold_range[1] - threshold_range[0])
    if half_span == 0.0:
        return share, share
    return round_up(half_span * squared_radius * math.sqrt(structure.granularity) + share), share


def measure_kappa(
    differences: Array,
    structure: Structure,
    *,
    eig_range: tuple[float, float],
    threshold_range: tuple[float, float],
    squared_radii: Sequence[float],
    widths: Sequence[int],
    delta: float = 0.05,
    theta_grid: Sequence[float] = THETA_GRID,
) -> Kappa:
    """Measure the complexity constant on independent pairs.

    Parameters
    ----------
    differences : ndarray of shape (m, d)
        Pairs in an order that was drawn without looking at the data; the first half chooses the weights.
    structure : Structure
    eig_range, threshold_range : tuple of float
    squared_radii, widths : sequence
        Squared pair radius, known in advance, and number of columns of each modality.
    delta : float
        Failure probability at which the certified value is read; the measurement does not depend on it.
    theta_grid : sequence of float
        Ridges that are tried, fixed in advance.

    Returns
    -------
    Kappa
    """
    check_delta(delta)
    m, half_span = differences.shape[0], 0.5 * (eig_range[1] - eig_range[0])
    total = float(sum(squared_radii))
    worst, share = worst_kappa(structure, eig_range=eig_range, threshold_range=threshold_range, squared_radius=total)
    if half_span == 0.0:
        return Kappa(share, worst, share, (), delta)
    diagonal = isinstance(structure, GroupedWeights)
    # Kappa grows with the square of the features: fourth powers of small ones would be lost.
    reach = float(np.abs(differences).max(initial=0.0)) if not math.isfinite(total) else math.sqrt(total)
    if reach > 0:
        differences, unit = differences / reach, half_span * reach * reach
        squared_radii = [radius / reach / reach for radius in squared_radii]
    else:
        unit = half_span
    parts = structure.squared_parts(differences) if isinstance(structure, GroupedWeights) else differences
    root = _root_diagonal if diagonal else _root_matrix
    plug_in = unit * float(root(parts).sum() if diagonal else np.trace(root(parts))) + share
    split = m // 2
    tries: list[Try] = []
    if m - split >= 2 and math.isfinite(total):
        for theta in theta_grid:
            weights, values = _weighted(parts[:split], parts[split:], diagonal, theta)
            if diagonal:
                assert isinstance(structure, GroupedWeights)
                largest = _largest_weighted(structure, weights, squared_radii, widths)
                trace = float(weights.sum())
            else:
                largest = float(sum(squared_radii)) ** 2 / float(np.linalg.eigvalsh(weights)[0])
                trace = float(np.trace(weights))
            tries.append(Try(unit * math.sqrt(trace), BoundedMean.of(values, span=largest * (1 + 1e-9))))
    return Kappa(plug_in, worst, share, tuple(tries), delta)


def _root_diagonal(parts: Array) -> Array:
    """sqrt(mean v_k^2) per column."""
    return np.sqrt(np.square(parts).mean(axis=0)) if parts.size else np.zeros(parts.shape[1])


def _root_matrix(differences: Array) -> Array:
    """(mean ||u||^2 u u^T)^{1/2}."""
    if differences.shape[0] == 0:
        return np.zeros((differences.shape[1], differences.shape[1]))
    weighted = differences * np.sqrt(np.square(differences).sum(axis=1, keepdims=True) / differences.shape[0])
    _, singular, basis = np.linalg.svd(weighted, full_matrices=False)
    return (basis.T * singular) @ basis


def _weighted(first: Array, second: Array, diagonal: bool, theta: float) -> tuple[Array, Array]:
    """Return weights from the first half and the values Y_i on the second half."""
    if diagonal:
        roots = _root_diagonal(first)
        weights = roots + theta * (roots.mean() if roots.any() else 1.0)
        return weights, (np.square(second) / weights).sum(axis=1)
    root = _root_matrix(first)
    d = root.shape[0]
    trace = float(np.trace(root))
    weights = root + theta * (trace / d if trace > 0 else 1.0) * np.eye(d)
    solved = np.linalg.solve(weights, second.T).T
    return weights, np.square(second).sum(axis=1) * np.einsum("ij,ij->i", second, solved)


def _largest_weighted(
    structure: GroupedWeights, weights: Array, squared_radii: Sequence[float], widths: Sequence[int]
) -> float:
    """Bound sum_k v_k^2/w_k over all admissible pairs: v >= 0 with a budget per modality; convex, so at a vertex."""
    groups, total, start = np.asarray(structure.groups), 0.0, 0
    owners: dict[int, set[int]] = {}
    for modality, width in enumerate(widths):
        for group in set(groups[start : start + width].tolist()):
            owners.setdefault(group, set()).add(modality)
        start += width
    if any(len(owner) > 1 for owner in owners.values()):
        return float(sum(squared_radii)) ** 2 / float(weights.min())
    for modality, radius in enumerate(squared_radii):
        mine = [group for group, owner in owners.items() if owner == {modality}]
        total += radius**2 / float(weights[mine].min())
    return total
