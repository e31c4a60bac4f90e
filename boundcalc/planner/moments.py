"""What held-out pairs show of a model's errors: rates of both kinds, and the variances that a certificate's size depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boundcalc.frozen import Frozen

__all__ = ["NINE_IN_TEN", "PRODUCTS", "Law", "law", "pair_moments"]

Array = NDArray[np.float64]

#: z of the interval [low, high] of an estimate: nine in ten.
NINE_IN_TEN = 1.6449


@dataclass(frozen=True)
class Law(Frozen):
    """The mean of the error between two units (rows or groups) and what its certificate depends on.

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

    def mapped(self, change: Callable[[Array], Array]) -> Law:
        """Return the law with every entry changed in one way.

        Parameters
        ----------
        change : callable
        """
        return Law(*(change(getattr(self, name)) for name in Law.__dataclass_fields__))


def pair_moments(missed: Array, matched: Array, same: Array, *, groups: NDArray[np.intp] | None = None) -> Array:
    """Return means and second moments over pairs and triples of different units, shape (15,).

    With a, b, s the shares of missed same pairs, of matched different pairs and of same pairs between two units (rows, or
    groups of rows): E a, E b, E s; then for (x, y) = aa, ab, as, bb, bs, ss the means of x_ij y_ik over all ordered triples, and
    of x_ij y_ij over all pairs.

    Parameters
    ----------
    missed, matched, same : array_like of bool, shape (n, n)
        Between rows, symmetric; what is within a unit is not used.
    groups : ndarray of int, shape (n,), optional
        What each row belongs to, rows of a group one after the other.
    """
    kinds = np.stack([_between(np.asarray(kind, dtype=float), groups) for kind in (missed, matched, same)])
    n = kinds.shape[1]
    kinds[:, np.arange(n), np.arange(n)] = 0.0
    sums = kinds.sum(axis=2)
    pairs = np.array([np.vdot(kinds[i], kinds[j]) for i, j in PRODUCTS])
    triples = np.array([sums[i] @ sums[j] for i, j in PRODUCTS]) - pairs
    return np.concatenate(
        [sums.sum(axis=1) / (n * (n - 1)), triples / max(n * (n - 1) * (n - 2), 1), pairs / (n * (n - 1))]
    )


#: Which of a, b, s are multiplied.
PRODUCTS = [(i, j) for i in range(3) for j in range(i, 3)]


def _between(kind: Array, groups: NDArray[np.intp] | None) -> Array:
    """Return means between groups of what is between rows."""
    if groups is None:
        return kind
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    sizes = np.diff(starts, append=groups.size)
    return np.add.reduceat(np.add.reduceat(kind, starts, axis=0), starts, axis=1) / np.outer(sizes, sizes)


def law(moments: Array, *, weights: Array, rows: int, quantity: str = "pair_error", at: float | None = None) -> Law:
    """Return the law of a quantity.

    Parameters
    ----------
    moments : ndarray of shape (..., 15)
        As from :func:`pair_moments`.
    weights : ndarray of shape (..., 2)
        Of missed and of matched pairs.
    rows : int
        Units of which each entry was measured: r^2 is corrected for its own variance.
    quantity : {"pair_error", "fmr", "fnmr"}
    at : float, optional
        For a rate: the claim u that is tested; by default the rate itself.
    """
    a, b, s = np.moveaxis(moments[..., :3], -1, 0)
    plus, minus = np.moveaxis(np.broadcast_to(np.asarray(weights, dtype=float), (*a.shape, 2)), -1, 0)
    zero, one = np.zeros_like(a), np.ones_like(a)
    mix = _variances(moments, (zero, zero, one), rows)
    if quantity == "pair_error":
        scale = np.maximum(plus, minus)
        drift = minus * b / _positive(1.0 - s) - plus * a / _positive(s)
        stretch = np.where(plus >= minus, -scale / _positive(s), scale / _positive(1.0 - s))
        constant = np.minimum(plus * s, minus * (1.0 - s))
        variances = _variances(moments, (plus, minus, zero), rows)
        return Law(plus * a + minus * b, *variances, scale, one, zero, constant, drift, stretch, *mix)
    # Y = 1{matched} + u 1{same} for the FMR; 1{missed} + u 1{different} for the FNMR.
    wrong, share = (b, _positive(1.0 - s)) if quantity == "fmr" else (a, _positive(s))
    error = wrong / share
    u = error if at is None else np.full_like(error, at)
    variances = _variances(moments, (zero, one, u) if quantity == "fmr" else (one, zero, -u), rows)
    return Law(error, *variances, one, share, u, one, zero, zero, *mix)


def _variances(moments: Array, kernel: tuple[Array, Array, Array], rows: int) -> tuple[Array, Array]:
    """Return zeta_1 and sigma^2 of a kernel x a + y b + z s.

    The square of the measured mean is above that of the mean by its variance, 4 zeta_1/n.
    """
    mean = sum(kernel[k] * moments[..., k] for k in range(3))
    twice = [kernel[i] * kernel[j] * (1.0 if i == j else 2.0) for i, j in PRODUCTS]
    triple, second = (sum(one * moments[..., start + k] for k, one in enumerate(twice)) for start in (3, 9))
    variance = np.maximum((triple - mean**2) / (1.0 - 4.0 / max(rows, 8)), 0.0)
    square = np.maximum(second - mean**2, variance)
    return np.maximum(variance, square / max(rows, 8) ** 2), square


def _positive(share: Array) -> Array:
    return np.maximum(share, 1e-12)
