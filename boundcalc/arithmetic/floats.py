"""Floats rounded outwards: every operation returns its exact result, or the next float on the side that is asked for.

A sum that looks whole need not be: 0.9 + 0.1 is 1.0, and the doubles' exact sum is more. So nothing here is taken for exact
by its looks; a result is compared with the exact one.
"""

from __future__ import annotations

import math
from fractions import Fraction
from math import inf, nextafter

from boundcalc.arithmetic.entropy import kl_inverse_beyond
from boundcalc.arithmetic.entropy_points import kl_at
from boundcalc.arithmetic.promises import PROMISED_ULPS

__all__ = ["FloatEnds", "rounded"]

_EXACT_POWER = 64  # beyond, exact powers only fill memory
_LARGEST = nextafter(inf, 0.0)
_LARGE = 1e308  # below what a library function says is too large for a float


def rounded(exact: Fraction, up: bool) -> float:
    """Return the float next to an exact number on one side; the number itself if it is a float."""
    try:
        near = float(exact)
    except OverflowError:
        near = inf if exact > 0 else -inf
    if math.isinf(near):
        return near if up is (near > 0) else math.copysign(_LARGEST, near)
    wrong = near < exact if up else near > exact
    return nextafter(near, inf if up else -inf) if wrong else near


class FloatEnds:
    """Ends of intervals as floats; ``up`` says to which side a result is rounded."""

    inf = inf

    def rational(self, value: Fraction, up: bool) -> float:
        """Return an exact number."""
        return rounded(value, up)

    def constant(self, name: str, up: bool) -> float:
        """Return a named constant; it is irrational, so never the float next to it."""
        near = {"pi": math.pi, "e": math.e, "euler": 0.5772156649015329, "catalan": 0.915965594177219}[name]
        return nextafter(near, inf if up else -inf)

    def add(self, a: float, b: float, up: bool) -> float:
        """Add; of infinities that cancel nothing is known."""
        total = a + b
        if math.isfinite(a) and math.isfinite(b):
            return rounded(Fraction(a) + Fraction(b), up)
        return total if total == total else inf if up else -inf

    def mul(self, a: float, b: float, up: bool) -> float:
        """Multiply; 0 times an infinite end is 0, which is what finite values tend to."""
        if a == 0 or b == 0:
            return 0.0
        if math.isinf(a) or math.isinf(b):
            return a * b
        return rounded(Fraction(a) * Fraction(b), up)

    def inverse(self, a: float, up: bool) -> float:
        """Return 1/a of a number that is not 0."""
        return 0.0 if math.isinf(a) else rounded(1 / Fraction(a), up)

    def power(self, a: float, exponent: Fraction, up: bool) -> float:
        """Raise a number to a positive power; below 0 only to an integer one."""
        if a in (0.0, 1.0) or math.isinf(a):
            return a if a >= 0 or exponent.numerator % 2 else inf
        if exponent.denominator == 1 and exponent <= _EXACT_POWER:
            return rounded(Fraction(a) ** exponent.numerator, up)
        if exponent == Fraction(1, 2):
            return self._root(a, up)
        power = float(min(exponent, Fraction(10**300)))
        try:
            size = math.pow(abs(a), power)
        except OverflowError:
            size = inf
        outwards = up is (a > 0 or exponent.numerator % 2 == 0)
        slack = PROMISED_ULPS["powr"] + min(abs(math.log(abs(a))) * power, 2000)  # the exponent is rounded too
        size = self._widened(size, slack, outwards, least=0.0)
        return -size if a < 0 and exponent.numerator % 2 else size

    def _root(self, a: float, up: bool) -> float:
        root = math.sqrt(a)
        square, exact = Fraction(root) ** 2, Fraction(a)
        wrong = square < exact if up else square > exact
        return nextafter(root, inf if up else -inf) if wrong else root

    def log(self, a: float, up: bool) -> float:
        """Return the logarithm of a nonnegative number."""
        if a in (0.0, 1.0, inf):
            return -inf if a == 0 else 0.0 if a == 1 else inf
        return self._widened(math.log(a), PROMISED_ULPS["log"], up)

    def exp(self, a: float, up: bool) -> float:
        """Return the exponential."""
        if a in (0.0, inf, -inf):
            return 1.0 if a == 0 else max(a, 0.0)
        try:
            value = math.exp(a)
        except OverflowError:
            value = inf
        return self._widened(value, PROMISED_ULPS["exp"], up, least=0.0)

    def kl(self, q: float, p: float, up: bool) -> float:
        """Return the relative entropy of numbers in [0, 1]."""
        return self._widened(kl_at(q, p), PROMISED_ULPS["kl"], up, least=0.0)

    def kl_inverse(self, q: float, a: float, up: bool) -> float:
        """Return the inverse of the relative entropy, for q in [0, 1] and a nonnegative a."""
        return float(kl_inverse_beyond(q, a, up))

    def loggamma(self, a: float, up: bool) -> float:
        """Return the logarithm of the gamma function from 2 on, where it rises from 0."""
        if a in (2.0, inf):
            return 0.0 if a == 2 else inf
        near = math.lgamma(a)
        slack = PROMISED_ULPS["loggamma"] * max(1.0, 2.0**-52 / math.ulp(near))
        return self._widened(near, slack, up, least=0.0)

    def floor(self, a: float) -> float:
        """Return the largest integer that is no larger: exact."""
        return float(math.floor(a)) if math.isfinite(a) else a

    def ceiling(self, a: float) -> float:
        """Return the smallest integer that is no smaller: exact."""
        return float(math.ceil(a)) if math.isfinite(a) else a

    def _widened(self, near: float, ulps: float, up: bool, least: float = -inf) -> float:
        """Return a library function's result moved outwards by more than what it may be off."""
        if math.isinf(near):
            return near if up is (near > 0) else math.copysign(_LARGE, near)
        step = (math.ceil(ulps) + 2) * math.ulp(near)
        return near + step if up else max(near - step, least)
