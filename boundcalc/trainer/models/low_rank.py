"""Encoders of all modalities into one space of few dimensions, fitted to the pairs by the logistic loss.

The loss is convex in the matrix that the encoders make, not in the encoders: what is found is a point that steps no longer
improve, not a certified optimum. Products are in single precision, sums in double.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit_low_rank", "pair_loss"]

Array = NDArray[np.float64]
#: Rows of a block, rows whose pairs are taken, and the relative change at which steps end.
_BLOCK, _ROWS, _CHANGE = 1024, 3000, 1e-4


def fit_low_rank(
    x: Array, codes: NDArray[np.intp], *, start: Array, rank: int, weights: tuple[float, float], reg: float = 1e-3
) -> Array:
    """Return a map of shape (d, q), q <= rank: rows that are mapped close are similar.

    Parameters
    ----------
    x : ndarray of shape (n, d)
        Centred rows; the pairs of the first so many are taken.
    codes : ndarray of int, shape (n,)
    start : ndarray of shape (d, r)
        A map to start from, its best directions first, such as a discriminant's.
    rank : int
    weights : (omega_pos, omega_neg)
        Of similar and dissimilar pairs; they add up to two kinds of equal weight where they are balanced.
    reg : float
        Strength of the penalty on the distance from the start, relative to the start's own size.
    """
    x, codes = x[:_ROWS], codes[:_ROWS]
    order = np.argsort(-np.square(start).sum(axis=0) * np.var(x @ start, axis=0), kind="stable")[:rank]
    first = np.ascontiguousarray(start[:, order])
    spread = float(np.square(x @ first).sum(axis=1).mean())
    first = first / np.sqrt(max(spread, 1e-300))  # distances of about 2 between random rows
    size = max(float(np.square(first).sum()), 1e-300)
    single = x.astype(np.float32)

    def objective(flat: Array) -> tuple[float, Array]:
        scale, threshold, factor = np.exp(flat[0]), flat[1], flat[2:].reshape(first.shape)
        z = (single @ factor.astype(np.float32)).astype(np.float64)
        value, by_rows, by_threshold, by_scale = pair_loss(z, codes, scale, threshold, weights)
        away = factor - first
        value += reg * float(np.square(away).sum()) / size
        by_factor = (single.T @ by_rows.astype(np.float32)).astype(np.float64) + 2.0 * reg / size * away
        return value, np.concatenate([[by_scale * scale, by_threshold], by_factor.ravel()])

    begin = np.concatenate([[np.log(4.0), 0.8], first.ravel()])
    from scipy.optimize import minimize  # takes long to import

    found = minimize(
        objective, begin, jac=True, method="L-BFGS-B", options={"ftol": _CHANGE, "gtol": 0.0, "maxiter": 200}
    )
    return np.asarray(found.x[2:].reshape(first.shape) * np.exp(0.5 * found.x[0]))


def pair_loss(
    z: Array, codes: NDArray[np.intp], scale: float, threshold: float, weights: tuple[float, float]
) -> tuple[float, Array, float, float]:
    """Return the mean of omega log(1 + exp(-s scale (t - D))) over all pairs of rows, and its derivatives.

    Parameters
    ----------
    z : ndarray of shape (n, q)
        Embedded rows; D is their squared distance.
    codes : ndarray of int, shape (n,)
    scale, threshold : float
    weights : (omega_pos, omega_neg)

    Returns
    -------
    (float, ndarray of shape (n, q), float, float)
        Value, and the derivatives by the rows, the threshold and the scale.
    """
    n = z.shape[0]
    single = z.astype(np.float32)
    squares = np.square(single).sum(axis=1)
    value = by_threshold = by_scale = 0.0
    sums, moved = np.zeros(n), np.zeros(z.shape)
    for i in range(0, n, _BLOCK):
        part = slice(i, min(i + _BLOCK, n))
        distance = squares[part, None] + squares - 2.0 * (single[part] @ single.T)
        np.maximum(distance, 0.0, out=distance)
        gap = np.float32(threshold) - distance
        same = codes[part, None] == codes
        margin = np.where(same, gap, -gap) * np.float32(scale)
        weight = np.where(same, np.float32(weights[0]), np.float32(weights[1]))
        weight[np.arange(part.stop - i), np.arange(i, part.stop)] = 0.0
        decay = np.exp(-np.abs(margin))
        value += float((weight * (np.log1p(decay) - np.minimum(margin, 0.0))).sum(dtype=np.float64))
        slope = weight * np.where(margin >= 0, decay, 1.0) / (1.0 + decay)  # -d loss/d margin
        by_margin = np.where(same, -slope, slope)  # d loss / d (scale (t - D))
        by_scale += float((by_margin * gap).sum(dtype=np.float64))
        by_threshold += float(scale * by_margin.sum(dtype=np.float64))
        row = by_margin.sum(axis=1, dtype=np.float64)
        sums[part] += row
        moved[part] = by_margin @ single
    # Pairs are met in both orders; D rises with z_i by 2 (z_i - z_j).
    pairs = n * (n - 1)
    return value / pairs, -4.0 * scale * (sums[:, None] * z - moved) / pairs, by_threshold / pairs, by_scale / pairs
