"""Sums, products and integrals of one or two variables: term by term, near by Gauss's rule, enclosed between rectangles."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp

import boundcalc as bc
from boundcalc import symbols as S
from boundcalc.errors import InvalidInputError
from boundcalc.evaluator import evaluate_grid
from boundcalc.evaluator.enclosing import enclose_grid
from boundcalc.language.expressions import decode, encode

pytest.importorskip("flint")

EPS = bc.symbol("eps", r"\varepsilon", "radius", sp.Interval.open(0, 1), role="fixed")
CUT = bc.symbol("cut", r"\alpha", "smallest radius", sp.Interval.open(0, 1), role="fixed")
DIM = bc.symbol("dim", "d", "dimension", sp.Range(1, sp.oo), role="fixed")
LEVELS = bc.symbol("levels", "K", "levels", sp.Range(1, sp.oo), role="fixed")
K = sp.Symbol("k", integer=True, positive=True)
DUDLEY = 4 * CUT + 12 / sp.sqrt(S.m) * sp.Integral(sp.sqrt(DIM * sp.log(3 / EPS)), (EPS, CUT, 1))
PEELING = sp.Sum(2**-K * sp.sqrt(DIM * K / S.m), (K, 1, LEVELS))


def theorem(right):
    step = bc.at_most(S.R_M, right, because="chaining", kind="expectation", cites="Wainwright 2019, Theorem 5.22")
    form = bc.Form(bc.Derivation(S.R_M, (step,)))
    return bc.Theorem("mine.total", "-", "t", "c", "R", bc.Source("A. Theorist"), {"sharp": form})


def dudley(n, dim, cut):
    """Compute Dudley's bound with mpmath."""
    area = mpmath.quad(lambda e: mpmath.sqrt(dim * mpmath.log(3 / e)), mpmath.linspace(cut, 1, 9))
    return float(4 * cut + 12 / mpmath.sqrt(n // 2) * area)


def test_dudley_s_integral_is_evaluated_and_enclosed():
    bound = theorem(DUDLEY).bound()
    found = bound.evaluate(n=[1000, 10000], dim=[3, 30], cut=[0.01, 0.1])
    expected = [[[dudley(n, d, c) for c in (0.01, 0.1)] for d in (3, 30)] for n in (1000, 10000)]
    np.testing.assert_allclose(found.values, expected, rtol=1e-12)
    exact, sound = dudley(1000, 3, 0.01), float(bound.evaluate(n=1000, dim=3, cut=0.01, sound=True))
    ends = bound.enclose(n=1000, dim=3, cut=0.01)
    assert float(ends.lower) < exact < float(ends.upper) <= sound < 1.01 * exact
    assert float(ends.lower) > 0.99 * exact
    needed = int(bc.minimal_n(bound, target=0.5, dim=3, cut=0.01))
    assert dudley(needed, 3, 0.01) <= 0.5
    assert dudley(int(0.97 * needed), 3, 0.01) > 0.5
    assert str(bound.rate("n")) == "4*cut + O(1/sqrt(n))"
    with pytest.raises(InvalidInputError, match="Integral"):
        bound.evaluate(n=1000, dim=3, cut=0.01, precision=30)


def test_a_singular_integral_is_evaluated_near():
    area = sp.Integral(sp.sqrt(sp.log(1 / EPS)), (EPS, 0, 1))
    found = evaluate_grid(area, {}, symbols={})
    assert float(found) == pytest.approx(math.sqrt(math.pi) / 2, rel=1e-4)


@pytest.mark.parametrize(
    ("inside", "side", "match"),
    [(sp.sin(EPS), None, "cannot be evaluated"), (EPS * (1 - EPS), "upper", "must rise or fall"),
     (sp.floor(3 * EPS), None, "no smooth integrand"),
     (EPS * sp.Integral(EPS, (EPS, 0, 1)), None, "one or two variables between limits")],
)  # fmt: skip
def test_what_cannot_be_enclosed_is_refused(inside, side, match):
    with pytest.raises(InvalidInputError, match=match):
        evaluate_grid(sp.Integral(inside, (EPS, CUT, 1)), {"cut": 0.5}, symbols={"cut": CUT}, side=side)


def test_limits_out_of_order_have_no_value():
    other = bc.symbol("top", "b", "upper limit", role="fixed")
    area = sp.Integral(EPS, (EPS, CUT, other))
    found = evaluate_grid(area, {"cut": 0.5, "top": [0.25, 0.75]}, symbols={"cut": CUT, "top": other})
    assert np.isnan(found.values[0])
    assert found.values[1] == pytest.approx((0.75**2 - 0.5**2) / 2)


def test_a_peeling_sum_is_its_terms():
    bound = theorem(PEELING).bound()
    levels = [1, 2, 50]
    expected = [math.fsum(2.0**-k * math.sqrt(3 * k / 500) for k in range(1, last + 1)) for last in levels]
    np.testing.assert_allclose(bound.evaluate(n=1000, dim=3, levels=levels), expected, rtol=1e-14)
    ends = bound.enclose(n=1000, dim=3, levels=levels)
    assert (ends.lower.values <= expected).all()
    assert (ends.upper.values - ends.lower.values < 1e-15).all()
    assert (bound.evaluate(n=1000, dim=3, levels=levels, sound=True).values >= ends.upper.values).all()
    assert float(bound.evaluate(n=1000, dim=3, levels=2, precision=30)) == pytest.approx(expected[1], rel=1e-15)
    assert bound.direction("n") == "falls"
    assert bound.direction("levels") == "rises"
    needed = int(bc.minimal_n(bound, target=0.05, dim=3, levels=20))
    assert (
        float(bound.evaluate(n=needed, dim=3, levels=20))
        <= 0.05
        < float(bound.evaluate(n=needed - 1, dim=3, levels=20))
    )
    with pytest.raises(InvalidInputError, match="levels must be < 129, and it is 129"):
        bound.evaluate(n=1000, dim=3, levels=129)
    made = {}
    exec(bound.to_python(), made)
    assert made["mine_total_sharp"](1000, 3, 2) == pytest.approx(expected[1], rel=1e-14)


def test_products_and_sums_between_numbers():
    x = sp.Symbol("x", positive=True)
    for expr, value in (
        (sp.Product(1 + x / K, (K, 1, 3)), 1.5 * 1.25 * (1 + 0.5 / 3)),
        (sp.Sum(x**K, (K, 0, 99)), 2.0),
    ):
        assert float(evaluate_grid(expr, {"x": 0.5}, symbols={"x": x})) == pytest.approx(value, rel=1e-14)
        assert float(enclose_grid(expr, {"x": 0.5}, symbols={"x": x}).upper) >= value * (1 - 1e-15)
    assert float(evaluate_grid(sp.Sum(x, (K, 3, 2)), {"x": 0.5}, symbols={"x": x})) == 0
    with pytest.raises(InvalidInputError, match="at most 128 terms"):
        evaluate_grid(sp.Sum(x**K, (K, 0, 128)), {"x": 0.5}, symbols={"x": x})


@pytest.mark.parametrize("expr", [DUDLEY, PEELING, sp.Product(1 + DIM / K, (K, 1, LEVELS))])
def test_they_are_stored_and_typeset(expr, tmp_path):
    from boundcalc.show.mathml import to_mathml

    assert decode(encode(expr)) == expr
    mine = theorem(expr)
    bc.save(mine, tmp_path / "total.json")
    assert bc.load(tmp_path / "total.json").bound() == mine.bound()
    assert "eps" not in mine.bound().to_latex().replace(r"\varepsilon", "")
    assert to_mathml(mine.bound().to_latex())


@pytest.mark.parametrize(
    ("text", "integrand", "top"),
    [
        ("Integral(exp(-x*y), (x, 0, 1), (y, 0, 1))", lambda x, y: mpmath.exp(-x * y), lambda y: 1),
        (r"\int_0^1 \int_0^2 \frac{1}{1 + x + y} dx dy", lambda x, y: 1 / (1 + x + y), lambda y: 2),
        ("Integral(Integral(x + y, (x, 0, y)), (y, 0, 1))", lambda x, y: x + y, lambda y: y),
    ],
)
def test_an_integral_of_two_variables_is_read_back_evaluated_and_enclosed(text, integrand, top):
    expr = bc.read(text)
    assert bc.read(str(expr)) == expr
    truth = mpmath.quad(lambda y: mpmath.quad(lambda x: integrand(x, y), [0, top(y)]), [0, 1])
    bound = of(expr)
    assert float(bound.evaluate()) == pytest.approx(float(truth), rel=1e-6)
    ends = bound.enclose()
    assert float(ends["lower"]) <= truth <= float(ends["upper"]) <= 1.1 * truth
    assert float(bound.evaluate(sound=True)) >= truth


def test_a_sum_over_two_variables_is_evaluated():
    expr = bc.read("Sum(1/(j + k), (j, 1, k), (k, 1, 4))")
    assert bc.read(str(expr)) == expr
    assert float(of(expr).evaluate()) == pytest.approx(sum(1 / (j + k) for k in range(1, 5) for j in range(1, k + 1)))


def test_what_moves_both_ways_or_has_three_variables_is_refused():
    with pytest.raises(bc.InvalidInputError, match=r"\(x, 0, y\), \(y, 0, 1\)\) cannot be enclosed"):
        of(bc.read("Integral(exp(-9*x*y), (x, 0, y), (y, 0, 1))")).evaluate(sound=True)
    with pytest.raises(bc.InvalidInputError, match="one or two variables"):
        of(bc.read("Integral(x*y*z, (x, 0, 1), (y, 0, 1), (z, 0, 1))")).evaluate()


def of(expr):
    """Return a bound that is an expression."""
    size = bc.symbol("size_two", "s", "what is bounded", role="population")
    step = bc.at_most(size, expr, because="-", kind="expectation", cites="a book")
    form = bc.Form(bc.Derivation(size, (step,)))
    return bc.Theorem("mine.two", "-", "t", "c", "q", bc.Source("A"), {"sharp": form}).bound()
