"""What held-out pairs show of a model's errors: rates of both kinds, and the variances that a certificate's size depends on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["QUANTITIES", "Law", "law", "pair_moments"]

Array = NDArray[np.float64]

#: What can be planned: the weighted pair error, false-match rate and false-non-match rate at the trained threshold.
QUANTITIES = {"pair_error": "pair error", "fmr": "false-match rate", "fnmr": "false-non-match rate"}


@dataclass(frozen=True)
class Law:
    """The mean of a pair's error and what its certificate depends on.

    Attributes
    ----------
    error : ndarray
        r, or the rate.
    variance, square : ndarray
        zeta_1 and sigma^2 of the kernel that is certified.
    scale : float
        c.
    share : ndarray
        By how much the kernel's mean grows with the error: 1, or the share of pairs that a rate is about.
    claim : ndarray
        What the kernel is on the other pairs: the rate that is tested.
    constant : ndarray
        What the better constant rule has.
    drift, stretch : ndarray
        Slopes of r and c in the share of same pairs, from which balanced weights are made; 0 for a rate.
    mix_variance, mix_square : ndarray
        zeta_1 and sigma^2 of that share.
    """

    error: Array
    variance: Array
    square: Array
    scale: Array
    share: Array
    claim: Array
    constant: Array
    drift: Array
    stretch: Array
    mix_variance: Array
    mix_square: Array


def pair_moments(missed: NDArray[np.bool_], matched: NDArray[np.bool_], same: NDArray[np.bool_]) -> Array:
    """Return means and second moments over pairs and triples of different rows, shape (9,).

    With a, b, s the indicators of a missed same pair, a matched different pair and a same pair: E a, E b, E s, and E x_ij y_ik
    for (x, y) = aa, ab, as, bb, bs, ss, each over all ordered triples of different rows.

    Parameters
    ----------
    missed, matched, same : ndarray of bool, shape (n, n)
        Symmetric; the diagonal is not used.
    """
    n = same.shape[0]
    off = ~np.eye(n, dtype=bool)
    a, b, s = (kind & off for kind in (missed, matched, same))
    sums = [kind.sum(axis=1, dtype=float) for kind in (a, b, s)]
    means = [one.sum() / (n * (n - 1)) for one in sums]
    # A pair has both indicators for aa, bb, ss and as; these pairs are no triples.
    both = np.array([sums[0].sum(), 0.0, sums[0].sum(), sums[1].sum(), 0.0, sums[2].sum()])
    products = np.array([sums[i] @ sums[j] for i in range(3) for j in range(i, 3)])
    return np.concatenate([means, (products - both) / max(n * (n - 1) * (n - 2), 1)])


def law(moments: Array, *, weights: Array, rows: int, quantity: str = "pair_error", at: float | None = None) -> Law:
    """Return the law of a quantity.

    Parameters
    ----------
    moments : ndarray of shape (..., 9)
        As from :func:`pair_moments`.
    weights : ndarray of shape (..., 2)
        Of missed and of matched pairs.
    rows : int
        Of which each entry was measured: r^2 is corrected for its own variance.
    quantity : {"pair_error", "fmr", "fnmr"}
    at : float, optional
        For a rate: the claim u that is tested; by default the rate itself.
    """
    a, b, s, aa, ab, as_, bb, bs, ss = np.moveaxis(moments, -1, 0)
    plus, minus = np.moveaxis(np.asarray(weights, dtype=float), -1, 0)
    if quantity == "pair_error":
        mean, triple, second = (
            plus * a + minus * b,
            plus**2 * aa + 2 * plus * minus * ab + minus**2 * bb,
            plus**2 * a + minus**2 * b,
        )
        error, scale, share = mean, np.maximum(plus, minus), np.ones_like(mean)
        u, constant = np.zeros_like(mean), np.minimum(plus * s, minus * (1.0 - s))
        drift = minus * b / _positive(1.0 - s) - plus * a / _positive(s)
        stretch = np.where(plus >= minus, -scale / _positive(s), scale / _positive(1.0 - s))
    else:
        # Y = 1{matched} + u 1{same} for the FMR; 1{missed} + u 1{different} for the FNMR.
        share = _positive(1.0 - s if quantity == "fmr" else s)
        error = (b if quantity == "fmr" else a) / share
        u = error if at is None else np.full_like(error, at)
        if quantity == "fmr":
            mean, second, triple = b + u * s, b + u**2 * s, bb + 2 * u * bs + u**2 * ss
        else:
            d, ad, dd = 1.0 - s, a - as_, 1.0 - 2.0 * s + ss
            mean, second, triple = a + u * d, a + u**2 * d, aa + 2 * u * ad + u**2 * dd
        scale, constant, drift, stretch = (
            np.ones_like(mean),
            np.ones_like(mean),
            np.zeros_like(mean),
            np.zeros_like(mean),
        )
    variance, square = _variances(mean, triple, second, rows)
    mix = _variances(s, ss, s, rows)
    return Law(error, variance, square, scale, share, u, constant, drift, stretch, *mix)


def _variances(mean: Array, triple: Array, second: Array, rows: int) -> tuple[Array, Array]:
    """Return zeta_1 and sigma^2; the square of the measured mean is above that of the mean by its variance, 4 zeta_1/n."""
    variance = np.maximum((triple - mean**2) / (1.0 - 4.0 / max(rows, 8)), 0.0)
    square = np.maximum(second - mean**2, variance)
    return np.maximum(variance, square / max(rows, 8) ** 2), square


def _positive(share: Array) -> Array:
    return np.maximum(share, 1e-12)
