"""Next to the ends of a range: what is said to be positive is positive, and nothing false is proved by pieces."""

from __future__ import annotations

import mpmath
import pytest
import sympy
from sympy import Interval, Rational, exp, log, sqrt

from boundcalc.checker import check_inequality
from boundcalc.checker.inequality.cases import Extent
from boundcalc.checker.inequality.ends import positive_next_to
from boundcalc.checker.inequality.monotone import Monotone

x = sympy.Symbol("x", positive=True)
OPEN = {x: Interval.open(0, 1)}
ZERO, ONE, HALF = sympy.Integer(0), sympy.Integer(1), Rational(1, 2)
entropy = -x * log(x) - (1 - x) * log(1 - x)


def hump(power):
    return log(2) * (4 * x * (1 - x)) ** power


POSITIVE = [
    (sqrt(x) + x * log(x), ZERO, 1),
    (-x * log(x) - x**2 * log(x) ** 2, ZERO, 1),
    (x ** Rational(7, 10) + 3 * x * log(x), ZERO, 1),
    (hump(Rational(7, 10)) - entropy, ZERO, 1),
    (hump(Rational(7, 10)) - entropy, ONE, -1),
    (hump(1 / log(4)) - entropy, HALF, 1),
    (hump(1 / log(4)) - entropy, HALF, -1),
    (x - log(1 + x), ZERO, 1),
    (log(1 + x) - x + x**2, ZERO, 1),
    (exp(x) - 1 - x - x**2 / 2, ZERO, 1),
    (1 / x + log(x), ZERO, 1),
    (-log(1 - x) - x, ZERO, 1),
]
NEGATIVE = [
    (x + x * log(x), ZERO, 1),
    (hump(Rational(11, 10)) - entropy, ZERO, 1),
    (hump(Rational(3, 4)) - entropy, HALF, 1),
    (log(1 + x) - x, ZERO, 1),
    (x * log(x) ** 2 + log(x) * sqrt(x), ZERO, 1),
    (x - x**2 - x * log(1 + x) - x * (1 + x**3), ZERO, 1),
]


@pytest.mark.parametrize(("h", "end", "side"), POSITIVE, ids=str)
def test_what_is_said_to_be_positive_is(h, end, side):
    reach = positive_next_to(h, x, end, side, Rational(1, 4))
    assert 0 < reach <= Rational(1, 4)
    value = sympy.lambdify(x, h, "mpmath")
    with mpmath.workdps(150):
        for k in range(1, 200):
            share = mpmath.mpf(k) / 200 if k % 2 else mpmath.mpf(10) ** -(k // 8)
            assert value(mpmath.mpf(end.p) / end.q + side * share * reach.p / reach.q) > 0


@pytest.mark.parametrize(("h", "end", "side"), NEGATIVE, ids=str)
def test_nothing_negative_is_said_to_be_positive(h, end, side):
    assert positive_next_to(h, x, end, side, Rational(1, 4)) is None


@pytest.mark.parametrize(
    ("less", "more", "true"),
    [
        (entropy, hump(Rational(7, 10)), True),
        (entropy, hump(1 / log(4)), True),
        (entropy, hump(HALF), True),
        (entropy, hump(1 / log(4) + Rational(1, 10**3)), False),
        (entropy, hump(Rational(7, 10)) - Rational(1, 10**12), False),
        (4 * log(2) * x * (1 - x), entropy, True),
        (4 * log(2) * x * (1 - x) * (1 + Rational(1, 10**9)), entropy, False),
        ((x - HALF) ** 2 * x * log(1 / x), sqrt(x) * (x - HALF) ** 2, True),
    ],
)
def test_pieces_prove_what_is_true_and_nothing_false(monkeypatch, less, more, true):
    own = Extent(ZERO, ONE, True, True)
    monkeypatch.setattr(Monotone, "_negative_somewhere", lambda self, h, box: False)
    assert (Monotone(1e9, lambda *_: False).by_pieces(more - less, x, own) is not None) == true
    monkeypatch.undo()
    if not true:
        assert check_inequality(less, "<=", more, domain=OPEN, budget=20).word == "REFUTED"
