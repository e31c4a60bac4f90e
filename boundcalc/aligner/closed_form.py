r"""Encoders in closed form: canonical correlations of whitened rows, with pseudo-pairs from optimal transport.

Rows are whitened by a principal component analysis of all training rows, aligned or not, whose variances are raised by a
share of their mean (the ridge). Canonical directions are then the singular vectors of

.. math:: (1 - \gamma) S + \gamma A^T P B,

S the mean of products over the aligned pairs, A and B the whitened rows without a partner, and P a plan between their latent
points: the entropic transport plan, found anew in each round. gamma = 0 is regularised canonical correlation analysis. With
more than two modalities the singular vectors are the eigenvectors of the symmetric matrix of all such blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from boundcalc.aligner.selection import choose, cross_validate, fold_parts, partner_ranks
from boundcalc.frozen import Frozen
from boundcalc.trainer.data.normalise import unit_rows

__all__ = ["PLANS", "ClosedForm", "fit_closed_form", "sinkhorn_plan", "softmax_plan"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
Plan = Callable[..., Array]

#: Pairs (ridge, gamma) that are compared; the first is taken where pairs are too few to choose by.
_PLAIN = tuple((ridge, 0.0) for ridge in (1.0, 3.0, 0.3, 0.1))
_MIXED = tuple((ridge, gamma) for gamma in (0.5, 0.8, 0.95) for ridge in (1.0, 0.3))
_FOLDS = 5
#: Rounds of plan and directions, in the end and in cross-validation.
_ROUNDS, _ROUNDS_TRIED = 5, 3
_COMPONENTS = 128
_DIRECTIONS = 64
#: Rows without a partner that a plan is made of, in the end and in cross-validation.
_MOST, _MOST_TRIED = 2_000, 1_000


def sinkhorn_plan(cost: Array, *, eps: float, sweeps: int = 20) -> Array:
    """Return the entropic transport plan between uniform measures, by Sinkhorn's scaling.

    Parameters
    ----------
    cost : ndarray of shape (n, m)
    eps : float
        Entropic regularisation > 0, as a share of the mean cost.
    sweeps : int

    Returns
    -------
    ndarray of shape (n, m)
        Columns sum to 1/m; rows to 1/n as far as the sweeps got.
    """
    n, m = cost.shape
    # Costs less row and then column minima have a zero in each row and column: no sum of the kernel vanishes.
    left = cost - cost.min(axis=1, keepdims=True)
    left -= left.min(axis=0)
    left *= -1.0 / max(eps * float(np.abs(cost).mean()), 1e-30)
    kernel = np.exp(left, out=left)
    tiny = np.finfo(cost.dtype).tiny
    v = np.full(m, 1.0 / m, dtype=cost.dtype)
    for _ in range(sweeps):
        u = 1.0 / np.maximum(n * (kernel @ v), tiny)
        v = 1.0 / np.maximum(m * (u @ kernel), tiny)
    kernel *= u[:, None]
    kernel *= v
    return kernel


def softmax_plan(cost: Array, *, eps: float, sweeps: int = 0) -> Array:
    """Return the control of a transport plan: each point takes partners by itself, and no marginal is kept.

    The mean of a softmax along rows and one along columns; arguments as for :func:`sinkhorn_plan`.
    """
    logits = -cost / max(eps * float(np.abs(cost).mean()), 1e-30)
    by_row = np.exp(logits - logits.max(axis=1, keepdims=True))
    by_column = np.exp(logits - logits.max(axis=0))
    n, m = cost.shape
    return 0.5 * (by_row / (n * by_row.sum(axis=1, keepdims=True)) + by_column / (m * by_column.sum(axis=0)))


#: What makes pseudo-pairs, by method; the last is the control of the one before.
PLANS: dict[str, Plan | None] = {"cca": None, "cca_ot": sinkhorn_plan, "cca_softmax": softmax_plan}


@dataclass(frozen=True)
class ClosedForm(Frozen):
    """Affine maps to unit vectors, one for each modality.

    Attributes
    ----------
    means : tuple of ndarray of shape (d_k,)
    maps : tuple of ndarray of shape (d_k, q)
    ridge, gamma : float
        What was chosen.
    """

    means: tuple[Array, ...]
    maps: tuple[Array, ...]
    ridge: float
    gamma: float

    def encode(self, place: int, rows: Array) -> Array:
        """Return the latent points of rows of one modality, of norm 1 (0 where a row is the mean)."""
        return unit_rows((rows - self.means[place]) @ self.maps[place])


@dataclass(frozen=True)
class _Spectrum(Frozen):
    """Principal components of all rows of one modality."""

    mean: Array
    axes: Array
    variances: Array
    scores: Array

    @classmethod
    def of(cls, block: Array) -> _Spectrum:
        mean = block.mean(axis=0)
        left, lengths, axes = np.linalg.svd(block - mean, full_matrices=False)
        kept = max(1, min(_COMPONENTS, int((lengths > 1e-7 * lengths[0]).sum())))
        return cls(mean, axes[:kept], lengths[:kept] ** 2 / len(block), left[:, :kept] * lengths[:kept])

    def scales(self, ridge: float) -> Array:
        return 1.0 / np.sqrt(np.maximum(self.variances + ridge * self.variances.mean(), 1e-300))


def _directions(spectra: Sequence[_Spectrum], products: dict[tuple[int, int], Array], q: int | None) -> list[Array]:
    """Return the canonical directions of each modality, longer the more they correlate."""
    ends = np.cumsum([0, *(len(one.axes) for one in spectra)])
    joint = np.zeros((ends[-1], ends[-1]))
    for (i, j), block in products.items():
        joint[ends[i] : ends[i + 1], ends[j] : ends[j + 1]] = block
    values, vectors = np.linalg.eigh(joint + joint.T)
    most = min(_DIRECTIONS, *(len(one.axes) for one in spectra)) if q is None else q
    vectors = vectors[:, ::-1][:, :most] * np.sqrt(np.maximum(values[::-1][:most], 0.0))
    vectors = np.pad(vectors, ((0, 0), (0, 0 if q is None else q - vectors.shape[1])))
    return np.split(vectors, ends[1:-1])


def _solve(
    spectra: Sequence[_Spectrum], kept: Rows, aligned: Rows, *, q: int | None, ridge: float, gamma: float, plan: Plan | None,
    eps: float, most: int, rounds: int, rng: np.random.Generator,
) -> ClosedForm:  # fmt: skip
    white = [one.scores * one.scales(ridge) for one in spectra]
    edges = list(combinations(range(len(spectra)), 2))
    known = {}
    for i, j in edges:
        rows = _known(kept, i, j)
        known[i, j] = white[i][rows[:, 0]].T @ white[j][rows[:, 1]] / max(len(rows), 1)
    maps = _directions(spectra, known, q)
    if gamma > 0 and plan is not None:
        # Pairs that are held out have partners: were they taken for pseudo-pairs, they would be no fresh test.
        loose = {
            (i, j): [
                _some(np.setdiff1d(np.arange(len(white[k])), used), most, rng)
                for k, used in zip((i, j), _known(aligned, i, j).T, strict=True)
            ]
            for i, j in edges
        }  # fmt: skip
        for _ in range(rounds):
            mixed = {}
            for (i, j), (left, right) in loose.items():
                mixed[i, j] = known[i, j]
                if left.size and right.size:
                    a, b = white[i][left], white[j][right]
                    # Single precision: a plan weighs pseudo-pairs, and it is most of the time.
                    cost = 2.0 - 2.0 * unit_rows(a @ maps[i]).astype(np.float32) @ unit_rows(b @ maps[j]).T.astype(
                        np.float32
                    )
                    mixed[i, j] = (1.0 - gamma) * known[i, j] + gamma * (a.T @ plan(cost, eps=eps) @ b)
            maps = _directions(spectra, mixed, q)
    whole = tuple(one.axes.T @ (one.scales(ridge)[:, None] * part) for one, part in zip(spectra, maps, strict=True))
    return ClosedForm(tuple(one.mean for one in spectra), whole, ridge, gamma)


def _known(tuples: Rows, i: int, j: int) -> Rows:
    """Return the tuples that two modalities have, as pairs of rows."""
    return tuples[(tuples[:, i] >= 0) & (tuples[:, j] >= 0)][:, [i, j]]


def _some(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    return rows if rows.size <= most else rng.choice(rows, most, replace=False)


def fit_closed_form(
    blocks: Sequence[Array], aligned: Rows, *, q: int | None, method: str, eps: float, by: str, seed: int
) -> tuple[ClosedForm, Array]:
    """Return canonical directions with the ridge and gamma that cross-validation on the aligned pairs chooses.

    Parameters
    ----------
    blocks : sequence of ndarray of shape (n_k, d_k)
    aligned : ndarray of int, shape (P, K)
        Rows that belong together, -1 where one is missing.
    q : int, optional
        Directions; default all of them, at most 64.
    method : {"cca", "cca_ot", "cca_softmax"}
    eps : float
        As a share of the mean cost.
    by : {"distance", "cosine"}
    seed : int

    Returns
    -------
    ClosedForm
    ndarray of shape (P,)
        The log rank of each pair's partner under encoders fitted without it; empty below six pairs, where gamma is 0.
    """
    plan, spectra = PLANS[method], [_Spectrum.of(block) for block in blocks]

    def solved(candidate: tuple[float, float], pairs: Rows, *, most: int, rounds: int) -> ClosedForm:
        ridge, gamma = candidate
        options = {"q": q, "ridge": ridge, "gamma": gamma, "plan": plan, "eps": eps, "most": most, "rounds": rounds}
        return _solve(spectra, pairs, aligned, rng=np.random.default_rng(seed), **options)  # type: ignore[arg-type]

    def log_ranks(candidate: tuple[float, float], kept: Rows, held: Rows) -> Array:
        found = solved(candidate, aligned[kept], most=_MOST_TRIED, rounds=_ROUNDS_TRIED)
        return partner_ranks([found.encode(k, block) for k, block in enumerate(blocks)], aligned[held], by=by)

    parts = fold_parts(len(aligned), folds=_FOLDS, rng=np.random.default_rng(seed))
    found = cross_validate(_PLAIN if plan is None else _PLAIN + _MIXED, parts, log_ranks)
    best = choose(found, _PLAIN)
    return solved(best, aligned, most=_MOST, rounds=_ROUNDS), found[best]
