"""Interval arithmetic against exact fractions and mpmath: every end lies outside, however close to the exact value it is."""

from fractions import Fraction
from itertools import product
from math import inf, isfinite, nextafter

import mpmath
import numpy as np
import pytest
import sympy as sp

from boundcalc.arithmetic.balls import ArbEnds, BallArithmetic
from boundcalc.arithmetic.convert import convert
from boundcalc.arithmetic.floats import FloatEnds
from boundcalc.arithmetic.intervals import FLOATS, IntervalArithmetic, Range, Undefined
from boundcalc.arithmetic.nodes import Pool
from boundcalc.arithmetic.walk import values_of
from boundcalc.language.directions import value_range

flint = pytest.importorskip("flint")
RNG = np.random.default_rng(1)
#: Neighbours of round numbers, where a rounded result looks whole; and numbers of all sizes.
CLOSE = [0.1, 0.2, 0.3, 0.7, 0.9, 1 / 3, 1.0, 3.0, 7.0, 1e16, nextafter(1.0, 2), nextafter(1.0, 0), 5e-324, 1.7e308]
POSITIVE = CLOSE + [float(x) for x in 10.0 ** RNG.uniform(-12, 12, 30)]
ENDS = {"floats": FloatEnds(), "balls": ArbEnds()}


def as_end(ends, x):
    return x if isinstance(ends, FloatEnds) else flint.arb(x)


def as_fraction(end):
    if isinstance(end, float):
        return Fraction(end) if isfinite(end) else end
    if not end.is_finite():
        return inf if end > 0 else -inf
    mantissa, exponent = map(int, end.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


@pytest.fixture(params=ENDS)
def ends(request):
    return ENDS[request.param]


@pytest.fixture(autouse=True)
def few_bits():
    with flint.ctx.workprec(53):
        yield


def encloses(low, high, exact, *, within=Fraction(1, 10**12)):
    """Assert exact ends on both sides, different ones where the value is none of them, and close."""
    low, high = as_fraction(low), as_fraction(high)
    assert low <= exact <= high
    if isfinite(low) and isfinite(high):
        assert high - low <= within * abs(exact) + Fraction(1, 10**300)


def test_a_number_that_is_an_end_is_attained(ends):
    """0 is not positive, and 1/3, which is no end, lies strictly between two."""
    arithmetic = IntervalArithmetic(ends)
    assert not arithmetic.rational(0, 1).positive
    assert not arithmetic.rational(0, 1).negative
    assert arithmetic.rational(1, 2)[2:] == (False, False)
    assert arithmetic.rational(1, 3)[2:] == (True, True)


@pytest.mark.parametrize("op", ["add", "mul"])
def test_sums_and_products_hold_the_exact_ones(ends, op):
    strict = 0
    for a, b in product([*POSITIVE, *(-x for x in POSITIVE)], CLOSE):
        low, high = (getattr(ends, op)(as_end(ends, a), as_end(ends, b), up) for up in (False, True))
        exact = Fraction(a) + Fraction(b) if op == "add" else Fraction(a) * Fraction(b)
        assert as_fraction(low) <= exact <= as_fraction(high)
        strict += low < high
    assert strict > 500


def test_reciprocals_and_powers_hold_the_exact_ones(ends):
    for a in POSITIVE:
        x = as_end(ends, a)
        if a > 1e-300:
            encloses(ends.inverse(x, False), ends.inverse(x, True), 1 / Fraction(a))
        for exponent in (Fraction(2), Fraction(3), Fraction(7)):
            if 1e-20 < a < 1e20:
                power = (ends.power(x, exponent, up) for up in (False, True))
                encloses(*power, Fraction(a) ** exponent.numerator)
        root = [as_fraction(ends.power(x, Fraction(1, 2), up)) for up in (False, True)]
        assert root[0] ** 2 <= Fraction(a) <= root[1] ** 2
        third = [as_fraction(ends.power(x, Fraction(1, 3), up)) for up in (False, True)]
        assert third[0] ** 3 <= Fraction(a) <= third[1] ** 3


def test_a_root_of_what_is_surely_negative_is_nothing():
    balls = BallArithmetic()
    for degree in (2, 3):
        assert balls.rational_power(flint.arb(-1), 1, degree).is_nan()
        assert balls.rational_power(flint.arb("nan"), 1, degree).is_nan()
        assert balls.rational_power(flint.arb(0, 1), 1, degree).contains(0)


def test_the_logarithm_of_a_factorial_at_its_ends(ends):
    two, far = (as_end(ends, x) for x in (2.0, inf))
    for up in (False, True):
        assert as_fraction(ends.loggamma(far, up)) == inf
    encloses(ends.loggamma(two, False), ends.loggamma(two, True), Fraction(0))


@pytest.mark.parametrize("name", ["log", "exp"])
def test_functions_hold_the_exact_value_and_are_never_taken_for_exact(ends, name):
    for a in [x for x in POSITIVE if 1e-12 < x < 700 and x != 1]:
        low, high = (getattr(ends, name)(as_end(ends, a), up) for up in (False, True))
        with mpmath.workdps(60):
            value = getattr(mpmath, name)(mpmath.mpf(a))
            exact = Fraction(*mpmath.libmp.to_rational(value._mpf_))
        assert as_fraction(low) < exact < as_fraction(high)
        if isinstance(low, float):  # a library function may be off by what is promised of it, on either side
            assert low <= nextafter(float(exact), -inf)
            assert high >= nextafter(float(exact), inf)
            assert float(exact) - 4 * np.spacing(float(exact)) >= low
            assert float(exact) + 4 * np.spacing(float(exact)) <= high


def test_a_rational_lies_between_its_ends(ends):
    for value in (Fraction(1, 3), Fraction(1, 10), Fraction(-2, 7), Fraction(2**53 + 1), Fraction(3, 4)):
        low, high = (as_fraction(ends.rational(value, up)) for up in (False, True))
        assert low <= value <= high
        assert (low == high) is (value == Fraction(float(value)))


@pytest.mark.parametrize("name", ["pi", "e", "euler", "catalan"])
def test_a_constant_lies_between_its_ends(ends, name):
    low, high = (as_fraction(ends.constant(name, up)) for up in (False, True))
    with mpmath.workdps(40):
        exact = Fraction(*mpmath.libmp.to_rational((+getattr(mpmath, name))._mpf_))
    assert low < exact < high


EXPRESSIONS = [
    "x + y - 1", "x*y - y*z + 1/z", "(x - y)**3/(1 + y**2)", "(x - y)**2 - x**2", "x**Rational(1, 3) - y**-2", "Abs(x - y)*z",
    "Min(x, y*z) - Max(x - z, y)", "floor(3*x) - ceiling(y/z)", "sqrt(x)*y + Rational(1, 3)*z", "(x + y + z)/(x*y)", "(x - 1)**-1",
]  # fmt: skip


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.parametrize("strict", [False, True])
def test_expressions_on_boxes_hold_their_values_at_points_of_them(ends, text, strict):
    x, y, z = sp.symbols("x y z", real=True)
    expr = sp.sympify(text, locals={"x": x, "y": y, "z": z})
    node = convert(expr, (x, y, z), Pool())
    arithmetic = IntervalArithmetic(ends, strict=strict)
    rng = np.random.default_rng(5)
    for _ in range(40):
        lows = rng.choice([0.1, 0.5, 0.9, 0.05, 1 / 3, 2.0], 3)
        box = [(float(low), float(low + rng.choice([0.0, 0.1, 1.3]))) for low in lows]
        try:
            found = values_of(node, [Range(*(as_end(ends, e) for e in side)) for side in box], arithmetic)[id(node)]
        except Undefined:
            assert strict
            continue
        for point in product(*({low, high, (low + high) / 2} for low, high in box)):
            value = expr.subs(dict(zip((x, y, z), map(sp.Rational, point), strict=True)))
            if value.is_real and value.is_finite:
                assert sp.Rational(as_fraction(found.low)) <= value if isfinite(as_fraction(found.low)) else True
                assert sp.Rational(as_fraction(found.high)) >= value if isfinite(as_fraction(found.high)) else True


def test_signs_of_products_of_zero_and_open_ends():
    zero, positive = Range(0.0, 0.0), Range(0.0, 5.0, True, True)
    assert FLOATS.mul(zero, positive) == Range(0.0, 0.0)
    assert FLOATS.mul(positive, positive).positive
    tiny = Range(1e-200, 1.0)
    assert FLOATS.mul(tiny, tiny).positive
    assert not FLOATS.add(positive, zero).negative


def test_a_sum_of_doubles_that_looks_whole_is_not_taken_for_whole():
    """0.9 + 0.1 is 1.0, but the doubles' sum is more: the sign of x + y - 1 is not known on [0.5, 0.9] x [0.05, 0.1]."""
    x, y = sp.symbols("x y", positive=True)
    low, high = value_range(x + y - 1, {x: sp.Interval(0.5, 0.9), y: sp.Interval(0.05, 0.1)})
    assert Fraction(low) <= Fraction(0.5) + Fraction(0.05) - 1
    assert Fraction(high) >= Fraction(0.9) + Fraction(0.1) - 1 > 0


@pytest.mark.parametrize("end", [Fraction(1, 3), Fraction(1, 10), Fraction(2, 3)])
def test_the_ends_of_a_domain_are_rounded_outwards(end):
    x = sp.Symbol("x", real=True)
    for allowed in (sp.Interval(end, end + 1), sp.Interval(end - 1, end)):
        low, high = value_range(x, {x: allowed})
        assert Fraction(low) <= Fraction(allowed.inf) <= Fraction(allowed.sup) <= Fraction(high)
    low, high = value_range(x, {x: sp.Interval(-sp.pi, sp.sqrt(2))})
    assert sp.Rational(low) < -sp.pi
    assert sp.sqrt(2) < sp.Rational(high)
