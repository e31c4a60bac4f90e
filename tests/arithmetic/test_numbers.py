"""Numbers of every kind stay exact, in every way of evaluating; what a symbol is assumed to be is asked of its values."""

from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp

import boundcalc as bc
from boundcalc.arithmetic.numbers import as_number, exact
from boundcalc.arithmetic.precise import MpArithmetic
from boundcalc.arithmetic.rounding import above, below, rounded
from boundcalc.errors import InvalidInputError
from boundcalc.evaluator import compile_expression
from boundcalc.language.domains import admits, contains, from_assumptions, symbol_range

pytest.importorskip("flint")
IRRATIONAL = [sp.sqrt(3), sp.pi, sp.log(2), sp.E**2, sp.GoldenRatio, sp.sin(1), sp.cbrt(5) + sp.EulerGamma, mpmath.pi]
PRODUCT = bc.theorem("lemmas.contraction").bound()  # L R_M
GAP = bc.theorem("zhou2026.risk_gap").bound()
OTHERS = {"n": 1000, "delta": 0.05, "L": 1, "C": 1, "R_M": 0.01, "eps_opt": 0}


def digits(number, count):
    return mpmath.mpf(sp.sympify(number).evalf(count)._mpf_)


@pytest.mark.parametrize("number", IRRATIONAL, ids=str)
def test_an_irrational_number_stays_exact(number):
    true = sp.pi if number is mpmath.pi else number
    value = PRODUCT.evaluate(L=number, R_M=1, precision=60).item()
    with mpmath.workdps(80):
        assert abs(value - digits(true, 75)) < mpmath.mpf(10) ** -58 * value
    ends = PRODUCT.enclose(L=number, R_M=1)
    for low, high in (
        (ends.lower.item(), ends.upper.item()),
        (below(as_number(number)), above(as_number(number))),
        (-np.inf, PRODUCT.evaluate(L=number, R_M=1, sound=True).item()),
        (-np.inf, PRODUCT.evaluate(L=[number, 1], R_M=1, sound=True)[0].item()),
    ):
        assert low == -np.inf or sp.Rational(low) < true
        assert true < sp.Rational(high)
    assert above(as_number(number)) == np.nextafter(below(as_number(number)), np.inf)
    assert PRODUCT.evaluate(L=number, R_M=1).item() == float(true)


@pytest.mark.parametrize("number", IRRATIONAL[:-1], ids=str)
def test_an_irrational_constant_is_substituted_and_compiled_on_the_safe_side(number):
    R = PRODUCT.symbols["R_M"]
    for side, sign in (("upper", 1), ("lower", -1)):
        value = compile_expression(R * number, (R,), side=side)(1.0)
        assert sign * (sp.Rational(value) - number) > 0
    ends = PRODUCT.substitute(L=number).enclose(R_M=1)
    assert sp.Rational(ends.lower.item()) < number < sp.Rational(ends.upper.item())


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("0.05", Fraction(1, 20)),
        ("1/3", Fraction(1, 3)),
        (Decimal("0.1"), Fraction(1, 10)),
        (sp.Rational(2, 7), Fraction(2, 7)),
        (0.1, Fraction(0.1)),
        (np.float32(0.1), Fraction(float(np.float32(0.1)))),
        (np.longdouble(1) / 3, Fraction(*(np.longdouble(1) / 3).as_integer_ratio())),
        (np.int64(2**62 + 1), Fraction(2**62 + 1)),
        (mpmath.mpf("0.1"), Fraction(0.1)),
        (sp.Float("0.1", 40), Fraction(*mpmath.libmp.to_rational(sp.Float("0.1", 40)._mpf_))),
        (10**30 + 1, Fraction(10**30 + 1)),
    ],
    ids=str,
)
def test_a_rational_number_is_read_exactly(given, value):
    assert exact(given) == value
    assert Fraction(below(value)) <= value <= Fraction(above(value))
    ends = PRODUCT.enclose(L=given, R_M=1)
    assert Fraction(ends.lower.item()) <= value <= Fraction(ends.upper.item())


@pytest.mark.parametrize(
    "bad", ["1e1000000000", "1/0", "x", True, 1j, b"1", sp.I, sp.Symbol("x"), None, "sqrt(3)", sp.log(-2)]
)
def test_what_is_no_number_is_refused_at_once(bad):
    with pytest.raises((TypeError, ValueError, ArithmeticError)):
        as_number(bad)
    with pytest.raises(InvalidInputError, match="L = "):
        PRODUCT.evaluate(L=bad, R_M=1)


def test_an_irrational_number_next_to_the_end_of_a_domain_is_told_from_it():
    """Nearest doubles are the same on both sides."""
    unit = sp.Interval.open(0, 1)
    near = sp.sqrt(2) / 10**30
    assert float(1 - near) == float(1 + near) == 1.0
    assert contains(unit, as_number(1 - near))
    assert not contains(unit, as_number(1 + near))
    assert contains(sp.Interval(0, sp.pi), np.array([below(as_number(sp.pi)), above(as_number(sp.pi))])).tolist() == [
        True,
        False,
    ]
    assert contains(sp.Interval(0, sp.pi), as_number(sp.pi))
    assert not contains(sp.Interval.open(0, sp.pi), as_number(sp.pi))
    assert not contains(sp.Range(1, sp.oo), as_number(sp.pi))
    with pytest.raises(InvalidInputError, match=r"delta = .* is not allowed"):
        GAP.evaluate(gamma=0, **OTHERS | {"delta": 1 + near})


def test_a_number_that_cannot_be_told_from_a_domains_end_is_refused():
    hidden = sp.log(8, evaluate=False) - 3 * sp.log(2)
    with pytest.raises(InvalidInputError, match="cannot be told from"):
        PRODUCT.evaluate(L=hidden, R_M=1)
    with pytest.raises(InvalidInputError, match="cannot be told from a whole number"):
        GAP.evaluate(gamma=0, **OTHERS | {"n": sp.log(8, evaluate=False) / sp.log(2)})


def test_relations_of_big_floats():
    """Two numbers that differ by rounding alone are equal; nothing but "not equal" holds of what is no number."""
    arithmetic = MpArithmetic(50)
    one, third = arithmetic.lift(Fraction(1)), arithmetic.lift(Fraction(1, 3))
    for a, b, holds in (
        (third, one, {"lt", "le", "ne"}),
        (one, third, {"ne"}),
        (third + third + third, one, {"le", "eq"}),
        (one, third + third + third, {"le", "eq"}),
        (arithmetic.context.inf, arithmetic.context.inf, {"le", "eq"}),
        (third, arithmetic.context.inf, {"lt", "le", "ne"}),
        (arithmetic.context.nan, one, {"ne"}),
        (one, arithmetic.context.nan, {"ne"}),
    ):
        assert {op for op in ("lt", "le", "eq", "ne") if arithmetic.compare(op, a, b)} == holds


def test_rounding_to_either_side():
    assert rounded(10**400) == np.inf
    assert below(10**400) == np.finfo(float).max
    assert above(10**400) == np.inf
    assert np.isnan(below(float("nan")))


ASSUMED = [
    ({"negative": True}, [-0.5, -3], [5, 0]),
    ({"nonpositive": True}, [0, -3], [1e-300]),
    ({"positive": True}, [1e-300], [0, -1]),
    ({"nonnegative": True}, [0], [-1e-300]),
    ({"nonzero": True}, [-1, 2], [0]),
    ({"zero": True}, [0], [1e-300]),
    ({"integer": True}, [-3, 4.0, "5"], [0.5, "1/3"]),
    ({"integer": True, "negative": True}, [-3], [0, 2, -0.5]),
    ({"even": True}, [-2, 0, 4], [3, 0.5]),
    ({"odd": True, "positive": True}, [1, 3], [2, -1]),
    ({"prime": True}, [2, 13], [1, 9, 4, 2.5]),
    ({"composite": True}, [4, 9], [1, 7]),
    ({"noninteger": True}, [0.5], [2]),
    ({"rational": True}, [0.5, "1/3"], [sp.pi, sp.sqrt(2)]),
    ({"real": True, "positive": False}, [-1, 0], [1]),
    ({"integer": True, "even": False}, [3], [2, 0.5]),
    ({"finite": True, "real": True}, [1], [np.inf, np.nan]),
    ({"extended_negative": True}, [-1], [0, 2, -np.inf]),
]


@pytest.mark.parametrize(("assumptions", "good", "bad"), ASSUMED, ids=str)
def test_a_value_outside_a_symbols_own_assumptions_is_refused(assumptions, good, bad):
    z = sp.Symbol("z", **assumptions)
    bound = GAP.substitute(gamma=sp.sqrt(z**2))
    if "z" not in bound.symbols:
        bound = GAP.substitute(gamma=2 * z)
    if "z" in bound.symbols:
        for value in good:
            assert np.isfinite(bound.evaluate(z=value, **OTHERS).item())
        for value in bad:
            with pytest.raises(InvalidInputError, match="z = "):
                bound.evaluate(z=value, **OTHERS)
            with pytest.raises(InvalidInputError, match="z = "):
                bound.evaluate(z=[value, *bad], **OTHERS)
    own = from_assumptions(z)
    ends = symbol_range(z)
    for value in good:
        number = as_number(value)
        assert contains(own, number)
        assert admits(z, number)
        assert ends.low <= number <= ends.high
    assert not any(contains(own, as_number(v)) and admits(z, as_number(v)) for v in bad)


def test_a_sign_that_holds_at_infinity_too_is_said():
    with pytest.raises(InvalidInputError, match=r"z must be < 0$"):
        GAP.substitute(gamma=sp.Symbol("z", extended_negative=True) ** 2).evaluate(z=2, **OTHERS)


@pytest.mark.parametrize("name", ["irrational", "imaginary", "transcendental", "infinite"])
def test_what_cannot_be_checked_on_a_number_is_refused(name):
    with pytest.raises(InvalidInputError, match=f"z is assumed to be {name}"):
        GAP.substitute(gamma=sp.Symbol("z", **{name: True}) ** 2).evaluate(z=1, **OTHERS)
    with pytest.raises(InvalidInputError, match="not real"):
        from_assumptions(sp.Symbol("z", real=False))
