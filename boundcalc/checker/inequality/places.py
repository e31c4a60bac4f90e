"""Places in a range: points to look at, simple numbers next to one, and new variables on both sides of one."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from fractions import Fraction

import sympy

from boundcalc.checker.inequality.cases import Extent

__all__ = ["grid", "point_inside", "recognised", "sides"]

_ZERO, _ONE = sympy.Integer(0), sympy.Integer(1)


def grid(own: Extent) -> list[Fraction]:
    """Return points inside a range, in order, closer together next to its ends."""
    low, high = _rational_ends(own)
    steps = [Fraction(1, 2**k) for k in range(30, 4, -5)] + [Fraction(k, 16) for k in range(1, 16)]
    shares = sorted({*steps, *(1 - share for share in steps)})
    if low is not None and high is not None:
        return [low + (high - low) * share for share in shares]
    far = [s / (1 - s) for s in shares]
    if low is not None:
        return [low + s for s in far]
    return [high - s for s in reversed(far)] if high is not None else [(2 * s - 1) / (s * (1 - s)) for s in shares]


def _rational_ends(own: Extent) -> tuple[Fraction | None, Fraction | None]:
    low, high = (Fraction(int(end.p), int(end.q)) if end.is_Rational else None for end in (own.low, own.high))
    return low, high


def recognised(low: Fraction, high: Fraction) -> Iterator[sympy.Expr]:
    """Yield simple numbers next to a short interval: rationals, parts of pi, exponentials, logarithms and roots."""
    middle = (low + high) / 2
    yield from _rational_near(middle, lambda c: c)
    yield from _rational_near(middle / Fraction(math.pi), lambda c: c * sympy.pi)
    if middle > 0:
        yield from _rational_near(Fraction(math.log(middle)), sympy.exp)
        yield from _rational_near(middle * middle, sympy.sqrt)
    if middle < 300:
        yield from _rational_near(Fraction(math.exp(middle)), sympy.log)


def _rational_near(value: Fraction, form: Callable[[sympy.Expr], sympy.Expr]) -> Iterator[sympy.Expr]:
    near = value.limit_denominator(2000)
    if abs(near - value) <= abs(value) * Fraction(1, 10**12) + Fraction(1, 10**15):
        yield form(sympy.Rational(near.numerator, near.denominator))


def sides(v: sympy.Symbol, place: sympy.Expr, own: Extent) -> Iterator[tuple[sympy.Expr, dict[sympy.Symbol, Extent]]]:
    """Yield v on either side of a place inside its range, by a fresh variable in (0, 1) or (0, oo)."""
    for end, sign in ((own.high, 1), (own.low, -1)):
        fresh = sympy.Dummy(f"{v.name}_share", positive=True)
        if end.is_finite:
            yield place + (end - place) * fresh, {fresh: Extent(_ZERO, _ONE, True, True)}
        elif sign > 0 and own.low == 0:
            yield place * (1 + fresh), {fresh: Extent(_ZERO, sympy.oo, True, True)}
        else:
            yield place + sign * fresh, {fresh: Extent(_ZERO, sympy.oo, True, True)}


def point_inside(own: Extent, rng: random.Random) -> Fraction:
    """Return a point inside a range, near an end as often as not."""
    low, high = _rational_ends(own)
    small = Fraction(rng.randint(1, 999), 1000) * Fraction(1, 10) ** rng.choice((0, 0, 1, 2, 4))
    if low is not None and high is not None:
        return low + (high - low) * (small if rng.random() < 0.6 else 1 - small)
    wide = small * 10 ** rng.choice((0, 1, 1, 2, 3, 6))
    if low is not None:
        return low + wide
    return high - wide if high is not None else wide * rng.choice((-1, 1))
