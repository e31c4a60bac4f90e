"""Binary relative entropy from below and its inverse from above, for one pair of numbers."""

from __future__ import annotations

import math

from boundcalc.certification.sides import EPS

__all__ = ["kl_below", "kl_inverse_above"]


def kl_below(q: float, p: float) -> float:
    """Return a lower end of kl(q, p) for q in [0, 1] and p in (0, 1)."""
    first = q * math.log(q / p) if q > 0 else 0.0
    second = (1.0 - q) * (math.log1p(-q) - math.log1p(-p)) if q < 1 else 0.0
    size = abs(first) + abs(second) + q + (1.0 - q) * (abs(math.log1p(-q)) if q < 1 else 0.0)
    return first + second - 16.0 * EPS * (size + abs(math.log1p(-p)))


def kl_inverse_above(q: float, level: float) -> float:
    """Return an upper end of sup{p >= q: kl(q, p) <= level}, at most 1."""
    if q >= 1.0:
        return 1.0
    low, high = q, 1.0
    while True:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            return high
        if kl_below(q, middle) > level:
            high = middle
        else:
            low = middle
