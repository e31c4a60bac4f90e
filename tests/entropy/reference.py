"""Relative entropy by its definition in mpmath, points to try, and what it means that p is the inverse to some accuracy."""

import mpmath
import numpy as np


def kl(q, p, digits=130):
    """Return q log(q/p) + (1-q) log((1-q)/(1-p)), with more digits than the two terms lose to each other."""
    with mpmath.workdps(digits):
        q, p = mpmath.mpf(q), mpmath.mpf(p)
        if p <= 0 or p >= 1:
            return mpmath.mpf(0) if p == q else mpmath.inf
        first = q * (mpmath.log(q) - mpmath.log(p)) if q else 0
        return first + ((1 - q) * (mpmath.log1p(-q) - mpmath.log1p(-p)) if q < 1 else 0)


def between(q, a, low, high, digits=130):
    """Return whether kl_inverse(q, a) lies between two numbers: the relative entropies there are on the two sides of a."""
    with mpmath.workdps(digits):
        a = mpmath.mpf(a)
        below = low <= q or kl(q, low, digits) <= a
        return bool(below and (high >= 1 or (high >= q and kl(q, high, digits) >= a)))


def points(count, seed):
    """Return q and a: both of every size, q next to 1, a in every proportion to q and to 1 - q."""
    rng = np.random.default_rng(seed)
    kinds = rng.random(count)
    near_one = 1 - 10.0 ** rng.uniform(-15.9, 0, count)
    q = np.select([kinds < 0.4, kinds < 0.7], [10.0 ** rng.uniform(-323, 0, count), rng.random(count)], near_one)
    kinds = rng.random(count)
    scaled = np.minimum(q, 1 - q) * 10.0 ** rng.uniform(-34, 3, count)
    anywhere = 10.0 ** rng.uniform(-323, 3, count)
    a = np.select([kinds < 0.5, kinds < 0.7], [scaled, anywhere], 10.0 ** rng.uniform(-6, 1.5, count))
    return q, a


CORNERS = [0.0, 5e-324, 1e-300, 1e-200, 1e-16, 0.25, 0.5, 1 - 2.0**-52, 1 - 2.0**-53, 1.0]
SIZES = [0.0, 5e-324, 1e-310, 1e-300, 1e-201, 1e-199, 1e-30, 1e-11, 1e-3, 0.7, 36.0, 40.0, 700.0, 1e3, 1e308, np.inf]
